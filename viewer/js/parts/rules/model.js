// The rules while they are edited: one text, and the form that is laid over it.
//
// The form is always put into the same text, the one that it was read from (`base`), so that taking a change back
// brings back every byte, comments included. Only an edit of the text itself makes a new base. The server does the
// writing (rules/check): what it answers is the text that would be saved.

import { api, post } from "../../api.js";

const BLOCKS = ["acceptance_criteria", "questions"];
const WAIT = 350; // milliseconds of quiet before the server is asked
let count = 0;

export class Rules extends EventTarget {
  constructor(project, found, signal) {
    super();
    Object.assign(this, { project, signal, sha256: found.sha256, saved: found.text, text: found.text,
      problems: found.problems, diff: [], trouble: null, removed: [] });
    this.schema = found.schema;
    this.metrics = found.metrics;
    this.asked = 0;
    this.answered = 0;
    this.take(found.text, found.form);
  }

  /** The newest edit may not have become a text yet. */
  get unsettled() { return this.asked !== this.answered; }
  get dirty() { return this.text !== this.saved || this.unsettled; }
  get errors() { return this.problems.filter((one) => one.severity === "error"); }
  get criteria() { return this.entries.acceptance_criteria; }
  get questions() { return this.entries.questions; }

  /** Another text to lay the form over; `form` null: it can only be edited as text. */
  take(text, form) {
    this.base = text;
    this.form = form && structuredClone(form);
    this.entries = Object.fromEntries(BLOCKS.map((block) => [block, (this.form?.[block] ?? []).map((data, from) => entry(data, from))]));
    this.removed = [];
  }

  data() {
    const data = { ...this.form };
    for (const block of BLOCKS) {
      const list = this.entries[block];
      if (list.length || Array.isArray(this.form[block])) data[block] = list.map((one) => one.data);
    }
    return data;
  }

  /** Something in the form has changed. */
  touch() { this.later({ form: this.data(), text: this.base, origins: this.origins() }, this.order()); }

  /** Another text, typed by a person. */
  setText(text) {
    this.text = text;
    this.later({ text }, null);
  }

  origins() {
    return Object.fromEntries(BLOCKS.filter((block) => this.entries[block].length).map((block) => [block,
      this.entries[block].map((one) => one.from)]));
  }
  order() { return Object.fromEntries(BLOCKS.map((block) => [block, this.entries[block].map((one) => one.id)])); }

  /** What is not saved, for another visit. */
  get draft() { return { sha256: this.sha256, body: this.unsettled ? this.newest : { text: this.text } }; }

  /** Go on with what another visit left. */
  resume({ sha256, body }) {
    this.sha256 = sha256;
    this.later(body, null, true);
  }

  /** Ask the server soon; `fresh`: the form is to be made anew from its answer. */
  later(body, order, fresh = !body.form) {
    this.asked += 1;
    this.newest = body;
    this.waiting = { body, order, fresh, number: this.asked };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush().catch(() => {}), WAIT);
    this.dispatchEvent(new Event("edited"));
  }

  /** Ask now what is still to be asked; done when the newest answer is there. */
  async flush() {
    clearTimeout(this.timer);
    if (this.waiting) {
      this.running = this.check(this.waiting);
      this.waiting = null;
    }
    await this.running;
    if (this.waiting) await this.flush();
  }

  async check({ body, order, fresh, number }) {
    let answer;
    try {
      answer = await post(api("p", this.project, "rules", "check"), body, { signal: this.signal });
      this.trouble = null;
    } catch (error) {
      if (error.name === "AbortError" || number !== this.asked) return;
      this.trouble = error;
      this.answered = number; // and nothing is saved while there is trouble
      if (error.problems) this.show(error.problems, order);
      this.dispatchEvent(new Event("checked"));
      return;
    }
    if (number !== this.asked) return;
    this.answered = number;
    this.text = answer.text;
    this.diff = answer.diff;
    if (fresh) this.take(answer.text, answer.form);
    this.show(answer.problems, order);
    this.dispatchEvent(new CustomEvent("checked", { detail: { fresh } }));
  }

  /** Problems, each with the entry that it is about: indexes change, entries stay who they are. */
  show(problems, order) {
    const ids = order ?? this.order();
    this.problems = problems.map((one) => {
      const [, block, at, rest] = one.path.match(/^(acceptance_criteria|questions)\[(\d+)\]\.?(.*)$/) ?? [];
      return block ? { ...one, entry: ids[block]?.[Number(at)], rest } : one;
    });
  }

  add(block, data, at = this.entries[block].length) {
    const made = entry(data, null);
    this.entries[block].splice(at, 0, made);
    this.touch();
    return made;
  }

  remove(block, one) {
    const at = this.entries[block].indexOf(one);
    this.entries[block].splice(at, 1);
    this.removed.push({ block, one, at });
    this.touch();
  }

  /** The entry that was removed last, back where it was. */
  restore() {
    const last = this.removed.pop();
    if (!last) return null;
    this.entries[last.block].splice(Math.min(last.at, this.entries[last.block].length), 0, last.one);
    this.touch();
    return last.one;
  }

  move(block, one, to) {
    const list = this.entries[block];
    const at = list.indexOf(one);
    if (to < 0 || to >= list.length || to === at) return;
    list.splice(to, 0, ...list.splice(at, 1));
    this.touch();
  }

  /** Another name for a criterion, wherever it is meant. */
  rename(one, name) {
    const old = one.data.field;
    if (old === name) return;
    one.data.field = name;
    const others = this.criteria.some((other) => other !== one && other.data.field === old);
    if (this.criteria.includes(one) && typeof old === "string" && !others) {
      const lists = [...this.criteria.map((other) => other.data.depends_on),
        ...(this.form.masking?.masks ?? []).map((mask) => mask?.active_criteria)];
      for (const list of lists) if (Array.isArray(list)) list.forEach((it, at) => { if (it === old) list[at] = name; });
    }
    this.touch();
  }

  /** A name that no entry has yet. */
  freeName(block, wish) {
    const taken = new Set(this.entries[block].map((one) => one.data.field));
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? wish : `${wish}_${number}`;
      if (!taken.has(name)) return name;
    }
  }

  /** What was saved is what the form lies over now. */
  keep({ text, sha256 }) {
    Object.assign(this, { sha256, saved: text, text, diff: [] });
    this.base = text;
    for (const block of BLOCKS) {
      this.entries[block].forEach((one, at) => { one.from = at; });
      if (this.form && (this.entries[block].length || Array.isArray(this.form[block])))
        this.form[block] = this.entries[block].map((one) => one.data);
    }
    this.removed = [];
    this.dispatchEvent(new Event("checked"));
  }
}

function entry(data, from) { return { id: (count += 1), data, from }; }
