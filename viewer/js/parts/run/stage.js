// The large picture: fitted, or at 100 % and dragged about. Zoom and place are kept while one moves on, so that two
// tries can be compared at the same spot.

import { pictures } from "../../api.js";
import { fill, h } from "../../dom.js";
import { iconButton, toggle } from "../buttons.js";
import { icon } from "../icons.js";

const A_CLICK = 4; // pixels a pointer may move and still be a click

export function stage(shown) {
  const { project, run } = shown.place;
  const size = shown.run.input ?? {};
  const view = h("div.run-view", { tabindex: "0", role: "group", "aria-label": "The picture. Z zooms, Shift and arrows move it." });
  view.style.setProperty("--ratio", size.width ? String(size.width / size.height) : "1.5");
  const said = h("span.where");
  const back = iconButton("The iteration before", "left", { key: "ArrowLeft", run: () => shown.step(-1) });
  const on = iconButton("The next iteration", "right", { key: "ArrowRight", run: () => shown.step(1) });
  const zoom = toggle("100 %", false, (yes) => setZoom(yes), { icon: "zoom", title: "Zoom to 100 % (z)", "aria-keyshortcuts": "z" });
  const original = toggle("Original", false, () => draw(),
    { icon: "picture", title: "The picture that was edited (o)", "aria-keyshortcuts": "o" });
  const bar = h("div.run-bar", {}, back, said, on, h("span.grow"), original, zoom);
  let wanted = null;
  let large = false;

  const isOn = (button) => button.getAttribute("aria-pressed") === "true";

  function draw() {
    const { line } = shown;
    const at = shown.numbers.indexOf(shown.n);
    back.disabled = at <= 0;
    on.disabled = at < 0 || at === shown.numbers.length - 1;
    fill(said, line ? `${line.n} of ${shown.newest}` : "");
    const source = isOn(original);
    if (source) put(shown.run.input?.full ?? pictures.source(project, run), "The picture that this run edits");
    else if (line?.failure) fail(line.failure);
    else if (line) put(line.full ?? pictures.iteration(project, run, line.n), `Iteration ${line.n}`);
    else none("no picture yet");
    view.classList.toggle("is-original", source);
  }

  function put(address, alt) {
    if (wanted === address) return;
    wanted = address;
    const image = h("img", { alt, draggable: "false", decoding: "async" });
    image.addEventListener("error", () => { if (wanted === address) none("This picture cannot be shown."); });
    image.addEventListener("load", () => { if (wanted === address) { sized(image); ahead(); } });
    image.src = address;
    const here = view.querySelector("img");
    if (!here) { fill(view, image); return; }
    view.setAttribute("aria-busy", "true");
    image.decode().then(() => { if (wanted === address) swap(image); }, () => {});
  }
  function swap(image) {
    const { scrollLeft, scrollTop } = view;
    fill(view, image);
    view.removeAttribute("aria-busy");
    sized(image);
    view.scrollTo(scrollLeft, scrollTop);
  }
  function fail({ code, message, hint }) {
    wanted = null;
    instead(h("div.trouble", {}, icon("warning"),
      h("div", {}, h("p.words", {}, message || code || "This try failed."), hint ? h("p.hint", {}, hint) : null)));
  }
  function none(words) { instead(h("span.no-picture", {}, icon("picture"), h("span", {}, words))); }
  function instead(shows) {
    view.removeAttribute("aria-busy");
    fill(view, shows);
  }

  /** Pictures beside this one are fetched before they are asked for. */
  function ahead() {
    const at = shown.numbers.indexOf(shown.n);
    for (const n of [shown.numbers[at + 1], shown.numbers[at - 1]]) {
      const line = shown.lines.get(n);
      if (line?.full && !line.failure) new Image().src = line.full;
    }
  }

  function sized(image) {
    if (!image.naturalWidth) return; // on its way; it is sized when it is there
    const factor = large ? scale(image) : null;
    image.style.setProperty("width", factor ? `${image.naturalWidth * factor}px` : "");
    zoom.lastChild.textContent = factor ? `${Math.round(factor * 100)} %` : "100 %";
  }
  /** 100 %; where the picture already fits at that, twice as much, so that zooming always shows more. */
  function scale(image) {
    const fits = Math.min(view.clientWidth / image.naturalWidth, view.clientHeight / image.naturalHeight);
    return fits >= 0.99 ? 2 : 1;
  }
  function setZoom(yes, point = null) {
    const image = view.querySelector("img");
    const share = point && image ? pointIn(image, point) : [0.5, 0.5];
    large = yes;
    zoom.set(yes);
    view.classList.toggle("zoomed", yes);
    if (!image) return;
    sized(image);
    const place = point ?? [view.clientWidth / 2, view.clientHeight / 2];
    view.scrollTo(share[0] * image.offsetWidth - place[0], share[1] * image.offsetHeight - place[1]);
  }
  function pointIn(image, [x, y]) {
    const outer = view.getBoundingClientRect();
    const inner = image.getBoundingClientRect();
    return [(x + outer.left - inner.left) / inner.width, (y + outer.top - inner.top) / inner.height];
  }
  drags(view, (point) => { if (view.querySelector("img")) setZoom(!large, point); }, () => large);

  const pan = (x, y) => () => { if (!large) return false; view.scrollBy({ left: x * 120, top: y * 120 }); return true; };
  const whole = h("section.run-stage", { "aria-label": "Picture" }, view, bar);
  whole.keys = [
    { keys: ["z"], group: "Picture", words: "zoom to 100 % and back", run: () => setZoom(!large) },
    { keys: ["o"], group: "Picture", words: "the original and back", run: () => original.click() },
    { keys: ["Shift+ArrowLeft"], group: "Picture", words: "move the zoomed picture", run: pan(-1, 0) },
    { keys: ["Shift+ArrowRight"], group: "Picture", words: "move the zoomed picture", run: pan(1, 0) },
    { keys: ["Shift+ArrowUp"], group: "Picture", words: "move the zoomed picture", run: pan(0, -1) },
    { keys: ["Shift+ArrowDown"], group: "Picture", words: "move the zoomed picture", run: pan(0, 1) },
  ];
  shown.on("chosen", () => { if (isOn(original)) original.set(false); draw(); });
  shown.on("run", draw);
  draw();
  return whole;
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
