// A run as a row of the table; on a phone the same row is a card.

import { h } from "../../dom.js";
import { duration, money, runName, score, share } from "../../format.js";
import { chip } from "../badge.js";
import { icon } from "../icons.js";
import { picture } from "../picture.js";
import { timeAgo } from "./keeping.js";
import { criteria, standing } from "./standing.js";

export function runRow(project, line) {
  const address = `/p/${encodeURIComponent(project)}/r/${encodeURIComponent(line.run_id)}`;
  const best = line.best_iteration ? `${address}?i=${line.best_iteration}` : address;
  return h("tr.run-row", {},
    h("td.run-picture", {}, picture(line.thumb, "", { ratio: 4 / 3, fit: "cover", missing: "" })),
    h("th.run-name", { scope: "row" },
      h("div.run-line", {}, h("a", { href: best, title: line.run_id }, runName(line)),
        recent(line.started_at) ? h("span.hint", {}, timeAgo(line.started_at)) : null, marks(line),
        h("span.run-id", {}, line.run_id)),
      h("p.prompt", { title: line.prompt }, line.prompt),
      line.problems.length
        ? h("p.wrong", { title: line.problems.join("\n") }, icon("warning"),
          ` ${line.problems.length === 1 ? line.problems[0] : `${line.problems.length} files cannot be used`}`)
        : null),
    cell("state", "State", standing(line)),
    cell("criteria", "Criteria", criteria(line)),
    cell("score.number", "Score", h("strong", {}, score(line.score))),
    cell("similarity.number", "Similar", share(line.similarity)),
    cell("iterations.number", "Iterations", iterations(line)),
    cell("time.number", "Time", duration(line.seconds || null)),
    cell("cost.number", "Cost", money(line.cost_usd)),
    cell("engine", "Engine",
      h("span", { title: `${line.engine ?? "unknown"}, judged by ${line.judge ?? "unknown"}` }, line.engine ?? "–")));
}

/** How long ago is said of what is days ago; the date alone says the rest. */
const recent = (iso) => iso && Date.now() - Date.parse(iso) < 14 * 86_400_000;

/** A cell names its column by itself where the table has become cards. */
const cell = (kind, name, value) => h(`td.of-${kind}`, { dataset: { label: name } }, value);

function iterations(line) {
  if (line.variants) return `${line.iterations} of ${line.variants}`;
  return line.max_iterations ? `${line.iterations} of ${line.max_iterations}` : String(line.iterations);
}

const MARKS = [["favourites", "favourite", "favourite", "favourites"], ["ranked", "rank", "ranked", "ranked"],
  ["notes", "note", "note", "notes"]];

function marks(line) {
  return h("span.marks", {},
    MARKS.filter(([key]) => line[key]).map(([key, drawing, one, many]) => {
      const words = `${line[key]} ${line[key] === 1 ? one : many}`;
      return h("span.count-mark", { title: words }, icon(drawing, { solid: key === "favourites" }),
        h("span", { "aria-hidden": "true" }, String(line[key])), h("span.unseen", {}, words));
    }),
    line.variants ? chip("variants") : null,
    line.seeded_from ? chip("seeded", { title: `Began with the ranking of run ${line.seeded_from}` }) : null);
}
