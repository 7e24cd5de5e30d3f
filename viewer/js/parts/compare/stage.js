// The pictures beside, over or after each other, all looked at through one view.
//
// stage({frame, change}) -> an element; `.draw(state)` shows a state: {mode, a, b, original, view, split,
// amplify, flipped, mask}. a, b, original are {key, name, words, full}; mask is null or {address, how}. What a person
// does to it comes back as change({view}), change({split}), change({flipped}). `.peek(true)` shows the original
// while it lasts, `.flip(true)` A in place of B. `.zoom(factor)`, `.pan(dx, dy)`, `.fit()`, `.full()` are for buttons
// and keys; the event "looked" tells that `.scale` may be another one.

import { fill, h } from "../../dom.js";
import { gestures } from "./gestures.js";
import { panesOf } from "./panes.js";
import { FITTED, movable, movedBy, placed, scaleOf, zoomedTo, zoomOf } from "./viewport.js";

const SHARP = 2; // above 200 % the pixels are what one wants to see
const HELP = "Pictures. Arrows choose, plus and minus zoom, Shift and arrows move, O shows the original.";
const sizeOf = (pane) => ({ width: Math.max(1, pane.clientWidth), height: Math.max(1, pane.clientHeight) });
const middleOf = (pane) => ({ x: pane.clientWidth / 2, y: pane.clientHeight / 2 });

export function stage({ frame, change }) {
  const element = h("div.compare-stage",
    { tabindex: "0", role: "group", "aria-label": HELP, style: { "--ratio": String(frame.width / frame.height) } });
  let state = null;
  let panes = [];
  let layout = "";

  element.draw = (next) => {
    state = next;
    const three = state.mode === "side" && state.a.key !== "input" && state.b.key !== "input";
    if (layout !== `${state.mode} ${three}`) {
      layout = `${state.mode} ${three}`;
      panes = panesOf(state.mode, three, frame, change);
      Object.assign(element.dataset, { mode: state.mode, panes: String(panes.length) });
      fill(element, panes);
    }
    panes.forEach((pane) => pane.show(state));
    look();
  };

  function look() {
    panes.forEach((pane) => { element.scale = put(pane, state.view, frame); });
    element.classList.toggle("sharp", zoomOf(element.scale) > SHARP);
    element.classList.toggle("movable", movable(state.view, frame, sizeOf(panes[0])));
    element.dispatchEvent(new Event("looked"));
  }

  element.zoom = (factor, at = null, pane = panes[0]) => {
    const scale = scaleOf(state.view, frame, sizeOf(pane)) * factor;
    change({ view: zoomedTo(scale, at ?? middleOf(pane), state.view, frame, sizeOf(pane)) });
  };
  element.full = (at = null, pane = panes[0]) => element.zoom(1 / zoomOf(scaleOf(state.view, frame, sizeOf(pane))), at, pane);
  element.fit = () => change({ view: { ...FITTED } });
  element.pan = (dx, dy, pane = panes[0]) => change({ view: movedBy(dx, dy, state.view, frame, sizeOf(pane)) });
  element.isFull = () => state.view.zoom !== null && Math.abs(zoomOf(element.scale) - 1) < 0.001;
  element.peek = (on) => { element.classList.toggle("peeking", on); };
  element.flip = (on) => { if (state.mode === "flip" && state.flipped !== on) change({ flipped: on }); };

  handle(element, {
    move: (dx, dy, pane, event) => {
      if (movable(state.view, frame, sizeOf(pane))) element.pan(dx, dy, pane);
      else if (event && pane.splitter && !scrolls(event, dx, dy))
        change({ split: Math.min(100, Math.max(0, pane.splitter.percentAt(event))) });
    },
  });
  const watch = new ResizeObserver(() => { if (state) look(); });
  watch.observe(element);
  element.end = () => watch.disconnect();
  return element;
}

/** A finger that goes up or down scrolls the page; the browser takes it from us a moment later. */
const scrolls = (event, dx, dy) => event.pointerType === "touch" && Math.abs(dy) > Math.abs(dx);

/** Put a pane's pictures where the view says; the scale at which they are drawn. */
function put(pane, view, frame) {
  const at = placed(view, frame, sizeOf(pane));
  for (const world of pane.worlds) {
    world.style.setProperty("width", `${frame.width}px`);
    world.style.setProperty("height", `${frame.height}px`);
    world.style.setProperty("transform", `translate(${at.left}px, ${at.top}px) scale(${at.scale})`);
  }
  return at.scale;
}

function handle(element, { move }) {
  gestures(element, {
    pane: (event) => (event.target.closest("button") ? null : event.target.closest(".pane")),
    own: (event) => Boolean(event.target.closest(".splitter")),
    zoom: element.zoom,
    twice: (at, pane) => (element.isFull() ? element.fit() : element.full(at, pane)),
    press: () => element.flip(true),
    release: () => element.flip(false),
    move,
  });
  // A long press means "hold", not "save the picture as".
  element.addEventListener("contextmenu", (event) => {
    if (element.dataset.mode === "flip" && event.pointerType === "touch") event.preventDefault();
  });
}
