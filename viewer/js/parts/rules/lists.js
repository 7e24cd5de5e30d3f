// The criteria, or the questions: cards in an order that can be dragged or moved with buttons, and one more.

import Sortable from "../../../vendor/sortable/sortable.esm.js";
import { fill, h } from "../../dom.js";
import { button } from "../buttons.js";
import { announce, say } from "../said.js";
import { card } from "./card.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const WORDS = {
  acceptance_criteria: { one: "criterion", add: "Add a criterion", fresh: "new_criterion", data: (field) => ({ field, question: "" }) },
  questions: { one: "question", add: "Add a question", fresh: "new_question", data: (field) => ({ field, question: "" }) },
};

export function list(block, rules, { names, none }) {
  const words = WORDS[block];
  const cards = new Map();
  const shown = h("ol.rule-cards", {});
  const undo = h("span", {});
  const foot = h("div.row", {},
    button(words.add, { icon: "plus", run: () => begin(words.data(rules.freeName(block, words.fresh))) }), undo);
  const nothing = h("div.rule-none", {}, none);
  const whole = h("div.rule-list", {}, nothing, shown, foot);
  const entries = () => rules.entries[block];

  function act(kind, entry) {
    const at = entries().indexOf(entry);
    if (kind === "up" || kind === "down") {
      rules.move(block, entry, at + (kind === "up" ? -1 : 1));
      whole.draw();
      cards.get(entry.id).querySelector(`.rule-tools button:nth-of-type(${kind === "up" ? 1 : 2})`).focus();
      announce(`${entry.data.field} is number ${entries().indexOf(entry) + 1} now`);
    } else if (kind === "twin") {
      const data = structuredClone(entry.data);
      begin({ ...data, field: rules.freeName(block, String(data.field ?? words.fresh).slice(0, 58)) }, at + 1);
    } else remove(entry);
  }

  function remove(entry) {
    rules.remove(block, entry);
    whole.draw();
    (cards.get(entries()[0]?.id) ?? foot).querySelector("button")?.focus({ preventScroll: true });
    say(`The ${words.one} ${entry.data.field ?? ""} is removed.`, "Nothing is saved yet.", { action: { words: "Undo", run: restore } });
  }

  function restore() {
    const back = rules.restore();
    rules.dispatchEvent(new Event("redraw"));
    cards.get(back?.id)?.focusName();
  }

  function begin(data, at) {
    const made = rules.add(block, data, at);
    whole.draw();
    cards.get(made.id).scrollIntoView({ block: "nearest" });
    cards.get(made.id).focusName();
  }

  whole.draw = () => {
    for (const entry of entries()) if (!cards.has(entry.id)) cards.set(entry.id, card(entry, block, { rules, act, names }));
    const there = entries().map((entry) => cards.get(entry.id));
    if (there.length !== shown.children.length || there.some((one, at) => shown.children[at] !== one)) fill(shown, there);
    const last = rules.removed.at(-1);
    fill(undo, last?.block === block
      ? button(`Bring back ${last.one.data.field ?? words.one}`, { icon: "undo", kind: "quiet", run: restore })
      : null);
    nothing.hidden = entries().length > 0;
  };
  whole.tell = (problems) => { for (const [id, one] of cards) one.tell(problems.filter((it) => it.entry === id)); };
  whole.renamed = () => { for (const one of cards.values()) one.renamed(); };
  whole.verdicts = (of) => { for (const entry of entries()) cards.get(entry.id)?.verdict(of(entry.data)); };
  whole.cardOf = (id) => cards.get(id) ?? null;

  const sorted = Sortable.create(shown, {
    handle: ".grip", animation: CALM.matches ? 0 : 140, forceFallback: true, fallbackTolerance: 4, delay: 120,
    delayOnTouchOnly: true, ghostClass: "ghost",
    onEnd: (event) => {
      const entry = entries().find((one) => String(one.id) === event.item.dataset.id);
      if (entry) rules.move(block, entry, event.newIndex);
      whole.draw();
    },
  });
  whole.end = () => sorted.destroy();
  whole.draw();
  return whole;
}
