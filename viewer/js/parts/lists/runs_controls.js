// What chooses among the runs: filters, heads of columns that sort, a menu for that on a phone, pages.

import { h } from "../../dom.js";
import { button } from "../buttons.js";
import { field, select } from "../forms.js";
import { icon } from "../icons.js";
import { STATES, stateWord, VERDICTS } from "./standing.js";

// [what is sorted by, words, order of the first click, a number]
const COLUMNS = [
  ["run_id", "Run", "desc"], ["state", "State", "asc"], ["passed", "Criteria", "desc"],
  ["score", "Score", "desc", true], ["similarity", "Similar", "desc", true],
  ["iterations", "Iterations", "desc", true], ["seconds", "Time", "desc", true], ["cost_usd", "Cost", "desc", true],
  ["engine", "Engine", "asc"],
];
const MENU = [
  [":", "newest first"], ["run_id:asc", "oldest first"], ["score:desc", "best score first"],
  ["score:asc", "lowest score first"], ["passed:desc", "most criteria passed"],
  ["similarity:desc", "most similar"], ["similarity:asc", "least similar"], ["iterations:desc", "most iterations"],
  ["seconds:desc", "longest"], ["cost_usd:desc", "dearest"],
  ["favourites:desc", "most favourites"], ["ranked:desc", "most ranked"], ["notes:desc", "most notes"],
  ["state:asc", "by state"], ["engine:asc", "by engine"],
];

/** Chips: each with how many there are; the chosen one again takes the filter back. */
export function filters(data, asked, ask) {
  const group = (label, key, counts, words) => h("div.chips", { role: "group", "aria-label": label },
    Object.entries(counts).map(([value, count]) => {
      const on = asked[key] === value;
      return h("button.chip-button",
        { type: "button", "aria-pressed": String(on), dataset: { name: `${key}:${value}` },
          onclick: () => ask({ [key]: on ? "" : value }) },
        words(value), h("span.chip-count", {}, String(count)));
    }));
  const shown = (counts, chosen, order) => Object.fromEntries([...new Set([...order, ...Object.keys(counts), chosen])]
    .filter((value) => value in counts || (value && value === chosen)).map((value) => [value, counts[value] ?? 0]));
  return [
    group("State", "state", shown(data.states, asked.state, STATES), (value) => stateWord(value)),
    group("Criteria of the best picture", "verdict", shown(data.verdicts, asked.verdict, Object.keys(VERDICTS)),
      (value) => VERDICTS[value] ?? value),
  ];
}

export function heads(asked, ask) {
  const sort = asked.sort || "run_id";
  const order = asked.order || "desc";
  return [h("th", { scope: "col" }, h("span.unseen", {}, "Picture")), ...COLUMNS.map(([name, words, first, number]) => {
    const on = sort === name;
    const next = on ? (order === "desc" ? "asc" : "desc") : first;
    return h(number ? "th.number" : "th", { scope: "col", "aria-sort": on ? (order === "asc" ? "ascending" : "descending") : null },
      h("button.sort", { type: "button", dataset: { name }, onclick: () => ask(sorted(name, next)) }, words,
        on ? icon(order === "asc" ? "up" : "down") : null));
  })];
}

export function sorter(asked, ask) {
  const chosen = `${asked.sort === "run_id" && asked.order !== "asc" ? "" : asked.sort}:${asked.sort ? asked.order || "desc" : ""}`;
  const known = MENU.some(([value]) => value === chosen) ? MENU : [...MENU, [chosen, `by ${asked.sort}`]];
  const menu = select(known, chosen, { dataset: { name: "sorter" },
    onchange: (event) => { const [name, order] = event.target.value.split(":"); ask(sorted(name, order)); } });
  return field("Sort", menu);
}

/** The usual order is not in the address. */
const sorted = (sort, order) => (sort === "run_id" && order === "desc" ? { sort: "", order: "" } : { sort, order });

export function paging(data, turn) {
  const first = (data.page - 1) * data.page_size + 1;
  return [
    button("Before", { icon: "left", run: () => turn(-1), disabled: data.page <= 1, "data-name": "before",
      "aria-label": "The page before" }),
    h("span", {}, `${first}–${first + data.runs.length - 1} of ${data.total}`),
    button("Next", { icon: "right", run: () => turn(1), disabled: data.page >= data.pages, "data-name": "next",
      "aria-label": "The next page" }),
  ];
}
