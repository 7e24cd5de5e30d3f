// The large picture: fitted, or at 100 % or 200 % and dragged about. Zoom and place are kept while one moves on, so that two
// tries can be compared at the same spot.

import { pictures } from "../../api.js";
import { fill, h, sentence } from "../../dom.js";
import { iconButton, toggle } from "../buttons.js";
import { icon } from "../icons.js";
import { zooming } from "./zooming.js";

export function stage(shown, { query, setQuery }) {
  const { project, run } = shown.place;
  const size = shown.run.input ?? {};
  const view = h("div.run-view", { tabindex: "0", role: "group", "aria-label": "The picture. Z zooms, Shift and arrows move it." });
  view.style.setProperty("--ratio", size.width ? String(size.width / size.height) : "1.5");
  const said = h("span.where");
  const back = iconButton("The iteration before", "left", { key: "ArrowLeft", run: () => shown.step(-1) });
  const on = iconButton("The next iteration", "right", { key: "ArrowRight", run: () => shown.step(1) });
  const zoom = zooming(view, { level: query.get("zoom"), changed: (level) => setQuery({ zoom: level === "fit" ? null : level }) });
  const original = toggle("Original", query.get("original") === "1",
    (yes) => { setQuery({ original: yes ? "1" : null }); draw(); },
    { icon: "picture", title: "The picture that was edited (o)", "aria-keyshortcuts": "o" });
  const bar = h("div.run-bar", {}, back, said, on, h("span.grow"), original, zoom.button);
  let wanted = null;

  const isOn = (button) => button.getAttribute("aria-pressed") === "true";

  function draw() {
    const { line } = shown;
    const at = shown.stops.indexOf(shown.n);
    back.disabled = at <= 0;
    on.disabled = at < 0 || at === shown.stops.length - 1;
    // Before the first try the original is all there is to look at.
    const begins = !shown.stops.length && Boolean(shown.run.input?.full);
    const source = isOn(original) || begins;
    original.hidden = begins;
    fill(said, begins ? "The original" : line ? `${line.n} of ${shown.last}` : shown.waits ? `${shown.n}, ${shown.pendingWords}` : "");
    if (source) put(shown.run.input?.full ?? pictures.source(project, run), "The picture that this run edits");
    else if (line?.failure) fail(line.failure);
    else if (line) put(line.full ?? pictures.iteration(project, run, line.n), `Iteration ${line.n}`);
    else if (shown.waits) put(shown.pending.full, `Iteration ${shown.n}, ${shown.pendingWords}`);
    else none("no picture yet");
    view.classList.toggle("is-original", source && !begins);
  }

  function put(address, alt) {
    if (wanted === address) { view.querySelector("img")?.setAttribute("alt", alt); return; }
    wanted = address;
    const image = h("img", { alt, draggable: "false", decoding: "async" });
    image.addEventListener("error", () => { if (wanted === address) none("This picture cannot be shown."); });
    image.addEventListener("load", () => { if (wanted === address) { zoom.size(image); ahead(); } });
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
    zoom.size(image);
    view.scrollTo(scrollLeft, scrollTop);
  }
  function fail({ code, message, hint }) {
    wanted = null;
    instead(h("div.trouble", {}, icon("warning"),
      h("div", {}, h("p.words", {}, message || code || "This try failed."), hint ? h("p.hint", {}, sentence(hint)) : null)));
  }
  function none(words) { instead(h("span.no-picture", {}, icon("picture"), h("span", {}, words))); }
  function instead(shows) {
    view.removeAttribute("aria-busy");
    fill(view, shows);
  }

  /** Pictures beside this one are fetched before they are asked for. */
  function ahead() {
    const at = shown.numbers.indexOf(shown.n);
    if (at < 0) return;
    for (const n of [shown.numbers[at + 1], shown.numbers[at - 1]]) {
      const line = shown.lines.get(n);
      if (line?.full && !line.failure) new Image().src = line.full;
    }
  }

  const whole = h("section.run-stage", { "aria-label": "Picture" }, view, bar);
  whole.keys = [
    { keys: ["o"], group: "Picture", words: "the original and back", run: () => original.click() },
    ...zoom.keys,
  ];
  shown.on("chosen", () => {
    if (isOn(original)) { original.set(false); setQuery({ original: null }); }
    draw();
  });
  shown.on("run", draw);
  draw();
  return whole;
}
