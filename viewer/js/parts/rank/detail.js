// The chosen picture, large enough to judge: stars, favourite, rejected, a note, and yes or no to each criterion.
//
// detail({place, run, lines, labels, noted, rated}) -> an element; `.show(n, note)`, `.keys`. noted(n, text) while a
// note is typed, rated(n) after stars and the like were changed.

import { api, post } from "../../api.js";
import { fill, h } from "../../dom.js";
import { linkButton, toggle } from "../buttons.js";
import { field, textArea } from "../forms.js";
import { picture } from "../picture.js";
import { sayTrouble } from "../said.js";
import { rating, starKeys } from "../stars.js";
import { verdictsTable } from "./verdicts.js";

const LONGEST = "20000"; // characters of a note, as the server has it

export function detail({ place, run, lines, labels, noted, rated }) {
  const address = api("p", place.project, "r", place.run);
  const shape = run.input?.width ? run.input.width / run.input.height : 1.5;
  const large = picture(null, "", { ratio: shape, lazy: false });
  const name = h("h2");
  const stars = rating(0, (value) => rate({ stars: value }), { label: "Your rating" });
  const favourite = toggle("Favourite", false, (on) => rate({ favourite: on }), { icon: "favourite", title: "Favourite (f)", class: "small" });
  const rejected = toggle("Reject", false, (on) => rate({ rejected: on }), { icon: "rejected", title: "Reject (x)", class: "small" });
  const compare = linkButton("Compare", "", { icon: "compare", title: "Beside the original (c)" });
  const note = textArea({ rows: 3, maxlength: LONGEST, placeholder: "What you like of it, or miss", oninput: () => noted(now, note.value) });
  const verdicts = h("div");
  const made = h("section.panel.rank-detail", { "aria-label": "The chosen picture" }, h("div.row.head", {}, name, compare), large,
    h("div.row", {}, stars, favourite, rejected), field("Your note", note), verdicts);
  let now = null;

  made.show = (n, text) => {
    const line = lines.get(n);
    if (n !== now) {
      now = n;
      name.textContent = `Iteration ${n}`;
      large.show(line.full, `Iteration ${n}`);
      compare.setAttribute("href", `/p/${encodeURIComponent(place.project)}/r/${place.run}/compare?a=input&b=${n}`);
      fill(verdicts, verdictsTable({ address, line, criteria: run.criteria, labels }));
    }
    if (note.value !== (text ?? "")) note.value = text ?? "";
    stars.set(line.stars ?? 0);
    favourite.set(Boolean(line.favourite));
    rejected.set(Boolean(line.rejected));
  };

  /** Shown at once, saved behind it, and taken back where that fails. */
  async function rate(changes) {
    const line = lines.get(now);
    const before = Object.fromEntries(Object.keys(changes).map((key) => [key, line[key]]));
    Object.assign(line, changes);
    rated(line.n);
    try {
      await post(`${address}/ratings`, { iteration: line.n, ...changes });
    } catch (error) {
      Object.assign(line, before);
      rated(line.n);
      sayTrouble(error);
    }
  }

  made.keys = [
    ...starKeys((value) => { rate({ stars: value }); }),
    { keys: ["f"], group: "Judging", words: "favourite", run: () => favourite.click() },
    { keys: ["x"], group: "Judging", words: "reject", run: () => rejected.click() },
    { keys: ["n"], group: "Judging", words: "write a note", run: () => note.focus() },
    { keys: ["c"], group: "Judging", words: "compare with the original", run: () => compare.click() },
  ];
  return made;
}
