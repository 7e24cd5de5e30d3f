// All pictures of the run, small: a click makes one B, its letter makes it A.
//
// pictureStrip({pictures, shape, choose}) -> an element; `.mark(a, b)` says which two are looked at, `.redraw(key)` draws
// one anew after it was rated, `.add(picture, key)` puts one in before that of the key, else at the end. choose("a" or "b", key).

import { fill, h } from "../../dom.js";
import { cell as inside } from "../marks.js";

export function pictureStrip({ pictures, shape, choose }) {
  const cells = new Map(pictures.map((one) => [one.key, cell(one, shape, choose)]));
  const strip = h("ol.strip.compare-strip", { "aria-label": "Pictures of this run" }, [...cells.values()]);
  let shown = "";
  let marked = [];

  strip.mark = (a, b) => {
    marked = [a, b];
    for (const [key, one] of cells) one.mark(key === a, key === b);
    if (shown !== b) bring(cells.get(b), strip);
    shown = b;
  };
  strip.add = (one, before) => {
    const made = cell(one, shape, choose);
    made.mark(...marked.map((key) => key === one.key));
    cells.set(one.key, made);
    strip.insertBefore(made, cells.get(before) ?? null);
  };
  strip.redraw = (key) => cells.get(key)?.redraw();
  return strip;
}

function cell(one, shape, choose) {
  const b = h("button.frame.as-b", { type: "button", "aria-pressed": "false", onclick: () => choose("b", one.key) });
  const a = h("button.as-a",
    { type: "button", "aria-pressed": "false",
      "aria-label": `${one.line ? `Iteration ${one.line.n}` : "Original"} as A`, title: "Look at this one as A",
      onclick: () => choose("a", one.key) },
    "A");
  const made = h("li", {}, b, a);

  made.mark = (isA, isB) => {
    a.setAttribute("aria-pressed", String(isA));
    b.setAttribute("aria-pressed", String(isB));
    made.classList.toggle("is-a", isA);
    made.classList.toggle("is-b", isB);
  };
  made.redraw = () => {
    const words = one.line ? [h("span.unseen", {}, "Iteration "), String(one.line.n)] : "Original";
    fill(b, inside({ line: one.line, thumb: one.thumb, words, shape, more: "as B" }));
    made.classList.toggle("rejected", Boolean(one.line?.rejected));
  };
  made.redraw();
  return made;
}

/** Into sight within the strip; the page itself stays where it is. */
function bring(one, strip) {
  if (!one) return;
  const [from, to] = [strip.scrollLeft, strip.scrollLeft + strip.clientWidth];
  const [left, right] = [one.offsetLeft - strip.offsetLeft, one.offsetLeft - strip.offsetLeft + one.offsetWidth];
  if (left < from || right > to) strip.scrollLeft = left - (strip.clientWidth - one.offsetWidth) / 2;
}
