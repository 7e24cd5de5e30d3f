// The search above a list: asks while one types, when the fingers rest.
//
// searchBox("Search in prompts and notes", words, (words) => …)   -> {box, input}; "/" is said on it

import { h } from "../../dom.js";
import { icon } from "../icons.js";

const REST = 180; // milliseconds

export function searchBox(label, words, change) {
  let timer;
  const tell = () => { clearTimeout(timer); change(input.value.trim()); };
  const input = h("input.input", {
    type: "search", value: words, placeholder: label, "aria-label": label, "aria-keyshortcuts": "/",
    autocomplete: "off", spellcheck: "false",
    oninput: () => { clearTimeout(timer); timer = setTimeout(tell, REST); },
    onkeydown: (event) => { if (event.key === "Enter") tell(); },
  });
  return { input, box: h("div.search", { role: "search" }, icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/")) };
}
