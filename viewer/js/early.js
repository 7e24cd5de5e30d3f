// Before anything is drawn. A classic script, for modules run only after the page is parsed.

// The colours a person chose, so that the page does not flash in the other ones.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* no storage to be had: the system's colours */ }

// What the run's page asks for first, asked for before the modules are on their way; js/api.js takes it, once.
const isRun = /^\/p\/[^/]+\/r\/[^/]+$/.test(location.pathname);
window.askedEarly = new Map();
if (isRun) {
  const path = `/api${location.pathname}`;
  const reply = fetch(path, { credentials: "same-origin", headers: { Accept: "application/json" } });
  reply.catch(() => {}); // whoever takes it hears of it
  window.askedEarly.set(path, reply);
}

// Modules name the modules they need, which a browser learns only once it has them: six journeys one after the other.
// Named here they come at once. A test holds these lists against what the modules import.
const EVERY_PAGE = `
  dom keys parts/buttons parts/dialog parts/frame parts/help parts/icons parts/said parts/states parts/theme
`;
const RUN_PAGE = `
  api format pages/run parts/badge parts/chart parts/diff parts/forms parts/judging parts/marks parts/met
  parts/notes parts/run/changes parts/run/charts parts/run/criteria parts/run/events parts/run/exports
  parts/run/head parts/run/live parts/run/numbers parts/run/pending parts/run/stage parts/run/state parts/run/strip
  parts/run/zooming parts/stars parts/stream parts/table parts/tabs parts/verdict
`;
const root = document.currentScript.src.slice(0, -"js/early.js".length);
for (const name of (EVERY_PAGE + (isRun ? RUN_PAGE : "")).trim().split(/\s+/)) {
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.href = `${root}js/${name}.js`;
  document.head.append(link);
}
