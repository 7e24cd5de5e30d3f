// The film strip: every iteration of a run, small, with its score and what passed.
//
// Only cells whose line changed are drawn anew, and pictures load when they come near: 200 iterations stay light.
// One cell is in the tab order, the chosen one; arrows (bound by the page) move on from there.

import { pictures } from "../../api.js";
import { fill, h } from "../../dom.js";
import { icon } from "../icons.js";
import { cell as inside } from "../marks.js";

export function filmStrip(shown) {
  const cells = new Map();
  const list = h("ol.strip", { "aria-label": "Iterations" });
  const making = h("li.making", { hidden: true });
  const judged = h("li.making", {}, h("button.frame", { type: "button", tabindex: "-1",
    onclick: () => shown.choose(shown.pending?.n) }));
  judged.button = judged.firstChild;

  function draw() {
    const held = document.activeElement === judged.button;
    for (const [n, cell] of cells) if (!shown.lines.has(n)) { cell.remove(); cells.delete(n); }
    for (const n of shown.numbers) drawCell(n);
    list.append(making);
    drawMaking();
    mark();
    if (held && !judged.parentNode) chosenOne()?.focus({ preventScroll: true });
  }

  function drawCell(n) {
    const line = shown.lines.get(n);
    const best = shown.run.best_iteration === n;
    const key = JSON.stringify([line, best]);
    let cell = cells.get(n);
    if (cell?.key === key) return;
    if (!cell) {
      cell = h("li");
      cell.button = h("button.frame", { type: "button", tabindex: "-1", dataset: { n }, onclick: () => shown.choose(n) });
      cell.append(cell.button);
      const after = shown.numbers.find((other) => other > n && cells.has(other));
      list.insertBefore(cell, after ? cells.get(after) : judged.parentNode ? judged : making.parentNode ? making : null);
      cells.set(n, cell);
    }
    cell.key = key;
    const { width, height } = shown.run.input ?? {};
    fill(cell.button, inside({ line, best, thumb: line.thumb, shape: width / height,
      words: [h("span.unseen", {}, "Iteration "), String(n)] }));
  }

  function drawMaking() {
    const at = shown.run.in_flight?.iteration;
    drawJudged();
    making.hidden = !shown.active || !at || shown.stops.includes(at);
    if (making.hidden) { fill(making); return; }
    const seen = previewed(shown);
    const there = making.querySelector("img");
    if (seen && there) { Object.assign(there, seen); return; } // the last one stays until the next one is there
    fill(making, h("div.frame", {},
      h("span.thumb", {}, seen ? h("img", { ...seen, onerror: (event) => event.target.remove() }) : h("span.pulse", {}, icon("running"))),
      h("span.line", {}, h("b", {}, String(at)), h("span.hint", {}, "being made"))));
  }

  function drawJudged() {
    const { pending, pendingWords: words } = shown;
    if (!pending) { judged.remove(); return; }
    if (!judged.parentNode) making.before(judged);
    const key = JSON.stringify([pending, words]);
    if (judged.key === key) return;
    judged.key = key;
    const { width, height } = shown.run.input ?? {};
    fill(judged.button, inside({ line: null, thumb: pending.thumb, shape: width / height,
      words: [h("span.unseen", {}, "Iteration "), String(pending.n)] }));
    judged.button.querySelector(".line").append(h("span.hint", {}, words));
  }

  const places = () => [...cells, ...(shown.pending ? [[shown.pending.n, judged]] : [])];

  function mark() {
    for (const [n, { button }] of places()) {
      const here = n === shown.n;
      if (here === (button.getAttribute("aria-current") === "true")) continue;
      if (here) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
      button.tabIndex = here ? 0 : -1;
    }
    const chosen = chosenOne();
    if (!chosen) return;
    bring(list, chosen);
    if (list.contains(document.activeElement) && document.activeElement !== chosen) chosen.focus({ preventScroll: true });
  }

  const chosenOne = () => new Map(places()).get(shown.n)?.button;

  // Before it is laid out nothing can be brought into sight; and another width has room for others.
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (list.clientWidth === width) return;
    width = list.clientWidth;
    const chosen = chosenOne();
    if (chosen) bring(list, chosen);
  });
  sized.observe(list);
  shown.signal.addEventListener("abort", () => sized.disconnect());
  shown.on("run", draw);
  shown.on("line", drawCell);
  shown.on("chosen", mark);
  shown.on("making", drawMaking);
  shown.on("standing", drawMaking);
  draw();
  return list;
}

/** The picture in the making, as the sampler last showed it, where that is wanted and there. */
function previewed({ run, active, preview, place }) {
  if (!preview || !active || !run.preview) return null;
  const { iteration, at } = run.preview;
  return { src: `${pictures.preview(place.project, place.run)}?at=${encodeURIComponent(at)}`,
    alt: iteration ? `Preview of iteration ${iteration}` : "Preview" };
}

/** Sideways only: the page itself must not move when one steps through the pictures. */
function bring(list, cell) {
  const left = cell.getBoundingClientRect().left - list.getBoundingClientRect().left - list.clientLeft + list.scrollLeft;
  const margin = cell.offsetWidth * 0.6;
  if (left - margin < list.scrollLeft) list.scrollTo({ left: left - margin, behavior: "auto" });
  else if (left + cell.offsetWidth + margin > list.scrollLeft + list.clientWidth)
    list.scrollTo({ left: left + cell.offsetWidth + margin - list.clientWidth, behavior: "auto" });
}
