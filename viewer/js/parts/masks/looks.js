// How the mask is shown: its colour and how much of the picture it covers. Remembered on this machine.

import { h } from "../../dom.js";

const KEPT = "mask-looks";
const START = { tint: "#ffd60a", opacity: 0.45 };

function remembered() {
  try { return { ...START, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") }; } catch { return { ...START }; }
}

/** Colour and opacity of an editor's stage. */
export function looks(stage) {
  const now = remembered();
  if (!/^#[0-9a-f]{6}$/i.test(now.tint) || !(now.opacity >= 0.05 && now.opacity <= 1)) Object.assign(now, START);
  const take = (changes) => {
    Object.assign(now, changes);
    Object.assign(stage, now);
    stage.refresh("tint");
    try { localStorage.setItem(KEPT, JSON.stringify(now)); } catch { /* no storage to be had: it holds for this visit */ }
  };
  Object.assign(stage, now);
  return h("div.looks.row", {},
    h("label", {}, "Colour ", h("input", { type: "color", value: now.tint, oninput: (event) => take({ tint: event.target.value }) })),
    h("label", {}, "Opacity ", h("input", { type: "range", min: "5", max: "100",
      value: String(Math.round(now.opacity * 100)),
      oninput: (event) => take({ opacity: Number(event.target.value) / 100 }) })));
}
