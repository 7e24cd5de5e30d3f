// How two pictures differ: each channel's distance, pixel by pixel, in the original's frame.
//
// difference(frame) -> a layer with a canvas; `.show(addressA, addressB)` answers {mean, share, most}: the mean
// distance of all channels (0-255), the share of pixels that differ visibly, the largest distance. `.amplify(n)`
// makes small distances brighter; the numbers stay.

import { fill, h } from "../../dom.js";
import { decoded, sameShape } from "./layers.js";

const VISIBLE = 4; // of 255: less is what saving as JPEG, or decoding and encoding again, does
const LARGEST = 16e6; // pixels; more takes too long, so it is looked at smaller

export function difference(frame) {
  const canvas = h("canvas", { role: "img", "aria-label": "Difference" });
  const world = h("div.world", {}, canvas);
  const made = h("div.layer.difference", {}, world);
  let asked = 0;
  made.world = world;
  made.amplify = (times) => { canvas.style.setProperty("filter", `brightness(${times})`); };
  made.show = async (a, b) => {
    const ask = (asked += 1);
    const both = await Promise.all([decoded(a), decoded(b)]);
    if (ask !== asked) return null;
    if (both.includes(null)) { fill(world, h("p.no-picture", {}, "One of the pictures cannot be shown.")); return null; }
    if (!canvas.isConnected) fill(world, canvas);
    return drawn(canvas, both.map((image) => pixels(image, frame)));
  };
  return made;
}

function pixels(image, frame) {
  const smaller = Math.min(1, Math.sqrt(LARGEST / (frame.width * frame.height)));
  const width = Math.max(1, Math.round(frame.width * smaller));
  const height = Math.max(1, Math.round(frame.height * smaller));
  const brush = h("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  const scale = sameShape(image, frame) ? null : Math.min(width / image.naturalWidth, height / image.naturalHeight);
  const [w, h_] = scale ? [image.naturalWidth * scale, image.naturalHeight * scale] : [width, height];
  brush.drawImage(image, (width - w) / 2, (height - h_) / 2, w, h_);
  return brush.getImageData(0, 0, width, height);
}

function drawn(canvas, [a, b]) {
  const out = new ImageData(a.width, a.height);
  let sum = 0, differing = 0, most = 0;
  for (let at = 0; at < out.data.length; at += 4) {
    let largest = 0;
    for (let channel = at; channel < at + 3; channel += 1) {
      const distance = Math.abs(a.data[channel] - b.data[channel]);
      out.data[channel] = distance;
      sum += distance;
      if (distance > largest) largest = distance;
    }
    out.data[at + 3] = 255;
    if (largest > VISIBLE) differing += 1;
    if (largest > most) most = largest;
  }
  canvas.width = a.width;
  canvas.height = a.height;
  canvas.getContext("2d").putImageData(out, 0, 0);
  const count = a.width * a.height;
  return { mean: sum / (3 * count), share: differing / count, most };
}
