// The large picture fitted, at 100 % or at 200 %, and moved about while it is larger than its window. At 100 % a pixel
// of the picture is one of the screen.
//
// zooming(view, {level, changed}) -> {button, keys, size(image)}: `view` scrolls and holds the picture; size(image)
// makes a picture that was put into it as large as the others were; changed("1") tells the level: "fit", or by how much.

import { button } from "../buttons.js";

const A_CLICK = 4; // pixels a pointer may move and still be a click
const STEP = 120; // pixels that a key moves the picture
const NEXT = { fit: "1", 1: "2", 2: "fit" };
const WORDS = { fit: ["Fit", "Fit the picture"], 1: ["100 %", "Zoom to 100 %"], 2: ["200 %", "Zoom to 200 %"] };

export function zooming(view, { level: first, changed }) {
  const next = button("", { icon: "zoom", key: "z", run: () => turn(NEXT[level]) });
  let level = Object.hasOwn(NEXT, first) ? first : "fit";
  let middle = level !== "fit"; // a picture that is opened large begins in its middle

  function size(image) {
    if (!image.naturalWidth) return; // on its way; it is sized when it is there
    image.style.setProperty("width", level === "fit" ? "" : `${image.naturalWidth * ofScreen() * Number(level)}px`);
    if (middle) show(image, [0.5, 0.5], [view.clientWidth / 2, view.clientHeight / 2]);
    middle = false;
  }
  function show(image, [x, y], at) { view.scrollTo(x * image.offsetWidth - at[0], y * image.offsetHeight - at[1]); }
  function turn(to, point = null) {
    const image = view.querySelector("img");
    const share = point && image ? pointIn(view, image, point) : [0.5, 0.5];
    level = to;
    changed(level);
    offer();
    if (!image) return;
    size(image);
    show(image, share, point ?? [view.clientWidth / 2, view.clientHeight / 2]);
  }
  /** The button says what it will do. */
  function offer() {
    const [short, long] = WORDS[NEXT[level]];
    next.lastChild.textContent = short;
    next.title = `${long} (z)`;
    view.classList.toggle("zoomed", level !== "fit");
  }
  function pan(x, y) {
    if (level === "fit") return false;
    view.scrollBy({ left: x * STEP, top: y * STEP });
    return true;
  }

  offer();
  drags(view, (point) => { if (view.querySelector("img")) turn(level === "fit" ? closer(view) : "fit", point); },
    () => level !== "fit");
  const move = (key, x, y) => (
    { keys: [`Shift+${key}`], group: "Picture", words: "move the zoomed picture", run: () => pan(x, y) });
  const keys = [
    { keys: ["z"], group: "Picture", words: "zoom to 100 %, to 200 %, and back", run: () => turn(NEXT[level]) },
    move("ArrowLeft", -1, 0), move("ArrowRight", 1, 0), move("ArrowUp", 0, -1), move("ArrowDown", 0, 1),
  ];
  return { button: next, keys, size };
}

/** Pixels of the page for one of the screen. */
const ofScreen = () => 1 / (window.devicePixelRatio || 1);

/** What a click goes to: always closer, so 200 % where the picture fits even at 100 %. */
function closer(view) {
  const image = view.querySelector("img");
  const fits = Math.min(view.clientWidth / image.naturalWidth, view.clientHeight / image.naturalHeight);
  return fits >= 0.99 * ofScreen() ? "2" : "1";
}

/** A place of the window as shares of the picture's width and height. */
function pointIn(view, image, [x, y]) {
  const outer = view.getBoundingClientRect();
  const inner = image.getBoundingClientRect();
  return [(x + outer.left - inner.left) / inner.width, (y + outer.top - inner.top) / inner.height];
}

/** A click, or dragging what is larger than its window. Fingers drag by themselves. */
function drags(view, clicked, draggable) {
  let from = null;
  view.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button, a")) return;
    from = { x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop, moved: false };
    if (event.pointerType === "mouse") view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (Math.hypot(x, y) > A_CLICK) from.moved = true;
    if (from.moved && draggable() && event.pointerType === "mouse") view.scrollTo(from.left - x, from.top - y);
  });
  view.addEventListener("pointerup", (event) => {
    if (from && !from.moved) {
      const box = view.getBoundingClientRect();
      clicked([event.clientX - box.left, event.clientY - box.top]);
    }
    from = null;
  });
  view.addEventListener("pointercancel", () => { from = null; });
}
