// What the next run would start with, were it to start from this ranking; and the button that makes it so.
//
// nextRun(place, signal) -> an element; `.read(ranked)` reads it anew, `ranked` says whether anything is ranked.

import { api, get, post } from "../../api.js";
import { fill, h } from "../../dom.js";
import { button, copyButton } from "../buttons.js";
import { choice } from "../forms.js";
import { icon } from "../icons.js";
import { say } from "../said.js";
import { loading, trouble } from "../states.js";

const MODES = [["rank1", "The best one"], ["top3", "The best three"], ["top5", "The best five"]];

export function nextRun(place, signal) {
  const address = `${api("p", place.project, "r", place.run)}/seed`;
  const told = h("div.next-told", {}, loading());
  const made = h("section.panel.next-run", { "aria-label": "The next run" }, h("h2", {}, "The next run"),
    h("div.row", {}, h("span.hint", {}, "Start from the settings of"),
      choice("Which pictures the next run starts from", "mode", MODES, "rank1",
        (value) => { mode = value; made.read(true); })),
    told);
  let mode = "rank1", asked = 0;

  made.read = async (ranked) => {
    const ask = (asked += 1);
    if (!ranked) { fill(told, h("p.hint", {}, "Rank a picture, and here stands what the next run would begin with.")); return; }
    try {
      const found = await get(`${address}?mode=${mode}`, { signal });
      if (ask === asked) fill(told, tell(found));
    } catch (error) {
      if (error.name !== "AbortError" && ask === asked) fill(told, trouble(error, { again: () => made.read(true) }));
    }
  };

  const tell = (found) => [h("p.sentence", {}, found.sentence), settings(found),
    found.notes?.length
      ? h("div", {}, h("h3", {}, "Your notes go to whoever improves the prompts"),
        h("ul", {}, found.notes.map((note) => h("li", {}, note))))
      : null,
    found.remarks?.length ? h("ul.hint", {}, found.remarks.map((one) => h("li", {}, one))) : null,
    found.written ? written(found.written) : button("Write this for the next run", { kind: "primary", run: write })];

  function written(there) {
    const command = `iterativectl run --project ${place.project}`;
    const from = there.run_id === place.run ? "this ranking" : `the ranking of ${there.run_id}`;
    return h("div.next-written", { role: "status" },
      h("p.words", {}, icon("passed"), ` The next run starts from ${from} (${inWords(there.mode)}). Start it with:`),
      h("p.row", {}, h("code", {}, command), copyButton("Copy", () => command, { class: "small" })),
      h("div.row", {},
        there.run_id === place.run && there.mode === mode
          ? null
          : button("Write what stands above instead", { run: write }),
        button("Take it back", { icon: "undo", run: takeBack })));
  }

  async function write() {
    const found = await post(address, { mode }, { signal });
    fill(told, tell(found));
  }
  async function takeBack() {
    const found = await post(api("p", place.project, "seed", "remove"), {}, { signal });
    say("The next run starts as the project's settings say.", (found.remarks ?? []).join(" "));
    await made.read(true);
  }
  return made;
}

/** A mode as in "starts from the ranking (the best one)". */
export const inWords = (mode) => (MODES.find(([value]) => value === mode)?.[1] ?? mode).toLowerCase();

function settings({ settings: next, current }) {
  const names = Object.keys(next.parameters);
  const row = (name, before, after) => h(`tr${before === after ? "" : ".differs"}`, {},
    h("th", { scope: "row" }, name), h("td", {}, shown(before)), h("td", {}, shown(after)));
  return h("div.table", {}, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Setting"), h("th", { scope: "col" }, "without this"),
      h("th", { scope: "col" }, "the next run"))),
    h("tbody", {}, names.map((name) => row(name, current.parameters?.[name], next.parameters[name])),
      ["positive", "negative"].map((kind) => row(kind === "positive" ? "prompt" : "negative prompt",
        current.prompts?.[kind], next.prompts?.[kind])))));
}

const shown = (value) => (value === null || value === undefined || value === "" ? "–" : String(value));
