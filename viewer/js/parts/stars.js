// Stars from 0 to 5, for mouse, touch and keys.
//
// rating(3, async (stars) => …, {label: "Iteration 4"})   a group of radio buttons: arrows and Tab as people know them;
//     choosing the star that is chosen takes the rating back. Its `.set(4)` shows another value.
// starsShown(3)                    the same, only to look at; nothing for 0
// starKeys((stars) => …)           bindings for keys.js: 1-5, 0 clears

import { h } from "../dom.js";
import { icon } from "./icons.js";
import { sayTrouble } from "./said.js";

const ALL = [1, 2, 3, 4, 5];
let count = 0;

export function rating(value, change, { label = "Rating" } = {}) {
  const name = `stars-${(count += 1)}`;
  let now = value ?? 0;
  const inputs = ALL.map((stars) => h("input.unseen", {
    type: "radio", name, value: String(stars), checked: stars === now, "aria-label": `${stars} of 5 stars`,
    onclick: () => { if (stars === now) pick(0); },
    onchange: () => pick(stars),
  }));
  const group = h("fieldset.stars", {}, h("legend.unseen", {}, label),
    inputs.map((input) => h("label", { title: `${input.value} of 5 (key ${input.value})` }, input, icon("star"))),
    h("span.unseen"));

  function pick(stars) {
    group.set(stars);
    Promise.resolve(change(stars)).catch((error) => { sayTrouble(error); });
  }
  group.set = (stars) => {
    now = stars ?? 0;
    inputs.forEach((input) => {
      input.checked = Number(input.value) === now;
      input.parentElement.classList.toggle("on", Number(input.value) <= now);
    });
    group.lastChild.textContent = now ? `${now} of 5` : "not rated";
  };
  group.set(now);
  return group;
}

export function starsShown(value) {
  if (!value) return null;
  return h("span.stars-shown", { role: "img", "aria-label": `${value} of 5 stars`, title: `${value} of 5 stars` },
    icon("star", { solid: true }), String(value));
}

export const starKeys = (change) => [0, ...ALL].map((stars) => ({
  keys: [String(stars)], group: "Judging", words: stars ? "as many stars" : "no stars", run: () => change(stars),
}));
