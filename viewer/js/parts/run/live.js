// What is going on just now, in one line: sampling with its step, or what the judge is asked; whether a preview is
// wanted (the strip shows it); and whether the page goes along with the newest picture.

import { fill, h, sentence } from "../../dom.js";
import { badge, chip } from "../badge.js";
import { button, toggle } from "../buttons.js";
import { announce } from "../said.js";
import { purpose, text } from "./events.js";

const WAYS = { stream: "", polling: "asking every 2 s", waiting: "the viewer does not answer just now" };

export function liveBar(shown) {
  const state = h("span.live-state");
  const asked = h("span");
  const words = h("span.live-words");
  const bar = h("progress", { max: "1", hidden: true, "aria-label": "Sampling" });
  const fresh = button("New picture",
    { kind: "primary", icon: "last", class: "small", hidden: true, run: () => { fresh.hidden = true; shown.setFollow(true); } });
  const follow = toggle("Follow newest", shown.follow, (on) => shown.setFollow(on), { icon: "last", class: "small" });
  const small = toggle("Preview", remembered(), (on) => { remember(on); preview(on); }, { icon: "picture", class: "small" });
  const whole = h("section.run-live", { "aria-label": "What is going on" },
    h("div.row.live-now", {}, state, asked, words), h("div.row.live-tools", {}, fresh, follow, small), bar);

  function draw() {
    const { run } = shown;
    whole.hidden = !shown.unfinished;
    fill(state, standing(run, whole.dataset.way));
    small.hidden = !shown.active;
    fill(asked, run.request && run.held && !(run.request === "pause" && run.state === "held")
      ? chip(`${run.request} was asked for`)
      : null);
    if (!run.held) idle(run.words);
    else if (run.state === "held") idle("A pause was asked for. What is in flight is collected.");
    else if (run.in_flight && !words.textContent)
      now(`Iteration ${run.in_flight.iteration}: ${STEPS[run.in_flight.step] ?? run.in_flight.step}`);
  }
  function idle(said) { now(said); bar.hidden = true; }
  function now(said) { fill(words, sentence(said)); }

  function preview(on) { shown.preview = on; shown.tell("making"); }
  function heard(event) {
    const said = NOW[event.type]?.(event);
    if (said) now(event.iteration ? `Iteration ${event.iteration}: ${said}` : said);
    if (event.type === "generation_progress") progress(event); else if (said) bar.hidden = true;
  }
  function progress({ value, max }) {
    bar.hidden = !(max > 0);
    if (max > 0) { bar.max = max; bar.value = Math.min(value, max); }
  }

  shown.on("run", draw);
  shown.on("standing", draw);
  shown.on("event", heard);
  shown.on("follow", (on) => { follow.set(on); if (on) fresh.hidden = true; });
  shown.on("chosen", (n) => { if (n === shown.newest) fresh.hidden = true; });
  shown.on("new", (n) => {
    fresh.hidden = shown.follow || shown.n === n;
    const line = shown.lines.get(n);
    if (line) announce(line.failure ? `Iteration ${n} failed` : `Iteration ${n} is done, score ${line.score}`);
  });
  shown.on("way", (way) => {
    whole.title = WAYS[way] ?? "";
    whole.dataset.way = way;
    fill(state, standing(shown.run, way));
  });
  preview(remembered());
  draw();
  return whole;
}

/** Of what cannot be heard nothing is said as if it were so now. */
function standing({ held, state }, way) {
  if (way === "waiting") return badge("Connecting …", "warning");
  if (held) return state === "held" ? badge("Held", "held") : badge("Live", state === "running" ? "live" : "held");
  return badge(state === "paused" ? "Paused" : "Not running", "held");
}

const STEPS = { generate: "being made", judge: "being judged", advise: "being thought over" };

const NOW = {
  iteration_planned: () => "planned",
  generation_queued: (event) => (event.position ? `waiting, ${event.position} before it` : "being made"),
  generation_progress: ({ value, max }) => (max > 0 ? `sampling, step ${value} of ${max}` : "being made"),
  generation_done: () => "made, now it is judged",
  judging: (event) => `asking the judge: ${purpose(event)}`,
  iteration_committed: (event) => `done, score ${text(event.score)}`,
  iteration_failed: (event) => `failed: ${text(event.failure?.message)}`,
  run_held: () => "Held: a pause was asked for",
  run_resumed: () => "Going on",
};

function remembered() { try { return localStorage.getItem("preview") !== "off"; } catch { return true; } }
function remember(on) { try { localStorage.setItem("preview", on ? "on" : "off"); } catch { /* for this page only */ } }
