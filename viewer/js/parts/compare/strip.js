// All pictures of the run, small: a click makes one B, its letter makes it A.
//
// pictureStrip({pictures, choose}) -> an element; `.mark(a, b)` says which two are looked at, `.redraw(key)` draws
// one anew after it was rated. choose("a" or "b", key).

import { fill, h } from "../../dom.js";
import { icon } from "../icons.js";
import { picture } from "../picture.js";
import { starsShown } from "../stars.js";
import { verdictWord } from "../verdict.js";

export function pictureStrip({ pictures, choose }) {
  const cells = new Map(pictures.map((one) => [one.key, cell(one, choose)]));
  const strip = h("ol.compare-strip", { "aria-label": "Pictures of this run" }, [...cells.values()]);
  let shown = "";

  strip.mark = (a, b) => {
    for (const [key, one] of cells) one.mark(key === a, key === b);
    if (shown !== b) bring(cells.get(b), strip);
    shown = b;
  };
  strip.redraw = (key) => cells.get(key)?.redraw();
  return strip;
}

function cell(one, choose) {
  const words = h("span.under");
  const small = picture(one.thumb, "", { ratio: 0 });
  const b = h("button.as-b", { type: "button", "aria-pressed": "false", onclick: () => choose("b", one.key) }, small, words);
  const a = h("button.as-a", { type: "button", "aria-pressed": "false", "aria-label": `${one.line ? `Iteration ${one.line.n}` : "Original"} as A`, title: "Look at this one as A", onclick: () => choose("a", one.key) }, "A");
  const made = h("li", {}, b, a);

  made.mark = (isA, isB) => {
    a.setAttribute("aria-pressed", String(isA));
    b.setAttribute("aria-pressed", String(isB));
    made.classList.toggle("is-a", isA);
    made.classList.toggle("is-b", isB);
  };
  made.redraw = () => {
    fill(words, one.line ? h("span.unseen", {}, "Iteration ") : null, h("span.number", {}, one.line ? String(one.line.n) : "Original"), one.line ? counted(one.line) : null,
      one.line?.favourite ? icon("favourite", { solid: true }) : null, one.line?.rejected ? icon("rejected") : null, starsShown(one.line?.stars),
      h("span.unseen", {}, [" as B", ...said(one.line)].join(", ")));
    made.classList.toggle("rejected", Boolean(one.line?.rejected));
  };
  made.redraw();
  return made;
}

function said(line) {
  if (!line) return [];
  const verdicts = Object.values(line.verdicts ?? {});
  const counts = ["passed", "failed", "unclear"].map((kind) => [verdicts.filter((one) => one === kind).length, verdictWord(kind)]);
  return [...counts.filter(([number]) => number).map(([number, word]) => `${number} ${word}`),
    line.favourite ? "favourite" : "", line.rejected ? "rejected" : ""].filter(Boolean);
}

/** The score, and one dot for each criterion. */
function counted(line) {
  return [h("span.unseen", {}, ", score "), h("span.score", {}, line.score === null || line.score === undefined ? "–" : String(Math.round(line.score))),
    h("span.dots", { "aria-hidden": "true" }, Object.values(line.verdicts ?? {}).map((verdict) => h(`i.${["passed", "failed", "unclear"].includes(verdict) ? verdict : "plain"}`)))];
}

/** Into sight within the strip; the page itself stays where it is. */
function bring(one, strip) {
  if (!one) return;
  const [from, to] = [strip.scrollLeft, strip.scrollLeft + strip.clientWidth];
  const [left, right] = [one.offsetLeft - strip.offsetLeft, one.offsetLeft - strip.offsetLeft + one.offsetWidth];
  if (left < from || right > to) strip.scrollLeft = left - (strip.clientWidth - one.offsetWidth) / 2;
}
