// Ranking by hand: the pictures of a run, best first, with notes and a person's own verdicts.

import { api, get } from "../api.js";
import { fill, h } from "../dom.js";
import { runName, score } from "../format.js";
import { bind } from "../keys.js";
import { ask } from "../parts/dialog.js";
import { growing } from "../parts/growing.js";
import { askBeforeLeaving } from "../parts/leaving.js";
import { board as makeBoard } from "../parts/rank/board.js";
import { detail } from "../parts/rank/detail.js";
import { keeper as makeKeeper } from "../parts/rank/keeping.js";
import { nextRun } from "../parts/rank/next.js";
import { saveStatus } from "../parts/rank/status.js";
import { UNFINISHED } from "../parts/run/state.js";
import { announce, say } from "../parts/said.js";
import { empty, trouble } from "../parts/states.js";

export async function show({ main, place, query, go, setQuery, title, signal }) {
  const address = api("p", place.project, "r", place.run);
  const [run, human] = await Promise.all([get(address, { signal }), get(`${address}/human`, { signal })]);
  let page = null;
  title("Rank", place.run, place.project);

  /** A run that goes on makes more pictures: they come to those that are not ranked, and nothing else changes. */
  async function took(now) {
    const lines = picturesOf(now);
    if (page) { page.take(now, lines); return; }
    if (!lines.size) return;
    const said = now === run ? human : await get(`${address}/human`, { signal });
    page ??= ranking({ main, place, query, go, setQuery, signal, run: now, human: said, lines, address });
  }
  fill(main, h("h1", {}, "Rank"), empty("Nothing to rank yet", "As soon as this run has made a picture, it can be put in order here."));
  await took(run);
  const stop = growing({ address, run, took, signal });
  return () => { stop(); page?.end(); };
}

const marksOf = ({ stars, favourite, rejected }) => ({ stars, favourite, rejected });
const picturesOf = (run) => new Map(run.iterations.filter((line) => line.full).map((line) => [line.n, line]));

function ranking({ main, place, query, go, setQuery, signal, run, human, lines, address }) {
  const state = { ...opening(human.ranking, lines), chosen: null };
  const began = { ranking: state.ranking.map(String), notes: { ...state.notes } };
  const status = saveStatus({ keeper: () => keeper, place, mine,
    took: (theirs) => { Object.assign(state, opening(theirs, lines)); draw(); } });
  const keeper = makeKeeper({ address, ...began, sha256: human.ranking.sha256,
    tell: (now, error) => { status.say(now, error); if (now === "saved") next.read(state.ranking.length > 0); } });
  const board = makeBoard({ lines, choose, order, look: () => about.scrollIntoView({ block: "start" }) });
  const about = detail({ place, run, lines, labels: human.labels.labels, noted, rated: draw });
  const next = nextRun(place, signal);

  function mine() { return { ranking: state.ranking.map(String), notes: known(state.notes, lines) }; }
  function draw() { board.draw(state); about.show(state.chosen, state.notes[state.chosen]); }
  function choose(n) {
    if (n === state.chosen) return;
    state.chosen = n;
    setQuery({ i: n });
    draw();
  }
  function order(ranking, moved) {
    Object.assign(state, { ranking, chosen: moved });
    setQuery({ i: moved });
    draw();
    keeper.touch(mine());
    const at = ranking.indexOf(moved) + 1;
    announce(at ? `Iteration ${moved} is number ${at} of ${ranking.length}.` : `Iteration ${moved} is not ranked any more.`);
  }
  function noted(n, text) {
    state.notes = { ...state.notes, [n]: text };
    board.draw(state);
    keeper.touch(mine());
  }
  let held = run.held;
  function take(now, found) {
    const fresh = [...found.values()].filter((line) => !lines.has(line.n));
    for (const line of fresh) {
      lines.set(line.n, line);
      board.add(line);
    }
    if (fresh.length) {
      draw();
      announce(`${fresh.map((line) => `Iteration ${line.n}, score ${score(line.score)}`).join(". ")}: not ranked yet.`);
    }
    if (!UNFINISHED.includes(now.state)) for (const [n, line] of found) about.told(n, marksOf(line)); // by another tab
    if (held !== now.held) next.read(state.ranking.length > 0); // whether one may write depends on it
    held = now.held;
  }

  fill(main, h("article.rank", {},
    h("header.rank-head", {}, h("h1", {}, "Rank"),
      h("p.hint", {}, `Run of ${runName(run)}`,
        h("span.with-keys", {}, ". Drag, use the buttons, or choose with the arrows and move with Shift.")),
      status),
    human.problems.length
      ? trouble({ message: "What you said before cannot all be read, and is left as it is.",
        problems: human.problems })
      : null,
    board, about, next));
  const asked = Number(query.get("i"));
  state.chosen = lines.has(asked) ? asked : state.ranking[0] ?? (lines.has(run.best_iteration) ? run.best_iteration : [...lines.keys()][0]);
  draw();
  status.say("saved");
  next.read(state.ranking.length > 0);
  bind([...keysOf({ state, board, choose }), ...about.keys]);
  guard(keeper, signal, go);
  lookAgain({ keeper, address, signal, changed: (theirs) => {
    Object.assign(state, opening(theirs, lines));
    draw();
    next.read(state.ranking.length > 0);
  } });
  return { take, end: () => { leave(keeper); board.end(); } };
}

/** A ranking as the file has it: what it names besides this run's pictures is not ours to show. */
function opening({ ranking, notes }, lines) {
  const numbers = ranking.map(Number).filter((n) => lines.has(n));
  return { ranking: [...new Set(numbers)], notes: { ...notes } };
}

/** Notes on this run's iterations; the server keeps all others. */
const known = (notes, lines) => Object.fromEntries(Object.entries(notes).filter(([n]) => String(Number(n)) === n && lines.has(Number(n))));

function keysOf({ state, board, choose }) {
  const step = (by) => () => {
    const all = board.numbers();
    const n = all[all.indexOf(state.chosen) + by];
    if (n !== undefined) { choose(n); board.focusOn(n); }
  };
  const move = (kind) => () => { board.act(kind, state.chosen); board.focusOn(state.chosen); };
  const group = "Ranking";
  return [
    { keys: ["ArrowUp", "ArrowLeft"], group, words: "the picture before", run: step(-1) },
    { keys: ["ArrowDown", "ArrowRight"], group, words: "the next picture", run: step(1) },
    { keys: ["Shift+ArrowUp", "Shift+ArrowLeft"], group, words: "move it up, or into the ranking", run: move("up") },
    { keys: ["Shift+ArrowDown", "Shift+ArrowRight"], group, words: "move it down", run: move("down") },
    { keys: ["Shift+Home"], group, words: "to the top", run: move("top") },
    { keys: ["Shift+End"], group, words: "to the bottom", run: move("bottom") },
    { keys: ["r"], group, words: "rank it, or take it out", run: () => move(state.ranking.includes(state.chosen) ? "out" : "in")() },
  ];
}

/** Whoever comes back to the tab sees what another one wrote meanwhile, unless something here is not saved. */
function lookAgain({ keeper, address, signal, changed }) {
  document.addEventListener("visibilitychange", async () => {
    if (document.hidden || keeper.unsaved) return;
    try {
      const { ranking } = await get(`${address}/human`, { signal });
      if (!keeper.follow(ranking)) return;
      changed(ranking);
      say("The ranking was changed somewhere else.", "This is how it is now.");
    } catch (error) {
      if (!error.code && error.name !== "AbortError") throw error; // that the viewer does not answer is said when one saves
    }
  }, { signal });
}

/** What is still on its way is sent when the page is left; what cannot be sent is a reason to ask first. */
function guard(keeper, signal, go) {
  document.addEventListener("visibilitychange", () => { if (document.hidden && keeper.state === "waiting") keeper.save(); }, { signal });
  const stuck = () => keeper.unsaved && ["failed", "conflict"].includes(keeper.state);
  const may = async () => {
    const words = "Your ranking and notes are not saved.";
    const yes = await ask({ title: "Leave without saving?", words, yes: "Leave", danger: true });
    if (yes) keeper.end();
    return yes;
  };
  askBeforeLeaving({ unsaved: () => keeper.unsaved, stuck, may, go, signal });
}

async function leave(keeper) {
  if (!keeper.unsaved) return;
  await keeper.save(); // what is on its way, and then what was changed meanwhile
  await keeper.save();
  keeper.end();
  if (keeper.unsaved) say("Your last changes to the ranking were not saved.",
    "Open the page again and look at what is there.", { trouble: true });
}
