// The page of `warmstart review`: one picture, one key; the server has each click on disk first.
const KEYS = 9; // classes that a number stands for
const at = (id) => document.getElementById(id);
const make = (name, text = "", kind = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const percent = (share) => `${(100 * share).toFixed(1)} %`;
let review = null;
let place = 0;
let sending = Promise.resolve(); // clicks are sent one after the other
let isSending = false;

async function start() {
  try {
    review = await asked("/api/review");
  } catch (error) {
    at("about").textContent = `The list does not come: ${error.message}`;
    return;
  }
  at("title").textContent = review.title;
  document.title = `Review: ${review.title}`;
  at("filter").hidden = review.classes.length <= KEYS;
  at("keep-text").textContent = review.is_unlabelled ? "Right" : "Keep";
  place = Math.max(0, review.items.findIndex((item) => !review.decisions[item.name]));
  at("work").hidden = false;
  show();
}

async function asked(path, options = {}) {
  const reply = await fetch(path, options);
  const found = await reply.json();
  if (!reply.ok) throw new Error(`${found.what} ${found.fix}`);
  return found;
}

function show() {
  const item = review.items[place];
  const likeliest = item.likeliest[0];
  at("picture").hidden = false;
  at("no-picture").hidden = true;
  at("picture").src = `/api/pictures/${place}`;
  at("picture").alt = item.name;
  at("name").textContent = item.name;
  const other = item.likeliest.find((one) => one.name !== item.label) || likeliest;
  at("question").textContent = review.is_unlabelled ? `Is this ${likeliest.name}?` : `Called ${item.label}. Is it ${other.name}?`;
  const parts = [`picture ${place + 1} of ${review.items.length}`];
  if (item.split) parts.push(`in ${item.split}`);
  if (item.label) parts.push(item.margin > 0.5 ? "the label is likely wrong" : "the model may be wrong");
  else if (item.margin < 0.5) parts.push("the model doubts");
  at("why").textContent = parts.join(", ");
  at("filter").value = "";
  showClasses();
  showDecision();
  const next = review.items[place + 1];
  if (next) new Image().src = `/api/pictures/${place + 1}`;
  at("back").disabled = place === 0;
  at("forth").disabled = place === review.items.length - 1;
}

function choices() {
  const item = review.items[place];
  const shares = Object.fromEntries(item.likeliest.map((one) => [one.name, one.probability]));
  if (review.classes.length <= KEYS) return review.classes.map((name) => [name, shares[name]]);
  // of many classes: those that are likely, then those that fit what was typed
  const typed = at("filter").value.trim().toLowerCase();
  if (!typed) return [...item.likeliest.map((one) => [one.name, one.probability])];
  const fits = review.classes.filter((name) => name.toLowerCase().includes(typed));
  fits.sort((a, b) => b.toLowerCase().startsWith(typed) - a.toLowerCase().startsWith(typed));
  return fits.slice(0, KEYS).map((name) => [name, shares[name]]);
}

function showClasses() {
  const item = review.items[place];
  at("classes").replaceChildren(...choices().map(([name, share], number) => {
    const line = make("li");
    const button = make("button", "", name === item.label ? "current" : "");
    button.type = "button";
    button.append(make("kbd", String(number + 1)), make("span", name));
    if (share !== undefined) {
      button.style.setProperty("--share", `${100 * share}%`);
      button.append(make("span", percent(share), "share"));
    }
    button.addEventListener("click", () => call(name));
    line.append(button);
    return line;
  }));
}

function showDecision() {
  const item = review.items[place];
  const known = review.decisions[item.name];
  const words = { keep: review.is_unlabelled ? `It is ${item.likeliest[0].name}.` : "Kept.", remove: "Removed." };
  at("decided").textContent = known ? words[known.action] || `Called ${known.label}.` : "";
  const done = review.items.filter((one) => review.decisions[one.name]).length;
  at("about").textContent = `${done} of ${review.items.length} decided${review.notes.length ? `; ${review.notes[0]}` : ""}`;
  at("progress").max = review.items.length;
  at("progress").value = done;
  at("undo").disabled = !Object.keys(review.decisions).length;
}

function send(line, then) {
  if (isSending) return; // one click at a time: the next begins when this one is on the disk
  isSending = true;
  sending = asked("/api/decisions", {
    method: "POST", body: JSON.stringify(line), headers: { "content-type": "application/json" },
  }).then((standing) => {
    review.decisions = standing;
    at("trouble").hidden = true;
    at("exported").hidden = true;
    then();
  }).catch((error) => {
    at("trouble").textContent = `That was not written down: ${error.message}`;
    at("trouble").hidden = false;
  }).finally(() => { isSending = false; });
}

function decide(action, label = "") {
  const item = review.items[place];
  send({ action, name: item.name, label }, () => {
    hear(`${item.name}: ${label || action}`);
    at("filter").blur();
    if (place < review.items.length - 1) place += 1;
    show();
  });
}

function call(name) {
  if (!review.is_unlabelled && name === review.items[place].label) decide("keep");
  else decide("relabel", name);
}

function undo() {
  const before = { ...review.decisions };
  send({ action: "undo", name: "", label: "" }, () => {
    const after = review.decisions;
    const changed = (one) => JSON.stringify(before[one.name]) !== JSON.stringify(after[one.name]);
    const found = review.items.findIndex(changed);
    if (found >= 0) place = found;
    show();
    hear(`undone: ${review.items[place].name}`);
  });
}

function hear(text) {
  at("heard").textContent = text;
}

function go(by) {
  const next = place + by;
  if (!review.items[next]) return;
  place = next;
  show();
  hear(`${at("name").textContent}. ${at("question").textContent}`);
}

async function write() {
  await sending;
  try {
    const told = await asked("/api/export", { method: "POST" });
    at("exported-what").textContent = `${told.num_rows} ${review.is_unlabelled ? "labels" : "changes"} in ${told.file}.`;
    at("command").textContent = told.command;
    at("exported").hidden = false;
    hear(at("exported-what").textContent);
  } catch (error) {
    at("trouble").textContent = error.message;
    at("trouble").hidden = false;
  }
}

at("keep").addEventListener("click", () => decide("keep"));
at("remove").addEventListener("click", () => decide("remove"));
at("undo").addEventListener("click", undo);
at("back").addEventListener("click", () => go(-1));
at("forth").addEventListener("click", () => go(1));
at("export").addEventListener("click", write);
at("copy").addEventListener("click", () => navigator.clipboard.writeText(at("command").textContent));
at("filter").addEventListener("input", showClasses);
at("picture").addEventListener("error", () => {
  at("picture").hidden = true;
  at("no-picture").hidden = false;
});
addEventListener("keydown", (event) => {
  if (!review || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const isTyping = event.target === at("filter");
  if (isTyping) {
    const first = choices()[0];
    if (event.key === "Enter" && first && at("filter").value) call(first[0]);
    else if (event.key === "Escape") at("filter").blur();
    return;
  }
  const key = event.key.toLowerCase();
  const found = choices()[Number(key) - 1];
  if (/^[1-9]$/.test(key)) { if (found) call(found[0]); }
  else if (key === "enter" || key === "k") { if (event.target.tagName !== "BUTTON") decide("keep"); }
  else if (key === "x" || key === "delete") decide("remove");
  else if (key === "u" || key === "backspace") undo();
  else if (key === "arrowright") go(1);
  else if (key === "arrowleft") go(-1);
  else if (key === "/" && !at("filter").hidden) { event.preventDefault(); at("filter").focus(); }
});
start();
