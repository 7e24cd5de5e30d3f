// Events in words, and the two tabs that tell what happened: events of the run, and the end of the program's log.

import { api, get } from "../../api.js";
import { fill, h } from "../../dom.js";
import * as say from "../../format.js";
import { button } from "../buttons.js";
import { loading, trouble } from "../states.js";

const AT_ONCE = 1000;
const SHOWN = 200;
const LOG_LINES = 400;

const PURPOSES = {
  describe_image: "what is in the original", ask_questions: "the questions", evaluate_criteria: "the criteria",
  compare_images: "what differs from the original", compare_results: "which of two pictures is better",
  second_opinion: "the criteria, as a second opinion", base_prompts: "the first prompts",
  improve_prompts: "better prompts", suggest_parameters: "other parameters", judge_at_once: "everything at once",
  suggest_rules: "rules", locate_region: "where it is",
};

/** Why a run ended, without the file that the program learns it from. */
export const reasonInWords = (reason) => text(reason).replace("a stop was asked for through control.json", "a person stopped it");

/** A value of an event as text; events come from a file, and may hold anything. */
export const text = (value) =>
  (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What a request was for; of one that a later version made, its name. */
export function purpose({ purpose: name }) {
  return PURPOSES[name] ?? (/^[a-z_]+$/.test(name) ? name.replaceAll("_", " ") : text(name));
}

const WORDS = {
  run_started: (e) => (e.resumed
    ? `The run went on after ${text(e.iterations_done)} iterations.`
    : `The run began: made with ${text(e.engine)}, judged by ${text(e.judge)}.`),
  settings_edited: () => "The settings were edited by hand.",
  iteration_planned: (e) =>
    `Planned: ${text(e.plan?.strategy)}, denoise ${text(e.plan?.parameters?.denoise)}, cfg ${text(e.plan?.parameters?.cfg)}.`,
  generation_queued: (e) => `Sent to ${text(e.host)}${e.position ? `, ${e.position} before it` : ""}.`,
  generation_progress: (e) => `Step ${text(e.value)} of ${text(e.max)}.`,
  generation_done: (e) => `Made in ${say.duration(Number(e.seconds) || 0)}: ${text(e.width)} × ${text(e.height)}.${list(e.notes)}`,
  judging: (e) => `Asked the judge: ${purpose(e)}.`,
  request_done: (e) => `Spent by now: ${say.money(e.usage?.cost_usd)}, ${text(e.usage?.requests)} requests.`,
  answers_done: (e) => `${Object.keys(e.answers ?? {}).length} answers.`,
  verdicts_done: (e) => `Score ${text(e.score)}: ${verdicts(e.verdicts)}.`,
  comparison_done: (e) => `Similarity ${text(e.similarity?.measured)}.`,
  advice_done: (e) => `Advice${e.advice?.reason ? `: ${text(e.advice.reason)}` : " was given."}`,
  iteration_committed: (e) => `Done: score ${text(e.score)}; the best is ${text(e.best)} with ${text(e.best_score)}.`,
  iteration_failed: (e) => `Failed: ${text(e.failure?.message)}`,
  run_held: (e) => `Held: ${text(e.why)}`,
  run_resumed: () => "Went on.",
  run_paused: (e) => `Paused: ${text(e.message)} ${e.hint ? text(e.hint) : ""}`,
  run_finished: (e) => `Ended: ${reasonInWords(e.reason)}`,
  warning: (e) => `Warning: ${text(e.message)}`,
};

const list = (notes) => (Array.isArray(notes) && notes.length ? ` ${notes.map(text).join("; ")}.` : "");

function verdicts(found) {
  const all = Array.isArray(found) ? found : [];
  return ["passed", "failed", "unclear"].map((kind) => `${all.filter((one) => one?.verdict === kind).length} ${kind}`).join(", ");
}

/** One event as a sentence. */
export const described = (event) => (WORDS[event.type] ?? (() => event.type))(event);

export function eventsTab(shown) {
  const rows = h("ol.events", { reversed: true });
  const more = button("Show older ones", { hidden: true, run: () => { limit += SHOWN; draw(); } });
  const part = h("div", {}, loading(), rows, more);
  let all = [];
  let limit = SHOWN;

  function draw() {
    fill(rows, all.slice(-limit).reverse().map(row));
    more.hidden = all.length <= limit;
  }
  async function read() {
    let after = 0;
    for (;;) {
      const found = await get(`${shown.address}/events?after=${after}&limit=${AT_ONCE}`, { signal: shown.signal });
      const known = new Set(all.map((event) => event.id));
      all = [...found.events.filter((event) => !known.has(event.id)), ...all].sort((a, b) => a.id - b.id);
      if (!found.more || !(found.last > after)) break;
      after = found.last;
    }
    part.querySelector(".loading")?.remove();
    if (!all.length) fill(part, h("p.hint", {}, "Nothing happened yet.")); else draw();
  }
  shown.on("event", (event) => {
    if (!part.isConnected || part.querySelector(".loading")) { all.push(event); return; }
    all.push(event);
    rows.prepend(row(event));
  });
  read().catch((error) => { if (error.name !== "AbortError") fill(part, trouble(error)); });
  return part;
}

const KINDS = { warning: "bad", iteration_failed: "bad", run_paused: "bad", iteration_committed: "good", run_finished: "good" };

function row(event) {
  const time = event.at ? new Date(event.at).toLocaleTimeString() : "";
  return h("li", { class: KINDS[event.type] ?? "" }, h("time", { datetime: event.at, title: say.when(event.at) }, time),
    h("span.number", {},
      event.iteration === null || event.iteration === undefined ? "" : `#${text(event.iteration)}`),
    h("span", {}, described(event)));
}

export function logTab(shown) {
  const part = h("div", {}, loading());
  async function read() {
    try {
      const found = await get(`${api("p", shown.place.project, "log")}?lines=${LOG_LINES}`, { signal: shown.signal });
      fill(part,
        h("div.row", {}, button("Read again", { run: read }),
          found.truncated ? h("span.hint", {}, `the last ${LOG_LINES} lines of logs/app.log`) : null),
        found.lines.length ? h("pre.log", { tabindex: "0" }, found.lines.join("\n")) : h("p.hint", {}, "The log is empty."));
    } catch (error) { if (error.name !== "AbortError") fill(part, trouble(error)); }
  }
  read();
  return part;
}
