// A page or a part with nothing to show yet: empty, waiting, or in trouble.
//
// empty("No runs yet", "Start one with `iterativectl run`.", [buttons])
// loading("Reading the run …")
// trouble(error, {again: () => …})      an error for people, with what to do and, if given, a button to try again

import { h, sentence } from "../dom.js";
import { button } from "./buttons.js";
import { icon } from "./icons.js";

export function empty(words, hint = "", actions = []) {
  return h("div.empty", {}, icon("picture"), h("p.words", {}, words), hint ? h("p.hint", {}, sentence(hint)) : null, actions.length ? h("div.actions", {}, actions) : null);
}

export const loading = (words = "Loading …") => h("p.loading", { role: "status" }, words);

export function trouble(error, { again = null } = {}) {
  return h("div.trouble", { role: "alert" }, icon("warning"),
    h("div", {}, h("p.words", {}, error.message), error.hint ? h("p.hint", {}, sentence(error.hint)) : null,
      error.problems?.length ? h("ul", {}, error.problems.map((one) => h("li", {}, [one.where, one.message].filter(Boolean).join(": ")))) : null,
      again ? button("Try again", { run: again }) : null));
}
