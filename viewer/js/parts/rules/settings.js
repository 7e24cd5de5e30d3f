// When a run stops, and the prompts to begin with.

import { h } from "../../dom.js";
import { binder } from "./fields.js";

/** The fields of `project`; `.fields` by path, as "project.patience". */
export function settings(rules) {
  const block = rules.form.project && typeof rules.form.project === "object" && !Array.isArray(rules.form.project)
    ? rules.form.project
    : {};
  const schema = rules.schema.properties.project.properties;
  const of = binder({ block, schema, changed: () => { rules.form.project = block; rules.touch(); } });
  const whole = h("div.rule-grid", {},
    of.text("name", "Name"),
    of.number("max_iterations", "Iterations at most", { whole: true }),
    of.number("pass_score", "Passing score"),
    of.number("patience", "Patience", { whole: true, placeholder: "never" }),
    of.number("max_failures", "Failures at most", { whole: true }),
    of.flag("lock_seed", "Keep the first seed"),
    of.flag("disable_general_notes", "No general notes"));
  whole.fields = named("project", of.fields);
  return whole;
}

export function prompts(rules) {
  const there = plain(rules.form.prompts);
  const block = plain(there.global);
  const schema = rules.schema.$defs.prompts.properties;
  const put = () => {
    if (Object.keys(block).length || "global" in there) there.global = block;
    if (Object.keys(there).length) rules.form.prompts = there;
    rules.touch();
  };
  const of = binder({ block, schema, changed: put });
  const whole = h("div.rule-prompts", {}, of.text("positive", "Positive", { lines: 3 }), of.text("negative", "Negative", { lines: 2 }));
  whole.fields = named("prompts.global", of.fields);
  return whole;
}

const plain = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
const named = (at, fields) => Object.fromEntries(Object.entries(fields).map(([key, one]) => [`${at}.${key}`, one]));
