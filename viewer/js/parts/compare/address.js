// What the address of the page says of what is compared, read and written.

import { MODES, masksToChoose } from "./toolbar.js";
import { FITTED, MOST } from "./viewport.js";

const SHOWN = 40; // characters of what an address says wrongly

/** What the address asks for; what it does not say is as one would like to begin, and so is what it says wrongly: of
 * that `wrong` has a sentence each. */
export function begin(query, run, byKey) {
  const wrong = [];
  const best = String(run.best_iteration ?? "");
  const masks = masksToChoose(run.masks ?? []).map(([name]) => name);
  const asked = (name, isThere, otherwise, words) => {
    const value = query.get(name);
    if (value !== null && isThere(value)) return value;
    if (value !== null) wrong.push(words(`“${value.slice(0, SHOWN)}”`));
    return otherwise;
  };
  const picture = (name, otherwise) => asked(name, (key) => byKey.has(key), otherwise,
    (value) => `This run has no picture ${value}: ${name.toUpperCase()} is ${byKey.get(otherwise).short}.`);
  const number = (name, low, high, otherwise) => Number(asked(name,
    (value) => value.trim() !== "" && Number(value) >= low && Number(value) <= high, otherwise ?? NaN,
    (value) => `${value} cannot be for ${name}.`));
  const zoom = number("zoom", 0.01, MOST, null);
  const state = {
    a: picture("a", "input"), b: picture("b", byKey.has(best) ? best : [...byKey.keys()].at(-1)),
    mode: asked("mode", (value) => MODES.some(([mode]) => mode === value), "slider", (value) => `There is no mode ${value}.`),
    view: { zoom: Number.isNaN(zoom) ? null : zoom, x: number("x", 0, 1, FITTED.x), y: number("y", 0, 1, FITTED.y) },
    split: number("split", 0, 100, 50), amplify: Math.round(number("amplify", 1, 16, 4)),
    mask: asked("mask", (value) => masks.includes(value), null, (value) => `This run has no mask ${value}.`) || null, flipped: false,
  };
  return { state, wrong };
}

/** The same for the address; null is what need not be said. */
export function inAddress({ a, b, mode, view, split, amplify, mask }) {
  const short = (value, usual, digits = 4) => (value === usual || value === null ? null : String(Number(value.toFixed(digits))));
  return {
    a, b, mode, mask, zoom: short(view.zoom, null), x: view.zoom === null ? null : short(view.x, 0.5, 6),
    y: view.zoom === null ? null : short(view.y, 0.5, 6),
    split: mode === "slider" ? short(split, 50, 1) : null, amplify: mode === "difference" ? String(amplify) : null,
  };
}
