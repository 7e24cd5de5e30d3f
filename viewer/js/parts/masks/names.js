// The masks of a project: the list with small pictures, and what a mask can be called.

import { h } from "../../dom.js";
import { button } from "../buttons.js";
import { badge } from "../badge.js";
import { openDialog } from "../dialog.js";
import { field, textInput } from "../forms.js";
import { fromHex } from "./paint.js";
import { fromPng } from "./png.js";

export const percent = (share) => (share === null ? "" : `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`);

/** The list: `all` are the server's entries, `chosen` is the name in the editor (which may be in no file yet). */
export function list(all, chosen, dirty, open) {
  const names = all.some((one) => one.name === chosen) ? all : [...all, { name: chosen, share: null, thumb: null, fresh: true }];
  return h("ul.mask-list", {}, names.map((one) => h("li", {}, h("button.mask-entry", {
    type: "button", "aria-current": one.name === chosen ? "true" : null, onclick: () => open(one.name),
  }, small(one), h("span.words", {}, h("span.name", {}, one.name),
    h("span.hint", {}, one.problem ?? (one.fresh ? "not saved yet" : `${percent(one.share)} of the picture`)),
    h("span.row", {}, one.active ? badge("in play", "passed") : null,
      one.problem ? badge("cannot be used", "failed") : null,
      one.name === chosen && dirty ? badge("changed", "warning") : null))))));
}

/** The mask in small, white on black turned into the picture's own place: a canvas, for want of an address. */
function small({ thumb }) {
  const canvas = h("canvas", { width: 160, height: 107, "aria-hidden": "true" });
  if (thumb) fromPng(thumb).then(({ width, height, data }) => {
    Object.assign(canvas, { width, height });
    const image = new ImageData(width, height);
    data.forEach((value, at) => image.data.set(value > 127 ? [...fromHex("#ffd60a"), 255] : [40, 43, 50, 255], at * 4));
    canvas.getContext("2d").putImageData(image, 0, 0);
  });
  return canvas;
}

/** Why a mask cannot be called so; "" where it can. */
export function wrong(name, taken) {
  if (!name) return "A mask has a name.";
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) return "Letters, digits, _ and -, at most 64.";
  if (name === "all") return "“all” means every mask of the project.";
  return taken.includes(name) ? "There is a mask of this name." : "";
}

/** Ask for a name; `done(name)` is called with one that can be. */
export function askName({ title, words, value = "", taken, yes, done }) {
  const input = textInput({ value, maxlength: 64, spellcheck: "false", autocapitalize: "off" });
  const named = field("Name", input, { hint: words });
  const accept = () => {
    const why = wrong(input.value.trim(), taken);
    named.fail(why);
    if (why) { input.focus(); return; }
    close();
    done(input.value.trim());
  };
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); accept(); } });
  const { close } = openDialog({ title, body: named,
    actions: [button("Cancel", { run: () => close() }), button(yes, { kind: "primary", run: accept })] });
  input.focus();
  input.select();
}

/** A name that is free. */
export function freeName(taken) {
  if (!taken.includes("mask")) return "mask";
  let number = 2;
  while (taken.includes(`mask${number}`)) number += 1;
  return `mask${number}`;
}

