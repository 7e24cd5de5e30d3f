// A picture in a box that keeps its place: nothing on the page moves when it arrives.
//
// picture(address, "Iteration 3", {ratio: 3 / 2, lazy: true, fit: "contain" | "cover"}) -> <figure.picture>
//     Without an address, or when the picture cannot be read, a drawing and words stand in its place.
//     Its `.show(address, alt)` puts another one in; the old one stays until the new one is there.

import { fill, h } from "../dom.js";
import { icon } from "./icons.js";

export function picture(address, alt, { ratio = 1, lazy = true, fit = "contain", missing = "no picture" } = {}) {
  const box = h(`figure.picture.${fit}`, { style: ratio ? { "aspect-ratio": String(ratio) } : {} });
  box.show = (next, words = alt) => put(box, next, words, { lazy, missing });
  box.show(address, alt);
  return box;
}

function put(box, address, alt, { lazy, missing }) {
  if (!address) { gone(box, missing); return; }
  const shown = box.querySelector("img");
  if (shown?.getAttribute("src") === address) { shown.alt = alt; return; }
  const image = h("img", { alt, decoding: "async", loading: lazy ? "lazy" : null, draggable: "false" });
  image.addEventListener("error", () => { if (image.isConnected) gone(box, "cannot be shown"); });
  image.src = address;
  if (!shown || lazy) { fill(box, image); return; }
  box.wanted = image; // the newest wins when several are on their way
  image.decode().catch(() => {}).then(() => { if (box.wanted === image) fill(box, image); });
}

function gone(box, words) {
  box.wanted = null;
  fill(box, h("span.no-picture", {}, icon("picture"), h("span", {}, words)));
}
