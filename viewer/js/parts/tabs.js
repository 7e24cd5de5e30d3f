// Tabs after the pattern of WAI-ARIA: arrows, Home and End move, the panel is made when it is first shown.
//
// tabs("About this iteration", [{name: "prompts", words: "Prompts", make: () => node}, …], chosen, change) -> <div.tabs>
//     change(name) is called when a person turns to another; `.show(name)` turns to it; `.remake(name)` makes its panel
//     anew; `.refresh(except)` makes all but some anew, each when it is next seen.

import { fill, h } from "../dom.js";

let count = 0;

export function tabs(label, list, chosen, change = () => {}) {
  const id = `tabs-${(count += 1)}`;
  const heads = list.map((one) => h("button", {
    type: "button", role: "tab", id: `${id}-${one.name}`, "aria-controls": `${id}-${one.name}-panel`,
    onclick: () => turn(one.name),
  }, one.words));
  const panels = list.map((one) => h("div.tab-panel",
    { role: "tabpanel", id: `${id}-${one.name}-panel`, "aria-labelledby": `${id}-${one.name}`, tabindex: "0" }));
  const made = new Set();
  const bar = h("div.tab-bar",
    { role: "tablist", "aria-label": label, dataset: { arrows: "own" }, onkeydown: (event) => move(event) }, heads);
  const whole = h("div.tabs", {}, bar, panels);

  whole.show = (name) => {
    const at = Math.max(0, list.findIndex((one) => one.name === name));
    heads.forEach((head, n) => { head.setAttribute("aria-selected", String(n === at)); head.tabIndex = n === at ? 0 : -1; });
    panels.forEach((panel, n) => { panel.hidden = n !== at; });
    if (!made.has(at)) { made.add(at); fill(panels[at], list[at].make()); }
  };
  /** All panels are out of date; the one that is seen is made anew at once. */
  whole.refresh = (except = []) => {
    list.forEach((one, at) => { if (!except.includes(one.name)) made.delete(at); });
    whole.show(list[panels.findIndex((panel) => !panel.hidden)].name);
  };
  whole.remake = (name) => {
    const at = list.findIndex((one) => one.name === name);
    if (made.has(at)) fill(panels[at], list[at].make());
  };
  function turn(name) { whole.show(name); change(name); }
  function move(event) {
    const at = heads.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: heads.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const to = (next + heads.length) % heads.length;
    heads[to].focus();
    turn(list[to].name);
  }
  whole.show(chosen);
  return whole;
}
