// What the program says in passing.
//
// say("Saved.")                          a note at the bottom that goes by itself; `hint` is a second line
// say("New picture", "", {action: {words: "Show", run}})   with a button
// const it = say(…, {stays: true})       until it is closed, or taken back by unsay(it)
// sayTrouble(error)                      an error for people; stays longer; errors without a code are thrown on
// sayNotSaved(error)                     the same of something that was to be saved
// announce("Iteration 5: score 75")      for screen readers only, politely; use it seldom

import { fill, h, sentence } from "../dom.js";

const SHORT = 6000;
const LONG = 14000;
let timer;

export function say(message, hint = "", { trouble = false, action = null, stays = false } = {}) {
  const place = document.getElementById("said");
  const close = () => fill(place);
  const toast = h(`div.toast${trouble ? ".bad" : ""}`, {},
    h("div", {}, h("p", {}, sentence(message)), hint ? h("p.hint", {}, sentence(hint)) : null),
    action ? h("button.button", { type: "button", onclick: () => { close(); action.run(); } }, action.words) : null,
    h("button.button.quiet", { type: "button", onclick: close }, "Close"));
  fill(place, toast);
  clearTimeout(timer);
  if (!stays) timer = setTimeout(close, trouble || action ? LONG : SHORT);
  return toast;
}

export const unsay = (toast) => toast.remove();

export function sayTrouble(error) {
  if (error?.name === "AbortError") return;
  if (!error?.code) throw error;
  say(error.message, error.hint ?? "", { trouble: true });
}

/** What a person said is not on the disk, whatever else went wrong. */
export function sayNotSaved(error) {
  if (!error?.code) { sayTrouble(error); return; }
  say(`Not saved. ${error.message}`, error.hint ?? "", { trouble: true });
}

export function announce(words) { document.getElementById("heard").textContent = words; }
