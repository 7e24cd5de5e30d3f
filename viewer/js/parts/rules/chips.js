// A list of short texts: each a chip that can be taken away, and a field for the next. Enter or leaving the field adds.
//
// chips(input, values, {label, change}) -> <div.chip-field> around the input; `.set(values)` shows other ones.

import { fill, h } from "../../dom.js";
import { icon } from "../icons.js";

export function chips(input, values, { label, change, read = (text) => text }) {
  let list = [...values];
  const shown = h("ul.chip-list", { "aria-label": label });
  const box = h("div.chip-field.input", { onclick: (event) => { if (event.target === box) input.focus(); } }, shown, input);

  const draw = () => {
    fill(shown, list.map((text, at) => h("li.chip", {}, h("span", {}, String(text)),
      h("button", { type: "button", "aria-label": `Remove ${text}`, title: `Remove ${text}`, onclick: () => drop(at) }, icon("close")))));
    shown.hidden = !list.length;
  };
  const put = (next) => { list = next; draw(); change(next); };
  const drop = (at) => { put(list.filter((_, n) => n !== at)); input.focus(); };
  const add = () => {
    const text = input.value.trim();
    input.value = "";
    if (text && !list.includes(read(text))) put([...list, read(text)]);
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); add(); }
    if (event.key === "Backspace" && !input.value && list.length) { event.preventDefault(); put(list.slice(0, -1)); }
  });
  input.addEventListener("change", add);
  box.set = (next) => { if (String(next) !== String(list)) { list = [...next]; draw(); } };
  draw();
  return box;
}
