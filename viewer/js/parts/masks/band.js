// Grow and feather: what AIGen.yaml says, and what another choice would do, shown on the picture as the server's own
// compositing sees it.

import { post } from "../../api.js";
import { h } from "../../dom.js";
import { copyButton } from "../buttons.js";
import { checkbox, field, numberInput } from "../forms.js";
import { percent } from "./names.js";
import { fromPng, toPng } from "./png.js";

const PAUSE = 150; // milliseconds without a change, before the server is asked
const MOST = 4096;

/** {element, update(), close()}: `update` is called when the mask has changed. */
export function band(editor, address, found, signal) {
  const state = { asked: null, timer: 0, shown: false };
  const grow = slider("Grow", found.grow, -64, 64, -MOST, "pixels by which the mask grows; below 0 it shrinks");
  const feather = slider("Feather", found.feather, 0, 64, 0, "width in pixels of the band around it that fades into the original");
  const said = h("p.hint.band-said", { role: "status" });
  const where = h("p.hint", {});
  const snippet = () => `masking:\n  grow: ${grow.value()}\n  feather: ${feather.value()}\n`;
  const copy = copyButton("Copy for AIGen.yaml", snippet, { kind: "small" });
  const on = checkbox("Show on the picture", false, { onchange: (event) => { state.shown = event.target.checked; ask(); } });

  async function ask() {
    clearTimeout(state.timer);
    state.asked?.abort();
    tell();
    if (!state.shown || editor.bits.count === 0) {
      editor.forgetWeights();
      said.textContent = state.shown ? "The mask is empty." : "";
      return;
    }
    said.textContent = "Looking …";
    state.timer = setTimeout(look, PAUSE);
  }

  async function look() {
    const asked = state.asked = new AbortController();
    const version = editor.bits.version;
    try {
      const png = await toPng(editor.bits);
      if (asked.signal.aborted) return;
      const answer = await post(address, { png, grow: grow.value(), feather: feather.value() }, { signal: asked.signal });
      const { data } = await fromPng(answer.png);
      if (asked.signal.aborted || version !== editor.bits.version) return;
      editor.setWeights(data);
      said.textContent = `${percent(answer.share)} of the picture may change at all; the rest stays as it is, pixel for pixel.`;
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!error.code) throw error;
      editor.forgetWeights();
      said.textContent = error.message;
    }
  }

  function tell() {
    const same = grow.value() === found.grow && feather.value() === found.feather;
    where.textContent = same
      ? "As config/AIGen.yaml has it (masking.grow, masking.feather). Moving the sliders only shows; it sets nothing."
      : `Only shown here. config/AIGen.yaml has grow ${found.grow}, feather ${found.feather}: what counts is set there, under masking.`;
    copy.hidden = same;
  }

  for (const one of [grow, feather]) one.changed = () => {
    if (!state.shown) { state.shown = true; on.querySelector("input").checked = true; }
    ask();
  };
  signal.addEventListener("abort", () => { clearTimeout(state.timer); state.asked?.abort(); });
  tell();
  const legend = h("p.legend", {},
    [["drawn", "as drawn"], ["grown", "after grow"], ["faded", "feather band"]].map(([kind, words]) => h("span", {},
      h(`i.${kind}`, { "aria-hidden": "true" }), words)));
  return { element: h("section.panel", {}, h("h2", {}, "Grow and feather"), on, grow.element, feather.element, legend,
    said, where, copy),
    update: () => { if (state.shown) ask(); }, refresh: ask };
}

/** A slider with a field beside it, which takes what lies beyond the slider's ends. */
function slider(words, start, low, high, least, hint) {
  const range = h("input", { type: "range", min: String(Math.min(low, start)), max: String(Math.max(high, start)),
    step: "1", value: String(start), "aria-label": `${words}, slider`, oninput: () => take(range.value) });
  const number = numberInput({ min: String(least), max: String(MOST), step: "1", value: String(start),
    onchange: () => take(number.value) });
  const made = { element: h("div.slider", {}, field(words, number, { hint }), range),
    value: () => Number(range.dataset.value), changed: () => {} };
  range.dataset.value = String(start);
  function take(text) {
    const value = Math.min(MOST, Math.max(least, Math.round(Number(text)) || 0));
    Object.assign(range, { min: String(Math.min(low, value, start)), max: String(Math.max(high, value, start)) });
    range.value = number.value = range.dataset.value = String(value);
    made.changed();
  }
  return made;
}
