// A verdict: a mark of its own shape, a colour, and words.
//
// verdictBadge("passed")                  mark and word
// verdictMark("failed", "suit")           only the mark (for thumbnails); the words are its name and tooltip
// verdictWord("unclear")                  "unclear"
// verdictOf(true)                         "passed" of a person's yes or no; null for none

import { h } from "../dom.js";
import { badge } from "./badge.js";
import { icon } from "./icons.js";

const WORDS = { passed: "passed", failed: "failed", unclear: "unclear" };

export const verdictWord = (verdict) => WORDS[verdict] ?? "not judged";
export const verdictOf = (human) => (human === true ? "passed" : human === false ? "failed" : null);
export const verdictBadge = (verdict) => badge(verdictWord(verdict), WORDS[verdict] ? verdict : "plain");

export function verdictMark(verdict, field = "") {
  const words = field ? `${field}: ${verdictWord(verdict)}` : verdictWord(verdict);
  return h(`span.mark.${WORDS[verdict] ? verdict : "plain"}`, { role: "img", "aria-label": words, title: words },
    icon(WORDS[verdict] ? verdict : "minus"));
}
