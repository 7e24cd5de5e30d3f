// Wheel, drag, pinch and double click on panes, for mouse, pen and fingers alike.
//
// gestures(stage, {pane, own, zoom, move, press, release, twice}): `pane(event)` is the pane under it, or null where
// the gesture is not ours; own(event) tells whether a control lies there, which one finger moves, and two do not.
// zoom(factor, {x, y}, pane), move(dx, dy, pane, event), press(event), release(event), twice({x, y}, pane); x and y
// count from the pane's corner. move's event is null where several fingers move.

const LINE = 16; // CSS pixels; some wheels count lines
const SPEED = 0.0018; // a notch of 120 pixels zooms by a quarter

export function gestures(stage, act) {
  const fingers = new Map(); // pointer -> where it was last
  let pane = null;
  let controlled = false; // the one finger moves a control
  let from = null; // where the fingers were when they were last obeyed
  let waiting = 0;

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
    from = spread(fingers);
    controlled = fingers.size === 1 && act.own(event);
    if (controlled) return;
    for (const id of fingers.keys()) stage.setPointerCapture(id); // also from a control that had the first finger
    if (fingers.size === 1) act.press(event); else act.release(event);
  });

  stage.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    // Each finger has an event of its own: obeyed one by one, the middle between them would jump to and fro.
    if (controlled) from = spread(fingers);
    else if (fingers.size === 1) obey(event);
    else waiting ||= requestAnimationFrame(() => obey());
  });

  function obey(event = null) {
    cancelAnimationFrame(waiting);
    waiting = 0;
    const was = from;
    from = spread(fingers);
    if (was.size > 0 && from.size > 0) act.zoom(from.size / was.size, within(pane, { clientX: was.x, clientY: was.y }), pane);
    act.move(from.x - was.x, from.y - was.y, pane, event);
  }

  const ended = (event) => {
    if (waiting) obey();
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size) from = spread(fingers); else act.release(event);
  };
  // With two fingers a picture is pinched, and the page does not scroll.
  stage.addEventListener("touchstart",
    (event) => { if (event.touches.length > 1 && act.pane(event)) event.preventDefault(); }, { passive: false });
  stage.addEventListener("pointerup", ended);
  stage.addEventListener("pointercancel", ended);
  stage.addEventListener("dblclick", (event) => {
    const over = act.pane(event);
    if (over && !act.own(event)) act.twice(within(over, event), over);
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
