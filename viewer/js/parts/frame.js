// The head of every page: where one is, and what the program says.

import { fill, h } from "../dom.js";

/** Draw the head for a page. */
export function frame({ place }) {
  const trail = [h("a", { href: "/" }, "Projects")];
  if (place.project) trail.push(h("a", { href: `/p/${encodeURIComponent(place.project)}` }, place.project));
  if (place.run) trail.push(h("a", { href: `/p/${encodeURIComponent(place.project)}/r/${place.run}` }, place.run));
  fill(document.getElementById("top"), h("nav.trail", { "aria-label": "Where you are" }, trail));
}

let timer;

/** Say something in passing. */
export function say(message, hint = "") {
  const place = document.getElementById("said");
  fill(place, h("p", {}, message), hint ? h("p.hint", {}, hint) : null);
  clearTimeout(timer);
  timer = setTimeout(() => fill(place), 8000);
}
