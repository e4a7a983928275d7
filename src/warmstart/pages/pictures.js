// Pictures that are asked about: chosen, dropped or pasted; their answers as bars, a table, a CSV.
// The page that uses it says how one is asked: begin({model, ask, ...}).
const MANY = 10; // classes that are shown at first
export const at = (id) => document.getElementById(id);
export const make = (name, text = "", kind = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
export const percent = (share) => {
  const text = (100 * share).toFixed(1);
  if (text === "0.0" && share > 0) return "< 0.1 %";
  return text === "100.0" && share < 1 ? "> 99.9 %" : `${text} %`;
};
const pictures = []; // {name, file, url, row, answer, problem}
let page = null; // what `begin` was given
let shown = null; // the picture in the detail
let asking = 0;
let next = 0; // the first picture that was not asked yet
let round = 0; // answers of earlier rounds are not shown

// What a page gives: `model` {classes, thresholds, is_multi_label}, `atOnce` pictures under way,
// `ask(picture)`, which sets its answer or problem, `failed` (what is said where that throws), and
// where it has more to show: `shows(picture, isOther)`, `columns()` of the table and the CSV,
// `cleared(picture)`, `key(name)`.
export function begin(given) {
  page = { atOnce: 1, shows() {}, columns: () => [], cleared() {}, key() {}, ...given };
  pump();
}

export const current = () => shown;

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
  const cells = ["", "", "waiting …", ""].map((text) => make("td", text));
  cells[0].append(image);
  cells[1].append(open);
  open.title = picture.name;
  cells[3].className = "number";
  row.append(...cells);
  row.addEventListener("click", () => show(picture));
  return row;
}

function pump() {
  while (page && asking < page.atOnce && next < pictures.length) {
    const picture = pictures[next++];
    asking += 1;
    const mine = round;
    page.ask(picture).catch((error) => {
      picture.problem = page.failed(error);
    }).finally(() => {
      if (mine !== round) return;
      asking -= 1;
      answered(picture);
      pump();
    });
  }
  tell();
}

function verdictOf(picture) {
  const { answer } = picture;
  const nearest = `${answer.classes[0].name} ${percent(answer.classes[0].probability)}`;
  if (answer.is_unknown) return ["unknown", `the nearest: ${nearest}`];
  if (!answer.answer.length) return ["none of its classes", `the nearest: ${nearest}`];
  return [answer.answer.join(", "), ""];
}

function answered(picture) {
  const [, , said, number] = picture.row.children;
  if (picture.problem) {
    said.textContent = "no answer";
    said.title = picture.problem.what;
    said.className = "wrong";
  } else {
    const [name, beside] = verdictOf(picture);
    said.replaceChildren(name, ...(beside ? [" ", make("small", beside, "quiet")] : []));
    number.textContent = beside ? "" : percent(picture.answer.classes[0].probability);
  }
  moreCells(picture);
  if (picture !== shown) return;
  show(picture);
  if (pictures.length === 1) hear(heardOf(picture));
}

function moreCells(picture) {
  const cells = page.columns().map(({ cell: text }) => make("td", picture.answer ? text(picture.answer) : ""));
  picture.row.replaceChildren(...[...picture.row.children].slice(0, 4), ...cells);
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
export function hear(text) {
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
    showFile(picture.url);
    at("picture").alt = picture.name;
  }
  const verdict = at("verdict");
  verdict.classList.toggle("wrong", Boolean(picture.problem));
  at("bars").replaceChildren();
  at("more").hidden = true;
  if (picture.problem) {
    verdict.replaceChildren("No answer", make("small", [picture.problem.what, picture.problem.fix].join(" ")));
  } else if (picture.answer) {
    showAnswer(picture, MANY);
  } else {
    verdict.replaceChildren("…");
  }
  page?.shows(picture, isOther);
}

export function showFile(url) {
  at("no-picture").hidden = true;
  at("picture").hidden = false;
  at("picture").src = url;
}

function showAnswer(picture, most) {
  const { answer } = picture;
  const [said, beside] = verdictOf(picture);
  at("verdict").replaceChildren(said, ...(beside ? [make("small", beside)] : []));
  at("bars").replaceChildren(...answer.classes.slice(0, most).map((one) => barOf(one, answer)));
  at("more").hidden = answer.classes.length <= most;
  at("more").textContent = `all ${answer.classes.length} classes`;
}

function barOf({ name, probability }, answer) {
  const bar = make("li");
  bar.style.setProperty("--share", `${100 * probability}%`);
  const label = make("span", name, answer.answer.includes(name) ? "named" : "");
  bar.append(label, make("span", percent(probability)));
  if (page.model.thresholds) {
    const mark = make("span", "", "threshold");
    mark.style.setProperty("--at", `${100 * page.model.thresholds[page.model.classes.indexOf(name)]}%`);
    mark.title = "above this it is named";
    bar.insertBefore(mark, label);
  }
  return bar;
}

// cells as `warmstart predict --csv` writes them: a quote before what a spreadsheet would compute
function cell(value) {
  let text = String(value);
  if (typeof value === "string" && /^\s*[=+\-@＝＋－＠]/.test(text.replace(/^'+/, ""))) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function labels(names) {
  return page.model.classes.some((name) => name.includes("|")) && names.length ? JSON.stringify(names) : names.join("|");
}

function table() {
  const { model } = page;
  const done = pictures.filter((one) => one.answer);
  const hasScores = done.some((one) => one.answer.known_score !== null);
  const more = page.columns();
  const titles = ["name", "predicted", ...more.map((one) => one.title), ...(hasScores ? ["known_score"] : []), ...model.classes];
  const lines = done.map(({ name, answer }) => {
    const by = new Map(answer.classes.map((one) => [one.name, one.probability]));
    const score = hasScores ? [answer.known_score] : [];
    const said = model.is_multi_label ? labels(answer.answer) : answer.answer[0];
    return [name, said, ...more.map((one) => one.csv(answer)), ...score, ...model.classes.map((one) => by.get(one))];
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
    page?.cleared(picture);
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

// All of them anew, as when something that is asked has changed.
export function again() {
  round += 1;
  next = asking = 0;
  for (const picture of pictures) {
    picture.answer = picture.problem = null;
    moreCells(picture);
  }
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
at("download").addEventListener("click", download);
at("clear").addEventListener("click", clear);
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
  } else page?.key(event.key.toLowerCase());
});
