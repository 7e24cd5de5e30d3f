// The chosen picture, large enough to judge: stars, favourite, rejected, a note, and whether each criterion is met.
//
// detail({place, run, lines, labels, noted, rated}) -> an element; `.show(n, note)`, `.told(n, marks)` of what was said
// elsewhere, `.keys`. noted(n, text) while a
// note is typed, rated(n) after stars and the like were changed.

import { api } from "../../api.js";
import { fill, h } from "../../dom.js";
import { linkButton } from "../buttons.js";
import { field, textArea } from "../forms.js";
import { judging } from "../judging.js";
import { opinions } from "../opinions.js";
import { picture } from "../picture.js";
import { verdictsTable } from "./verdicts.js";

const LONGEST = "20000"; // characters of a note, as the server has it

export function detail({ place, run, lines, labels, noted, rated }) {
  const mine = opinions({ address: api("p", place.project, "r", place.run), lines, changed: rated });
  const shape = run.input?.width ? run.input.width / run.input.height : 1.5;
  const large = picture(null, "", { ratio: shape, lazy: false });
  const name = h("h2");
  const judge = judging(mine, { notes: false });
  const compare = linkButton("Compare", "", { icon: "compare", title: "Beside the original (c)" });
  const whole = linkButton("100 %", "", { icon: "zoom", title: "At 100 %, beside the original (z)" });
  const note = textArea({ rows: 2, maxlength: LONGEST, placeholder: "What you like of it, or miss",
    oninput: () => noted(mine.n, note.value), onkeydown: (event) => { if (event.key === "Escape") leave(); } });
  const verdicts = h("div");
  const made = h("section.panel.rank-detail", { "aria-label": "The chosen picture" },
    h("div.row.head", {}, name, h("div.row", {}, whole, compare)), large,
    judge, field("Your note", note), verdicts);

  let cameFrom = null;
  const leave = () => { if (cameFrom?.isConnected) cameFrom.focus({ preventScroll: true }); else note.blur(); };
  note.addEventListener("focus", (event) => { cameFrom = event.relatedTarget; });

  made.show = (n, text) => {
    const line = lines.get(n);
    if (n !== mine.n) {
      mine.choose(n);
      name.textContent = `Iteration ${n}`;
      large.show(line.full, `Iteration ${n}`);
      const beside = `/p/${encodeURIComponent(place.project)}/r/${place.run}/compare?a=input&b=${n}`;
      compare.setAttribute("href", beside);
      whole.setAttribute("href", `${beside}&zoom=1`);
      fill(verdicts, verdictsTable({ write: mine.write, line, criteria: run.criteria, labels }));
    }
    if (note.value !== (text ?? "")) note.value = text ?? "";
  };

  made.told = (n, marks) => {
    if (Object.entries(marks).some(([key, value]) => lines.get(n)[key] !== value)) mine.change(n, marks);
  };

  made.keys = [
    ...judge.keys,
    { keys: ["n"], group: "Judging", words: "write a note", run: () => note.focus() },
    { keys: ["c"], group: "Judging", words: "compare with the original", run: () => compare.click() },
    { keys: ["z"], group: "Judging", words: "compare with the original at 100 %", run: () => whole.click() },
  ];
  return made;
}
