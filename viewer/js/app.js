// The router: an address names a page, a page is a module below pages/ with `show(context)`.
//
// show({main, place, query, go, setQuery, title, signal}) fills `main` and may return a function to call when the
// page is left. `place` has project, run; `query` is a URLSearchParams; `go(address)` moves on;
// `setQuery({i: 3})` changes the address without a new page (null takes a key out); `signal` is aborted on leaving.

import { fill, h } from "./dom.js";
import { listed, listenOnlyTo } from "./keys.js";
import { linkButton } from "./parts/buttons.js";
import { frame } from "./parts/frame.js";
import { sayTrouble } from "./parts/said.js";
import { empty, loading, trouble } from "./parts/states.js";

const PAGES = [
  [/^\/$/, "projects", []],
  [/^\/p\/([^/]+)$/, "runs", ["project"]],
  [/^\/p\/([^/]+)\/r\/([^/]+)$/, "run", ["project", "run"]],
  [/^\/p\/([^/]+)\/r\/([^/]+)\/compare$/, "compare", ["project", "run"]],
  [/^\/p\/([^/]+)\/r\/([^/]+)\/rank$/, "rank", ["project", "run"]],
  [/^\/p\/([^/]+)\/rules$/, "rules", ["project"]],
  [/^\/p\/([^/]+)\/masks$/, "masks", ["project"]],
];

const everywhere = listed(); // the keys of the frame; a page's own end with it
let leave = () => {};

async function show() {
  leave();
  listenOnlyTo(everywhere);
  const controller = new AbortController();
  let stop = () => {};
  leave = () => { controller.abort(); stop(); };
  const found = PAGES.map(([pattern, page, names]) => [location.pathname.match(pattern), page, names]).find(([match]) => match);
  const main = document.getElementById("main");
  const place = found && placeOf(found);
  if (!place) { notFound(main); return; }
  const page = found[1];
  frame({ page, place });
  document.body.dataset.page = page;
  fill(main, loading());
  try {
    const { show: open } = await import(`./pages/${page}.js`);
    if (controller.signal.aborted) return;
    const left = await open({ main, place, query: new URLSearchParams(location.search), go, setQuery, title, signal: controller.signal });
    if (typeof left === "function") { if (controller.signal.aborted) left(); else stop = left; }
  } catch (error) {
    if (error.name === "AbortError" || controller.signal.aborted) return;
    fill(main, h("h1.unseen", {}, "Trouble"), trouble(error, { again: show, ways: error.status === 404 ? waysOn(place) : [] }));
    if (!error.code) throw error;
  }
}

/** What the address names, null where it is no address of ours. */
function placeOf([match, , names]) {
  try { return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1])])); } catch { return null; }
}

/** From what is not there to what is. */
function waysOn({ project, run }) {
  const runs = run ? linkButton(`All runs of ${project}`, `/p/${encodeURIComponent(project)}`) : null;
  return [runs, linkButton("All projects", "/")];
}

function notFound(main) {
  frame({ page: "", place: {} });
  title("Not found");
  document.body.dataset.page = "";
  fill(main, h("h1.unseen", {}, "Not found"),
    empty("There is no such page.", "The address may be mistyped, or from another version.", waysOn({})));
}

function go(address) {
  if (address === location.pathname + location.search) return;
  history.pushState(null, "", address);
  scrollTo(0, 0);
  show();
  document.getElementById("main").focus({ preventScroll: true }); // so that the next Tab starts on the new page
}

function setQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(key); else query.set(key, value);
  }
  const text = query.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
}

function title(...parts) { document.title = [...parts, "Iterative Imagination"].filter(Boolean).join(" · "); }

addEventListener("popstate", show);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash) { // a place on this page: the address stays, for it names the page's state
    event.preventDefault();
    document.getElementById(link.hash.slice(1))?.focus();
    return;
  }
  if (!/^\/($|p\/)/.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
addEventListener("unhandledrejection", (event) => { if (event.reason?.code) { event.preventDefault(); sayTrouble(event.reason); } });

show();
