// Drawing masks where one looks at the picture. White is what may be edited; here it is shown as a tint.
//
// The editor holds one mask at a time. It began with a file (`basedOn`, null for none) and is saved only while that
// file is still the one that is there; what it writes over is kept by the server. In the address: ?name=.

import { api, get, pictures, post } from "../api.js";
import { fill, h } from "../dom.js";
import { bind } from "../keys.js";
import { button } from "../parts/buttons.js";
import { ask, openDialog } from "../parts/dialog.js";
import { askBeforeLeaving } from "../parts/leaving.js";
import { picture } from "../parts/picture.js";
import { say, sayTrouble } from "../parts/said.js";
import { numbers, words } from "../parts/masks/asking.js";
import { band } from "../parts/masks/band.js";
import { Bits } from "../parts/masks/bits.js";
import { Editor } from "../parts/masks/editor.js";
import { looks } from "../parts/masks/looks.js";
import { askName, freeName, list, percent, wrong } from "../parts/masks/names.js";
import { ending, inPlay, usedSo } from "../parts/masks/playing.js";
import { fromPng, toPng } from "../parts/masks/png.js";
import { listenToCtrl, toolbar } from "../parts/masks/toolbar.js";

const HOW = matchMedia("(pointer: coarse)").matches
  ? "One finger draws, two move the picture."
  : "Wheel: zoom. Space and drag: move. ?: all keys.";
const drafts = new Map(); // project -> a mask that was left unsaved: {name, basedOn, bits}

export async function show({ main, place, query, go, setQuery, title, signal }) {
  const { project } = place;
  title("Masks", project);
  const found = await get(api("p", project, "masks"), { signal });
  const page = new MasksPage({ main, project, found, setQuery, signal });
  page.build();
  bind(page.bar.bindings);
  listenToCtrl(page.editor, () => page.save().catch(sayTrouble), signal);
  guard(page, go, signal);
  const wanted = query.get("name");
  const draft = drafts.get(project);
  drafts.delete(project);
  if (draft && (!wanted || wanted === draft.name)) page.takeUp(draft);
  else await page.open(wanted && !wrong(wanted, []) ? wanted : page.first());
  page.editor.stage.load(pictures.input(project)).catch(() => {
    if (!signal.aborted) say("The picture cannot be shown here.", "The mask can be drawn all the same.");
  });
  return () => { if (page.dirty) drafts.set(project, { name: page.name, basedOn: page.basedOn, bits: page.editor.bits }); };
}

addEventListener("beforeunload", (event) => { if (drafts.size) event.preventDefault(); });

function guard(page, go, signal) {
  const may = async () => {
    if (!await page.mayLeave()) return false;
    page.saved = page.editor.bits.version; // it was said that it is to be lost
    return true;
  };
  askBeforeLeaving({ unsaved: () => page.dirty, may, go, signal });
}

class MasksPage {
  constructor(given) {
    Object.assign(this, given, { name: "", basedOn: null, saved: 0, state: "", where: null, drawingHint: "" });
    this.editor = new Editor(this.found.size, {
      changed: () => { this.state = ""; this.band?.update(); this.tell(); }, moved: (at) => { this.where = at; this.tell(); },
      hint: (text) => { this.drawingHint = text; this.tell(); }, tool: () => this.bar?.update(), viewed: () => this.bar?.update(),
    }, this.signal);
    this.bar = toolbar(this.editor);
    this.band = band(this.editor, api("p", this.project, "masking", "preview"), this.found, this.signal);
  }

  get dirty() { return this.editor.bits.version !== this.saved; }
  get entry() { return this.found.masks.find((one) => one.name === this.name) ?? null; }
  get names() { return this.found.masks.map((one) => one.name); }

  first() { return (this.found.masks.find((one) => one.active) ?? this.found.masks[0])?.name ?? "mask"; }

  build() {
    const { editor } = this;
    this.places = { notes: h("div.mask-notes", {}), list: h("div", {}), status: h("p.mask-status", {}),
      state: h("p.mask-state", { role: "status" }), actions: h("div.mask-actions", {}), use: h("p.hint", {}) };
    fill(this.main, h("h1.unseen", {}, `Masks of ${this.project}`), this.places.notes, h("div.mask-editor", {},
      h("div.mask-work", {}, this.bar.element, h("div.stage-frame", {}, editor.stage.element, this.bar.zooms),
        h("div.mask-foot", {}, this.places.status, looks(editor.stage))),
      h("aside.mask-side", { "aria-label": "Masks" },
        h("section.panel", {}, h("h2", {}, "Masks"), this.places.list, this.places.state, this.places.use, this.places.actions),
        words(editor, this.project, this.found, () => this.name, this.signal), this.band.element, numbers(editor))));
    editor.stage.measure();
    this.showNotes();
  }

  /** Show a mask of the project, or begin one of that name. */
  async open(name) {
    const there = this.found.masks.find((one) => one.name === name);
    const bits = new Bits(...this.found.size);
    let read = { sha256: null, notes: [], problem: null };
    if (there?.sha256) {
      read = await get(api("p", this.project, "masks", name), { signal: this.signal });
      if (read.png) bits.combine((await fromPng(read.png)).data, "replace");
    }
    this.put(name, read.sha256, bits);
    this.saved = bits.version;
    this.state = "";
    this.notes = read.notes;
    this.refresh();
  }

  put(name, basedOn, bits) {
    Object.assign(this, { name, basedOn });
    this.editor.put(bits);
    this.setQuery({ name });
    this.band.refresh();
  }

  /** What was left here unsaved. */
  takeUp({ name, basedOn, bits }) {
    this.put(name, basedOn, bits);
    this.saved = -1;
    this.refresh();
    say(`“${name}” is as you left it, and not saved yet.`);
  }

  refresh() { this.showList(); this.showActions(); this.showNotes(); this.bar.update(); this.tell(); }

  async mayLeave() {
    return !this.dirty
      || ask({ title: "Leave without saving?", words: `What you drew in “${this.name}” is not saved.`,
        yes: "Discard it", danger: true });
  }

  async choose(name) {
    if (name === this.name || !await this.mayLeave()) return;
    await this.open(name);
  }

  async begin() {
    if (!await this.mayLeave()) return;
    askName({ title: "A new mask",
      words: "Letters, digits, _ and -. “mask” is in play by itself; others when they are named.",
      value: freeName(this.names), taken: this.names, yes: "Draw it",
      done: (name) => this.open(name).catch(sayTrouble) });
  }

  /** Write the mask; `basedOn` is the file that it may replace. */
  async save(name = this.name, basedOn = this.basedOn) {
    if (this.editor.bits.count === 0) {
      say("The mask is empty: nothing could be edited.",
        "Draw what may be edited. To do away with the mask, remove it.");
      return false;
    }
    const { version } = this.editor.bits;
    this.state = "saving …";
    this.tell();
    try {
      const told = await post(api("p", this.project, "masks", name), { png: await toPng(this.editor.bits), based_on: basedOn });
      Object.assign(this, { name, basedOn: told.mask.sha256, saved: version, state: "" });
      this.take(told.mask, told.run);
      const next = ending(name, this.found) || (told.mask.backup ? `The one before it is kept: ${told.mask.backup}` : "");
      say(`Saved: ${told.mask.file}`, [inPlay(told.mask, this.found), next].filter(Boolean).join(" "));
      return true;
    } catch (error) {
      this.state = "could not be saved";
      this.tell();
      if (!error.isConflict) throw error;
      this.conflict(error, name);
      return false;
    }
  }

  /** The list as it is after a write. */
  take(mask, run) {
    const others = this.found.masks.filter((one) => one.name !== mask.name);
    const at = this.names.indexOf(mask.name);
    others.splice(at < 0 ? others.length : at, 0, mask);
    Object.assign(this.found, { masks: others, run });
    this.setQuery({ name: this.name });
    this.refresh();
  }

  /** Somebody else has written: theirs, or mine over it. */
  conflict(error, name) {
    const { sha256 } = error.current;
    const [width, height] = this.found.size;
    const theirs = `${pictures.mask(this.project, name)}?${sha256}`;
    const load = async () => { close(); await this.reload(); await this.open(name); };
    const mine = async () => { close(); await this.save(name, sha256); };
    const { close } = openDialog({
      title: "Changed somewhere else",
      body: [h("p", {}, error.message),
        sha256 ? picture(theirs, `“${name}” as it is in the file`, { ratio: width / height }) : null,
        h("p.hint", {}, "Whatever is written over is kept in input/masks/replaced/. What you drew is not in any file yet.")],
      actions: [
        button("Go on drawing", { run: () => close() }),
        sha256 ? button("Take theirs, drop mine", { kind: "danger", run: load }) : null,
        button(sha256 ? "Save mine over it" : "Save mine again", { kind: "primary", run: mine }),
      ].filter(Boolean),
    });
  }

  async reload() { Object.assign(this.found, await get(api("p", this.project, "masks"), { signal: this.signal })); }

  rename() {
    const { name, basedOn } = this;
    askName({
      title: `Rename “${name}”`, words: "The new one is saved, the old one is kept in input/masks/replaced/.",
      value: name, taken: this.names, yes: "Rename",
      done: async (next) => {
        try {
          if (!basedOn) { Object.assign(this, { name: next }); this.setQuery({ name: next }); this.refresh(); return; }
          if (!await this.save(next, null)) return;
          const told = await post(api("p", this.project, "masks", name, "remove"), { based_on: basedOn });
          await this.reload();
          this.refresh();
          say(`“${name}” is “${next}” now.`, told.note ?? "");
        } catch (error) { sayTrouble(error); }
      },
    });
  }

  async remove() {
    const { name, basedOn } = this;
    if (!await ask({ title: `Remove “${name}”?`,
      words: "It is kept in input/masks/replaced/, where it is no mask any more.", yes: "Remove", danger: true }))
      return;
    if (basedOn) {
      const told = await post(api("p", this.project, "masks", name, "remove"), { based_on: basedOn });
      say(`Removed. It is kept: ${told.backup}`, told.note ?? "");
    }
    await this.reload();
    await this.open(this.first());
  }

  async revert() {
    if (await ask({ title: "Back to what is saved?", words: "What you drew since then is lost.", yes: "Discard it",
      danger: true }))
      await this.open(this.name);
  }

  showList() {
    const shown = JSON.stringify([this.found.masks, this.name, this.dirty]);
    if (shown === this.shown) return; // the small pictures are not to be drawn anew with every stroke
    this.shown = shown;
    fill(this.places.list, list(this.found.masks, this.name, this.dirty, (name) => this.choose(name).catch(sayTrouble)));
  }

  showActions() {
    this.revertButton = button("Revert", { run: () => this.revert() });
    fill(this.places.actions, button("Save", { kind: "primary", key: "Ctrl+S", run: () => this.save() }),
      button("New", { icon: "plus", run: () => this.begin() }),
      button("Rename", { run: () => this.rename() }), this.revertButton,
      this.entry ? button("Remove", { kind: "danger", icon: "remove", run: () => this.remove() }) : null);
  }

  /** What is to be known of the masks, the run that has them, and the one in the editor. */
  showNotes() {
    const { found, entry } = this;
    const noted = [found.problem,
      found.enabled ? null : "AIGen.yaml says masking.enabled: false: no mask counts now.", ending(this.name, found),
      entry?.problem, ...(this.notes ?? [])];
    fill(this.places.notes, noted.filter(Boolean).map((one) => h("p.mask-note", {}, one)));
    fill(this.places.use, usedSo(entry, found));
  }

  tell() {
    if (!this.revertButton) return;
    const { bits } = this.editor, [width, height] = this.found.size;
    const at = this.where && this.where.x >= 0 && this.where.y >= 0 && this.where.x < width && this.where.y < height
      ? ` · ${Math.floor(this.where.x)}, ${Math.floor(this.where.y)}`
      : "";
    fill(this.places.status, h("span", {}, `${width} × ${height} px · ${percent(bits.share)} may be edited${at}`),
      h("span.hint", {}, this.drawingHint || HOW));
    const state = this.state || (this.dirty ? "changes not saved yet" : this.basedOn ? "saved" : "nothing drawn yet");
    if (this.places.state.textContent !== `${this.name}: ${state}`) this.places.state.textContent = `${this.name}: ${state}`;
    this.revertButton.hidden = !(this.dirty && this.basedOn);
    this.showList();
    this.bar.update();
  }
}
