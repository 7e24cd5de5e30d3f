// What stands in the stage: one pane with two pictures in it, or panes beside each other.
//
// panesOf(mode, three, frame, change) -> elements with `.show(state)` and `.worlds`, the parts that follow
// the view. Every pane can show the mask over its picture, and the original in its place while somebody peeks.

import { fill, h } from "../../dom.js";
import { difference } from "./difference.js";
import { layer } from "./layers.js";
import { overlay } from "./overlay.js";
import { splitter } from "./splitter.js";

export function panesOf(mode, three, frame, change) {
  if (mode === "slider") return [sliderPane(frame, change)];
  if (mode === "flip") return [flipPane(frame)];
  if (mode === "difference") return [differencePane(frame)];
  return [three ? plainPane(frame, "original") : null, plainPane(frame, "a"), plainPane(frame, "b")].filter(Boolean);
}

/** A pane; `peeks` says whether the original takes its place while it is asked for. */
function pane(frame, parts, show, { peeks = true, over = [] } = {}) {
  const masked = overlay(frame);
  const original = layer(frame);
  original.classList.add("peeked");
  const made = h(`div.pane${peeks ? ".peeks" : ""}`, {}, parts, original, masked, over);
  made.worlds = [...made.querySelectorAll(".world")];
  made.show = (state) => {
    masked.show(state.mask?.address ?? null, state.mask?.how);
    if (peeks) original.show(state.original.full, state.original.words);
    show(state, made);
  };
  return made;
}

function plainPane(frame, which) {
  const below = layer(frame);
  const label = nameOf(which);
  return pane(frame, [below], (state) => {
    below.show(state[which].full, state[which].words);
    label.say(state[which]);
  }, { peeks: which === "b", over: label });
}

function sliderPane(frame, change) {
  const [below, above] = [layer(frame), layer(frame)];
  const [left, right] = [nameOf("a"), nameOf("b")];
  const line = splitter(50, (split) => change({ split }));
  const made = pane(frame, [below, above], (state) => {
    below.show(state.a.full, state.a.words);
    above.show(state.b.full, state.b.words);
    left.say(state.a);
    right.say(state.b);
    line.set(state.split);
    above.style.setProperty("clip-path", `inset(0 0 0 ${state.split}%)`);
  }, { over: [left, right, line] });
  made.splitter = line;
  return made;
}

function flipPane(frame) {
  const [below, above] = [layer(frame), layer(frame)];
  const label = nameOf("b");
  return pane(frame, [below, above], (state) => {
    below.show(state.a.full, state.a.words);
    above.show(state.b.full, state.b.words);
    above.classList.toggle("away", state.flipped);
    label.say(state.flipped ? state.a : state.b, state.flipped ? "a" : "b");
  }, { over: [label, h("p.pane-hint", {}, "Hold the picture, or H: A")] });
}

function differencePane(frame) {
  const drawing = difference(frame);
  const numbers = h("p.pane-hint", { role: "status" });
  const label = nameOf("difference");
  let pair = "";
  return pane(frame, [drawing], (state) => {
    drawing.amplify(state.amplify);
    label.say({ name: `${state.a.name} against ${state.b.name}` });
    const wanted = `${state.a.full} ${state.b.full}`;
    if (wanted === pair) return;
    pair = wanted;
    drawing.show(state.a.full, state.b.full).then((found) => { if (found) fill(numbers, inWords(found)); });
  }, { over: [label, numbers] });
}

function inWords({ mean, share, most }) {
  if (most === 0) return "The two are identical.";
  const pixels = share > 0 && share < 0.001 ? "Less than 0.1 %" : `${Math.round(share * 1000) / 10} %`;
  return `${pixels} of the pixels differ visibly; on average by ${(mean / 2.55).toPrecision(2)} %.`;
}

const LETTERS = { a: "A", b: "B" };

function nameOf(which) {
  const label = h("p.pane-name");
  label.say = (one, as = which) => {
    label.dataset.which = as;
    fill(label, LETTERS[as] ? h("b", {}, LETTERS[as]) : null, h("span", {}, one.name));
  };
  return label;
}
