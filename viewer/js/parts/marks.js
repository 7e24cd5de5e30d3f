// What is said of an iteration in small: the same look on every page.
//
// dots(verdicts)          one dot for each criterion, each verdict of its own shape
// flags(line, {note})     favourite, rejected, a note, stars
// marksInWords(line)      the same for those who cannot see them: both above are drawings only
// cell({...})             what stands in a cell of a strip of pictures

import { h } from "../dom.js";
import { score } from "../format.js";
import { icon } from "./icons.js";
import { starsShown } from "./stars.js";
import { verdictWord } from "./verdict.js";

const KINDS = ["passed", "failed", "unclear"];

export function dots(verdicts) {
  const all = Object.entries(verdicts ?? {});
  return h("span.dots",
    { "aria-hidden": "true",
      title: all.map(([field, verdict]) => `${field}: ${verdictWord(verdict)}`).join("\n") || null },
    all.map(([, verdict]) => h(`i.dot.${KINDS.includes(verdict) ? verdict : "plain"}`)));
}

export function flags(line, { note = true } = {}) {
  return h("span.flags", { "aria-hidden": "true" }, line.favourite ? sign("favourite", "favourite", true) : null,
    line.rejected ? sign("rejected", "rejected") : null, note && line.note ? sign("note", "has a note") : null, starsShown(line.stars));
}

const sign = (drawing, words, solid = false) => h(`span.sign.${drawing}`, { title: words }, icon(drawing, { solid }));

export function marksInWords(line) {
  const all = Object.values(line.verdicts ?? {});
  const passed = all.filter((verdict) => verdict === "passed").length;
  return [all.length ? `${passed} of ${all.length} passed` : "", line.favourite ? "favourite" : "", line.rejected ? "rejected" : "",
    line.stars ? `${line.stars} ${line.stars === 1 ? "star" : "stars"}` : "", line.note ? "has a note" : ""].filter(Boolean).join(", ");
}

/** `line` is null for what is no iteration; `shape` is width by height; `more` is read out at the end. */
export function cell({ line, thumb, words, shape, best = false, more = "" }) {
  const failed = Boolean(line?.failure);
  return [
    h("span.thumb", { style: { "aspect-ratio": String(shape || 1) } },
      thumb && !failed
        ? h("img", { src: thumb, alt: "", loading: "lazy", decoding: "async", draggable: "false" })
        : h("span.no-picture", {}, icon(failed ? "failed" : "picture")),
      line ? flags(line) : null),
    h("span.line", {}, h("b", {}, words), best ? h("span.best", { title: "the best so far" }, "best") : null,
      line ? h("span.score", {}, failed ? "failed" : [h("span.unseen", {}, ", score "), score(line.score)]) : null),
    h("span.unseen", {}, ["", line ? marksInWords(line) : "", more].filter((part, at) => !at || part).join(", ")),
    line ? dots(line.verdicts) : null,
  ];
}
