// The page of `warmstart export --to web`: the model runs here, by onnxruntime-web.
import { at, begin } from "./pictures.js";

const RUNTIME = "./onnxruntime-web.js";
const JPEG = [0xff, 0xd8]; // how such a file begins
const MOST_PIXELS = 4e6; // of another picture that the network is given whole
const WHITE = 255;
let ort = null;
let model = null; // model.json
let session = null;

async function start() {
  at("unopened").hidden = true;
  at("drop").hidden = false; // what is chosen now is answered once the model is there
  at("about").textContent = "Loading the model …";
  try {
    model = await (await got("model.json")).json();
    ort = await import(RUNTIME);
    ort.env.wasm.numThreads = 1; // more of them need headers that few web spaces send
    ort.env.logLevel = "error";
    session = await ort.InferenceSession.create(await loaded("model.onnx"), { executionProviders: ["wasm"] });
  } catch (error) {
    at("loading").hidden = at("drop").hidden = true;
    at("about").textContent = `The model cannot run here: ${error.message}`;
    at("about").classList.add("wrong");
    return;
  }
  at("loading").hidden = true;
  const names = model.classes.length <= 8 ? `: ${model.classes.join(", ")}` : "";
  const unknown = model.outputs.unknown ? "; says “unknown” of other things" : "";
  at("about").textContent = `${model.card.arch}, ${model.classes.length} classes${names}${unknown}.`;
  begin({ model, ask, failed });
}

async function got(name) {
  const reply = await fetch(name);
  if (!reply.ok) throw new Error(`${name} is not there (${reply.status})`);
  return reply;
}

// a file's bytes, with a bar while they come
async function loaded(name) {
  const reply = await got(name);
  const size = Number(reply.headers.get("content-length"));
  const isPlain = !reply.headers.get("content-encoding"); // else the length is of what is packed
  if (!size || !isPlain || !reply.body) return new Uint8Array(await reply.arrayBuffer());
  const bytes = new Uint8Array(size);
  const reader = reply.body.getReader();
  at("loading").hidden = false;
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length > size) throw new Error(`${name} is longer than announced`);
    bytes.set(value, length);
    length += value.length;
    at("loading").value = length / size;
  }
  if (length < size) throw new Error(`${name} did not come whole`);
  return bytes;
}

async function ask(picture) {
  await new Promise((done) => setTimeout(done)); // the page is drawn between pictures
  let image;
  try {
    image = await pixelsOf(picture.file);
  } catch {
    picture.problem = { what: "This browser cannot read the file as a picture.", expected: "", fix: "JPEG, PNG, WebP and GIF are read everywhere." };
    return;
  }
  const { rgb, width, height } = image;
  const found = await session.run({ image: new ort.Tensor("uint8", rgb, [height, width, 3]) });
  picture.answer = answerOf(found);
}

function failed(error) {
  return { what: `The model gave no answer (${error.message}).`, expected: "", fix: "A smaller picture may help." };
}

function answerOf(found) {
  const probabilities = [...found.probabilities.data];
  const classes = model.classes.map((name, place) => ({ name, probability: probabilities[place] }));
  const named = model.thresholds
    ? classes.filter((one, place) => one.probability > model.thresholds[place]).map((one) => one.name)
    : null;
  classes.sort((one, other) => other.probability - one.probability);
  const isUnknown = Boolean(found.unknown?.data[0]);
  const likeliest = isUnknown ? "unknown" : classes[0].name;
  const score = found.known_score ? found.known_score.data[0] : null;
  return { answer: named || [likeliest], classes, is_unknown: isUnknown, known_score: score };
}

// A file → its pixels as RGB, upright, alpha over white; colour profiles are left out, as in Python.
// A large one is halved as often as Python's decoder does it, while it is drawn.
async function pixelsOf(file) {
  const bitmap = await createImageBitmap(file, {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const begins = new Uint8Array(await file.slice(0, JPEG.length).arrayBuffer());
  const isJpeg = JPEG.every((byte, place) => begins[place] === byte);
  let drawn = bitmap;
  let left = halvings(bitmap.width, bitmap.height, isJpeg);
  let canvas = null;
  do {
    const width = left ? Math.ceil(drawn.width / 2) : drawn.width;
    const height = left ? Math.ceil(drawn.height / 2) : drawn.height;
    canvas = made(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = left > 0; // a half is the mean of four pixels then
    context.drawImage(drawn, 0, 0, width, height);
    if (drawn === bitmap) bitmap.close();
    else drawn.width = drawn.height = 0; // gives the memory back
    drawn = canvas;
    left -= 1;
  } while (left > 0);
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  canvas.width = canvas.height = 0;
  return { rgb: overWhite(data), width, height };
}

// How often the sides are halved: the short one keeps what the network sees, twice.
function halvings(width, height, isJpeg) {
  const short = Math.min(width, height);
  let found = 0;
  const isLarge = () => isJpeg || (width * height) / 4 ** found > MOST_PIXELS;
  while (found < 3 && isLarge() && Math.floor(short / 2 ** (found + 1)) >= model.decode_at_least) found += 1;
  return found;
}

function made(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function overWhite(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3];
    for (let channel = 0; channel < 3; channel += 1) {
      const value = rgba[from + channel];
      rgb[to + channel] = alpha === 255 ? value : Math.round((value * alpha + WHITE * (255 - alpha)) / 255);
    }
  }
  return rgb;
}

start();
