// The keys that are listened to now, in a dialog.

import { h } from "../dom.js";
import { listed } from "../keys.js";
import { openDialog } from "./dialog.js";

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Escape: "Esc" };
const LAST = "Everywhere";

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

export function showHelp() {
  openDialog({
    title: "Keys", wide: true,
    body: h("div.key-groups", {}, grouped().map(([group, found]) => h("section", {}, h("h3", {}, group),
      h("dl.keys", {}, [...found].map(([words, keys]) => h("div", {},
        h("dt", {}, keys.map((key, at) => [at ? " " : null, h("kbd", {}, named(key))])), h("dd", {}, words))))))),
  });
}
