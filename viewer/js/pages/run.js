// A run: its pictures in a strip, one of them large, what was judged and why, and what it took. Live while it goes on.

import { api, get } from "../api.js";
import { fill, h } from "../dom.js";
import { bind } from "../keys.js";
import { changesTab } from "../parts/run/changes.js";
import { chartsTab } from "../parts/run/charts.js";
import { criteriaList } from "../parts/run/criteria.js";
import { eventsTab, logTab } from "../parts/run/events.js";
import { runHead } from "../parts/run/head.js";
import { judging } from "../parts/judging.js";
import { liveBar } from "../parts/run/live.js";
import { answersTab, repliesTab, settingsTab } from "../parts/run/numbers.js";
import { stage } from "../parts/run/stage.js";
import { Shown } from "../parts/run/state.js";
import { filmStrip } from "../parts/run/strip.js";
import { announce, say, sayTrouble } from "../parts/said.js";
import { empty, trouble } from "../parts/states.js";
import { listen } from "../parts/stream.js";
import { tabs } from "../parts/tabs.js";

// After these the files of the run say something new.
const TELLING = ["run_started", "settings_edited", "iteration_planned", "generation_queued", "generation_done",
  "iteration_committed", "iteration_failed", "run_held", "run_resumed", "run_paused", "run_finished"];
const OF_THE_RUN = ["charts", "events", "log"];
const NAMES = ["changes", "answers", "settings", "replies", ...OF_THE_RUN];

export async function show({ main, place, query, go, setQuery, title, signal }) {
  const run = await get(api("p", place.project, "r", place.run), { signal });
  const shown = new Shown({ place, run, signal, setQuery });
  title(place.run, place.project);
  start(shown, query);
  lay(main, shown, query, setQuery);
  keys(shown, main, go);
  const stop = follow(shown);
  shown.on("trouble", sayTrouble);
  return stop;
}

/** Which picture first: as the address says; the newest while the run goes on; else the best. */
function start(shown, query) {
  const asked = query.has("i") ? Number(query.get("i")) : null;
  const known = shown.stops.includes(asked);
  shown.follow = shown.unfinished && (query.has("follow") ? query.get("follow") === "1" : !known);
  shown.choose(shown.follow ? shown.last : known ? asked : shown.run.best_iteration ?? shown.last, { byPerson: false });
  if (asked !== null && !known) say(`This run has no iteration ${query.get("i")}.`, "Another one is shown.");
}

function lay(main, shown, query, setQuery) {
  const picture = stage(shown, { query, setQuery });
  const judge = judging(shown);
  const about = aboutTabs(shown, NAMES.includes(query.get("tab")) ? query.get("tab") : NAMES[0], setQuery);
  const body = h("div.run-body");
  fill(main, h("article.run", {}, runHead(shown), problems(shown.run), liveBar(shown), body));
  shown.keys = [...picture.keys, ...judge.keys];
  const parts = [h("section.strip-part", { "aria-label": "Film strip" }, filmStrip(shown)),
    h("div.run-columns", {}, h("div.run-left", {}, picture, judge), criteriaList(shown), about)];

  let drawn = null;
  function draw() {
    const wanted = shown.numbers.length || shown.run.in_flight ? "pictures" : shown.unfinished ? "waiting" : "nothing";
    if (wanted === drawn) return;
    fill(body, wanted === "pictures" ? parts : withoutPictures(shown, picture));
    if (wanted === "pictures") parts[1].firstChild.prepend(picture);
    drawn = wanted;
  }
  shown.on("run", draw);
  draw();
}

/** Before the first one; and what happened to a run that ended without any. */
function withoutPictures(shown, picture) {
  const soon = ["No picture yet", "The first one appears here when it is made."];
  if (shown.unfinished) return shown.run.input?.full ? [h("p.hint", {}, soon.join(". ")), picture] : empty(...soon);
  const happened = tabs("What happened", [
    { name: "events", words: "Events", make: () => eventsTab(shown) },
    { name: "log", words: "Log", make: () => logTab(shown) },
  ], "events");
  happened.classList.add("panel");
  return [empty("This run made no picture", "Its events and its log say how far it came."), happened];
}

function problems({ problems: found }) {
  if (!found?.length) return null;
  return trouble({
    message: found.length === 1 ? "Something of this run cannot be read." : "Some of this run cannot be read.",
    problems: found.map((one) => (typeof one === "string" ? { message: one } : one)),
  });
}

function aboutTabs(shown, chosen, setQuery) {
  const about = tabs("About this iteration and the run", [
    { name: "changes", words: "What changed", make: () => changesTab(shown) },
    { name: "answers", words: "Answers", make: () => answersTab(shown) },
    { name: "settings", words: "Settings and files", make: () => settingsTab(shown) },
    { name: "replies", words: "Raw replies", make: () => repliesTab(shown) },
    { name: "charts", words: "Charts", make: () => chartsTab(shown) },
    { name: "events", words: "Events", make: () => eventsTab(shown) },
    { name: "log", words: "Log", make: () => logTab(shown) },
  ], chosen, (name) => setQuery({ tab: name === NAMES[0] ? null : name }));
  about.classList.add("panel");
  // The panels of an iteration wait until it is known in full: one drawing instead of two.
  shown.on("full", () => about.refresh(OF_THE_RUN));
  return about;
}

function keys(shown, main, go) {
  const at = `/p/${encodeURIComponent(shown.place.project)}/r/${shown.place.run}`;
  const step = (by) => () => { shown.step(by); told(shown); };
  const to = (which) => () => { const n = which(); if (n !== null && n !== undefined) { shown.choose(n); told(shown); } };
  bind([
    { keys: ["ArrowLeft"], group: "Iterations", words: "the one before", run: step(-1) },
    { keys: ["ArrowRight"], group: "Iterations", words: "the next one", run: step(1) },
    { keys: ["Home"], group: "Iterations", words: "the first", run: to(() => shown.stops[0]) },
    { keys: ["End"], group: "Iterations", words: "the newest", run: to(() => shown.last) },
    { keys: ["b"], group: "Iterations", words: "the best", run: to(() => shown.run.best_iteration) },
    { keys: ["c"], group: "Elsewhere", words: "compare", run: () => go(`${at}/compare${shown.line ? `?a=input&b=${shown.n}` : ""}`) },
    { keys: ["r"], group: "Elsewhere", words: "rank", run: () => go(`${at}/rank`) },
    ...shown.keys,
  ]);
}

function told({ n, line, pendingWords }) {
  if (n !== null) announce(`Iteration ${n}, ${!line ? pendingWords : line.failure ? "failed" : `score ${line.score}`}`);
}

/** Listen while there is something to hear; an ended run is looked at again when the tab is. */
function follow(shown) {
  let stop = null;
  const heard = (event) => {
    shown.tell("event", event);
    if (event.type === "request_done" && event.usage) shown.spent(event.usage);
    if (TELLING.includes(event.type)) shown.reload();
  };
  function start() {
    if (stop || !shown.unfinished) return;
    stop = listen({ address: shown.address, after: shown.run.last_event ?? 0, signal: shown.signal, onEvent: heard,
      onState: (state) => shown.stands(state), onWay: (way) => shown.tell("way", way) });
  }
  shown.on("run", () => { if (shown.unfinished) start(); else { stop?.(); stop = null; } });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !shown.unfinished) shown.reload(); },
    { signal: shown.signal });
  start();
  return () => stop?.();
}
