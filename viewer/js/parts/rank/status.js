// How saving stands, in words at the head of the page; and what to do when two pages wrote.
//
// saveStatus({keeper, nameOf, took}) -> an element with `.say(state, error)`; took(theirs) is called when a person
// takes what somebody else wrote.

import { pictures } from "../../api.js";
import { fill, h, sentence } from "../../dom.js";
import { button } from "../buttons.js";
import { icon } from "../icons.js";
import { picture } from "../picture.js";

const WORDS = { saved: "Saved", waiting: "Not saved yet …", saving: "Saving …", failed: "Not saved",
  conflict: "Not saved: it was changed somewhere else" };
const MARKS = { saved: "passed", failed: "warning", conflict: "warning" };

export function saveStatus({ keeper, place, mine, took }) {
  const line = h("p.save-state", { role: "status" });
  const notice = h("div.save-notice");
  const whole = h("div.saving", {}, line, notice);

  whole.say = (state, error) => {
    line.dataset.state = state;
    if (line.textContent !== WORDS[state]) fill(line, MARKS[state] ? icon(MARKS[state]) : null, h("span", {}, WORDS[state]));
    if (state === "conflict") fill(notice, conflict(error));
    else if (state === "failed") fill(notice, failed(error));
    else if (state === "saved") fill(notice);
  };

  const failed = (error) => h("div.trouble", { role: "alert" }, icon("warning"), h("div", {},
    h("p.words", {}, `Not saved: ${error.message}`),
    h("p.hint", {}, sentence([error.hint, "What you did is still here."].filter(Boolean).join(" "))),
    button("Save again", { run: () => keeper().save() })));

  function conflict(error) {
    const theirs = error.current;
    return h("div.trouble", { role: "alert" }, icon("warning"), h("div", {},
      h("p.words", {}, error.message), h("p", {}, "Nothing of it is lost yet: this is what the file says now, and yours is still below."),
      h("div.two-orders", {}, order("In the file now", theirs, place), order("Yours", mine(), place)),
      noteChanges(theirs.notes, mine().notes),
      h("div.row", {}, button("Take theirs", { run: () => took(keeper().takeTheirs()) }),
        button("Write mine over it", { kind: "danger", run: () => keeper().writeMine() }))));
  }
  return whole;
}

function order(words, { ranking }, { project, run }) {
  return h("section", {}, h("h3", {}, words), ranking.length
    ? h("ol.small-order", {}, ranking.map((n) => h("li", {},
      picture(pictures.iteration(project, run, n, "thumb"), "", { ratio: 0 }), h("span", {}, String(n)))))
    : h("p.hint", {}, "Nothing is ranked."));
}

function noteChanges(theirs, mine) {
  const differing = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])].filter((n) => (theirs[n] ?? "") !== (mine[n] ?? ""));
  if (!differing.length) return null;
  return h("dl.note-changes", {}, differing.map((n) => h("div", {}, h("dt", {}, `Note on ${n}`),
    h("dd", {}, h("b", {}, "in the file: "), theirs[n] || "(none)"), h("dd", {}, h("b", {}, "yours: "), mine[n] || "(none)"))));
}
