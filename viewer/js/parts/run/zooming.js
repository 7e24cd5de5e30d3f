// The large picture at 100 % and back, and moved about while it is larger than its window.
//
// zooming(view) -> {button, keys, size(image)}: `view` scrolls and holds the picture; size(image) makes a picture that
// was put into it as large as the others were.

import { toggle } from "../buttons.js";

const A_CLICK = 4; // pixels a pointer may move and still be a click
const STEP = 120; // pixels that a key moves the picture

export function zooming(view) {
  const button = toggle("100 %", false, (yes) => turn(yes),
    { icon: "zoom", title: "Zoom to 100 % (z)", "aria-keyshortcuts": "z" });
  let large = false;

  function size(image) {
    if (!image.naturalWidth) return; // on its way; it is sized when it is there
    const factor = large ? scale(view, image) : null;
    image.style.setProperty("width", factor ? `${image.naturalWidth * factor}px` : "");
    button.lastChild.textContent = factor ? `${Math.round(factor * 100)} %` : "100 %";
  }
  function turn(yes, point = null) {
    const image = view.querySelector("img");
    const share = point && image ? pointIn(view, image, point) : [0.5, 0.5];
    large = yes;
    button.set(yes);
    view.classList.toggle("zoomed", yes);
    if (!image) return;
    size(image);
    const place = point ?? [view.clientWidth / 2, view.clientHeight / 2];
    view.scrollTo(share[0] * image.offsetWidth - place[0], share[1] * image.offsetHeight - place[1]);
  }
  function pan(x, y) {
    if (!large) return false;
    view.scrollBy({ left: x * STEP, top: y * STEP });
    return true;
  }

  drags(view, (point) => { if (view.querySelector("img")) turn(!large, point); }, () => large);
  const move = (key, x, y) => (
    { keys: [`Shift+${key}`], group: "Picture", words: "move the zoomed picture", run: () => pan(x, y) });
  const keys = [
    { keys: ["z"], group: "Picture", words: "zoom to 100 % and back", run: () => turn(!large) },
    move("ArrowLeft", -1, 0), move("ArrowRight", 1, 0), move("ArrowUp", 0, -1), move("ArrowDown", 0, 1),
  ];
  return { button, keys, size };
}

/** 100 %; where the picture already fits at that, twice as much, so that zooming always shows more. */
function scale(view, image) {
  const fits = Math.min(view.clientWidth / image.naturalWidth, view.clientHeight / image.naturalHeight);
  return fits >= 0.99 ? 2 : 1;
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
