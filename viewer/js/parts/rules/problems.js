// What is wrong with the rules: beside each field, and as a list with links at the top.

import { fill, h } from "../../dom.js";
import { icon } from "../icons.js";

/** Show problems at their fields (path -> field); what has no field of its own comes back as list items. */
export function tellAll(fields, problems) {
  const by = new Map();
  const left = [];
  for (const one of problems) {
    const place = placeOf(fields, one.rest ?? one.path);
    if (place) by.set(place, [...(by.get(place) ?? []), one]); else left.push(one);
  }
  for (const place of new Set(Object.values(fields))) {
    const found = by.get(place) ?? [];
    place.fail(found.filter((one) => one.severity === "error").map((one) => one.message).join(" · "));
    warn(place, found.filter((one) => one.severity !== "error"));
    if (found.length) place.closest("details")?.setAttribute("open", "");
  }
  return left.map((one) => h(`li.${kind(one)}`, {}, icon("warning"), " ", one.message));
}

const kind = (one) => (one.severity === "error" ? "error" : "warning");

function warn(place, found) {
  place.querySelector(".warned")?.remove();
  if (found.length) place.append(h("p.warned", {}, icon("warning"), " ", found.map((one) => one.message).join(" · ")));
}

/** "must_include[0]" is at must_include, "measure.region.box" at measure.region. */
export function placeOf(fields, path) {
  for (let at = path; at; at = at.replace(/(\[\d+\]|\.?[^.[\]]+)$/, "")) if (fields[at]) return fields[at];
  return null;
}

/** All of them, with a way to each: `go(problem)`. */
export function summary(problems, go) {
  const whole = h("section.rule-problems", { "aria-label": "What is wrong", hidden: true });
  whole.draw = (found, trouble) => {
    const errors = found.filter((one) => kind(one) === "error").length;
    whole.hidden = !found.length && !trouble;
    whole.classList.toggle("only-warnings", !errors && !trouble);
    fill(whole,
      h("h2", {}, icon("warning"), " ", trouble && !found.length ? trouble.message : counted(errors, found.length - errors)),
      trouble?.hint ? h("p.hint", {}, trouble.hint) : null,
      h("ul", {}, found.map((one) => h("li", {}, h("button.link", { type: "button", onclick: () => go(one) },
        h("span.mono", {}, one.where.replace(/^rules\.yaml:(\d+)$/, "line $1")), one.path ? ` ${one.path}` : null),
        ` ${one.message}`, kind(one) === "warning" ? h("span.hint", {}, " (warning)") : null))));
  };
  whole.draw(problems, null);
  return whole;
}

function counted(errors, warnings) {
  const say = (number, word) => (number ? `${number} ${word}${number === 1 ? "" : "s"}` : "");
  return [say(errors, "error"), say(warnings, "warning")].filter(Boolean).join(", ");
}
