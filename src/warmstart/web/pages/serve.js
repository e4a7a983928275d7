// The page of `warmstart serve`: it sends each picture as it is, and shows what the model says.
const AT_ONCE = 4; // requests under way; the server gathers them into batches
const MOST_TRIES = 8; // of a picture, where the server says that it is busy
const FEW = 10; // classes that are shown at first
const at = (id) => document.getElementById(id);
const make = (name, text = "", kind = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const percent = (share) => {
  const text = (100 * share).toFixed(1);
  if (text === "0.0" && share > 0) return "< 0.1 %";
  return text === "100.0" && share < 1 ? "> 99.9 %" : `${text} %`;
};
const pictures = []; // {name, file, url, row, answer, problem}
let model = null;
let shown = null; // the picture in the detail
let asking = 0;
let next = 0; // the first picture that was not asked yet
let round = 0; // answers of earlier rounds are not shown

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
}

function add(files) {
  const added = [...files].filter((file) => file.size > 0);
  if (!added.length) return;
  const first = pictures.length;
  for (const file of added) {
    const picture = { name: file.name || `pasted ${pictures.length + 1}`, file, url: URL.createObjectURL(file) };
    picture.row = rowOf(picture);
    at("rows").append(picture.row);
    pictures.push(picture);
  }
  at("several").hidden = pictures.length < 2;
  document.body.classList.add("has-pictures");
  show(pictures[first]);
  pump();
}

function rowOf(picture) {
  const row = make("tr");
  const image = make("img", "", "thumb");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  image.addEventListener("error", () => image.classList.add("broken"));
  image.src = picture.url;
  const open = make("button", picture.name, "open");
  open.type = "button";
  const cells = ["", "", "waiting …", "", ""].map((text) => make("td", text));
  cells[0].append(image);
  cells[1].append(open);
  open.title = picture.name;
  cells[3].className = "number";
  cells[4].hidden = !at("confidence").value;
  row.append(...cells);
  row.addEventListener("click", () => show(picture));
  return row;
}

function pump() {
  while (asking < AT_ONCE && next < pictures.length) {
    const picture = pictures[next++];
    asking += 1;
    const mine = round;
    ask(picture).catch((error) => {
      picture.problem = { what: `The server does not answer (${error.message}).`, expected: "", fix: "Is it still running?" };
    }).finally(() => {
      if (mine !== round) return;
      asking -= 1;
      answered(picture);
      pump();
    });
  }
  tell();
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

function verdictOf(picture) {
  const { answer } = picture;
  const nearest = `${answer.classes[0].name} ${percent(answer.classes[0].probability)}`;
  if (answer.is_unknown) return ["unknown", `the nearest: ${nearest}`];
  if (!answer.answer.length) return ["none of its classes", `the nearest: ${nearest}`];
  return [answer.answer.join(", "), ""];
}

function answered(picture) {
  const [, , said, number, set] = picture.row.children;
  if (picture.problem) {
    said.textContent = "no answer";
    said.title = picture.problem.what;
    said.className = "wrong";
  } else {
    const [name, beside] = verdictOf(picture);
    said.replaceChildren(name, ...(beside ? [" ", make("small", beside, "quiet")] : []));
    number.textContent = beside ? "" : percent(picture.answer.classes[0].probability);
    set.textContent = (picture.answer.prediction_set || []).join(", ");
  }
  if (picture !== shown) return;
  show(picture);
  if (pictures.length === 1) hear(heardOf(picture));
}

function tell() {
  const done = pictures.filter((one) => one.answer || one.problem).length;
  const failed = pictures.filter((one) => one.problem).length;
  at("progress").hidden = pictures.length < 2 || done === pictures.length;
  at("progress").max = Math.max(1, pictures.length);
  at("progress").value = done;
  at("download").disabled = done < pictures.length || done === failed;
  let text = "";
  if (pictures.length === 1) {
    text = done ? "" : "Looking …";
  } else if (pictures.length) {
    text = done < pictures.length ? `${done} of ${pictures.length} answered` : `${done - failed} pictures answered`;
    if (failed) text += `, ${failed} could not be read`;
  }
  at("status").textContent = text;
  if (pictures.length > 1 && done === pictures.length) hear(text); // the end, not every step
}

// what a screen reader says
function hear(text) {
  at("heard").textContent = text;
}

function heardOf(picture) {
  if (picture.problem) return `${picture.name}: no answer. ${picture.problem.what}`;
  if (!picture.answer) return `${picture.name}: waiting`;
  const [said, beside] = verdictOf(picture);
  return `${picture.name}: ${said}, ${beside || percent(picture.answer.classes[0].probability)}`;
}

function show(picture) {
  const isOther = picture !== shown;
  shown = picture;
  at("detail").hidden = false;
  at("detail-name").textContent = picture.name;
  for (const one of pictures) one.row.setAttribute("aria-current", String(one === picture));
  if (isOther) {
    at("no-picture").hidden = true;
    at("picture").hidden = false;
    explained(false);
    at("picture").src = picture.url;
    at("picture").alt = picture.name;
  }
  const verdict = at("verdict");
  verdict.classList.toggle("wrong", Boolean(picture.problem));
  at("bars").replaceChildren();
  at("more").hidden = true;
  at("set").hidden = true;
  at("notes").hidden = true;
  at("explaining").hidden = true;
  if (picture.problem) {
    verdict.replaceChildren("No answer", make("small", [picture.problem.what, picture.problem.fix].join(" ")));
  } else if (picture.answer) {
    showAnswer(picture, FEW);
  } else {
    verdict.replaceChildren("…");
  }
}

function showAnswer(picture, most) {
  const { answer } = picture;
  const [said, beside] = verdictOf(picture);
  at("verdict").replaceChildren(said, ...(beside ? [make("small", beside)] : []));
  at("bars").replaceChildren(...answer.classes.slice(0, most).map((one) => barOf(one, answer)));
  at("more").hidden = answer.classes.length <= most;
  at("more").textContent = `all ${answer.classes.length} classes`;
  at("set").hidden = !answer.prediction_set;
  at("set").textContent = `Set: ${(answer.prediction_set || []).join(", ")}`;
  at("notes").hidden = !answer.notes.length;
  at("notes").textContent = answer.notes.join("; ");
  at("explaining").hidden = !model.has_explanations;
}

function barOf({ name, probability }, answer) {
  const bar = make("li");
  bar.style.setProperty("--share", `${100 * probability}%`);
  const label = make("span", name, answer.answer.includes(name) ? "named" : "");
  bar.append(label, make("span", percent(probability)));
  if (model.thresholds) {
    const mark = make("span", "", "threshold");
    mark.style.setProperty("--at", `${100 * model.thresholds[model.classes.indexOf(name)]}%`);
    mark.title = "above this it is named";
    bar.insertBefore(mark, label);
  }
  return bar;
}

async function explain() {
  const picture = shown;
  if (!picture || !picture.answer || !model.has_explanations) return;
  if (at("explain").getAttribute("aria-pressed") === "true") {
    explained(false);
    at("picture").src = picture.url;
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
    if (picture !== shown) return;
    at("no-picture").hidden = true;
    at("picture").hidden = false;
    at("picture").src = picture.heat;
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

// cells as `warmstart predict --csv` writes them: a quote before what a spreadsheet would compute
function cell(value) {
  let text = String(value);
  if (typeof value === "string" && /^\s*[=+\-@＝＋－＠]/.test(text.replace(/^'+/, ""))) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function labels(names) {
  return model.classes.some((name) => name.includes("|")) && names.length ? JSON.stringify(names) : names.join("|");
}

function table() {
  const done = pictures.filter((one) => one.answer);
  const hasSets = done.some((one) => one.answer.prediction_set);
  const hasScores = done.some((one) => one.answer.known_score !== null);
  const titles = ["name", "predicted", ...(hasSets ? ["set"] : []), ...(hasScores ? ["known_score"] : []), ...model.classes];
  const lines = done.map(({ name, answer }) => {
    const by = Object.fromEntries(answer.classes.map((one) => [one.name, one.probability]));
    const set = hasSets ? [labels(answer.prediction_set || [])] : [];
    const score = hasScores ? [answer.known_score] : [];
    const said = model.is_multi_label ? labels(answer.answer) : answer.answer[0];
    return [name, said, ...set, ...score, ...model.classes.map((one) => by[one])];
  });
  return [titles, ...lines].map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

function download() {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
  link.download = "predictions.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function clear() {
  round += 1;
  for (const picture of pictures) {
    URL.revokeObjectURL(picture.url);
    if (picture.heat) URL.revokeObjectURL(picture.heat);
  }
  pictures.length = 0;
  next = asking = 0;
  shown = null;
  at("rows").replaceChildren();
  document.body.classList.remove("has-pictures");
  at("several").hidden = at("detail").hidden = true;
  tell();
  at("files").focus();
}

function again() {
  round += 1;
  next = asking = 0;
  for (const picture of pictures) {
    picture.answer = picture.problem = null;
    picture.row.children[4].hidden = !at("confidence").value;
  }
  at("set-title").hidden = !at("confidence").value;
  pump();
}

function step(by) {
  const place = pictures.indexOf(shown) + by;
  if (!shown || !pictures[place]) return;
  show(pictures[place]);
  hear(heardOf(pictures[place]));
  pictures[place].row.scrollIntoView({ block: "nearest" });
}

for (const id of ["files", "camera"]) {
  at(id).addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = ""; // the same file may be chosen again
  });
}
at("explain").addEventListener("click", explain);
at("download").addEventListener("click", download);
at("clear").addEventListener("click", clear);
at("confidence").addEventListener("change", again);
at("more").addEventListener("click", () => showAnswer(shown, Infinity));
at("picture").addEventListener("error", () => {
  at("picture").hidden = true;
  at("no-picture").hidden = false;
});
let depth = 0;
const dragging = (by) => {
  depth = by ? depth + by : 0;
  document.body.classList.toggle("dragging", depth > 0);
};
const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
addEventListener("dragenter", (event) => hasFiles(event) && dragging(1));
addEventListener("dragleave", (event) => hasFiles(event) && dragging(-1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  dragging(0);
  if (event.dataTransfer) add(event.dataTransfer.files);
});
addEventListener("paste", (event) => add(event.clipboardData?.files || []));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(SELECT|INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (pictures.length < 2) return;
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key.toLowerCase() === "l") explain();
});
start();
