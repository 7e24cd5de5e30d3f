// Answers, similarity, settings, what was asked of models, the workflow and the files of one iteration.

import { get, pictures } from "../../api.js";
import { fill, h } from "../../dom.js";
import * as say from "../../format.js";
import { copyButton, linkButton } from "../buttons.js";
import { loading, trouble } from "../states.js";
import { pairs, table } from "../table.js";
import { inWords } from "./criteria.js";
import { purpose } from "./events.js";
import { notYet } from "./pending.js";

export function answersTab(shown) {
  const { full } = shown;
  if (!full) return notYet(shown);
  const similarity = full.similarity;
  return h("div.two", {},
    h("section", {}, h("h3", {}, "Answers"), full.answers?.length
      ? table("Answers to the questions", ["Question", "Answer"], full.answers.map((one) => [
        [h("div", {}, one.question || one.field), h("code.hint", {}, one.field)],
        one.unclear ? h("span.hint", {}, "unclear") : inWords(one.answer)]),
        { quiet: true })
      : h("p.hint", {}, "No questions were asked.")),
    h("section", {}, h("h3", {}, "Similarity to the original"), similarity ? pairs([
      ["measured", say.share(similarity.measured)],
      ...[["inside_mask", "inside the mask"], ["outside_mask", "outside the mask"],
        ["outside_before", "outside, before it was put back"], ["changed_share", "share that changed"]]
        .filter(([key]) => similarity[key] !== null && similarity[key] !== undefined)
        .map(([key, words]) => [words, say.share(similarity[key])]),
      ["the judge's word", similarity.model ?? "–"],
    ]) : h("p.hint", {}, "It was not compared.")));
}

export function settingsTab(shown) {
  const { full, line } = shown;
  if (!full) return notYet(shown);
  const made = full.generation;
  return h("div.two", {},
    h("section", {}, h("h3", {}, "Settings"), pairs([
      ...Object.entries(full.parameters ?? {}).map(([name, value]) => [name, inWords(value)]),
      ["edited picture", full.source === "input" ? "the original" : `iteration ${full.source}`],
      ["parent", full.parent ? `iteration ${full.parent}` : "–"],
      ["strategy", full.strategy ?? "–"], ["workflow", full.workflow ?? "–"], ["mask", full.mask ?? "–"],
    ])),
    h("section", {}, h("h3", {}, "The picture"), made ? [pairs([
      ["size", `${made.width} × ${made.height}`], ["made in", say.duration(made.seconds)],
      ["ticket", h("code", {}, made.ticket ?? "–")], ["at", say.when(full.at)],
    ]), made.notes?.length ? h("ul.notes", {}, made.notes.map((one) => h("li", {}, one))) : null] : h("p.hint", {}, "There is no picture."),
    h("div.row", {}, downloads(shown, full, line))),
    calls(full));
}

function downloads({ place, run }, full, line) {
  const workflow = full.workflow_address;
  const byComfyUI = run.engine === "comfyui";
  const what = byComfyUI ? "workflow" : "recipe"; // what the embedded engine painted is no graph
  return [
    line.failure
      ? null
      : linkButton(byComfyUI ? "PNG as ComfyUI made it" : "PNG as it was made",
        full.raw ?? pictures.iteration(place.project, place.run, line.n, "raw"),
        { icon: "download", download: "", title: byComfyUI ? "It holds the workflow: drag it into ComfyUI" : null }),
    workflow ? linkButton(byComfyUI ? "Workflow" : "Recipe", `${workflow}?download=1`, { icon: "download", download: "" }) : null,
    workflow ? copyButton(`Copy ${what}`, async () => JSON.stringify(await get(workflow), null, 2)) : null,
  ];
}

function calls({ calls: all }) {
  if (!all?.length) return null;
  const rows = all.map((one) => [
    purpose(one), [one.provider, one.model].filter(Boolean).join("/"),
    `${one.tokens?.input ?? "–"}, ${one.tokens?.output ?? "–"}`,
    say.money(one.cost_usd), say.duration(one.seconds), remarks(one).filter(Boolean).join(", "),
  ]);
  return h("section.wide", {}, h("h3", {}, "Asked of models"),
    table("Requests", ["For", "Model", "Tokens in, out", "Cost", "Time", ""], rows, { quiet: true, numeric: [2, 3, 4] }));
}

const remarks = ({ cached, fallback, attempts, error }) => [
  cached ? "from memory" : "", fallback ? "second choice" : "", attempts > 1 ? `${attempts} tries` : "", error ?? ""];

/** What the judge said word for word; asked for when it is first looked at. */
export function repliesTab(shown) {
  if (!shown.line) return notYet(shown);
  const part = h("div.replies", {}, loading());
  const n = shown.n;
  get(`${shown.address}/i/${n}/replies`, { signal: shown.signal }).then(
    ({ replies }) => fill(part, replies.length ? replies.map(reply) : h("p.hint", {}, "No replies were kept.")),
    (error) => { if (error.name !== "AbortError") fill(part, trouble(error)); });
  return part;
}

function reply(one) {
  const said = [one.by, one.sample ? `vote ${one.sample}` : "", one.parse ? `read as ${one.parse}` : "",
    one.failure ?? "", unclear(one.unclear)].filter(Boolean).join(" · ");
  return h("section.reply", {},
    h("div.row", {}, h("h3", {}, one.purpose ? purpose(one) : one.step),
      copyButton("Copy", () => one.text ?? "", { kind: "quiet", class: "small" })),
    h("p.hint", {}, said), h("pre", { tabindex: "0" }, one.text ?? ""));
}

const unclear = (value) => (Array.isArray(value) ? (value.length ? `unclear: ${value.join(", ")}` : "") : value && typeof value === "object"
  ? (Object.keys(value).length ? `unclear: ${Object.keys(value).join(", ")}` : "") : value ? "unclear" : "");
