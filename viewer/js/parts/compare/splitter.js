// The line between two pictures, as a control: drag it, or focus it and use the arrows, Home and End.
//
// splitter(50, (percent) => …) -> an element for the middle of a pane; `.set(30)` moves it silently.

import { h } from "../../dom.js";
import { icon } from "../icons.js";

const STEP = 2; // percent
const FAR = 10;

export function splitter(value, change) {
  let now = value;
  const made = h("div.splitter", {
    role: "slider", tabindex: "0", "aria-label": "Line between A and B", "aria-valuemin": "0", "aria-valuemax": "100",
    "aria-orientation": "horizontal", dataset: { arrows: "own" },
  }, h("span.grip", {}, icon("left"), icon("right")));

  made.set = (percent) => {
    now = Math.min(100, Math.max(0, percent));
    made.setAttribute("aria-valuenow", String(Math.round(now)));
    made.setAttribute("aria-valuetext", `A on the left ${Math.round(now)} %`);
    made.style.setProperty("left", `${now}%`);
  };
  const to = (percent) => { made.set(percent); change(now); };

  made.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -FAR, PageUp: FAR,
      Home: -100, End: 100 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    to(now + (event.shiftKey ? FAR / STEP : 1) * step);
  });
  made.addEventListener("pointerdown", (event) => { if (!event.button) made.setPointerCapture(event.pointerId); });
  made.addEventListener("pointermove", (event) => { if (made.hasPointerCapture(event.pointerId)) to(made.percentAt(event)); });
  made.percentAt = (event) => {
    const box = made.parentElement.getBoundingClientRect();
    return (100 * (event.clientX - box.left)) / box.width;
  };
  made.set(value);
  return made;
}
