// The projects of the workspace, as cards.

import { api, get } from "../api.js";
import { fill, h } from "../dom.js";
import { score } from "../format.js";
import { copyButton } from "../parts/buttons.js";
import { follow } from "../parts/lists/following.js";
import { keeper, timeAgo } from "../parts/lists/keeping.js";
import { moving } from "../parts/lists/moving.js";
import { searchBox } from "../parts/lists/searching.js";
import { criteria, standing } from "../parts/lists/standing.js";
import { picture } from "../parts/picture.js";
import { empty, trouble } from "../parts/states.js";

export async function show({ main, query, setQuery, title, signal }) {
  title("Projects");
  const asked = { q: query.get("q") ?? "" };
  const search = searchBox("Search projects, prompts, notes", asked.q, (q) => { asked.q = q; setQuery({ q }); again(); });
  const cards = h("ul.cards", { "aria-label": "Projects" });
  const told = h("div.told", { "aria-live": "polite" });
  const update = keeper(cards, (one) => one.name, card);

  function put(data) {
    update(data.projects);
    fill(told, reading(data.reading), data.projects.length ? null : nothing(data, asked.q));
  }

  const page = h("div.lists", {},
    h("div.lists-head", {}, h("h1", {}, "Projects"), search.box), h("div.lists-trouble"), cards, told);
  let again = () => {};
  const load = () => get(`${api("projects")}${asked.q ? `?q=${encodeURIComponent(asked.q)}` : ""}`, { signal });
  again = await follow(load, (data) => { if (!page.isConnected) fill(main, page); put(data); },
    { signal, trouble: (error) => failed(page, error) });
  return moving(cards, { what: "project", search: search.input, grid: true });
}

/** That the viewer does not answer is said above a list, which stays as it was. */
export function failed(page, error) {
  fill(page.querySelector(".lists-trouble"), error ? trouble(error) : null);
}

export function reading(progress) {
  return progress ? h("p.reading", {}, `Reading the runs: ${progress.done} of ${progress.of} …`) : null;
}

function card(one) {
  const last = one.last_run;
  return h("li.card", {},
    picture(one.thumb, "", { ratio: 3 / 2, fit: "cover", missing: "no picture yet" }),
    h("div.card-body", {},
      h("h2", {}, h("a", { href: `/p/${encodeURIComponent(one.name)}` }, one.name)),
      h("div.row", {}, standing(one), one.accepted && one.state !== "passed" ? h("span.hint", {}, "an accepted picture is kept") : null),
      last ? h("dl.facts", {},
        fact("best score", score(one.best_score)),
        fact("last run", timeAgo(last.started_at)),
        fact("its criteria", criteria(last)),
        fact("runs", String(one.runs))) : h("p.hint", {}, "Start one: ", h("code", {}, `iterativectl run --project ${one.name}`)),
      problems(one.problems)));
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

function problems(list) {
  if (!list.length) return null;
  const words = list.length === 1 ? "1 file cannot be used" : `${list.length} files cannot be used`;
  return h("details.problems", { open: list.length === 1 }, h("summary", {}, words), h("ul", {}, list.map((one) => h("li", {}, one))));
}

function nothing(data, q) {
  if (data.reading) return null;
  if (q) return empty("Nothing found", `No project has “${q}” in its name, prompts or notes.`);
  const commands = ["iterativectl project create portrait --input picture.png", "iterativectl run --project portrait"];
  return h("div.first-steps", {},
    empty("No projects yet",
      `This workspace is ${data.workspace}. Make a project of a picture, say in its rules.yaml what should change `
      + "and what must stay, and run it:"),
    h("ol", {}, commands.map((line) => h("li", {}, h("code", {}, line), copyButton("Copy", () => line, { kind: "quiet" })))),
    h("p.hint", {}, "It appears here by itself."));
}
