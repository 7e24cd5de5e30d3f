// What pixels decide: the metric, where it is measured, and the range in which it passes.

import { fill, h } from "../../dom.js";
import { field, numberInput, select } from "../forms.js";
import { binder, keepingFocus } from "./fields.js";

const REGIONS = [["whole", "the whole picture"], ["inside_mask", "inside the mask"],
  ["outside_mask", "outside the mask"], ["box", "a box"], ["border", "a border"]];
const SIDES = ["left", "top", "width", "height"];

/** A group of fields for `criterion.measure`; `.fields` by path, as "measure.min". */
export function measureFields(criterion, rules, changed) {
  const measure = criterion.measure;
  const schema = rules.schema.$defs.measure.properties;
  const whole = h("div.measure", { role: "group", "aria-label": "What is measured" });
  const draw = () => keepingFocus(whole, () => {
    const of = binder({ block: measure, schema, changed: (key) => { changed(); if (key === "metric") draw(); } });
    const metrics = Object.entries(rules.metrics).map(([name, about]) => [name, about.called === name ? name : `${name}: ${about.called}`]);
    const about = rules.metrics[measure.metric];
    const unit = about?.unit ? ` (${about.unit})` : "";
    const made = [
      of.choose("metric", "What", metrics, { hint: about?.ends ?? "" }),
      about?.whole_only && measure.region === undefined ? null : region(measure, of, changed, draw),
      of.number("min", `At least${unit}`, { hint: "" }),
      of.number("max", `At most${unit}`, { hint: "" }),
      measure.metric === "palette" || measure.colors ? of.terms("colors", "Colours", { placeholder: "#1b2a4a" }) : null,
      measure.metric === "similarity" && !measure.relative ? null : of.flag("relative", "The change against the original", { hint: "" }),
    ];
    fill(whole, made);
    whole.fields = Object.fromEntries(Object.entries(of.fields).map(([key, one]) => [`measure.${key}`, one]));
    return of.fields;
  });
  draw();
  return whole;
}

function region(measure, of, changed, draw) {
  const now = measure.region ?? "whole";
  const kind = typeof now === "string" ? now : Object.keys(now)[0] ?? "whole";
  const put = (value) => { of.put("region", value); draw(); };
  const choices = select(REGIONS, kind, {
    onchange: (event) => put({ whole: "region" in measure ? "whole" : undefined, box: { box: [0, 0, 100, 100] },
      border: { border: 10 } }[event.target.value]
      ?? (event.target.value === "whole" ? undefined : event.target.value)),
  });
  const made = field("Where", choices, {});
  of.keep("region", made);
  const numbers = kind === "box" ? now.box : kind === "border" ? [now.border] : null;
  if (!Array.isArray(numbers)) return made;
  const set = (at, value) => { if (kind === "box") now.box[at] = value; else now.border = value; changed(); };
  return [made, h("div.region", { role: "group", "aria-label": "In per cent of the picture" }, numbers.map((number, at) =>
    field(kind === "box" ? SIDES[at] : "width",
      numberInput({ value: number, min: 0, max: 100, step: "any",
        oninput: (event) => { if (event.target.value !== "") set(at, Number(event.target.value)); } }),
      {})),
  h("p.hint", {}, "per cent of the picture"))];
}
