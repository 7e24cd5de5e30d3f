// What changed: why this was tried, the settings before and after, the prompts word by word, and what came of it.

import { api, get } from "../../api.js";
import { fill, h } from "../../dom.js";
import { words } from "../diff.js";
import { field, select } from "../forms.js";
import { loading, trouble } from "../states.js";
import { table } from "../table.js";
import { inWords } from "./criteria.js";
import { notYet } from "./pending.js";

export function changesTab(shown) {
  const { full, n } = shown;
  if (!full) return notYet(shown);
  const others = shown.numbers.filter((one) => one !== n);
  const against = h("div.against");
  const show = (to) => compare(shown, n, to, against);
  show("");
  const choice = others.length ? field("Compared with", select(
    [["", full.parent ? `its parent, iteration ${full.parent}` : "what the run began with"],
      ...others.map((one) => [String(one), `iteration ${one}`])],
    "",
    { onchange: (event) => show(event.target.value) })) : null;
  return h("div.changes", {},
    h("div", {}, reasons(full), choice, against),
    h("div", {}, advice(full)));
}

const reasons = (full) => h("section", {}, h("h3", {}, "Why it was tried"),
  full.reasons?.length ? h("ul", {}, full.reasons.map((one) => h("li", {}, one))) : h("p.hint", {}, "No reasons were given."));

const prompt = (name, text) => h("div.run-prompt", {}, h("h4", {}, name), text ? h("p", {}, text) : h("p.hint", {}, "(empty)"));

async function compare(shown, n, to, place) {
  fill(place, loading("Comparing …"));
  try {
    const address = `${api("p", shown.place.project, "r", shown.place.run, "i", n)}/diff${to ? `?to=${encodeURIComponent(to)}` : ""}`;
    const found = await get(address, { signal: shown.signal });
    fill(place, settings(found), h("h3", {}, "Prompts"), diff("Positive", found.prompts.positive),
      diff("Negative", found.prompts.negative));
  } catch (error) { if (error.name !== "AbortError") fill(place, trouble(error)); }
}

function settings({ parameters, to }) {
  const changed = parameters.filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
  if (!changed.length) return h("p.hint", {}, `The same settings as ${named(to)}.`);
  return table(`Settings: ${named(to)} before, this one after`, ["Setting", "Before", "After"],
    changed.map((one) => [one.name, h("span.before", {}, inWords(one.before)), h("b", {}, inWords(one.after))]));
}

const named = (to) => (to === null ? "the start" : `iteration ${to}`);
const diff = (name, pieces) => h("div.run-prompt", {}, h("h4", {}, name), words(pieces));

function advice({ advice: given, critique, differences, analysis }) {
  return [
    given ? h("section", {}, h("h3", {}, "Advice for the next try"), given.reason ? h("p", {}, given.reason) : null,
      given.prompts ? [prompt("Positive", given.prompts.positive), prompt("Negative", given.prompts.negative)] : null,
      given.parameters && Object.keys(given.parameters).length
        ? table("Suggested settings", ["Setting", "Value"],
          Object.entries(given.parameters).map(([name, value]) => [name, inWords(value)]))
        : null)
      : null,
    differences?.length || analysis ? h("section", {}, h("h3", {}, "Differences from the original"),
      differences?.length ? h("ul", {}, differences.map((one) => h("li", {}, one))) : null, analysis ? h("p", {}, analysis) : null) : null,
    critique?.length
      ? h("section", {}, h("h3", {}, "Flaws that were seen"),
        h("ul", {}, critique.map((one) => h("li", {}, flaw(one)))))
      : null,
  ];
}

const SEVERITY = ["", "slight", "plain", "severe"];
const flaw = (one) =>
  [one.mode, one.what, SEVERITY[one.severity], one.fault ? `fault of the ${one.fault}` : ""].filter(Boolean)
  .join(" · ");
