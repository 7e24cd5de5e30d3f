// The mask over the picture, for one part of the stage: what is drawn, what growing adds, and the feather band.
//
// A device pixel shows the mask's pixel that lies under its middle, so that what is seen is what is there, and the
// cost is that of the stage and not of the picture. Lines stand where the mask ends (solid, on a dark casing, to be
// seen on any picture), where it ends after growing, and where the band ends: from there on every pixel stays.

export const GROWN = [64, 224, 255];
export const FEATHER = [255, 92, 205];
const CASING = colour([0, 0, 0], 0.6);
const LOST = colour([0, 0, 0], 0.4); // drawn, and shrunk away

/** A colour as it stands in the memory of an ImageData (R, G, B, A as bytes, the lowest first). */
function colour([red, green, blue], opacity) {
  return ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export const fromHex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

/** What each pixel gets, by (drawn: 0 or 1) * 256 + weight. `known`: "none", "old" (drawn since) or "new". */
export function palette(tint, opacity, known) {
  const found = new Uint32Array(512);
  found.fill(colour(tint, opacity), 256);
  if (known === "none") return found;
  for (let weight = 1; weight < 255; weight += 1) found[weight] = colour(FEATHER, opacity * (0.25 + (0.75 * weight) / 255));
  found[255] = colour(GROWN, opacity);
  if (known === "new") for (let weight = 0; weight < 255; weight += 1) found[256 + weight] = weight ? found[weight] : LOST;
  return found;
}

// What is sampled of a pixel, in bits: drawn, may change at all, may change wholly.
const DRAWN = 1, ANY = 2, WHOLE = 4;

/** Part of the stage (x, y, width, height, in device pixels) as an ImageData.
 * `shown`: {bits, weights (0-255 a pixel, or null), known, palette, tint, thick}. */
export function paint(view, part, shown) {
  const { thick } = shown, { width, height } = part;
  const wide = width + 2 * thick, high = height + 2 * thick, over = thick * wide;
  const kinds = new Uint8Array(wide * high);
  const weight = shown.known === "none" ? null : new Uint8Array(wide * high);
  sample(view, { ...part, wide, high, thick }, shown, kinds, weight);
  const made = new ImageData(width, height);
  const pixels = new Uint32Array(made.data.buffer);
  const lines = { solid: colour(shown.tint, 1), grown: colour(GROWN, 1), feather: colour(FEATHER, 1), banded: shown.known === "new" };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0, at = (y + thick) * wide + thick, to = y * width; x < width; x += 1, at += 1, to += 1) {
      const kind = kinds[at], left = kinds[at - thick], right = kinds[at + thick], above = kinds[at - over], below = kinds[at + over];
      const edge = (kind ^ left) | (kind ^ right) | (kind ^ above) | (kind ^ below);
      if (!edge && !kind) continue; // most of a picture
      pixels[to] = (edge && line(kind, edge, lines)) || shown.palette[((kind & DRAWN) << 8) | (weight ? weight[at] : 0)];
    }
  }
  return made;
}

/** The line that goes through a device pixel of this kind, 0 for none; `edge`: in what a neighbour differs. */
function line(kind, edge, { solid, grown, feather, banded }) {
  if (edge & DRAWN) return kind & DRAWN ? solid : CASING;
  if (!banded) return 0;
  if (edge & ANY && kind & ANY) return feather;
  return edge & WHOLE && kind & WHOLE && !(kind & DRAWN) ? grown : 0;
}

function sample(view, { x, y, wide, high, thick }, { bits, weights }, kinds, weight) {
  const columns = new Int32Array(wide);
  for (let at = 0; at < wide; at += 1) columns[at] = Math.floor((x - thick + at + 0.5 - view.x) / view.scale);
  const first = columns.findIndex((column) => column >= 0);
  const end = columns.findLastIndex((column) => column < bits.width) + 1;
  for (let at = 0; at < high && first >= 0; at += 1) {
    const row = Math.floor((y - thick + at + 0.5 - view.y) / view.scale);
    if (row < 0 || row >= bits.height) continue;
    const base = row * bits.width, to = at * wide;
    for (let across = first; across < end; across += 1) kinds[to + across] = bits.data[base + columns[across]];
    for (let across = first; weight && across < end; across += 1) {
      const found = weights[base + columns[across]];
      weight[to + across] = found;
      if (found) kinds[to + across] |= found === 255 ? ANY | WHOLE : ANY;
    }
  }
}
