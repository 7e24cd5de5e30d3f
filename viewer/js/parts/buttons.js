// Buttons and links that look like buttons.
//
// button("Save", {kind: "primary", icon: "download", run: () => …})   kinds: "" (plain), primary, quiet, danger
//     `run` may be async: the button is disabled and marked busy until it is done, and what it throws is said.
// iconButton("Zoom to 100 %", "zoom", {run})   only a drawing; the words are its name and its tooltip
// linkButton("Compare", "/p/x/r/y/compare", {icon: "compare", download: true})
// toggle("Follow newest", on, change)   a button with aria-pressed; change(on) is called; `.set(on)` sets it silently
// copyButton("Copy", () => text)        text may be a promise; says that it was copied

import { h } from "../dom.js";
import { icon } from "./icons.js";
import { say, sayTrouble } from "./said.js";

export function button(words, { kind = "", icon: drawing, run, key, ...rest } = {}) {
  const made = h(`button.button${kind ? `.${kind}` : ""}`, { type: "button", "aria-keyshortcuts": key, ...rest },
    drawing ? icon(drawing) : null, h("span", {}, words));
  if (run) made.addEventListener("click", (event) => busyWhile(made, () => run(event)));
  return made;
}

export function iconButton(words, drawing, { kind = "quiet", run, key, ...rest } = {}) {
  const title = key ? `${words} (${key})` : words;
  const made = h(`button.button.only-icon.${kind}`,
    { type: "button", "aria-label": words, title, "aria-keyshortcuts": key, ...rest }, icon(drawing));
  if (run) made.addEventListener("click", (event) => busyWhile(made, () => run(event)));
  return made;
}

export function linkButton(words, href, { kind = "", icon: drawing, ...rest } = {}) {
  return h(`a.button${kind ? `.${kind}` : ""}`, { href, ...rest }, drawing ? icon(drawing) : null, h("span", {}, words));
}

export function toggle(words, on, change, { icon: drawing, ...rest } = {}) {
  const made = h("button.button.toggle", { type: "button", "aria-pressed": String(on), ...rest },
    drawing ? icon(drawing) : null, h("span", {}, words));
  made.set = (value) => made.setAttribute("aria-pressed", String(value));
  made.addEventListener("click", () => {
    const next = made.getAttribute("aria-pressed") !== "true";
    made.set(next);
    change(next);
  });
  return made;
}

export function copyButton(words, textOf, options = {}) {
  return button(words, {
    icon: "copy", ...options,
    run: async () => {
      const text = await textOf();
      try { await navigator.clipboard.writeText(text); } catch { copyTheOldWay(text); }
      say("Copied.");
    },
  });
}

/** Where the browser gives no clipboard (an address that is not this machine): a selection. */
function copyTheOldWay(text) {
  const area = h("textarea.unseen", { value: text, "aria-hidden": "true" });
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

async function busyWhile(element, run) {
  const result = run();
  if (!(result instanceof Promise)) return;
  element.disabled = true;
  element.setAttribute("aria-busy", "true");
  try { await result; } catch (error) { sayTrouble(error); } finally {
    element.disabled = false;
    element.removeAttribute("aria-busy");
  }
}
