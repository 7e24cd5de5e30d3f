// One criterion or one question as a card: what it says, where it stands, what was wrong with it, what a try said.
//
// card(entry, block, {rules, act, names}) -> <li.rule-card>; act(kind, entry) for up, down, twin, remove.
//     `.tell(problems)` shows messages, `.verdict(node)` what a try said, `.renamed()` that names have changed.

import { fill, h } from "../../dom.js";
import { iconButton } from "../buttons.js";
import { field, select } from "../forms.js";
import { icon } from "../icons.js";
import { binder, keepingFocus } from "./fields.js";
import { measureFields } from "./measure.js";
import { tellAll } from "./problems.js";

const STRENGTHS = [["low", "low"], ["medium", "medium"], ["high", "high"]];
const INTENTS = [["change", "change"], ["preserve", "preserve"]];
const TYPES = { integer: "a whole number from … to …", number: "a number from … to …" };
const ANSWERS = [["string", "a text"], ["boolean", "yes or no"], ["integer", "a whole number"],
  ["number", "a number"], ["array", "a list"]];
const REST = ["must_include", "ban_terms", "avoid_terms", "depends_on", "weight"];

export function card(entry, block, { rules, act, names }) {
  const criterion = block === "acceptance_criteria";
  const kind = criterion ? "criterion" : "question";
  const body = h("div.rule-body", {});
  const said = h("div.rule-said", {});
  const messages = h("ul.rule-messages", {});
  const whole = h("li.rule-card", { dataset: { id: entry.id } }, head(entry, kind, act), body, said, messages);
  const changed = () => rules.touch();
  const relabel = () => { // nothing is drawn anew: a person is on the way to the next field
    whole.classList.toggle("preserve", entry.data.intent === "preserve");
    whole.setAttribute("aria-label", `${kind} ${entry.data.field ?? ""}`);
  };

  whole.draw = () => keepingFocus(body, () => {
    const shown = (criterion ? criterionFields : questionFields)(entry, { rules, names, changed, redraw: whole.draw, relabel });
    fill(body, shown.nodes);
    whole.fields = shown.fields;
    relabel();
    return whole.fields();
  });
  whole.tell = (problems) => fill(messages, tellAll(whole.fields(), problems));
  whole.verdict = (node) => fill(said, node);
  whole.renamed = () => { whole.fields().depends_on?.set?.(); };
  whole.focusName = () => { const name = whole.fields().field?.control; name?.focus(); name?.select?.(); };
  whole.draw();
  return whole;
}

function head(entry, kind, act) {
  return h("div.rule-tools", {},
    h("span.grip", { title: "Drag to another place", "aria-hidden": "true" }, icon("grip")),
    iconButton(`Move this ${kind} up`, "up", { run: () => act("up", entry) }),
    iconButton(`Move this ${kind} down`, "down", { run: () => act("down", entry) }),
    iconButton(`Copy this ${kind}`, "copy", { run: () => act("twin", entry) }),
    iconButton(`Remove this ${kind}`, "remove", { run: () => act("remove", entry) }));
}

function name(entry, of, rules, relabel) {
  return of.text("field", "Name",
    { hint: "", spellcheck: "false", class: "mono",
      whenLeft: (value) => { rules.rename(entry, value); relabel(); } });
}

function criterionFields(entry, { rules, names, changed, redraw, relabel }) {
  const { data } = entry;
  const schema = rules.schema.$defs.criterion.properties;
  const of = binder({ block: data, schema, changed: (key) => { changed(); if (key === "intent") relabel(); } });
  const measured = data.measure && typeof data.measure === "object" ? measureFields(data, rules, changed) : null;
  const rest = [
    of.terms("must_include", "In the prompt while this fails"),
    of.terms("ban_terms", "Banned: into the negative prompt"),
    of.terms("avoid_terms", "Avoided in the prompt"),
    of.terms("depends_on", "Depends on", { list: names, placeholder: "name of a criterion" }),
    of.number("weight", "Weight"),
    measured || data.gate ? of.flag("gate", "Gate") : null,
  ];
  const strength = of.choose("edit_strength", "Edit strength", STRENGTHS, { hint: "", standard: "medium" });
  return {
    fields: () => ({ ...of.fields, ...measured?.fields }),
    nodes: [
      h("div.rule-name", {}, name(entry, of, rules, relabel)),
      measured ?? of.text("question", "Question", { lines: 2, hint: "" }),
      h("div.rule-row", {}, of.choose("intent", "Intent", INTENTS, { hint: "" }), strength,
        decider(entry, of, redraw), measured ? null : passes(data, of, redraw)),
      h("details.rule-more", { open: entry.open, ontoggle: (event) => { entry.open = event.target.open; } },
        h("summary", {}, "Terms, weight, dependencies", h("span.hint", {}, inShort(data))), h("div.rule-grid", {}, rest)),
    ],
  };
}

const inShort = (data) =>
  REST.filter((key) => (Array.isArray(data[key]) ? data[key].length : data[key] !== undefined))
    .map((key) => ` · ${key} ${[data[key]].flat().join(", ")}`).join("");

/** Whether a model or pixels decide; what was there before is kept while the page is open. */
function decider(entry, of, redraw) {
  const { data } = entry;
  const ask = ["question", "type", "min", "max"];
  const turn = (to) => {
    const from = to === "measure" ? ask : ["measure", "gate"];
    entry.other ??= {};
    const back = entry.other;
    entry.other = Object.fromEntries(from.filter((key) => key in data).map((key) => [key, data[key]]));
    for (const key of from) delete data[key];
    Object.assign(data, back);
    if (to === "measure") data.measure ??= { metric: "similarity", min: 0.5 };
    of.put("measure", data.measure);
    redraw();
  };
  const made = field("Decided by", select([["question", "a question"], ["measure", "pixels"]],
    data.measure ? "measure" : "question", { onchange: (event) => turn(event.target.value) }));
  return of.keep("decider", made);
}

function passes(data, of, redraw) {
  const type = data.type ?? "boolean";
  const no = type === "boolean" && data.max === 0;
  const options = [["yes", "on yes"], ["no", "on no"], ["integer", TYPES.integer], ["number", TYPES.number]];
  const turn = (value) => {
    for (const key of ["min", "max"]) delete data[key];
    if (value === "no") Object.assign(data, { min: 0, max: 0 });
    if (value === "yes" || value === "no") { if (data.type) data.type = "boolean"; } else data.type = value;
    of.put("question", data.question);
    redraw();
  };
  const control = field("Passes",
    select(options, type === "boolean" ? (no ? "no" : "yes") : type,
      { onchange: (event) => turn(event.target.value) }),
    {});
  of.keep("type", control);
  if (type === "boolean") { of.fields.min = of.fields.max = control; return control; }
  return [control, of.number("min", "At least", { hint: "" }), of.number("max", "At most", { hint: "" })];
}

function questionFields(entry, { rules, changed, redraw, relabel }) {
  const { data } = entry;
  const schema = rules.schema.$defs.question.properties;
  const of = binder({ block: data, schema, changed: (key) => { changed(); if (key === "type") redraw(); } });
  const type = data.type ?? "string";
  const numeric = type === "integer" || type === "number";
  const read = (text) => (numeric && Number.isFinite(Number(text)) ? Number(text) : text);
  const ranged = numeric || data.min !== undefined || data.max !== undefined;
  return {
    fields: () => of.fields,
    nodes: [
      h("div.rule-name", {}, name(entry, of, rules, relabel)),
      of.text("question", "Question", { lines: 2, hint: "" }),
      h("div.rule-row", {}, of.choose("type", "Answer", ANSWERS, { hint: "" }),
        ranged ? [of.number("min", "At least", { hint: "" }), of.number("max", "At most", { hint: "" })] : null,
        type === "array" || data.items !== undefined ? elements(data, of, changed) : null,
        type !== "array" || data.enum !== undefined
          ? of.terms("enum", "Allowed answers", { read, hint: "", placeholder: "any; add …" })
          : null),
    ],
  };
}

/** What the elements of a list may be: a list of values, or a block with a type. */
function elements(data, of, changed) {
  const items = data.items;
  if (items && !Array.isArray(items)) {
    const inner = binder({ block: items, changed });
    const made = [inner.choose("type", "Each element", ANSWERS.slice(0, 4), { standard: "string", hint: "" }),
      inner.terms("enum", "Allowed elements", { hint: "" })];
    for (const [key, one] of Object.entries(inner.fields)) of.fields[`items.${key}`] = one;
    return made;
  }
  return of.terms("items", "Allowed elements", { hint: "", placeholder: "any; add …" });
}
