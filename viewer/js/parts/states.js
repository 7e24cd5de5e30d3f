// A page or a part with nothing to show yet: empty, waiting, or in trouble.
//
// empty("No runs yet", "Start one with `iterativectl run`.", [buttons])
// loading("Reading the run …")
// trouble(error, {again: () => …, ways: [links]})   an error for people, with what to do and, if given, a button to
//                                       try again, and where else one can go

import { h, sentence } from "../dom.js";
import { button } from "./buttons.js";
import { icon } from "./icons.js";

export function empty(words, hint = "", actions = []) {
  return h("div.empty", {}, icon("picture"), h("p.words", {}, sentence(words)), hint ? h("p.hint", {}, sentence(hint)) : null,
    actions.length ? h("div.actions", {}, actions) : null);
}

export const loading = (words = "Loading …") => h("p.loading", { role: "status" }, words);

export function trouble(error, { again = null, ways = [] } = {}) {
  const actions = [again ? button("Try again", { run: again }) : null, ...ways].filter(Boolean);
  return h("div.trouble", { role: "alert" }, icon("warning"),
    h("div", {}, h("p.words", {}, sentence(error.message)), error.hint ? h("p.hint", {}, sentence(error.hint)) : null,
      problems(error.problems ?? []), actions.length ? h("div.row", {}, actions) : null));
}

/** These quote what stands in files: to the letter. */
function problems(list) {
  if (!list.length) return null;
  return h("ul", {}, list.map(({ where, message }) => h("li", {}, [where, message].filter(Boolean).join(": "))));
}
