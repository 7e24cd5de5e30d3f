// A note on one iteration. Saved only over the note that was shown: somebody else's is never lost unseen.

import { fill, h } from "../dom.js";
import { button } from "./buttons.js";
import { openDialog } from "./dialog.js";
import { field, textArea } from "./forms.js";
import { say } from "./said.js";

export function openNote(shown) {
  const n = shown.n;
  let based = shown.lines.get(n).note ?? "";
  const area = textArea({ value: based, rows: 6, maxlength: "20000", autofocus: true });
  const whole = field(`Note on iteration ${n}`, area, { hint: "Kept in human/ranking.json. Ctrl+Enter saves." });
  const conflict = h("div");
  const { dialog, close } = openDialog({
    title: "Note", body: [whole, conflict],
    actions: [button("Cancel", { run: () => close() }), button("Save", { kind: "primary", run: save })],
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save().catch((error) => whole.fail(error.message));
  });
  area.focus();

  async function save() {
    whole.fail("");
    try {
      const written = await shown.write("notes", { iteration: n, note: area.value, based_on_note: based });
      shown.change(n, { note: written.note ?? area.value });
      if (dialog.open) close();
      say("The note was saved.");
    } catch (error) {
      if (error.isConflict) notice(error); else whole.fail([error.message, error.hint].filter(Boolean).join(" "));
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
