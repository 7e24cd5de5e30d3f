// What can be downloaded of a run, in a menu that is filled when it is first opened.

import { api, get } from "../../api.js";
import { fill, h } from "../../dom.js";
import { icon } from "../icons.js";
import { loading, trouble } from "../states.js";

export function exportsMenu(shown) {
  const list = h("div.menu-list");
  const menu = h("details.menu", { ontoggle: () => { if (menu.open) open(); }, onkeydown: escape },
    h("summary.button", {}, icon("download"), h("span", {}, "Export")), list);
  let asked = false;

  async function open() {
    if (asked) return;
    asked = true;
    fill(list, loading());
    try {
      const { exports } = await get(`${api("p", shown.place.project, "exports")}?run=${encodeURIComponent(shown.place.run)}`,
        { signal: shown.signal });
      fill(list, exports.length ? h("ul", {}, exports.map(entry)) : h("p.hint", {}, "Nothing to download yet."));
    } catch (error) {
      asked = false;
      if (error.name !== "AbortError") fill(list, trouble(error));
    }
  }
  function escape(event) {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  addEventListener("pointerdown", (event) => { if (menu.open && !menu.contains(event.target)) menu.open = false; },
    { signal: shown.signal });
  return menu;
}

/** Only addresses of this viewer are linked. */
function entry({ address, words }) {
  return h("li", {}, String(address).startsWith("/") && !String(address).startsWith("//")
    ? h("a", { href: address, download: "" }, words)
    : words);
}
