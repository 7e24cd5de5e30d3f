// A small chart over iterations, drawn by uPlot in the colours of style.css.
//
// const made = chart({title, numbers: [1, 2, …], series: [{words, values, token: "--passed", scale: "y"}], range: [0, 100],
//                     second: {range: [1, 20]}, chosen: () => n, choose: (n) => …})
//     A click chooses an iteration; `.update(numbers, [values, …])` and `.mark()` draw it again; it follows the width of its
//     box and the theme. `.end()` gives everything back. A canvas says nothing to a screen reader: put a table beside it.

import { fill, h } from "../dom.js";
import { colour, onTheme } from "./theme.js";

const HEIGHT = 190;
const FEW = 60; // points; more of them are a line alone

// Fetched when the first chart is looked at: the pictures come sooner without it.
let uPlot = null;
const plotter = async () => { uPlot ??= (await import("../../vendor/uplot/uPlot.esm.js")).default; };

export function chart(options) {
  const box = h("div.chart-box", { "aria-hidden": "true" });
  const whole = h("figure.chart", {}, h("figcaption", {}, options.title), legend(options.series), box);
  let data = [options.numbers, ...options.series.map((one) => one.values)];
  let plot = null;
  let over = false;

  function draw() {
    const width = box.clientWidth;
    if (width && !uPlot) { plotter().then(() => { if (!over && !plot) draw(); }); return; }
    plot?.destroy();
    fill(box);
    plot = width && data[0].length ? new uPlot(settings(options, width), data, box) : null;
    if (!plot) return;
    plot.over.addEventListener("click", () => { if (plot.cursor.idx !== null) options.choose(data[0][plot.cursor.idx]); });
  }
  const seen = new ResizeObserver(() => {
    const width = box.clientWidth;
    if (!width) return;
    if (plot) { if (plot.width !== width) plot.setSize({ width, height: HEIGHT }); } else draw();
  });
  seen.observe(box);
  const quiet = onTheme(draw);

  whole.update = (numbers, values) => { data = [numbers, ...values]; if (plot) plot.setData(data); else draw(); };
  whole.mark = () => plot?.redraw(false);
  whole.end = () => { over = true; seen.disconnect(); quiet(); plot?.destroy(); };
  return whole;
}

/** One line needs none: the title says what it is. */
const legend = (series) => (series.length < 2 ? null : h("p.chart-legend", {}, series.map((one, at) => {
  const key = h(`i.key${at ? ".dashed" : ""}`);
  key.style.setProperty("color", `var(${one.token})`);
  return h("span", {}, key, one.words);
})));

function settings({ series, range, second, chosen }, width) {
  const [ink, line] = [colour("--muted"), colour("--line")];
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", size: 40 };
  const axes = [{ ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100],
    values: (_, all) => all.map((n) => (Number.isInteger(n) ? String(n) : "")) },
    { ...axis, scale: "y" }];
  if (second) axes.push({ ...axis, scale: "y2", side: 1, grid: { show: false } });
  return {
    width, height: HEIGHT, legend: { show: false }, axes,
    scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] }, y: { range },
      ...(second ? { y2: { range: second.range } } : {}) },
    series: [{}, ...series.map((one, at) => ({
      label: one.words, scale: one.scale ?? "y", stroke: colour(one.token), width: 2, spanGaps: true, dash: at ? [6, 4] : undefined,
      points: { show: (plot) => plot.data[0].length <= FEW, size: 6, fill: colour("--panel") },
    }))],
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 } },
    hooks: { draw: [(plot) => mark(plot, chosen(), colour("--accent"))] },
  };
}

/** A line where the chosen iteration is. */
function mark(plot, n, stroke) {
  if (n === null || n === undefined) return;
  const x = plot.valToPos(n, "x", true);
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
