// How the pictures are looked at: the mode, the zoom, the mask, how much a difference is amplified.
//
// toolbar({masks, change, zoom: {in, out, full, fit}, swap}) -> an element; `.draw(state, shown)`, where 1 is shown at
// 100 %, and `.say(words)` of the mask that is chosen.

import { h } from "../../dom.js";
import { button, iconButton } from "../buttons.js";
import { choice, select } from "../forms.js";

export const MODES = [["slider", "Slider"], ["side", "Side by side"], ["flip", "Flip"], ["difference", "Difference"]];

export function toolbar({ masks, change, zoom, swap }) {
  const modes = choice("How to compare", "mode", MODES, "", (mode) => change({ mode }));
  const percent = button("100 %",
    { kind: "quiet", key: "z", title: "One pixel of the original is one of the screen (z)", run: zoom.full });
  const fit = button("Fit", { kind: "quiet", title: "The whole picture (z)", run: zoom.fit });
  const mask = masks.length
    ? select(masksToChoose(masks), "",
      { "aria-label": "Mask", onchange: (event) => change({ mask: event.target.value || null }) })
    : null;
  const ofMask = h("span.hint", { role: "status" });
  const times = h("input", { type: "range", min: "1", max: "16", step: "1", "aria-label": "Amplify the difference",
    oninput: () => change({ amplify: Number(times.value) }) });
  const said = h("output.count");
  const amplify = h("label.amplify", {}, "Amplify", times, said);
  const bar = h("div.compare-bar", { role: "toolbar", "aria-label": "How to compare" }, modes,
    h("div.zoom", { role: "group", "aria-label": "Zoom" },
      iconButton("Smaller", "minus", { key: "-", run: zoom.out }), percent,
      iconButton("Larger", "plus", { key: "+", run: zoom.in }), fit),
    mask, ofMask, button("Swap A and B", { kind: "quiet", icon: "compare", key: "s", run: swap }), amplify);

  bar.say = (words) => { if (ofMask.textContent !== words) ofMask.textContent = words; };
  bar.draw = (state, shown) => {
    for (const input of modes.querySelectorAll("input")) input.checked = input.value === state.mode;
    percent.lastChild.textContent = `${Math.round(shown * 100)} %`;
    percent.setAttribute("aria-label", `Zoom is ${Math.round(shown * 100)} %; go to 100 %`);
    fit.setAttribute("aria-pressed", String(state.view.zoom === null));
    if (mask) mask.value = state.mask ?? "";
    amplify.hidden = state.mode !== "difference";
    times.value = String(state.amplify);
    said.textContent = `${state.amplify} ×`;
  };
  return bar;
}

/** "NAME" is the mask as a tint, "NAME:outline" its edge. */
export const masksToChoose = (masks) => [["", "No mask"],
  ...masks.flatMap((name) => [[name, `Mask ${name}: tint`], [`${name}:outline`, `Mask ${name}: outline`]])];
