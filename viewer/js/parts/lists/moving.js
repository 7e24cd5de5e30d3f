// Moving through a list by keys. The item that one is at is the one whose link has the focus, so Enter opens it.
//
// const stop = moving(list, {what: "run", search, columns: 1})   arrows and j/k move, "/" goes to the search.
//     With columns: true it is a grid: left and right move by one, up and down by a row.

import { bind } from "../../keys.js";

export function moving(list, { what, search, grid = false }) {
  const links = () => [...list.children].map((item) => item.querySelector("a[href]")).filter(Boolean);

  function move(by) {
    const all = links();
    if (!all.length) return false;
    const at = all.findIndex((link) => link === document.activeElement || link.closest("[data-key]").contains(document.activeElement));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    next.focus();
    next.closest("[data-key]").scrollIntoView({ block: "nearest" });
    return true;
  }

  function row() {
    const tops = [...list.children].map((item) => item.offsetTop);
    return grid ? Math.max(1, tops.filter((top) => top === tops[0]).length) : 1;
  }

  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && move(1)) event.preventDefault();
    if (event.key === "Escape" && search.value) { search.value = ""; search.dispatchEvent(new Event("input")); event.preventDefault(); }
  });
  return bind([
    { keys: ["ArrowDown"], group: "Moving", words: grid ? "a row down" : `the next ${what}`, run: () => move(row()) },
    { keys: ["ArrowUp"], group: "Moving", words: grid ? "a row up" : `the ${what} before`, run: () => move(-row()) },
    { keys: grid ? ["j", "ArrowRight"] : ["j"], group: "Moving", words: `the next ${what}`, run: () => move(1) },
    { keys: grid ? ["k", "ArrowLeft"] : ["k"], group: "Moving", words: `the ${what} before`, run: () => move(-1) },
    { keys: ["/"], group: "Moving", words: "search", run: () => { search.focus(); search.select(); } },
  ]);
}
