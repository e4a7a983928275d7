// The page of `warmstart serve`: it sends each picture as it is, and shows what the model says.
import { again, at, begin, current, hear, labels, showFile } from "./pictures.js";

const AT_ONCE = 4; // requests under way; the server gathers them into batches
const MOST_TRIES = 8; // of a picture, where the server says that it is busy
let model = null;

async function start() {
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  at("place").textContent = local
    ? "Nothing leaves this computer, and nothing is kept."
    : `They are sent to ${location.hostname}, and are not kept there.`;
  try {
    const reply = await fetch("/api/model");
    if (!reply.ok) throw new Error((await reply.json()).what);
    model = await reply.json();
  } catch (error) {
    at("about").textContent = `The model does not answer: ${error.message}`;
    at("about").classList.add("wrong");
    return;
  }
  const names = model.classes.length <= 8 ? `: ${model.classes.join(", ")}` : "";
  const unknown = model.has_unknown ? "; says “unknown” of other things" : "";
  at("about").textContent = `${model.name}, ${model.classes.length} classes${names}${unknown}.`;
  at("set-choice").hidden = !model.has_sets;
  begin({ model, atOnce: AT_ONCE, ask, failed, shows, columns, cleared, key: (name) => name === "l" && explain() });
}

async function ask(picture) {
  if (picture.file.size > model.most_bytes) {
    picture.problem = { what: `The file is larger than ${model.most_bytes / 1e6} MB.`, fix: "Start the server with a larger --max-mb." };
    return;
  }
  const confidence = at("confidence").value;
  const reply = await patient(`/api/predict${confidence ? `?confidence=${confidence}` : ""}`, picture.file);
  const found = await reply.json();
  picture.answer = reply.ok ? found : null;
  picture.problem = reply.ok ? null : found;
}

async function patient(path, body) {
  for (let tries = 1; ; tries += 1) {
    const reply = await fetch(path, { method: "POST", body, headers: { "content-type": "application/octet-stream" } });
    if (![429, 503].includes(reply.status) || tries === MOST_TRIES) return reply;
    const seconds = Number(reply.headers.get("retry-after")) || 1;
    await new Promise((done) => setTimeout(done, 1000 * seconds));
  }
}

function failed(error) {
  return { what: `The server does not answer (${error.message}).`, expected: "", fix: "Is it still running?" };
}

function shows(picture, isOther) {
  const { answer } = picture;
  if (isOther) explained(false);
  at("set").hidden = !answer?.prediction_set;
  at("set").textContent = `Set: ${(answer?.prediction_set || []).join(", ")}`;
  at("notes").hidden = !answer?.notes.length;
  at("notes").textContent = (answer?.notes || []).join("; ");
  at("explaining").hidden = !answer || !model.has_explanations;
}

function columns() {
  if (!at("confidence").value) return [];
  return [{
    title: "set",
    cell: (answer) => (answer.prediction_set || []).join(", "),
    csv: (answer) => labels(answer.prediction_set || []),
  }];
}

function cleared(picture) {
  if (picture.heat) URL.revokeObjectURL(picture.heat);
}

async function explain() {
  const picture = current();
  if (!picture || !picture.answer || !model.has_explanations) return;
  if (at("explain").getAttribute("aria-pressed") === "true") {
    explained(false);
    showFile(picture.url);
    return;
  }
  const name = picture.answer.classes[0].name;
  at("explain").disabled = true;
  try {
    if (!picture.heat) {
      const reply = await patient(`/api/explain?class_name=${encodeURIComponent(name)}`, picture.file);
      if (!reply.ok) throw new Error((await reply.json()).what);
      picture.heat = URL.createObjectURL(await reply.blob());
    }
    if (picture !== current()) return;
    showFile(picture.heat);
    explained(true, `Bright is what speaks for ${name}. The model sees this part of the picture.`);
    hear("The picture shows where it looked.");
  } catch (error) {
    explained(false, error.message);
  } finally {
    at("explain").disabled = false;
  }
}

function explained(isPressed, text = "") {
  at("explain").setAttribute("aria-pressed", String(isPressed));
  at("explained-class").textContent = text;
}

at("explain").addEventListener("click", explain);
at("confidence").addEventListener("change", () => {
  at("set-title").hidden = !at("confidence").value;
  again();
});
start();
