// Where a run or a project stands, in one or two words; the whole sentence is the tooltip.

import { h } from "../../dom.js";
import { stateBadge } from "../badge.js";

const SHORT = {
  new: "no run yet", passed: "accepted", running: "running", held: "held", paused: "paused", failed: "failed", exhausted: "not accepted",
  stopped: "stopped", no_progress: "no progress", unjudgeable: "cannot be judged", interrupted: "interrupted",
};

/** What is going on comes first, then what is waiting, then how the others ended. */
export const STATES = ["running", "held", "paused", "interrupted", "passed", "exhausted", "no_progress",
  "unjudgeable", "stopped", "failed"];

export const VERDICTS = { passed: "all criteria passed", failed: "some failed", unclear: "some unclear", none: "not judged" };

export const stateWord = (state, variants = 0) => (variants && state === "passed" ? "variants compared" : SHORT[state] ?? state);

export function standing({ state, words, variants = 0 }) {
  const badge = stateBadge(state, stateWord(state, variants));
  badge.title = words;
  return badge;
}

const MOST = 16; // segments; more are not told apart

/** How many criteria passed, in words and as a bar of so many pieces. */
export function criteria({ passed, criteria: all }) {
  if (!all) return h("span.muted", {}, "–");
  const pieces = all <= MOST ? Array.from({ length: all }, (_, at) => h(at < passed ? "i.on" : "i")) : [];
  return h("span.criteria", {}, h("span", {}, `${passed} of ${all}`), h("span.pieces", { "aria-hidden": "true" }, pieces));
}
