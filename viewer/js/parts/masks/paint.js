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

/** Part of the stage (x, y, width, height, in device pixels) as an ImageData.
 * `shown`: {bits, weights (0-255 a pixel, or null), known, palette, tint, thick}. */
export function paint(view, part, shown) {
  const { thick } = shown;
  const wide = part.width + 2 * thick, high = part.height + 2 * thick;
  const drawn = new Uint8Array(wide * high), weight = new Uint8Array(wide * high);
  sample(view, { ...part, wide, high, thick }, shown, drawn, weight);
  const made = new ImageData(part.width, part.height);
  const pixels = new Uint32Array(made.data.buffer);
  const lines = { solid: colour(shown.tint, 1), grown: colour(GROWN, 1), feather: colour(FEATHER, 1) };
  const banded = shown.known === "new";
  for (let y = 0; y < part.height; y += 1) {
    for (let x = 0, at = (y + thick) * wide + thick; x < part.width; x += 1, at += 1) {
      pixels[y * part.width + x] = line(drawn, weight, at, thick, thick * wide, banded, lines) || shown.palette[(drawn[at] << 8) | weight[at]];
    }
  }
  return made;
}

/** The line that goes through a device pixel, 0 for none. `aside` and `over`: how far its neighbours lie away. */
function line(drawn, weight, at, aside, over, banded, lines) {
  const here = drawn[at], left = at - aside, right = at + aside, above = at - over, below = at + over;
  if (drawn[left] !== here || drawn[right] !== here || drawn[above] !== here || drawn[below] !== here) return here ? lines.solid : CASING;
  if (!banded) return 0;
  const own = weight[at];
  if (own === 0) return 0;
  if (!(weight[left] && weight[right] && weight[above] && weight[below])) return lines.feather;
  if (own === 255 && !here && Math.min(weight[left], weight[right], weight[above], weight[below]) < 255) return lines.grown;
  return 0;
}

function sample(view, { x, y, wide, high, thick }, { bits, weights, known }, drawn, weight) {
  const columns = new Int32Array(wide);
  for (let at = 0; at < wide; at += 1) {
    const column = Math.floor((x - thick + at + 0.5 - view.x) / view.scale);
    columns[at] = column >= 0 && column < bits.width ? column : -1;
  }
  for (let at = 0; at < high; at += 1) {
    const row = Math.floor((y - thick + at + 0.5 - view.y) / view.scale);
    if (row < 0 || row >= bits.height) continue;
    const base = row * bits.width, to = at * wide;
    for (let across = 0; across < wide; across += 1) {
      if (columns[across] < 0) continue;
      drawn[to + across] = bits.data[base + columns[across]];
      if (known !== "none") weight[to + across] = weights[base + columns[across]];
    }
  }
}
