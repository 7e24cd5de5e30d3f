// Mouse, pen and fingers on the stage. One finger, the pen or the left button draws; two fingers, the middle button,
// or any of them with the space bar held move the picture; the wheel zooms, with Shift or Alt it changes the brush.

const WHEEL = 0.0018; // of the scale's logarithm, a unit of the wheel: a notch of 120 zooms by a quarter
const MOST = 240; // units at once
const LINE = 16; // units a line, where a wheel speaks in lines

/** Listen. `tool` has down, move, up, cancel, hover, leave, resize, viewed; `signal` ends it. */
export function listen(stage, tool, signal) {
  const state = { touches: new Map(), drawing: null, panning: null, space: false };
  const on = (name, react, options = {}) => stage.element.addEventListener(name, react, { signal, ...options });
  on("pointerdown", (event) => down(stage, tool, state, event));
  on("pointermove", (event) => move(stage, tool, state, event));
  on("pointerup", (event) => up(stage, tool, state, event));
  on("pointercancel", (event) => { if (state.drawing === event.pointerId) tool.cancel(); forget(state, event); });
  on("pointerleave", () => { if (state.drawing === null) tool.leave(); });
  on("contextmenu", (event) => event.preventDefault());
  on("wheel", (event) => wheel(stage, tool, event), { passive: false });
  addEventListener("keydown", (event) => spaceBar(stage, state, event, true), { signal });
  addEventListener("keyup", (event) => spaceBar(stage, state, event, false), { signal });
  addEventListener("blur", () => { state.space = false; stage.element.classList.remove("moving"); }, { signal });
}

function down(stage, tool, state, event) {
  if (event.button > 1) return;
  stage.element.focus({ preventScroll: true });
  if (event.pointerType === "mouse") event.preventDefault();
  capture(stage.element, event.pointerId);
  const place = stage.at(event);
  if (event.pointerType === "touch") {
    state.touches.set(event.pointerId, place);
    if (state.touches.size > 1) {
      if (state.drawing !== null) tool.cancel();
      state.drawing = null;
      return;
    }
  }
  if (event.button === 1 || state.space) { state.panning = { id: event.pointerId, ...place }; return; }
  if (state.drawing !== null) return; // one at a time
  state.drawing = event.pointerId;
  tool.down(stage.view.toPicture(place.x, place.y), event);
}

function move(stage, tool, state, event) {
  const place = stage.at(event);
  if (state.touches.has(event.pointerId)) {
    const before = new Map(state.touches);
    state.touches.set(event.pointerId, place);
    if (state.touches.size > 1) { pinch(stage, before, state.touches); tool.viewed(); return; }
  }
  if (state.panning?.id === event.pointerId) {
    stage.view.panBy(place.x - state.panning.x, place.y - state.panning.y);
    Object.assign(state.panning, place);
    stage.refreshAll();
  } else if (state.drawing === event.pointerId) {
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) {
      const { x, y } = stage.at(one);
      tool.move(stage.view.toPicture(x, y), event);
    }
  } else if (event.pointerType !== "touch") tool.hover(stage.view.toPicture(place.x, place.y));
}

function up(stage, tool, state, event) {
  const drew = state.drawing === event.pointerId;
  forget(state, event);
  if (!drew) return;
  const place = stage.at(event);
  tool.up(stage.view.toPicture(place.x, place.y), event);
  if (event.pointerType === "touch") tool.leave();
}

function forget(state, event) {
  state.touches.delete(event.pointerId);
  if (state.drawing === event.pointerId) state.drawing = null;
  if (state.panning?.id === event.pointerId) state.panning = null;
}

/** Two fingers: what was under their middle stays under it. */
function pinch(stage, before, now) {
  const [[a, b], [c, d]] = [before, now].map((touches) => [...touches.values()]);
  const middle = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
  const [was, is] = [middle(a, b), middle(c, d)];
  stage.view.panBy(is.x - was.x, is.y - was.y);
  const apart = Math.hypot(a.x - b.x, a.y - b.y);
  if (apart > 4) stage.view.zoomBy(Math.hypot(c.x - d.x, c.y - d.y) / apart, is.x, is.y);
  stage.refreshAll();
}

function wheel(stage, tool, event) {
  event.preventDefault();
  const units = Math.max(-MOST, Math.min(MOST, (event.deltaY || event.deltaX) * (event.deltaMode === 1 ? LINE : 1)));
  if (event.shiftKey || event.altKey) { tool.resize(units < 0 ? 1 : -1); return; }
  const place = stage.at(event);
  stage.view.zoomBy(Math.exp(-units * WHEEL * (event.ctrlKey ? 4 : 1)), place.x, place.y); // a trackpad's pinch is a wheel with Ctrl
  stage.refreshAll();
  tool.viewed();
}

function spaceBar(stage, state, event, held) {
  if (event.key !== " " || (held && event.target.closest?.("button, a, input, select, textarea, summary, dialog"))) return;
  state.space = held;
  stage.element.classList.toggle("moving", held);
  if (held) event.preventDefault();
}

/** A pointer that is gone by now cannot be held: then its events come while it is over the stage. */
function capture(element, id) {
  try { element.setPointerCapture(id); } catch (error) { if (error.name !== "NotFoundError") throw error; }
}
