// Fields that are bound to a key of a block of the rules: what is shown is what the block says, what is typed is put
// into it, what is emptied goes out of it. A value of a kind that the control cannot show is left as it is, and named.
//
// const of = binder({block, changed, schema, note})   `schema`: the properties of the block, for hints and ranges
// of.text("question", "Question"), of.number(…), of.choose(…), of.flag(…), of.terms(…)  ->  <div.field>
// of.fields: key -> field, for the messages of the server

import { h } from "../../dom.js";
import { checkbox, field, numberInput, select, textArea, textInput } from "../forms.js";
import { chips } from "./chips.js";

export function binder({ block, changed, schema }) {
  const fields = {};
  const put = (key, value) => {
    if (value === undefined) delete block[key]; else block[key] = value;
    changed(key);
  };
  const hintOf = (key) => schema?.[key]?.description ?? "";
  const keep = (key, made) => { made.key = key; fields[key] = made; return made; };
  const odd = (key, label) => keep(key, field(label, textInput({ value: JSON.stringify(block[key]), disabled: true }),
    { hint: "Written in another way than this form can show. Change it in the text." }));
  const fits = (key, kinds) => block[key] === undefined || block[key] === null || kinds.includes(kindOf(block[key]));

  function text(key, label, { lines = 1, hint = hintOf(key), whenLeft = null, ...rest } = {}) {
    if (!fits(key, ["string"])) return odd(key, label);
    const events = whenLeft
      ? { onchange: (event) => whenLeft(event.target.value.trim()) }
      : { oninput: (event) => put(key, event.target.value === "" ? undefined : event.target.value) };
    const control = (lines > 1 ? textArea : textInput)({ value: block[key] ?? "", spellcheck: "true",
      ...(lines > 1 ? { rows: lines } : {}), ...events, ...rest });
    return keep(key, field(label, control, { hint }));
  }

  function number(key, label, { hint = hintOf(key), whole = false, ...rest } = {}) {
    if (!fits(key, ["number"])) return odd(key, label);
    const about = schema?.[key] ?? {};
    const control = numberInput({
      value: block[key] ?? "", step: whole ? "1" : "any", min: about.minimum, max: about.maximum,
      placeholder: about.default === undefined || about.default === null ? "" : String(about.default),
      oninput: (event) => {
        const value = event.target.value;
        if (!event.target.validity.badInput) put(key, value === "" ? undefined : Number(value));
      },
      ...rest,
    });
    return keep(key, field(label, control, { hint }));
  }

  function choose(key, label, options, { hint = hintOf(key), standard = schema?.[key]?.default } = {}) {
    if (!fits(key, ["string"])) return odd(key, label);
    const now = block[key] ?? standard;
    const all = options.some(([value]) => value === now) ? options : [...options, [now, String(now)]];
    const control = select(all, now, { onchange: (event) => put(key,
      event.target.value === standard && !(key in block) ? undefined : event.target.value) });
    return keep(key, field(label, control, { hint }));
  }

  function flag(key, words, { hint = hintOf(key) } = {}) {
    if (!fits(key, ["boolean"])) return odd(key, words);
    const made = checkbox(words, Boolean(block[key]),
      { onchange: (event) => put(key, event.target.checked || key in block ? event.target.checked : undefined) });
    const whole = h("div.field.flag", {}, made, h("p.hint", {}, hint), h("p.wrong", {}));
    whole.control = made.querySelector("input");
    whole.fail = (message) => { whole.querySelector(".wrong").textContent = message; };
    return keep(key, whole);
  }

  function terms(key, label, { hint = hintOf(key), read, list = null, placeholder = "add …" } = {}) {
    const elements = ["string", "number", "boolean"];
    if (!fits(key, ["array"]) || !(block[key] ?? []).every((one) => elements.includes(kindOf(one)))) return odd(key, label);
    const input = textInput({ placeholder, list });
    const made = field(label, input, { hint });
    const after = input.nextSibling;
    const box = chips(input, block[key] ?? [],
      { label, read, change: (values) => put(key, values.length || Array.isArray(block[key]) ? values : undefined) });
    made.insertBefore(box, after);
    made.set = () => box.set(block[key] ?? []);
    return keep(key, made);
  }

  return { text, number, choose, flag, terms, fields, put, keep };
}

const kindOf = (value) => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value);

/** Draw a group of fields anew; whoever was in one of them is in it again. `draw` returns the new fields by key. */
export function keepingFocus(group, draw) {
  const key = group.contains(document.activeElement) ? document.activeElement.closest(".field")?.key : null;
  const fields = draw();
  if (key && !group.contains(document.activeElement)) fields[key]?.control?.focus({ preventScroll: true });
}
