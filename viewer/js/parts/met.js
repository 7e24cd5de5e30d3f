// Whether a person finds a criterion met: beside the judge's verdict, never over it.
//
// met({field, now: true | false | null, save: async (value) => …, changed: (value) => …})
//     pressing what is pressed takes it back; what cannot be saved is taken back and said.

import { h } from "../dom.js";
import { icon } from "./icons.js";
import { sayNotSaved } from "./said.js";

export function met({ field, now, save, changed = () => {} }) {
  const choices = [[true, "Met", "passed"], [false, "Not met", "failed"]].map(([value, words, kind]) => [value,
    h(`button.button.small.say.${kind}`, { type: "button", onclick: () => say(now === value ? null : value) },
      icon(kind), h("span", {}, words))]);

  function put(value) {
    now = value ?? null;
    for (const [which, button] of choices) button.setAttribute("aria-pressed", String(now === which));
    changed(now);
  }
  async function say(value) {
    const before = now;
    put(value);
    try { await save(value); } catch (error) { put(before); sayNotSaved(error); }
  }
  put(now);
  return h("div.met", { role: "group", "aria-label": `What you say of ${field}` }, choices.map(([, button]) => button));
}
