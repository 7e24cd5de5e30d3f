// The runs of a project: a table on a desk, cards on a phone. What is shown is in the address.

import { api, get } from "../api.js";
import { fill, h } from "../dom.js";
import { bind } from "../keys.js";
import { button, copyButton } from "../parts/buttons.js";
import { follow } from "../parts/lists/following.js";
import { keeper } from "../parts/lists/keeping.js";
import { moving } from "../parts/lists/moving.js";
import { filters, heads, paging, sorter } from "../parts/lists/runs_controls.js";
import { runRow } from "../parts/lists/runs_row.js";
import { searchBox } from "../parts/lists/searching.js";
import { waiting } from "../parts/lists/waiting.js";
import { empty } from "../parts/states.js";
import { failed, reading } from "./projects.js";

const KEYS = ["q", "state", "verdict", "sort", "order", "page"];

export async function show({ main, place, query, setQuery, title, signal }) {
  title(place.project, "Runs");
  const asked = Object.fromEntries(KEYS.map((key) => [key, query.get(key) ?? ""]));
  const parts = {
    summary: h("p.hint.summary", { role: "status" }), filters: h("div.filters"), heads: h("tr"), rows: h("tbody"),
    paging: h("nav.paging", { "aria-label": "Pages" }), told: h("div.told"), table: h("div.runs"), sorter: h("div.sorter"),
    seed: waiting(place.project, signal),
  };
  const search = searchBox("Search in prompts and notes", asked.q, (q) => ask({ q }));
  const page = layout(place, parts, search.box);
  const update = keeper(parts.rows, (line) => line.run_id, (line) => runRow(place.project, line));
  let last;
  let again = () => {};

  /** Another filter, sort or page; any but another page begins with the first. */
  function ask(changes) {
    Object.assign(asked, { page: "" }, changes);
    setQuery(asked);
    controls(parts, last, asked, { ask, turn }); // a second click must not wait for the answer to the first
    return again();
  }
  const turn = (by) => {
    const to = Number(asked.page || 1) + by;
    if (to < 1 || to > last.pages) return false;
    ask({ page: to > 1 ? String(to) : "" });
    scrollTo(0, 0);
    return true;
  };

  function put(data) {
    if (!page.isConnected) fill(main, page);
    last = data;
    parts.seed.show(data.seed);
    controls(parts, data, asked, { ask, turn });
    update(data.runs);
    parts.table.hidden = !data.runs.length;
    fill(parts.told, reading(data.reading), data.runs.length || data.reading
      ? null
      : nothing(place, asked, () => { search.input.value = ""; ask({ q: "", state: "", verdict: "" }); }));
  }

  const wanted = () => new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  const load = async () => {
    const [data, seed] = await Promise.all([get(`${api("p", place.project, "runs")}?${wanted()}`, { signal }), parts.seed.read()]);
    return { ...data, seed };
  };
  again = await follow(load, put, { signal, trouble: (error) => failed(page, error) });
  comeBack(parts.rows);
  const stops = [moving(parts.rows, { what: "run", search: search.input }), turning(turn)];
  return () => stops.forEach((stop) => stop());
}

function layout(place, parts, search) {
  parts.table.append(h("table", {}, h("caption.unseen", {}, `Runs of ${place.project}`), h("thead", {}, parts.heads), parts.rows));
  // Where the list was left: going back finds the run again.
  parts.rows.addEventListener("click", (event) => {
    const row = event.target.closest("[data-key]");
    if (row) history.replaceState({ at: row.dataset.key }, "");
  });
  return h("div.lists", {},
    h("div.lists-head", {}, h("div", {}, h("h1", {}, place.project), parts.summary), search),
    parts.seed, parts.filters, h("div.lists-trouble"), parts.sorter, parts.table, parts.told, parts.paging);
}

function comeBack(rows) {
  const at = history.state?.at;
  const row = at && [...rows.children].find((one) => one.dataset.key === at);
  if (row) { row.querySelector("a[href]").focus({ preventScroll: true }); row.scrollIntoView({ block: "center" }); }
}

function controls(parts, data, asked, { ask, turn }) {
  const all = Object.values(data.states).reduce((sum, count) => sum + count, 0);
  const runs = (count) => `${count} ${count === 1 ? "run" : "runs"}`;
  parts.summary.textContent = data.total === all ? runs(all) : `${data.total} of ${runs(all)}`;
  refill(parts.filters, all ? filters(data, asked, ask) : null);
  refill(parts.heads, heads(asked, ask));
  refill(parts.sorter, data.runs.length ? sorter(asked, ask) : null);
  refill(parts.paging, data.pages > 1 ? paging(data, turn) : null);
}

/** Put controls anew without taking the keyboard from the one that is used. */
function refill(element, ...children) {
  const name = element.contains(document.activeElement) ? document.activeElement.dataset.name : null;
  fill(element, ...children);
  if (name) [...element.querySelectorAll("[data-name]")].find((one) => one.dataset.name === name)?.focus({ preventScroll: true });
}

const turning = (turn) => bind([
  { keys: ["]"], group: "Moving", words: "the next page", run: () => turn(1) },
  { keys: ["["], group: "Moving", words: "the page before", run: () => turn(-1) },
]);

function nothing(place, asked, clear) {
  if (asked.q || asked.state || asked.verdict) return empty("Nothing found",
    "No run has all of this in its prompts or notes, and stands so.", [button("Show all runs", { run: clear })]);
  const line = `iterativectl run --project ${place.project}`;
  return h("div.first-steps", {},
    empty("No runs yet",
      "A run makes pictures and has them judged until every criterion passes. Start one in a terminal:"),
    h("ol", {}, h("li", {}, h("code", {}, line), copyButton("Copy", () => line, { kind: "quiet" }))),
    h("p.hint", {}, "It appears here by itself."));
}
