// A difference between two texts, as the server gives it: [{kind: "same" | "added" | "removed", text}, …].
//
// words(pieces)    running text with <ins> and <del>; lines(pieces) the same as a block, one line each

import { h } from "../dom.js";

const TAGS = { added: "ins", removed: "del", same: "span" };

export function words(pieces) {
  if (!pieces?.length) return h("p.diff.hint", {}, "(empty)");
  return h("p.diff", {}, pieces.map((one, at) => [at ? " " : null, h(TAGS[one.kind] ?? "span", {}, one.text)]));
}

export function lines(pieces) {
  return h("pre.diff", {}, pieces.map((one) => h(TAGS[one.kind] ?? "span", {},
    `${{ added: "+ ", removed: "- " }[one.kind] ?? "  "}${one.text}\n`)));
}
