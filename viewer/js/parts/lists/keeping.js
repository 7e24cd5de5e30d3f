// Putting new data into a list without disturbing whoever reads it: what did not change stays the same element, and
// the keyboard's place stays where it was.
//
// const update = keeper(listElement, (item) => item.run_id, (item) => element)
// update(items)

import { ago } from "../../format.js";
import { h } from "../../dom.js";

export function keeper(list, keyOf, make) {
  let known = new Map();
  return (items) => {
    const place = placeIn(list);
    const next = new Map();
    for (const item of items) {
      const key = keyOf(item);
      const said = JSON.stringify(item);
      const old = known.get(key);
      next.set(key, old?.said === said ? old : { said, element: make(item) });
      next.get(key).element.dataset.key = key;
    }
    arrange(list, [...next.values()].map((one) => one.element));
    known = next;
    returnTo(list, place);
    retime(list);
  };
}

/** Only what is in another place is moved: moving an element takes the focus from it. */
function arrange(list, elements) {
  const wanted = new Set(elements);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, at) => { if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null); });
}

function placeIn(list) {
  const active = document.activeElement;
  if (!list.contains(active)) return null;
  const item = active.closest("[data-key]");
  return { active, key: item?.dataset.key, at: [...list.children].indexOf(item) };
}

function returnTo(list, place) {
  if (!place || document.activeElement === place.active) return;
  const same = [...list.children].find((one) => one.dataset.key === place.key);
  const item = same ?? list.children[Math.min(Math.max(place.at, 0), list.children.length - 1)];
  item?.querySelector("a[href]")?.focus({ preventScroll: true });
}

/** A time that says how long ago it is; `retime` brings those below an element up to date. */
export function timeAgo(iso) {
  return iso ? h("time", { datetime: iso, title: new Date(iso).toLocaleString() }, ago(iso)) : h("span", {}, ago(iso));
}

export function retime(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const words = ago(time.dateTime);
    if (time.textContent !== words) time.textContent = words;
  }
}
