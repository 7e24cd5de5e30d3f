// What is different between A and B besides the pixels: verdicts, settings, prompts.
//
// changed(place, run) -> an element; `.show(a, b)` reads and shows it; the answer to an older question is dropped.

import { api, get } from "../../api.js";
import { fill, h } from "../../dom.js";
import * as format from "../../format.js";
import { words } from "../diff.js";
import { sayTrouble } from "../said.js";
import { trouble } from "../states.js";
import { verdictMark } from "../verdict.js";

const WAIT = 150; // milliseconds: whoever runs through the pictures asks for the last one only

export function changed(place, run, signal) {
  const facts = h("div");
  const settings = h("div");
  const made = h("section.panel.changed", { "aria-label": "What changed" }, facts, settings);
  const known = new Map(); // "n to" -> answer
  let wanted = "", timer;

  made.show = (a, b) => {
    const key = `${b.key} ${a.key}`;
    if (key === wanted) return;
    wanted = key;
    fill(facts, h("h2", {}, `From ${a.short} to ${b.short}`), verdicts(a.line, b.line, run.criteria));
    clearTimeout(timer);
    if (!b.line || a.key === b.key) {
      fill(settings,
        h("p.hint", {}, b.line ? "A and B are the same picture." : "The original was not made by this run."));
      return;
    }
    if (known.has(key)) fill(settings, told(known.get(key), a, b)); else timer = setTimeout(() => ask(key, a, b), WAIT);
  };

  async function ask(key, a, b) {
    const to = a.line ? `?to=${a.line.n}` : ""; // the original has no settings: then what changed against the parent
    try {
      const found = await get(`${api("p", place.project, "r", place.run, "i", b.line.n, "diff")}${to}`, { signal });
      known.set(key, found);
      if (wanted === key) fill(settings, told(found, a, b));
    } catch (error) {
      if (error.code && wanted === key) fill(settings, trouble(error)); else if (!error.code) sayTrouble(error);
    }
  }
  made.end = () => clearTimeout(timer);
  return made;
}

function verdicts(a, b, criteria) {
  if (!a && !b) return null;
  const row = (name, before, after, differs) => h(`tr${differs ? ".differs" : ""}`, {},
    h("th", { scope: "row" }, name), a ? h("td", {}, before) : null, b ? h("td", {}, after) : null);
  const mark = (line, field) => (line?.verdicts?.[field] ? verdictMark(line.verdicts[field], field) : "–");
  return h("table.verdicts", {},
    h("thead", {},
      h("tr", {}, h("td", {}), a ? h("th", { scope: "col" }, "A") : null, b ? h("th", { scope: "col" }, "B") : null)),
    h("tbody", {},
      row("Score", format.score(a?.score), format.score(b?.score), a && b && a.score !== b.score),
      row("Similarity", format.share(a?.similarity), format.share(b?.similarity), false),
      criteria.map(({ field }) => row(field, mark(a, field), mark(b, field), a && b && a.verdicts?.[field] !== b.verdicts?.[field]))));
}

function told(found, a, b) {
  const against = a.line
    ? null
    : h("p.hint", {}, found.to
      ? `The original has no settings: these are against iteration ${found.to}, where ${b.short} began.`
      : `The original has no settings: ${b.short} began with the project's own.`);
  const settings = found.parameters?.length
    ? h("table.settings", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Setting"), h("th", { scope: "col" }, "before"),
        h("th", { scope: "col" }, "after"))),
      h("tbody", {}, found.parameters.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name),
        h("td", {}, value(one.before)), h("td", {}, value(one.after))))))
    : h("p.hint", {}, "The same settings.");
  return [against, settings, ...["positive", "negative"].map((kind) => prompt(kind, found.prompts?.[kind] ?? [])),
    found.reasons?.length
      ? h("details", {}, h("summary", {}, `Why ${b.short} was tried`),
        h("ul", {}, found.reasons.map((one) => h("li", {}, one))))
      : null];
}

function prompt(kind, pieces) {
  const name = kind === "positive" ? "Prompt" : "Negative prompt";
  const differs = pieces.some((one) => one.kind !== "same");
  if (!differs) return pieces.length ? h("details", {}, h("summary", {}, `${name}: the same`), words(pieces)) : null;
  return [h("h3", {}, name), words(pieces)];
}

function value(one) {
  if (one === null || one === undefined || one === "") return "–";
  return typeof one === "object" ? JSON.stringify(one) : String(one);
}
