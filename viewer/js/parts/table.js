// Tables that scroll by themselves when they are wider than the page.
//
// table("Parameters", ["name", "before", "after"], rows, {quiet: true})   rows: arrays of texts or nodes;
//     the caption is read out and, unless quiet, seen; {numeric: [1, 2]} sets those columns to the right.
// pairs([["denoise", "0.5"], …])     a list of names and values

import { h } from "../dom.js";

export function table(caption, heads, rows, { quiet = false, numeric = [] } = {}) {
  const side = (at) => (numeric.includes(at) ? "number" : null);
  return h("div.table", { tabindex: "0", role: "group", "aria-label": caption }, h("table", {},
    h(quiet ? "caption.unseen" : "caption", {}, caption),
    h("thead", {}, h("tr", {}, heads.map((head, at) => h("th", { scope: "col", class: side(at) }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, at) => (at
      ? h("td", { class: side(at) }, cell)
      : h("th", { scope: "row", class: side(at) }, cell))))))));
}

export const pairs = (list) => h("dl.pairs", {}, list.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
