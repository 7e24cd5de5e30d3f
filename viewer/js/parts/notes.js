// A note on one iteration. Saved only over the note that was shown: somebody else's is never lost unseen. What was typed
// when the dialog is closed otherwise than by Cancel waits for the next time.

import { fill, h } from "../dom.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { field, textArea } from "./forms.js";
import { say } from "./said.js";

const drafts = new Map(); // by address of the run and iteration: {text, based}

export function openNote(shown, n = shown.n) {
  const key = `${shown.address}/${n}`;
  const draft = drafts.get(key);
  let based = draft?.based ?? shown.lines.get(n).note ?? "";
  let done = false;
  const area = textArea({ value: draft?.text ?? based, rows: 6, maxlength: "20000", autofocus: true });
  const whole = field(`Note on iteration ${n}`, area, { hint: "Kept in human/ranking.json. Ctrl+Enter saves." });
  const conflict = h("div");
  const { dialog, close } = openDialog({
    title: "Note", body: [whole, conflict], onClose: keep,
    actions: [button("Cancel", { run: () => { done = true; close(); } }), button("Save", { kind: "primary", run: save })],
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save().catch((error) => whole.fail(`Not saved. ${error.message}`));
  });
  area.focus();

  function keep() {
    drafts.delete(key);
    if (done || area.value === based) return;
    drafts.set(key, { text: area.value, based });
    say("The note is not saved.", "What you typed waits here until you open it again.",
      { action: { words: "Go on writing", run: () => openNote(shown, n) } });
  }

  async function save() {
    whole.fail("");
    try {
      const written = await shown.write("notes", { iteration: n, note: area.value, based_on_note: based });
      shown.change(n, { note: written.note ?? area.value });
      done = true;
      drafts.delete(key);
      if (dialog.open) close();
      say("The note was saved.");
    } catch (error) {
      if (error.isConflict) notice(error); else whole.fail(["Not saved.", error.message, error.hint].filter(Boolean).join(" "));
    }
  }

  /** Both are shown; saving again writes mine over what was just shown, and nothing else. */
  function notice(error) {
    const theirs = error.current?.note ?? "";
    based = theirs;
    shown.change(n, { note: theirs });
    fill(conflict, h("div.trouble", { role: "alert" }, h("div", {}, h("p.words", {}, error.message),
      h("p", {}, theirs ? "It now reads:" : "It is now empty."), theirs ? h("blockquote", {}, theirs) : null,
      h("p.hint", {}, "Save writes yours in its place."),
      button("Take theirs", { run: () => { area.value = theirs; area.focus(); } }))));
  }
}
