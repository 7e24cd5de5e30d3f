// The ranking, best first, and the tray of what is not ranked: dragged, or moved with buttons and keys.
//
// board({lines, choose, order, look}) -> an element; `.draw({ranking, chosen, notes})`, and `.add(line)` before it for a
// picture that came later. choose(n) when a picture is pressed, order([n, …], moved) when the ranking is another one,
// whatever moved it; look() to see the chosen one large.

import Sortable from "../../../vendor/sortable/sortable.esm.js";
import { h } from "../../dom.js";
import { card } from "./card.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export function board({ lines, choose, order, look }) {
  const ranked = h("ol.ranked", { "aria-label": "Your ranking, best first" });
  const tray = h("ul.tray", { "aria-label": "Not ranked" });
  const first = h("p.hint.nothing", {}, "Drag the best picture here, or choose one and press R.");
  const rest = h("p.hint.nothing", {}, "Every picture is ranked.");
  const cards = new Map();
  const whole = h("div.board", {},
    h("section", {}, h("h2", {}, "Ranked, best first"), first, ranked),
    h("section", {}, h("h2", {}, "Not ranked"), rest, tray));
  let shown = { ranking: [], chosen: null };
  let dragging = false;

  const unranked = () => [...cards.keys()].filter((n) => !shown.ranking.includes(n)).sort((a, b) => a - b);
  whole.add = (line) => { cards.set(line.n, card(line, { choose, act, look })); };

  function act(kind, n) {
    const at = shown.ranking.indexOf(n);
    const without = shown.ranking.filter((one) => one !== n);
    const to = { top: 0, bottom: without.length, up: at < 0 ? without.length : Math.max(0, at - 1),
      down: at < 0 ? without.length : Math.min(without.length, at + 1), in: without.length }[kind];
    const next = kind === "out" ? without : [...without.slice(0, to), n, ...without.slice(to)];
    if (String(next) !== String(shown.ranking)) order(next, n);
  }
  whole.act = act;

  whole.draw = (next) => {
    shown = next;
    if (dragging) return; // nothing moves under the hand; what there is to draw is drawn when it lets go
    const others = unranked();
    const focused = document.activeElement;
    arrange(ranked, next.ranking.map((n) => cards.get(n)));
    arrange(tray, others.map((n) => cards.get(n)));
    if (focused !== document.activeElement && whole.contains(focused))
      focused.focus({ preventScroll: true }); // moving it took the focus away
    next.ranking.forEach((n, at) => cards.get(n).draw({ place: at + 1, of: next.ranking.length,
      chosen: n === next.chosen, note: next.notes[n] }));
    others.forEach((n) => cards.get(n).draw({ place: null, of: next.ranking.length, chosen: n === next.chosen, note: next.notes[n] }));
    first.hidden = next.ranking.length > 0;
    rest.hidden = others.length > 0;
  };
  whole.numbers = () => [...shown.ranking, ...unranked()];
  whole.focusOn = (n) => { const one = cards.get(n); one.face.focus({ preventScroll: true }); one.scrollIntoView({ block: "nearest" }); };

  const dropped = (event) => {
    dragging = false;
    const next = [...ranked.children].map((one) => Number(one.dataset.n));
    if (String(next) === String(shown.ranking)) whole.draw(shown); // the tray keeps its own order
    else order(next, Number(event.item.dataset.n));
  };
  const sorted = [ranked, tray].map((list) => Sortable.create(list, {
    group: "ranking", draggable: ".rank-card", handle: ".grip, .picture", animation: CALM.matches ? 0 : 140,
    forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, // the browser's own drag and drop knows no fingers
    delay: 120, delayOnTouchOnly: true, ghostClass: "ghost", chosenClass: "held", dragClass: "dragged",
    onStart: () => { dragging = true; }, onEnd: dropped,
  }));
  whole.end = () => sorted.forEach((one) => one.destroy());
  for (const line of lines.values()) whole.add(line);
  return whole;
}

/** These children in this order; what stands right already is not touched. */
function arrange(list, wanted) {
  wanted.forEach((one, at) => { if (list.children[at] !== one) list.insertBefore(one, list.children[at] ?? null); });
}
