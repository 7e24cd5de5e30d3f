// One picture of the ranking: its place, what the judge and the person say, and the buttons that move it.

import { fill, h } from "../../dom.js";
import { score } from "../../format.js";
import { iconButton } from "../buttons.js";
import { icon } from "../icons.js";
import { dots, flags, marksInWords } from "../marks.js";
import { picture } from "../picture.js";

const MOVES = [["top", "first", "to the top"], ["up", "up", "up"], ["down", "down", "down"], ["bottom", "last", "to the bottom"]];

export function card(line, { choose, act, look }) {
  const place = h("span.place");
  const words = h("span.words");
  const face = h("button.face", { type: "button", onclick: () => choose(line.n), onfocus: () => choose(line.n) },
    picture(line.thumb, "", { ratio: 0 }), words);
  const moves = MOVES.map(([kind, drawing, said]) => iconButton(`Move iteration ${line.n} ${said}`, drawing,
    { class: `small move-${kind}`, run: () => { choose(line.n); act(kind, line.n); } }));
  const into = iconButton(`Rank iteration ${line.n}`, "plus", { class: "small", run: () => { choose(line.n); act("in", line.n); } });
  const out = iconButton(`Take iteration ${line.n} out of the ranking`, "close",
    { class: "small", run: () => { choose(line.n); act("out", line.n); } });
  const large = iconButton(`Look at iteration ${line.n}`, "zoom", { class: "small look", run: () => { choose(line.n); look(); } });
  const made = h("li.rank-card", { dataset: { n: String(line.n) } },
    h("span.grip", { title: "Drag", "aria-hidden": "true" }, icon("grip")), place, face,
    h("span.moves", {}, large, moves, out, into));
  made.face = face;

  made.draw = ({ place: at, of, chosen, note }) => {
    place.textContent = at === null ? "" : String(at);
    made.classList.toggle("chosen", chosen);
    made.classList.toggle("is-rejected", Boolean(line.rejected));
    face.setAttribute("aria-pressed", String(chosen));
    face.tabIndex = chosen ? 0 : -1; // one of them is in the tab order; arrows go from one to the next
    for (const button of [...moves, out]) { button.hidden = at === null; button.tabIndex = chosen ? 0 : -1; }
    large.tabIndex = chosen ? 0 : -1;
    into.hidden = at !== null;
    into.tabIndex = chosen ? 0 : -1;
    moves[0].disabled = moves[1].disabled = at === 1;
    moves[2].disabled = moves[3].disabled = at === of;
    fill(words,
      h("span.name", {}, h("b", {}, `Iteration ${line.n}`), h("span.score", {}, score(line.score)),
        line.accepted ? h("span.chip", {}, "accepted") : null),
      h("span.signs", {}, dots(line.verdicts), flags(line, { note: false })), h("span.unseen", {}, marksInWords(line)),
      note ? h("span.note", {}, icon("note"), h("span", {}, note)) : null,
      h("span.unseen", {}, at === null ? "not ranked" : `place ${at} of ${of}`));
  };
  return made;
}
