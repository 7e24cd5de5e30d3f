// Original, A and B, compared pixel by pixel. Zoom and place stay while one goes from picture to picture.

import { api, get, pictures as addresses } from "../api.js";
import { fill, h } from "../dom.js";
import { score } from "../format.js";
import { bind } from "../keys.js";
import { begin, inAddress } from "../parts/compare/address.js";
import { changed } from "../parts/compare/changed.js";
import { ahead, decoded } from "../parts/compare/layers.js";
import { stage as makeStage } from "../parts/compare/stage.js";
import { pictureStrip } from "../parts/compare/strip.js";
import { MODES, masksToChoose, toolbar } from "../parts/compare/toolbar.js";
import { zoomOf } from "../parts/compare/viewport.js";
import { growing } from "../parts/growing.js";
import { judging } from "../parts/judging.js";
import { opinions } from "../parts/opinions.js";
import { announce, say } from "../parts/said.js";
import { empty } from "../parts/states.js";

const WAIT = 250; // milliseconds: a browser lets a page change its address only so often
const STEP = 1.25;
const FAR = 80; // CSS pixels for an arrow

export async function show({ main, place, query, setQuery, title, signal }) {
  const address = api("p", place.project, "r", place.run);
  const run = await get(address, { signal });
  let page = null;
  title("Compare", place.run, place.project);

  /** A run that goes on makes more pictures: they are added, and nothing that one looks at moves. */
  function took(now) {
    const pictures = picturesOf(now, place);
    if (page) page.add(pictures, now);
    else if (pictures.length > 1) page = comparing({ main, place, query, setQuery, signal, run: now, pictures });
  }
  fill(main, h("h1", {}, "Compare"),
    empty("Nothing to compare yet",
      "As soon as this run has made a picture, it can be laid over the original here."));
  took(run);
  const stop = growing({ address, run, took, signal });
  return () => { stop(); page?.end(); };
}

function picturesOf(run, place) {
  const made = run.iterations.filter((line) => line.full);
  const original = { key: "input", name: "Original", short: "the original", words: "Original", line: null,
    full: run.input.full ?? addresses.source(place.project, place.run), thumb: run.input.thumb };
  return [original, ...made.map((line) => ({
    key: String(line.n), short: `iteration ${line.n}`, words: `Iteration ${line.n}, score ${score(line.score)}`,
    name: `Iteration ${line.n} · ${score(line.score)}${line.accepted ? " · accepted" : ""}`, line, full: line.full, thumb: line.thumb,
  }))];
}

function comparing({ main, place, query, setQuery, signal, run, pictures }) {
  const byKey = new Map(pictures.map((one) => [one.key, one]));
  const { state, wrong } = begin(query, run, byKey);
  const frame = { width: run.input.width || 512, height: run.input.height || 512 };
  const bar = toolbar({ masks: run.masks ?? [], change, swap, zoom: { in: () => stage.zoom(STEP),
    out: () => stage.zoom(1 / STEP), full: () => stage.full(), fit: () => stage.fit() } });
  const stage = makeStage({ frame, change });
  const strip = pictureStrip({ pictures, shape: frame.width / frame.height, choose: (which, key) => change({ [which]: key }) });
  const panel = changed(place, run, signal);
  const lines = new Map(pictures.filter((one) => one.line).map((one) => [one.line.n, one.line]));
  const mine = opinions({ address: api("p", place.project, "r", place.run), lines, changed: (n) => strip.redraw(String(n)) });
  const judge = judging(mine);
  const whose = h("h2.whose");
  let timer = 0;
  let changedMasks = run.masks_changed ?? [], maskSaid = "";

  function change(changes) {
    const before = `${state.a} ${state.b}`;
    Object.assign(state, changes);
    draw();
    clearTimeout(timer);
    timer = setTimeout(remember, WAIT);
    if (before === `${state.a} ${state.b}`) return;
    announce(`A: ${byKey.get(state.a).words}. B: ${byKey.get(state.b).words}.`);
    fetchAhead();
  }

  function draw() {
    const [a, b] = [byKey.get(state.a), byKey.get(state.b)];
    stage.draw({ ...state, a, b, original: byKey.get("input"), mask: masked() });
    strip.mark(state.a, state.b);
    panel.show(a, b);
    mine.choose(b.line?.n ?? null);
    whose.hidden = !b.line;
    whose.textContent = `Your rating of B, ${b.short}`;
  }

  /** The mask as it is now; said in words where that is not what the run worked with. */
  function masked() {
    const mask = maskOf(state.mask, place, changedMasks);
    const address = mask?.address ?? "";
    if (address === maskSaid) return mask;
    maskSaid = address;
    bar.say(mask?.changed ? "This mask was changed after the run: here it is as it is now." : "");
    if (mask) decoded(address).then((image) => { if (!image && address === maskSaid) bar.say("This mask is not there any more."); });
    return mask;
  }

  const fetchAhead = () => ahead([1, -1].flatMap((by) => [beside(state.b, by), beside(state.a, by)]).map((one) => one?.full));
  const beside = (key, by) => pictures[pictures.findIndex((one) => one.key === key) + by];
  const step = (which, by) => { const next = beside(state[which], by); if (next) change({ [which]: next.key }); };
  function add(found, now) {
    if (String(changedMasks) !== String(now.masks_changed ?? [])) { changedMasks = now.masks_changed; draw(); }
    const fresh = found.filter((one) => !byKey.has(one.key));
    for (const one of fresh) {
      const next = pictures.find((other) => other.line && other.line.n > one.line.n) ?? null;
      pictures.splice(next ? pictures.indexOf(next) : pictures.length, 0, one);
      byKey.set(one.key, one);
      lines.set(one.line.n, one.line);
      strip.add(one, next?.key);
    }
    if (!fresh.length) return;
    announce(`${fresh.map((one) => one.words).join(". ")}: ${fresh.length > 1 ? "new pictures" : "a new picture"}.`);
    fetchAhead();
  }
  function swap() { change({ a: state.b, b: state.a }); }
  function remember() { setQuery(inAddress(state)); }

  stage.addEventListener("looked", () => bar.draw(state, zoomOf(stage.scale)));
  fill(main, h("article.compare", {}, h("h1.unseen", {}, `Compare pictures of run ${place.run}`), bar, stage, strip,
    h("div.compare-below", {}, h("div", {}, whose, judge), panel)));
  draw();
  remember(); // a bookmark brings these two back, whatever the run makes later
  if (wrong.length) say("The address asks for what is not there.", wrong.join(" "), { trouble: true });
  fetchAhead();
  keysOf({ state, stage, change, step, swap, run, signal, judge });
  return { add, end: () => { clearTimeout(timer); panel.end(); stage.end(); } };
}

function maskOf(chosen, { project }, changed) {
  if (!chosen) return null;
  const [name, how] = chosen.split(":");
  const other = changed.includes(name); // then the browser may have kept the one before
  return { address: `${addresses.mask(project, name)}${other ? "?changed" : ""}`, how: how ?? "tint", changed: other };
}

function keysOf({ state, stage, change, step, swap, run, signal, judge }) {
  const cycle = (list, now) => list[(list.indexOf(now) + 1) % list.length];
  const masks = masksToChoose(run.masks ?? []).map(([name]) => name);
  const pan = (dx, dy) => () => stage.pan(dx * FAR, dy * FAR);
  const peek = (event) => (event.key === " " && event.target.closest("button, a, summary, label, [role=slider]")
    ? false
    : stage.peek(true));
  bind([
    { keys: ["ArrowLeft"], group: "Comparing", words: "B: the picture before", run: () => step("b", -1) },
    { keys: ["ArrowRight"], group: "Comparing", words: "B: the next picture", run: () => step("b", 1) },
    { keys: ["["], group: "Comparing", words: "A: the picture before", run: () => step("a", -1) },
    { keys: ["]"], group: "Comparing", words: "A: the next picture", run: () => step("a", 1) },
    { keys: ["c"], group: "Comparing", words: "A: the original", run: () => change({ a: "input" }) },
    { keys: ["s"], group: "Comparing", words: "swap A and B", run: swap },
    { keys: [" ", "o"], group: "Comparing", words: "hold: the original", run: peek },
    { keys: ["h"], group: "Comparing", words: "hold: A, in the mode Flip", run: () => stage.flip(true) },
    { keys: ["v"], group: "Comparing", words: "slider, side by side, flip, difference",
      run: () => change({ mode: cycle(MODES.map(([mode]) => mode), state.mode) }) },
    ...(masks.length > 1
      ? [{ keys: ["m"], group: "Comparing", words: "the mask",
        run: () => change({ mask: cycle(masks, state.mask ?? "") || null }) }]
      : []),
    { keys: ["z"], group: "Zoom", words: "100 %, and back to all", run: () => (stage.isFull() ? stage.fit() : stage.full()) },
    { keys: ["+", "="], group: "Zoom", words: "larger", run: () => stage.zoom(STEP) },
    { keys: ["-"], group: "Zoom", words: "smaller", run: () => stage.zoom(1 / STEP) },
    { keys: ["Shift+ArrowLeft"], group: "Zoom", words: "look further left", run: pan(1, 0) },
    { keys: ["Shift+ArrowRight"], group: "Zoom", words: "look further right", run: pan(-1, 0) },
    { keys: ["Shift+ArrowUp"], group: "Zoom", words: "look further up", run: pan(0, 1) },
    { keys: ["Shift+ArrowDown"], group: "Zoom", words: "look further down", run: pan(0, -1) },
    ...judge.keys,
  ]);
  const release = () => { stage.peek(false); stage.flip(false); };
  addEventListener("keyup", (event) => { if ([" ", "o", "h"].includes(event.key)) release(); }, { signal });
  addEventListener("blur", release, { signal });
}
