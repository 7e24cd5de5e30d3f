// Chips and badges: never colour alone, always a mark and words.
//
// badge("accepted", "passed")        kinds: passed, failed, unclear, live, plain; each has its own mark
// stateBadge(state, words)           of a run or project: `state` as in status --json, `words` as a person reads it
// chip("seeded", {title})            a small neutral label
// count("notes", 3)                  "3 notes", quiet

import { h } from "../dom.js";
import { icon } from "./icons.js";

const MARKS = { passed: "passed", failed: "failed", unclear: "unclear", live: "running", plain: null, held: "pause", warning: "warning" };

const STATES = {
  passed: "passed", running: "live", held: "held", paused: "held", failed: "failed", exhausted: "unclear",
  stopped: "plain", no_progress: "unclear", unjudgeable: "unclear", interrupted: "held",
};

export function badge(words, kind = "plain", properties = {}) {
  const mark = MARKS[kind];
  return h(`span.badge.${kind}`, properties, mark ? icon(mark) : null, h("span", {}, words));
}

export const stateBadge = (state, words) => badge(words || state || "not started", STATES[state] ?? "plain");
export const chip = (words, properties = {}) => h("span.chip", properties, words);
export const count = (words, number) => h("span.count", {}, `${number} ${words}`);
