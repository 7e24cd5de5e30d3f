// Each criterion with what the judge says and, beside it and never over it, what a person says.
//
// verdictsTable({address, line, criteria, labels}) -> a table. labels: {"3": {field: true | false}}, changed in place.

import { post } from "../../api.js";
import { h } from "../../dom.js";
import { icon } from "../icons.js";
import { sayTrouble } from "../said.js";
import { verdictBadge } from "../verdict.js";

export function verdictsTable({ address, line, criteria, labels }) {
  if (!criteria.length) return null;
  const mine = (labels[line.n] ??= {});
  const rows = criteria.map((one) => h("tr", {},
    h("th", { scope: "row", title: one.question || one.in_words || "" }, one.field),
    h("td", {}, verdictBadge(line.verdicts?.[one.field])),
    h("td", {}, saying(one.field, mine, (value) => post(`${address}/labels`, { iteration: line.n, labels: { [one.field]: value } })))));
  return h("table.rank-verdicts", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Criterion"), h("th", { scope: "col" }, "Judge"), h("th", { scope: "col" }, "You"))), h("tbody", {}, rows));
}

/** Yes and No; pressing the one that is pressed takes it back. Pressed means saved, or about to be said otherwise. */
function saying(field, mine, save) {
  const choices = [[true, "Yes", "passed"], [false, "No", "failed"]].map(([value, words, kind]) => {
    const button = h(`button.button.small.say.${kind}`, { type: "button", "aria-label": `${words}, ${field} is ${value ? "met" : "not met"}`, onclick: () => say(mine[field] === value ? null : value) }, icon(kind), h("span", {}, words));
    return [value, button];
  });
  const draw = () => choices.forEach(([value, button]) => button.setAttribute("aria-pressed", String(mine[field] === value)));
  const keep = (value) => { if (value === null || value === undefined) delete mine[field]; else mine[field] = value; draw(); };

  async function say(value) {
    const before = mine[field];
    keep(value);
    try { await save(value); } catch (error) { keep(before); sayTrouble(error); }
  }
  draw();
  return h("div.row", { role: "group", "aria-label": `What you say of ${field}` }, choices.map(([, button]) => button));
}
