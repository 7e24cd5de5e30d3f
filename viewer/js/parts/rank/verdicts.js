// Each criterion with what the judge says and, beside it and never over it, what a person says.
//
// verdictsTable({write, line, criteria, labels}) -> a table. labels: {"3": {field: true | false}}, changed in place.

import { h } from "../../dom.js";
import { met } from "../met.js";
import { verdictBadge } from "../verdict.js";

export function verdictsTable({ write, line, criteria, labels }) {
  if (!criteria.length) return null;
  const mine = (labels[line.n] ??= {});
  const rows = criteria.map((one) => h("tr", {},
    h("th", { scope: "row", title: one.question || one.in_words || "" }, one.field),
    h("td", {}, verdictBadge(line.verdicts?.[one.field])),
    h("td", {}, met({
      field: one.field, now: mine[one.field] ?? null,
      save: (value) => write("labels", { iteration: line.n, labels: { [one.field]: value } }),
      changed: (value) => { if (value === null) delete mine[one.field]; else mine[one.field] = value; },
    }))));
  return h("table.rank-verdicts", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Criterion"), h("th", { scope: "col" }, "Judge"),
      h("th", { scope: "col" }, "You"))),
    h("tbody", {}, rows));
}
