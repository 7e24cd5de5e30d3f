// Pictures that take each other's place without a flicker: the new one is decoded before the old one goes.
//
// layer() -> an element; `.show(address, words)` puts a picture in and answers when it is there (or another one was
// asked for meanwhile). It fills the original's frame, so that the same place is the same place in every picture.
// ahead([addresses]) fetches and decodes what may be wanted next.

import { fill, h } from "../../dom.js";
import { icon } from "../icons.js";

const KEPT = 16; // pictures in reach; a megapixel takes 4 MB once decoded
const NEARLY = 0.02; // shapes that differ by less are the same picture, rounded to a multiple of 8 pixels
const near = new Map(); // address -> image, the newest last

export function layer(frame) {
  const world = h("div.world");
  const made = h("div.layer", {}, world);
  let wanted = null;
  made.world = world;
  made.show = async (address, words) => {
    if (wanted === address && world.firstChild?.alt === words) return;
    wanted = address;
    const image = h("img", { alt: words, draggable: "false" });
    image.src = address;
    const read = await image.decode().then(() => true, () => image.complete && image.naturalWidth > 0);
    if (wanted !== address) return;
    image.classList.toggle("other-shape", read && !sameShape(image, frame));
    fill(world, read ? image : h("p.no-picture", {}, icon("picture"), `${words} cannot be shown`));
  };
  return made;
}

export function sameShape(image, frame) {
  const here = image.naturalWidth / image.naturalHeight;
  return Math.abs(here / (frame.width / frame.height) - 1) < NEARLY;
}

/** A decoded image of an address; null where it cannot be read. */
export async function decoded(address) {
  const image = near.get(address) ?? new Image();
  near.delete(address);
  near.set(address, image);
  if (!image.src) image.src = address;
  if (near.size > KEPT) near.delete(near.keys().next().value);
  return image.decode().then(() => image, () => null);
}

export function ahead(addresses) { for (const address of addresses) if (address) decoded(address); }
