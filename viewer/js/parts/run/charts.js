// Score, similarity, denoise and cfg over the iterations, and the same as a table.

import { fill, h } from "../../dom.js";
import * as say from "../../format.js";
import { chart } from "../chart.js";
import { table } from "../table.js";

const COLUMNS = [["score", "Score", say.score], ["similarity", "Similarity", say.share],
  ["denoise", "Denoise", say.share], ["cfg", "cfg", say.score]];

export function chartsTab(shown) {
  const common = { numbers: shown.numbers, chosen: () => shown.n, choose: (n) => shown.choose(n) };
  const series = (key, words, token, scale) => ({ words, values: column(shown, key), token, scale });
  const charts = [
    [["score"], chart({ ...common, title: "Score", range: [0, 105], series: [series("score", "score", "--accent")] })],
    [["similarity"], chart({ ...common, title: "Similarity to the original", range: [0, 1.05],
      series: [series("similarity", "similarity", "--passed")] })],
    [["denoise", "cfg"], chart({ ...common, title: "Denoise and cfg", range: [0, 1.05], second: { range: [0, 21] },
      series: [series("denoise", "denoise (left)", "--accent"), series("cfg", "cfg (right)", "--unclear", "y2")] })],
  ];
  const numbers = h("details.numbers", { ontoggle: () => drawTable() }, h("summary", {}, "As a table"), h("div"));
  const part = h("div", {}, h("p.hint", {}, "A click on a chart shows that iteration."),
    h("div.charts", {}, charts.map(([, one]) => one)), numbers);

  function drawTable() {
    if (!numbers.open) return;
    fill(numbers.lastChild, table("Iterations in numbers", ["Iteration", ...COLUMNS.map(([, words]) => words)],
      shown.numbers.map((n) => [String(n), ...COLUMNS.map(([key, , words]) => words(shown.lines.get(n)[key]))]),
      { numeric: [1, 2, 3, 4], quiet: true }));
  }
  shown.on("run", () => {
    for (const [keys, one] of charts) one.update(shown.numbers, keys.map((key) => column(shown, key)));
    drawTable();
  });
  shown.on("chosen", () => charts.forEach(([, one]) => one.mark()));
  shown.signal.addEventListener("abort", () => charts.forEach(([, one]) => one.end()));
  return part;
}

const column = (shown, key) => shown.numbers.map((n) => shown.lines.get(n)[key] ?? null);
