(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const dialog = document.getElementById("zoom");
  if (!dialog || !dialog.showModal) return;

  // Filter: by class, wrong only, unsure only
  const items = all(".gallery > li");
  const tools = document.getElementById("filter");
  const count = document.getElementById("filter-count");
  const kind = document.getElementById("filter-class");
  const choices = all("#filter button");
  let only = "all";
  const apply = () => {
    for (const item of items) {
      const marks = item.dataset.groups.split(" ");
      const fits = only === "all" || (only === "wrong" && item.classList.contains("wrong")) ||
        (only === "unsure" && item.hasAttribute("data-unsure"));
      item.hidden = !(fits && (kind.value === "" || marks.includes(kind.value)));
    }
    for (const part of all(".gallery-part")) part.hidden = !all("li", part).some(item => !item.hidden);
    for (const choice of choices) choice.setAttribute("aria-pressed", String(choice.value === only));
    count.textContent = items.filter(item => !item.hidden).length + " of " + items.length + " pictures";
  };
  for (const choice of choices) choice.addEventListener("click", () => { only = choice.value; apply(); });
  if (tools) {
    kind.addEventListener("change", apply);
    tools.hidden = false;
    apply();
  }

  // Enlarge: a picture by its button, with arrows to its neighbours; a figure likewise
  const stage = document.getElementById("zoom-stage");
  const words = document.getElementById("zoom-words");
  const steps = all("[data-step]", dialog);
  let shown = null, opener = null, returned = () => {};
  const visible = () => items.filter(item => !item.hidden);
  const empty = () => { returned(); returned = () => {}; stage.replaceChildren(); words.replaceChildren(); };
  const show = item => {
    empty();
    shown = item;
    stage.className = "";
    for (const image of all("img", item)) stage.append(image.cloneNode());
    for (const line of all("p", item)) words.append(line.cloneNode(true));
    words.className = item.className;
    for (const step of steps) step.hidden = false;
  };
  const showFigure = plot => {
    empty();
    shown = null;
    stage.className = "figure";
    const drawing = plot.querySelector("svg"), home = drawing.parentElement;
    stage.append(drawing);
    returned = () => home.append(drawing);
    words.textContent = plot.querySelector("h3").textContent;
    for (const step of steps) step.hidden = true;
  };
  const open = (button, what) => { opener = button; what(); if (!dialog.open) dialog.showModal(); };
  const move = by => {
    const these = visible(), place = these.indexOf(shown) + by;
    if (shown && these[place]) { show(these[place]); opener = these[place].querySelector("button"); }
  };
  for (const item of items) {
    const looks = item.querySelector(".looks"), button = document.createElement("button");
    button.type = "button";
    button.className = "looks";
    button.setAttribute("aria-label", "Enlarge: " + looks.querySelector("img").alt);
    button.append(...looks.childNodes);
    looks.replaceWith(button);
    button.addEventListener("click", () => open(button, () => show(item)));
  }
  for (const plot of all("figure.plot")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.textContent = "Enlarge";
    button.setAttribute("aria-label", "Enlarge: " + plot.querySelector("h3").textContent);
    plot.querySelector(".plot-head").append(button);
    button.addEventListener("click", () => open(button, () => showFigure(plot)));
  }
  for (const step of steps) step.addEventListener("click", () => move(Number(step.dataset.step)));
  dialog.addEventListener("keydown", event => {
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  });
  document.getElementById("zoom-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { empty(); if (opener) opener.focus(); });
})();
