// The tools. Each gets places of the picture (between pixels) while it is used, and draws into the editor's bits.
//
// down, move, up, cancel: one use, which is one step of the history. `marks(context, view, at)` shows what is being
// done; `keys` are keys that it understands while it is used: a name -> a function.

const TWICE = 400; // milliseconds between the clicks of a double click

/** Brush and eraser: a round stroke. */
function brush(editor, value) {
  let last = null;
  return {
    down(place) { editor.history.begin(value ? "brush" : "eraser"); last = place; this.move(place); },
    move(place) { editor.bits.stroke(last, place, editor.size, value); last = place; editor.drawing(); },
    up() { editor.drawn(); },
    cancel() { editor.undrawn(); },
    marks(context, view, at) { if (at) ring(context, view.toStage(at), (editor.size / 2) * view.scale); },
  };
}

/** A rectangle of whole pixels, drawn from corner to corner. */
function box(editor) {
  let from = null, to = null;
  return {
    down(place) { from = to = place; editor.marks(); },
    move(place) { to = place; editor.marks(); },
    up(place) {
      const [x0, x1] = [from.x, place.x].map(Math.round).sort((a, b) => a - b),
        [y0, y1] = [from.y, place.y].map(Math.round).sort((a, b) => a - b);
      this.cancel();
      editor.change("box", () => editor.bits.box(x0, y0, x1, y1, editor.value));
    },
    cancel() { from = to = null; editor.marks(); },
    keys: { Escape() { if (!from) return false; this.cancel(); return true; } },
    marks(context, view, at) {
      if (!from) { if (at) cross(context, view.toStage(at), view); return; }
      const [one, other] = [from, to].map(({ x, y }) => view.toStage({ x: Math.round(x), y: Math.round(y) }));
      outline(context, [one, { x: other.x, y: one.y }, other, { x: one.x, y: other.y }], true);
    },
  };
}

/** A polygon: a click is a corner; Enter, a double click, or a click on the first corner closes it. */
function polygon(editor) {
  let corners = [], last = { time: -Infinity, x: 0, y: 0 };
  return {
    get busy() { return corners.length > 0; },
    down(place) { corners.push(place); editor.marks(); },
    move(place) { if (corners.length) corners[corners.length - 1] = place; editor.marks(); },
    up(place, event) {
      const reach = (event.pointerType === "touch" ? 20 : 9) * editor.view.ratio / editor.view.scale;
      const near = (one, other) => Math.hypot(one.x - other.x, one.y - other.y) < reach;
      const twice = event.timeStamp - last.time < TWICE && near(place, last);
      last = { time: event.timeStamp, ...place };
      if (corners.length > 3 && (twice || near(place, corners[0]))) { corners.pop(); this.close(); return; }
      editor.hint(corners.length < 3
        ? "Click the corners of the polygon."
        : "Enter, or a click on the first corner, closes it. Backspace takes the last corner back, Esc all.");
    },
    close() {
      const whole = corners;
      this.cancelAll();
      if (whole.length > 2) editor.change("polygon", () => editor.bits.polygon(whole, editor.value));
      return true;
    },
    cancel() { corners.pop(); editor.marks(); },
    cancelAll() { corners = []; editor.hint(""); editor.marks(); },
    keys: {
      Enter() { return corners.length > 2 ? this.close() : corners.length > 0; },
      Escape() { if (!corners.length) return false; this.cancelAll(); return true; },
      Backspace() { if (!corners.length) return false; this.cancel(); return true; },
    },
    marks(context, view, at) {
      if (!corners.length) { if (at) cross(context, view.toStage(at), view); return; }
      outline(context, [...corners, ...(at ? [at] : [])].map((one) => view.toStage(one)), false);
      corners.forEach((one) => ring(context, view.toStage(one), 4 * view.ratio));
    },
  };
}

/** Everything that is connected with the place that is clicked. */
function fill(editor) {
  return {
    down() {}, move() {}, cancel() {},
    up({ x, y }) { editor.change("fill", () => editor.bits.area(Math.floor(x), Math.floor(y), editor.value)); },
    marks(context, view, at) { if (at) cross(context, view.toStage(at), view); },
  };
}

/** Every tool of an editor, by name. */
export const tools = (editor) => ({ brush: brush(editor, 1), eraser: brush(editor, 0), box: box(editor),
  polygon: polygon(editor), fill: fill(editor) });

/** Light on dark, to be seen on any picture. */
function twice(context, path) {
  const wide = context.lineWidth;
  context.beginPath();
  path();
  for (const [style, width] of [["rgb(0 0 0 / 75%)", 3 * wide], ["#fff", wide]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
  context.lineWidth = wide;
}

const ring = (context, { x, y }, r) => twice(context, () => context.arc(x, y, Math.max(1, r), 0, 7));

const outline = (context, corners, closed) => twice(context, () => {
  corners.forEach(({ x, y }) => context.lineTo(x, y));
  if (closed) context.closePath();
});

const cross = (context, { x, y }, { ratio }) => twice(context, () => {
  for (const [across, down] of [[9 * ratio, 0], [0, 9 * ratio]]) {
    context.moveTo(x - across, y - down);
    context.lineTo(x + across, y + down);
  }
});
