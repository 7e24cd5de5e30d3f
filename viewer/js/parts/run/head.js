// The head of a run: how it stands, what it reached, what it took, and the buttons that end or hold it.

import { post } from "../../api.js";
import { fill, h } from "../../dom.js";
import * as say from "../../format.js";
import { stateBadge } from "../badge.js";
import { button, iconButton, linkButton } from "../buttons.js";
import { ask } from "../dialog.js";
import { announce, say as told } from "../said.js";
import { reasonInWords } from "./events.js";
import { exportsMenu } from "./exports.js";

export function runHead(shown) {
  const { project, run } = shown.place;
  const state = h("span.state");
  const words = h("p.reason");
  const facts = h("dl.run-facts");
  const controls = controlButtons(shown);
  const at = `/p/${encodeURIComponent(project)}`;
  const head = h("header.run-head", {},
    h("div.run-title", {},
      h("div.run-named", {}, h("h1", {}, say.runName(shown.run)), h("span.run-id", { title: "Its RUN_ID" }, run)),
      state, words, h("div.run-actions", {}, controls,
      linkButton("Compare", `${at}/r/${run}/compare`, { icon: "compare" }),
      linkButton("Rank", `${at}/r/${run}/rank`, { icon: "rank" }),
      linkButton("Rules", `${at}/rules?run=${run}`, { icon: "rules", class: "on-wide" }),
      exportsMenu(shown), copyAddress())),
    facts);

  let last = "";
  const time = clockOf(shown);
  function draw() {
    const { run: now } = shown;
    fill(state, stateBadge(now.state, shortState(now)));
    fill(words, now.reason ? reasonInWords(now.reason) : (now.words === shortState(now) ? null : now.words));
    words.hidden = shown.unfinished || !words.textContent; // while it goes on or waits, the bar below says why
    if (last && last !== now.state) announce(`The run is now ${now.words}`);
    last = now.state;
    controls.update();
    drawFacts();
  }
  function drawFacts() {
    fill(facts, factsOf(shown, time()).map(([name, value, note]) => h("div", {}, h("dt", {}, name),
      h("dd", {}, value, note ? h("small", {}, ` ${note}`) : null))));
  }

  shown.on("run", draw);
  shown.on("standing", () => controls.update());
  shown.on("spent", drawFacts);
  const clock = setInterval(() => { if (shown.active && shown.run.held && !document.hidden) drawFacts(); }, 1000);
  shown.signal.addEventListener("abort", () => clearInterval(clock));
  draw();
  return head;
}

const SHORT = { running: "running", held: "held", passed: "accepted", exhausted: "not accepted", stopped: "stopped",
  no_progress: "not accepted", unjudgeable: "not accepted", paused: "paused", interrupted: "interrupted",
  failed: "failed" };
const shortState = (run) => SHORT[run.state] ?? run.words ?? run.state;

function factsOf(shown, seconds) {
  const { run, usage } = shown;
  return [
    ["Best score", say.score(run.best_score), run.best_iteration ? `iteration ${run.best_iteration}` : ""],
    ["Iterations", String(run.iterations.length), run.max_iterations ? `of at most ${run.max_iterations}` : ""],
    ["Wanted", say.score(run.pass_score), "to pass"],
    ["Time", say.duration(seconds), ""],
    ["Spent", spent(usage), [of(run.limits?.max_cost_usd, say.money), requests(usage, run.limits)].filter(Boolean).join(", ")],
    ["Made with", run.engine || "–", ""],
    ["Judged by", run.judge || "–", ""],
    run.mask ? ["Mask", run.mask, ""] : null,
    run.seeded_from ? ["Seeded from", seededFrom(run.seeded_from), ""] : null,
  ].filter(Boolean);
}

/** Seconds that the run took, null where none were written. They go on while it works, and never go back: what the
 * files say grows only when an iteration is done. */
function clockOf(shown) {
  let most = 0;
  let before = null;
  return () => {
    const now = Date.now();
    const works = shown.run.held && shown.run.state === "running";
    if (before !== null) most += (now - before) / 1000;
    before = works ? now : null;
    most = Math.max(most, shown.run.seconds ?? 0);
    return works || most >= 10 ? Math.floor(most) : most || null;
  };
}

const of = (limit, words) => (limit === null || limit === undefined ? "" : `of ${words(limit)}`);
const seededFrom = (from) => (typeof from === "string" ? from : [from.run_id, from.mode].filter(Boolean).join(", "));

/** What was spent; a sum of which parts are not known is a least. */
export function spent(usage) {
  if (!usage) return "–";
  return usage.cost_usd === null || usage.cost_usd === undefined
    ? `at least ${say.money(usage.at_least_usd ?? 0)}`
    : say.money(usage.cost_usd);
}

function requests(usage, limits) {
  if (!usage) return "";
  const most = limits?.max_requests ? ` of ${limits.max_requests}` : "";
  return `${usage.requests ?? 0} ${usage.requests === 1 ? "request" : "requests"}${most}`;
}

const STOP = { title: "Stop this run?", yes: "Stop the run", danger: true,
  words: "Its own jobs are cancelled and the run ends with the best picture so far. Everything that was made stays." };

function controlButtons(shown) {
  const send = async (request, words) => {
    shown.stands(await post(`${shown.address}/control`, { request }));
    told(words, "The run obeys between two steps.");
  };
  const pause = button("Pause", { icon: "pause", run: () => send("pause", "A pause was asked for.") });
  const resume = button("Resume", { icon: "play", kind: "primary", run: () => send("resume", "The run was asked to go on.") });
  const stop = button("Stop", { icon: "stop", kind: "danger",
    run: async () => { if (await ask(STOP)) await send("stop", "The run was asked to stop."); } });
  const group = h("span.row", {}, pause, resume, stop);
  group.update = () => {
    const { state, held, request } = shown.run;
    const worked = held && shown.active;
    pause.hidden = !(worked && state === "running" && request !== "pause");
    resume.hidden = !(worked && (state === "held" || request === "pause") && request !== "resume");
    stop.hidden = !worked || request === "stop";
    group.hidden = !worked;
  };
  return group;
}

function copyAddress() {
  return iconButton("Copy a link to what is shown", "link", { kind: "", run: async () => {
    await navigator.clipboard.writeText(location.href).catch(() => {});
    told("The address was copied.", location.href);
  } });
}
