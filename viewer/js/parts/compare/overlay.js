// A mask laid over a picture: what may be edited as a tint, or its edge as a line.
//
// overlay(frame) -> a layer; `.show(address, "tint" | "outline")` draws it, `.show(null)` takes it away.

import { fill, h } from "../../dom.js";
import { decoded } from "./layers.js";

const WHITE = 128; // of 255: from here on a place may be edited
const TINT = [64, 120, 255, 110]; // red, green, blue, opacity
const DARK = [0, 0, 0, 200];
const LIGHT = [255, 255, 255, 255];

export function overlay(frame) {
  const world = h("div.world");
  const made = h("div.layer.mask-overlay", { "aria-hidden": "true" }, world);
  let wanted = "";
  made.world = world;
  made.show = async (address, how) => {
    const ask = address ? `${how} ${address}` : "";
    if (ask === wanted) return;
    wanted = ask;
    const image = address ? await decoded(address) : null;
    if (ask === wanted) fill(world, image ? paint(image, frame, how) : null);
  };
  return made;
}

function paint(image, frame, how) {
  const canvas = h("canvas", { width: frame.width, height: frame.height });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.drawImage(image, 0, 0, frame.width, frame.height);
  const content = brush.getImageData(0, 0, frame.width, frame.height);
  const inside = new Uint8Array(frame.width * frame.height);
  for (let at = 0; at < inside.length; at += 1) inside[at] = content.data[4 * at] >= WHITE ? 1 : 0;
  const mark = how === "outline" ? outline(inside, frame) : (at) => (inside[at] ? TINT : null);
  content.data.fill(0);
  for (let at = 0; at < inside.length; at += 1) {
    const colour = mark(at);
    if (colour) content.data.set(colour, 4 * at);
  }
  brush.putImageData(content, 0, 0);
  return canvas;
}

/** A light line with a dark one beside it: seen on any picture. As wide as the picture is large. */
function outline(inside, { width, height }) {
  const wide = Math.max(1, Math.round(Math.max(width, height) / 500));
  return (at) => {
    const x = at % width, y = (at - x) / width;
    for (let by = wide; by > 0; by -= 1) {
      const other = (dx, dy) => {
        const u = x + dx * by, v = y + dy * by;
        return u >= 0 && v >= 0 && u < width && v < height && inside[v * width + u] !== inside[at];
      };
      if (other(1, 0) || other(-1, 0) || other(0, 1) || other(0, -1)) return inside[at] ? LIGHT : DARK;
    }
    return null;
  };
}
