// Where one looks: how large, and at which point. The same for every picture, whatever its own size is.
//
// A view is {zoom, x, y}. `zoom` is in pixels of the screen for one of the original, so 1 is 100 % on any display, and
// nothing is made up or left out; null is "as large as fits". A scale is in CSS pixels, of which a dense display has fewer.
// x and y say which point stands in the middle of a pane, as shares of the original's width and height: the view is
// then the same in panes of any size, and in a link that somebody else opens. `frame` and `pane` are {width, height}.

export const FITTED = Object.freeze({ zoom: null, x: 0.5, y: 0.5 });
export const MOST = 32;
const SAME = 0.01; // so close to fitting, it fits

// A view is what its address says, digit for digit.
const rounded = (value, digits) => Number(value.toFixed(digits));

export const fitting = (frame, pane) => Math.min(pane.width / frame.width, pane.height / frame.height);
export const scaleOf = (view, frame, pane) => (view.zoom === null ? fitting(frame, pane) : view.zoom / density());
/** What a scale is in pixels of the screen. */
export const zoomOf = (scale) => scale * density();
const density = () => globalThis.devicePixelRatio || 1;

/** The view with its point moved so that no edge of the picture leaves a gap. */
export function clamped(view, frame, pane) {
  const scale = scaleOf(view, frame, pane);
  const within = (share, length, room) => {
    const half = room / 2 / (length * scale);
    return half >= 0.5 ? 0.5 : rounded(Math.min(1 - half, Math.max(half, share)), 6);
  };
  return { zoom: view.zoom, x: within(view.x, frame.width, pane.width), y: within(view.y, frame.height, pane.height) };
}

/** Where the picture's corner stands in a pane, and how large it is drawn; on whole pixels of the display. */
export function placed(view, frame, pane) {
  const { zoom, x, y } = clamped(view, frame, pane);
  const scale = scaleOf({ zoom }, frame, pane);
  const whole = (value) => Math.round(value * density()) / density();
  return { scale, left: whole(pane.width / 2 - x * frame.width * scale), top: whole(pane.height / 2 - y * frame.height * scale) };
}

/** The view at another scale, with the point under `at` ({x, y} in the pane) where it was. */
export function zoomedTo(scale, at, view, frame, pane) {
  const before = placed(view, frame, pane);
  const fit = fitting(frame, pane);
  const zoom = rounded(Math.min(MOST, Math.max(Math.min(zoomOf(fit), 1), zoomOf(scale))), 4);
  const next = scaleOf({ zoom }, frame, pane);
  if (Math.abs(next / fit - 1) < SAME) return { ...FITTED };
  const under = { x: (at.x - before.left) / before.scale, y: (at.y - before.top) / before.scale };
  const middle = { x: under.x + (pane.width / 2 - at.x) / next, y: under.y + (pane.height / 2 - at.y) / next };
  return clamped({ zoom, x: middle.x / frame.width, y: middle.y / frame.height }, frame, pane);
}

/** The view with the picture moved by so many CSS pixels. */
export function movedBy(dx, dy, view, frame, pane) {
  const scale = scaleOf(view, frame, pane);
  return clamped({ zoom: view.zoom, x: view.x - dx / frame.width / scale, y: view.y - dy / frame.height / scale }, frame, pane);
}

/** Whether the picture is larger than the pane. */
export function movable(view, frame, pane) {
  const scale = scaleOf(view, frame, pane);
  return frame.width * scale > pane.width + 1 || frame.height * scale > pane.height + 1;
}
