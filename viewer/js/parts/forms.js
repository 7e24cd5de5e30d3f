// Fields of forms: a label, the control, what it is for, and what is wrong with it.
//
// field("Name", textInput({value, oninput}), {hint: "as in the file", error: "is missing"}) ->  a <div.field>;
//     its `.fail(message)` shows or (with "") takes back an error, tied to the control for screen readers.
// textInput, numberInput, textArea, select(options, chosen), checkbox("words", on): plain controls, properties as h().
// choice("Theme", "theme", [["light", "Light"], …], chosen, change): a group of radio buttons drawn as one bar.

import { fill, h, sentence } from "../dom.js";
import { icon } from "./icons.js";

let count = 0;
const fresh = (name) => `${name}-${(count += 1)}`;

export const textInput = (properties = {}) => h("input.input", { type: "text", autocomplete: "off", ...properties });
export const numberInput = (properties = {}) => h("input.input", { type: "number", inputmode: "decimal", ...properties });
export const textArea = (properties = {}) => h("textarea.input", { rows: 3, ...properties });

/** options: [value, words] pairs. */
export function select(options, chosen, properties = {}) {
  return h("select.input", properties, options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));
}

export function checkbox(words, on, properties = {}) {
  return h("label.check", {}, h("input", { type: "checkbox", checked: on, ...properties }), h("span", {}, words));
}

export function field(label, control, { hint = "", error = "", hidden = false } = {}) {
  const id = control.id || (control.id = fresh("field"));
  const wrong = h("p.wrong", { id: `${id}-wrong` });
  const told = hint ? h("p.hint", { id: `${id}-hint` }, hint) : null;
  const made = h("div.field", {}, h(hidden ? "label.unseen" : "label", { for: id }, label), control, told, wrong);
  made.control = control;
  made.fail = (message) => {
    fill(wrong, message ? [icon("warning"), " ", sentence(message)] : null);
    control.toggleAttribute("aria-invalid", Boolean(message));
    if (message) control.setAttribute("aria-invalid", "true");
    const said = [told?.id, message ? wrong.id : null].filter(Boolean).join(" ");
    if (said) control.setAttribute("aria-describedby", said); else control.removeAttribute("aria-describedby");
  };
  made.fail(error);
  return made;
}

export function choice(label, name, options, chosen, change) {
  const group = fresh(name);
  return h("fieldset.choice", { onchange: (event) => change(event.target.value) },
    h("legend.unseen", {}, label),
    options.map(([value, words, drawing]) => h("label", { title: words },
      h("input", { type: "radio", name: group, value, checked: value === chosen }),
      drawing ? icon(drawing) : null, h(drawing ? "span.unseen" : "span", {}, words))));
}
