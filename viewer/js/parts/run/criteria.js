// Each criterion: what the judge says and why, and beside it, never over it, what a person says.

import { fill, h } from "../../dom.js";
import * as say from "../../format.js";
import { chip } from "../badge.js";
import { met } from "../met.js";
import { verdictBadge, verdictOf } from "../verdict.js";

export function criteriaList(shown) {
  const head = h("div.score-head");
  const list = h("ul.run-criteria");
  const whole = h("section.criteria-part.panel", { "aria-label": "Criteria" }, head, list);

  function draw() {
    const { line, full } = shown;
    whole.hidden = shown.n === null;
    if (!line) { fill(head, h("h2", {}, `Iteration ${shown.n}`), h("p.hint", {}, `It is ${shown.pendingWords}.`)); fill(list); return; }
    const verdicts = full?.verdicts
      ?? Object.fromEntries(Object.entries(line.verdicts ?? {}).map(([field, verdict]) => [field, { verdict }]));
    const judge = commonest(Object.values(verdicts).map((verdict) => verdict.by));
    fill(head, h("h2", {}, `Iteration ${line.n}`), summary(line, shown),
      judge ? h("p.hint", {}, `By ${judge}, where nothing else is said. Met and Not met are yours, and are kept beside it.`) : null);
    fill(list, inOrder(shown.run.criteria, verdicts).map(([criterion, verdict]) => row(shown, line.n, criterion,
      verdict.by === judge ? { ...verdict, by: null } : verdict, verdict, Boolean(full))));
    if (!list.children.length) fill(list, h("li.hint", {}, line.failure ? "It was not judged, for it failed." : "Nothing was judged."));
  }
  shown.on("chosen", draw);
  shown.on("full", draw);
  // Which one is the best may have changed; what a person is about to click stays where it is.
  shown.on("run", () => {
    const there = head.querySelector(".score-line");
    if (shown.line && there) there.replaceWith(summary(shown.line, shown)); else draw();
  });
  draw();
  return whole;
}

function summary(line, { run, unfinished }) {
  const all = Object.values(line.verdicts ?? {});
  const passed = all.filter((verdict) => verdict === "passed").length;
  return h("p.row.score-line", {},
    h("span.big-score", {}, line.failure ? "failed" : `Score ${say.score(line.score)}`),
    all.length ? h("span.hint", {}, `${passed} of ${all.length} passed`) : null,
    line.n === run.best_iteration ? chip(unfinished ? "best so far" : "best") : null, line.accepted ? chip("accepted") : null,
    line.similarity === null || line.similarity === undefined ? null : h("span.hint", {}, `similarity ${say.share(line.similarity)}`));
}

/** Who said most of it is named once, so that the others stand out. */
function commonest(names) {
  const counted = new Map();
  for (const name of names) if (name) counted.set(name, (counted.get(name) ?? 0) + 1);
  const [name, times] = [...counted].sort((a, b) => b[1] - a[1])[0] ?? [null, 0];
  return times > 1 ? name : null;
}

/** As in the rules; what the rules no longer know comes last. */
function inOrder(criteria, verdicts) {
  const known = (criteria ?? []).filter((one) => Object.hasOwn(verdicts, one.field)).map((one) => [one, verdicts[one.field]]);
  const names = new Set((criteria ?? []).map((one) => one.field));
  const others = Object.entries(verdicts).filter(([field]) => !names.has(field))
    .map(([field, verdict]) => [{ field, question: "" }, verdict]);
  return [...known, ...others];
}

function row(shown, n, criterion, said, verdict, complete) {
  return h(`li.criterion.${["passed", "failed", "unclear"].includes(verdict.verdict) ? verdict.verdict : "plain"}`, {},
    h("div.asked", {}, h("div", {}, h("p.question", {}, criterion.question || criterion.in_words || criterion.field),
      h("p.tags", {}, h("code", {}, criterion.field), criterion.intent ? ` · ${criterion.intent}` : "",
        (criterion.weight ?? 1) === 1 ? "" : ` · weight ${criterion.weight}`)),
    verdictBadge(verdict.verdict)),
    verdict.reason ? h("p.why", {}, verdict.reason) : null,
    h("div.below", {}, h("p.hint", {}, sureness(said)), complete ? human(shown, n, criterion.field, verdict) : null));
}

function sureness({ value, confidence, votes, by }) {
  const [kind, name] = /^(measured|depends_on|gate):(.*)$/s.exec(by ?? "")?.slice(1) ?? [null, by];
  const whose = kind === "depends_on" ? "its own answer" : "answer";
  return [
    value === null || value === undefined ? null : `${whose}: ${inWords(value)}`,
    confidence === null || confidence === undefined || votes?.[1] > 1 ? null : sure(confidence), // votes say it themselves
    votes ? `${votes[0]} of ${votes[1]} votes` : null, name ? WHO[kind](name) : null,
  ].filter(Boolean).join(" · ");
}

const WHO = {
  null: (name) => `by ${name}`,
  measured: (name) => `measured: ${name}`,
  depends_on: (name) => `failed because ${name} did`,
  gate: (name) => `failed because ${name} did, before anybody was asked`,
};

// What the program writes for the judge's words (judging/replies.py); only what is none of them is a number.
const CONFIDENCE = new Map([[0.9, "high"], [0.6, "medium"], [0.3, "low"]]);
const sure = (value) => (CONFIDENCE.has(value) ? `${CONFIDENCE.get(value)} confidence` : `${say.percent(value)} sure`);

export const inWords = (value) => (value === true ? "yes" : value === false ? "no" : value === null || value === undefined ? "–"
  : Array.isArray(value) ? value.map(inWords).join(", ") || "none" : typeof value === "object" ? JSON.stringify(value) : String(value));

function human(shown, n, field, verdict) {
  const said = h("span.differs");
  return h("div.human", {}, met({
    field, now: verdict.human ?? null, save: (value) => shown.write("labels", { iteration: n, labels: { [field]: value } }),
    changed: (value) => {
      verdict.human = value;
      fill(said, value !== null && verdictOf(value) !== verdict.verdict ? "the judge says otherwise" : null);
    },
  }), said);
}
