// The rules, edited where one looks at the picture: as a form or as text, both one and the same thing.

import { api, get } from "../api.js";
import { fill, h } from "../dom.js";
import { bind } from "../keys.js";
import { button } from "../parts/buttons.js";
import { ask } from "../parts/dialog.js";
import { askBeforeLeaving } from "../parts/leaving.js";
import { sayTrouble } from "../parts/said.js";
import { tabs } from "../parts/tabs.js";
import { verdictBadge } from "../parts/verdict.js";
import { list } from "../parts/rules/lists.js";
import { Rules } from "../parts/rules/model.js";
import { placeOf, summary, tellAll } from "../parts/rules/problems.js";
import { save } from "../parts/rules/saving.js";
import { prompts, settings } from "../parts/rules/settings.js";
import { trying } from "../parts/rules/trying.js";

const drafts = new Map(); // project -> what was left unsaved, as the model has it

export async function show({ main, place, query, go, setQuery, title, signal }) {
  const { project } = place;
  title("Rules", project);
  const found = await get(api("p", project, "rules"), { signal });
  const page = new RulesPage({ main, project, found, rules: new Rules(project, found, signal), query, setQuery, signal });
  page.build();
  bind([{ keys: ["Ctrl+S"], words: "save the rules", group: "Rules", run: () => false }]); // guard() hears it, in fields too
  guard(page, go, signal);
  const draft = drafts.get(project);
  drafts.delete(project);
  if (draft) page.rules.resume(draft);
  return () => { page.end(); if (page.rules.dirty) drafts.set(project, page.rules.draft); };
}

/** Ctrl+S saves; what is not saved is asked about. */
function guard(page, go, signal) {
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) page.save().catch(sayTrouble);
  }, { signal });
  const may = () => ask({ title: "Leave without saving?", yes: "Leave", no: "Stay",
    words: "Your changes to the rules are not saved. This page keeps them until it is loaded again." });
  askBeforeLeaving({ unsaved: () => page.rules.dirty, may, go, signal });
}

class RulesPage {
  constructor(given) {
    Object.assign(this, given, { lists: [], tried: null });
  }

  build() {
    const { rules, query, setQuery, project, signal } = this;
    this.state = h("span.rule-state", { role: "status" });
    this.saveButton = button("Save …", { kind: "primary", key: "Control+S", title: "Save (Ctrl+S)", run: () => this.save() });
    this.problems = summary(rules.problems, (problem) => this.goTo(problem));
    this.text = h("textarea.input.rule-text",
      { id: "rules-text", spellcheck: "false", wrap: "off", oninput: () => rules.setText(this.text.value) });
    const first = rules.form && query.get("as") !== "text" ? "form" : "text";
    this.tabs = tabs("How the rules are shown", [
      { name: "form", words: "Form", make: () => this.form() },
      { name: "text", words: "Text", make: () => this.asText() },
    ], first, (name) => this.turned(name));
    fill(this.main, h("div.rules-page", {},
      h("header.rule-head", {}, h("h1", {}, "Rules"), this.state, this.saveButton),
      h("div.rule-side", {},
        trying({ project, query, setQuery, rules, signal, told: (tried) => this.told(tried) }),
        this.advice()),
      h("div.rule-main", {}, this.problems, this.tabs)));
    rules.addEventListener("edited", () => this.said(), { signal });
    rules.addEventListener("checked", (event) => this.checked(event.detail?.fresh), { signal });
    rules.addEventListener("redraw", () => this.lists.forEach((one) => one.draw()), { signal });
    this.said();
    this.tell();
  }

  form() {
    const { rules } = this;
    this.lists.forEach((one) => one.end());
    this.lists = [];
    this.fields = {};
    if (!rules.form) return h("p.hint", {}, "The text cannot be shown as a form as it stands. Mend it in the text first.");
    this.names = h("datalist", { id: "criteria-names" });
    const hint = h("p.hint", {}, "Write one, or have your judge propose some: ",
      h("code", {}, `iterativectl rules suggest --project ${this.project} --goal "…"`));
    const criteria = list("acceptance_criteria", rules, { names: "criteria-names",
      none: [h("p", {}, "No criteria yet: what must hold when the picture is done?"), hint] });
    const questions = list("questions", rules, { names: null, none: [h("p", {},
      "No questions yet. They are answered before the criteria, for a judge sees better what it has named.")] });
    this.lists = [criteria, questions];
    const project = settings(rules);
    const begin = prompts(rules);
    Object.assign(this.fields, project.fields, begin.fields);
    this.nameThem();
    queueMicrotask(() => { this.tell(); this.told(this.tried); });
    return [this.names,
      h("section.rule-section", {}, h("h2", {}, "Criteria"),
        h("p.hint", {},
          "What must hold. Each is one thing that can be seen and answered with yes or no. "
          + "Change (blue edge): it is not there yet. Preserve (green edge): it must stay."),
        criteria),
      h("section.rule-section", {}, h("h2", {}, "Questions"), h("p.hint", {}, "What the judge answers first."), questions),
      h("section.rule-section", {}, h("h2", {}, "Project"), project),
      h("section.rule-section", {}, h("h2", {}, "Base prompts"),
        h("p.hint", {}, "Used where the prompts of AIGen.yaml are empty."), begin)];
  }

  asText() {
    this.text.value = this.rules.text;
    return h("div.field", {}, h("label", { for: "rules-text" }, "config/rules.yaml"), this.text,
      h("p.hint", {}, "What the form does not show (comments, order, keys of your own) is here, and stays."));
  }

  advice() {
    const { guidelines } = this.found;
    return h("section.rule-advice", {},
      h("p.hint", {}, "Let the judge propose rules: ",
        h("code", {}, `iterativectl rules suggest --project ${this.project}`)),
      guidelines ? h("details", {}, h("summary", {}, "Your guidelines for suggestions"), h("pre", {}, guidelines)) : null);
  }

  /** The other tab shows what this one made. */
  async turned(name) {
    this.setQuery({ as: name === "text" ? "text" : null });
    await this.rules.flush();
    if (name === "text" && this.text.value !== this.rules.text) this.text.value = this.rules.text;
  }

  checked(fresh) {
    if (fresh) { this.tabs.remake("form"); if (!this.typing()) this.text.value = this.rules.text; }
    this.nameThem();
    this.lists.forEach((one) => { one.renamed(); one.draw(); });
    this.said();
    this.tell();
  }

  typing() { return document.activeElement === this.text; }

  nameThem() {
    if (this.names) fill(this.names, this.rules.criteria.map((one) => h("option", { value: String(one.data.field ?? "") })));
  }

  tell() {
    const { rules } = this;
    this.lists.forEach((one) => one.tell(rules.problems));
    if (this.fields) tellAll(this.fields, rules.problems.filter((one) => !one.entry));
    this.problems.draw(rules.problems, rules.trouble);
  }

  said() {
    const { rules } = this;
    this.state.textContent = rules.dirty ? "Not saved yet" : "As in the file";
    this.state.classList.toggle("dirty", rules.dirty);
  }

  /** What a try said, beside each criterion, and what was recorded. */
  told(tried) {
    this.tried = tried;
    this.lists[0]?.verdicts((data) => {
      const now = tried?.result.verdicts[data.field];
      if (!now) return null;
      const then = tried.recorded?.verdicts?.[data.field];
      return h(`div.rule-verdict${tried.stale ? ".stale" : ""}`, {},
        tried.stale ? h("span.hint", {}, "for the text before your change:") : null,
        verdictBadge(now.verdict), h("span", {}, now.reason || "no reason given"),
        h("span.hint", {}, then
          ? (then.verdict === now.verdict ? "as recorded" : `recorded: ${then.verdict}`)
          : "not recorded: a new criterion"));
    });
  }

  goTo(problem) {
    const card = problem.entry && this.lists.map((one) => one.cardOf(problem.entry)).find(Boolean);
    const target = card ? placeOf(card.fields(), problem.rest) ?? card : placeOf(this.fields ?? {}, problem.path);
    if (target && this.rules.form) {
      this.tabs.show("form");
      target.closest("details")?.setAttribute("open", "");
      target.scrollIntoView({ block: "center" });
      (target.control ?? target.querySelector("input, textarea, select"))?.focus({ preventScroll: true });
    } else this.toLine(Number(problem.where.match(/^rules\.yaml:(\d+)$/)?.[1] ?? 1));
  }

  toLine(number) {
    this.tabs.show("text");
    this.text.value = this.rules.text;
    const lines = this.text.value.split("\n");
    const start = lines.slice(0, number - 1).reduce((sum, one) => sum + one.length + 1, 0);
    this.text.focus();
    this.text.setSelectionRange(start, start + (lines[number - 1]?.length ?? 0));
    this.text.scrollTop = Math.max(0, (number - 6) * (this.text.scrollHeight / lines.length));
  }

  async save() {
    document.activeElement?.blur?.(); // a field that is being typed in says what it holds
    await save(this.rules, () => {
      this.problems.scrollIntoView({ block: "center" });
      this.problems.querySelector("button")?.focus({ preventScroll: true });
    });
  }

  end() { this.lists.forEach((one) => one.end()); }
}
