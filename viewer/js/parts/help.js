// The keys that are listened to now, in a dialog; where one touches, what fingers do comes first.

import { h } from "../dom.js";
import { listed } from "../keys.js";
import { openDialog } from "./dialog.js";

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Escape: "Esc" };
const LAST = "Everywhere";

// What is on the page -> what fingers do there.
const FINGERS = [
  [".compare-stage", [["two fingers", "zoom and move all pictures"], ["drag", "the line, or a picture that is larger than its place"],
    ["tap twice", "100 %, and back to all"], ["hold", "A, in the mode Flip"],
    ["tap below", "that picture as B; its letter A: as A"]]],
  [".run-view", [["tap", "closer, and back to all"], ["drag", "move the zoomed picture"]]],
  [".rank-card", [["hold, drag", "a picture to another place"], ["tap", "choose it: its buttons appear"]]],
  [".mask-work .stage", [["one finger", "draws"], ["two fingers", "zoom and move"]]],
  [".rule-card", [["hold, drag", "a criterion by its grip to another place"]]],
];

const named = (key) => key.split("+").filter((part) => part !== "" || key === "+").map((part) => NAMES[part] ?? part).join(" + ") || key;

/** Bindings by group, those of every page last; keys with the same words beside each other. */
export function grouped(bindings = listed()) {
  const groups = new Map();
  for (const one of bindings) {
    const group = one.group ?? LAST;
    if (!groups.has(group)) groups.set(group, new Map());
    const found = groups.get(group);
    found.set(one.words, [...(found.get(one.words) ?? []), ...one.keys]);
  }
  return [...groups].sort((a, b) => (a[0] === LAST) - (b[0] === LAST));
}

/** What fingers do on this page; nothing where there are none. */
function fingers() {
  if (!matchMedia("(pointer: coarse)").matches) return [];
  return FINGERS.filter(([place]) => document.querySelector(place)).flatMap(([, moves]) => moves);
}

export function showHelp() {
  const touched = fingers();
  const entry = (short, words) => h("div", {}, h("dt", {}, short), h("dd", {}, words));
  const section = (name, entries) => h("section", {}, h("h3", {}, name), h("dl.keys", {}, entries));
  openDialog({
    title: touched.length ? "Fingers and keys" : "Keys", wide: true,
    body: h("div.key-groups", {},
      touched.length ? section("Fingers", touched.map(([short, words]) => entry(short, words))) : null,
      grouped().map(([group, found]) => section(group, [...found].map(([words, keys]) =>
        entry(keys.map((key, at) => [at ? " " : null, h("kbd", {}, named(key))]), words))))),
  });
}
