// What a person says of the picture that is looked at: stars, favourite, rejected, a note.
//
// judging(shown, {notes: true}) -> an element with `.keys`; `shown` is the run page's Shown or parts/opinions.js.
// notes: false where the page has a field for the note itself.

import { fill, h } from "../dom.js";
import { iconButton, toggle } from "./buttons.js";
import { sayNotSaved } from "./said.js";
import { rating, starKeys } from "./stars.js";
import { openNote } from "./notes.js";

export function judging(shown, { notes = true } = {}) {
  const stars = rating(0, (value) => rate({ stars: value }), { label: "Your rating of this picture" });
  const favourite = toggle("Favourite", false, (yes) => rate(marked("favourite", yes)),
    { icon: "favourite", class: "favourite", title: "Favourite (f)", "aria-keyshortcuts": "f" });
  const rejected = toggle("Reject", false, (yes) => rate(marked("rejected", yes)),
    { icon: "rejected", class: "rejected", title: "Reject (x)", "aria-keyshortcuts": "x" });
  const write = iconButton("Write a note", "note", { key: "n", kind: "", run: () => openNote(shown) });
  const note = h("p.note-text");
  const bar = h("section.judging", { "aria-label": "What you say of it" },
    h("div.row", {}, stars, favourite, rejected, notes ? write : null), notes ? note : null);

  /** Favourite and rejected take each other back. */
  function marked(which, yes) {
    const other = which === "favourite" ? "rejected" : "favourite";
    return yes && shown.line?.[other] ? { [which]: true, [other]: false } : { [which]: yes };
  }

  /** Shown at once, saved behind it, and taken back where that fails. */
  async function rate(changes) {
    const n = shown.n;
    const line = shown.lines.get(n);
    if (!line) return;
    const before = Object.fromEntries(Object.keys(changes).map((key) => [key, line[key]]));
    shown.change(n, changes);
    try {
      await shown.write("ratings", { iteration: n, ...changes });
    } catch (error) {
      shown.change(n, before);
      sayNotSaved(error);
    }
  }

  function draw() {
    const { line } = shown;
    bar.hidden = !line;
    if (!line) return;
    stars.set(line.stars ?? 0);
    favourite.set(Boolean(line.favourite));
    rejected.set(Boolean(line.rejected));
    note.hidden = !line.note;
    fill(note, line.note);
  }

  shown.on("chosen", draw);
  shown.on("run", draw);
  shown.on("line", (n) => { if (n === shown.n) draw(); });
  draw();
  bar.keys = [
    ...starKeys((value) => rate({ stars: value })),
    { keys: ["f"], group: "Judging", words: "favourite", run: () => favourite.click() },
    { keys: ["x"], group: "Judging", words: "reject", run: () => rejected.click() },
    ...(notes ? [{ keys: ["n"], group: "Judging", words: "write a note", run: () => { if (shown.line) openNote(shown); } }] : []),
  ];
  return bar;
}
