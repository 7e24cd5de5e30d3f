// Wheel, drag, pinch and double click on panes, for mouse, pen and fingers alike.
//
// gestures(stage, {pane, zoom, move, press, release, twice}): `pane(event)` is the pane under it, or null where the
// gesture is not ours. zoom(factor, {x, y}, pane), move(dx, dy, pane, event), press(event), release(event),
// twice({x, y}, pane); x and y count from the pane's corner.

const LINE = 16; // CSS pixels; some wheels count lines
const SPEED = 0.0018; // a notch of 120 pixels zooms by a quarter

export function gestures(stage, act) {
  const fingers = new Map(); // pointer -> where it was last
  let pane = null;

  stage.addEventListener("wheel", (event) => {
    const over = act.pane(event);
    if (!over) return;
    event.preventDefault();
    const by = Math.max(-240, Math.min(240, event.deltaY * (event.deltaMode === 1 ? LINE : 1)));
    act.zoom(Math.exp(-by * SPEED * (event.ctrlKey ? 5 : 1)), within(over, event), over); // ctrlKey: a pinch on a touchpad
  }, { passive: false });

  stage.addEventListener("pointerdown", (event) => {
    const over = act.pane(event);
    if (!over || event.button) return;
    pane = over;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    stage.setPointerCapture(event.pointerId);
    if (fingers.size === 1) act.press(event); else act.release(event);
  });

  stage.addEventListener("pointermove", (event) => {
    const was = fingers.get(event.pointerId);
    if (!was) return;
    const before = spread(fingers);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const now = spread(fingers);
    act.move(now.x - before.x, now.y - before.y, pane, event);
    if (fingers.size > 1 && before.size > 0) act.zoom(now.size / before.size, within(pane, { clientX: now.x, clientY: now.y }), pane);
  });

  const ended = (event) => {
    if (fingers.delete(event.pointerId) && !fingers.size) act.release(event);
  };
  stage.addEventListener("pointerup", ended);
  stage.addEventListener("pointercancel", ended);
  stage.addEventListener("dblclick", (event) => {
    const over = act.pane(event);
    if (over) act.twice(within(over, event), over);
  });
}

/** The middle of all fingers, and how far the first two are apart. */
function spread(fingers) {
  const all = [...fingers.values()];
  const sum = all.reduce((one, other) => ({ x: one.x + other.x, y: one.y + other.y }));
  const size = all.length > 1 ? Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) : 0;
  return { x: sum.x / all.length, y: sum.y / all.length, size };
}

function within(pane, event) {
  const box = pane.getBoundingClientRect();
  return { x: event.clientX - box.left - pane.clientLeft, y: event.clientY - box.top - pane.clientTop };
}
