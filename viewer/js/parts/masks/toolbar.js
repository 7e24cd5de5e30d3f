// The tools above the stage: which one is in hand, what it does, undo and redo, and how near one looks.

import { h } from "../../dom.js";
import { button, iconButton, toggle } from "../buttons.js";

const NS = "http://www.w3.org/2000/svg";
const TOOLS = [
  ["brush", "Brush", "b", "M9.4 8.2l4-5.2-5.2 4M9.6 8.4a2.6 2.6 0 0 1-2 3.6c-1.6.4-2.4 1.2-4.8 1.2 1-1 .9-2 1.2-3a2.8 2.8 0 0 1 4-2.2z"],
  ["eraser", "Eraser", "e", "M6 13L2.6 9.6 9 3.2l4 4L7.2 13zM5.6 6.6l4 4M6 13h7.4"],
  ["box", "Box", "r", "M2.8 4.2h10.4v7.6H2.8z"],
  ["polygon", "Polygon", "p", "M3 6.2l5.4-3.6 4.8 4.2-2 6.2-6.4-.6z"],
  ["fill", "Fill an area", "g",
    "M7.4 2.6L2.6 7.4l4.6 4.6 5-5zM7.4 2.6L6 1.4M13.4 9.6c.8 1.2 1.2 1.9 1.2 2.5a1.2 1.2 0 0 1-2.4 0c0-.6.4-1.3 1.2-2.5z"],
];

function drawing(path) {
  const svg = document.createElementNS(NS, "svg");
  for (const [name, value] of [["viewBox", "0 0 16 16"], ["class", "icon"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const line = document.createElementNS(NS, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** The toolbar of an editor, and what stands in the corner of its stage: {element, zooms, update(), bindings}. */
export function toolbar(editor) {
  const chosen = new Map(TOOLS.map(([name, words, key, path]) => [name, h("button.button.only-icon", {
    type: "button", "aria-label": words, title: `${words} (${key})`, "aria-keyshortcuts": key,
    "aria-pressed": "false", onclick: () => editor.choose(name),
  }, drawing(path))]));
  const size = h("input", { type: "range", min: "0", max: "100", step: "1", "aria-label": "Brush size",
    title: "Brush size ([ and ])", oninput: () => editor.setSize(1000 ** (size.value / 100)) });
  const told = h("output.size", {});
  const taking = toggle("Take away", false, (on) => { editor.taking = on; },
    { title: "Box, polygon and fill take away instead of adding (x); Shift turns it round" });
  const undo = iconButton("Undo", "undo", { key: "Ctrl+Z", run: () => { editor.undo(); } });
  const redo = iconButton("Redo", "redo", { key: "Shift+Ctrl+Z", run: () => { editor.redo(); } });
  const zoomed = h("output.zoomed", {});
  const element = h("div.mask-tools", { role: "toolbar", "aria-label": "Tools" },
    h("div.group", {}, [...chosen.values()]), h("div.group", {}, undo, redo),
    h("div.group", {}, size, told), taking,
    h("div.group", {}, button("Clear", { run: () => editor.change("clear", () => editor.bits.all(0)) }),
      button("Fill all", { run: () => editor.change("fill all", () => editor.bits.all(1)) }),
      button("Invert", { key: "i", run: () => editor.change("invert", () => editor.bits.invert()) })));
  const zooms = h("div.mask-zoom", { role: "group", "aria-label": "How near" },
    iconButton("Look from further away", "minus", { key: "-", run: () => editor.zoom(1 / 1.25) }), zoomed,
    iconButton("Look nearer", "plus", { key: "+", run: () => editor.zoom(1.25) }),
    button("Fit", { kind: "quiet", key: "0", run: () => editor.zoom("fit") }),
    button("100 %", { kind: "quiet", key: "z", run: () => editor.zoom("whole") }));
  const take = () => { editor.taking = !editor.taking; taking.set(editor.taking); };
  const update = () => {
    for (const [name, one] of chosen) one.setAttribute("aria-pressed", String(name === editor.tool));
    if (document.activeElement !== size) size.value = String((100 * Math.log(editor.size)) / Math.log(1000));
    size.setAttribute("aria-valuetext", `${editor.size} pixels`);
    told.textContent = `${editor.size} px`;
    size.disabled = !["brush", "eraser"].includes(editor.tool);
    taking.disabled = !size.disabled;
    undo.disabled = !editor.history.canUndo;
    redo.disabled = !editor.history.canRedo;
    zoomed.textContent = `${Math.round((100 * editor.view.scale) / editor.view.ratio)} %`;
  };
  return { element, zooms, update, bindings: bindings(editor, take) };
}

function bindings(editor, take) {
  const group = "Drawing", look = "Looking";
  const unless = (name, run) => () => editor.key(name) || run();
  return [
    ...TOOLS.map(([name, words, key]) => ({ keys: [key], words: words.toLowerCase(), group, run: () => editor.choose(name) })),
    { keys: ["["], words: "smaller brush (or the wheel with Shift)", group, run: () => editor.resize(-1) },
    { keys: ["]"], words: "larger brush", group, run: () => editor.resize(1) },
    { keys: ["x"], words: "box, polygon and fill take away, or add", group, run: take },
    { keys: ["i"], words: "turn the mask round", group, run: () => editor.change("invert", () => editor.bits.invert()) },
    { keys: ["Enter"], words: "close the polygon", group, run: unless("Enter", () => false) },
    { keys: ["Backspace"], words: "take the polygon's last corner back", group, run: unless("Backspace", () => false) },
    { keys: ["Escape"], words: "leave the polygon or box", group, run: unless("Escape", () => false) },
    { keys: ["Ctrl+Z"], words: "undo", group, run: () => false },
    { keys: ["Shift+Ctrl+Z", "Ctrl+Y"], words: "redo", group, run: () => false },
    { keys: ["Ctrl+S"], words: "save the mask", group, run: () => false },
    { keys: ["+", "="], words: "nearer", group: look, run: () => editor.zoom(1.25) },
    { keys: ["-"], words: "further away", group: look, run: () => editor.zoom(1 / 1.25) },
    { keys: ["0"], words: "the whole picture", group: look, run: () => editor.zoom("fit") },
    { keys: ["z"], words: "100 %: a pixel is a pixel", group: look, run: () => editor.zoom("whole") },
    ...[["ArrowLeft", 60, 0], ["ArrowRight", -60, 0], ["ArrowUp", 0, 60], ["ArrowDown", 0, -60]].map(([key, x, y]) => ({
      keys: [key], words: "move the picture (or drag with the space bar held)", group: look,
      run: () => (document.activeElement === editor.stage.element ? editor.pan(x, y) : false),
    })),
  ];
}

/** Undo, redo and save, which keys.js leaves to the browser because of Ctrl. */
export function listenToCtrl(editor, save, signal) {
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    const typing = event.target.matches?.("textarea, select, input:not([type=range], [type=checkbox], [type=radio], [type=color])");
    if (key === "s") { event.preventDefault(); save(); return; }
    if (typing || !["z", "y"].includes(key)) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) editor.redo(); else editor.undo();
  }, { signal });
}

