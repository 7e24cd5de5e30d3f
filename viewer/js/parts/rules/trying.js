// The picture one is looking at, beside the original, and what the rules as they stand here would say of it.
//
// trying({project, query, setQuery, rules, signal, told}) -> an element; told({result, recorded, stale}) when there are
// verdicts to show beside the criteria, or told(null) when another picture is looked at. `stale`: the text has been
// changed since they were given; it is told again when that changes.

import { api, get, pictures, post } from "../../api.js";
import { fill, h, sentence } from "../../dom.js";
import { duration, money, score, when } from "../../format.js";
import { button, iconButton } from "../buttons.js";
import { field, select } from "../forms.js";
import { picture } from "../picture.js";
import { sayTrouble } from "../said.js";
import { empty } from "../states.js";

const FIRST_LOOK = 250; // milliseconds; the embedded judge is done by then
const LATER = 1000;

export function trying({ project, query, setQuery, rules, signal, told }) {
  const state = { run: null, iteration: null, recorded: null };
  let shown = null; // {result, recorded, text, stale}: what the last try said, and of which text
  const choosing = h("div.try-choosing", {});
  const frames = h("div.try-frames", {});
  const outcome = h("div.try-outcome", { role: "status" });
  const whole = h("section.panel.try", { "aria-label": "Try the rules on a picture" },
    h("h2", {}, "Try on a picture"), choosing, outcome, frames);

  async function begin() {
    const { runs } = await get(`${api("p", project, "runs")}?page=1`, { signal });
    const wanted = query.get("run");
    const ids = runs.map((one) => one.run_id);
    if (wanted && !ids.includes(wanted)) ids.unshift(wanted);
    if (!ids.length) { nothing(); return; }
    await openRun(wanted ?? ids[0], ids, Number(query.get("i")) || null);
  }

  function nothing() {
    fill(choosing);
    fill(frames, frame(pictures.input(project), "The original"));
    fill(outcome, h("p.hint", {},
      "No run has made a picture yet. After the first, the rules can be tried on it here before they are saved."));
  }

  async function openRun(id, ids, wanted) {
    let run;
    try { run = await get(api("p", project, "r", id), { signal }); } catch (error) {
      if (error.name !== "AbortError") fill(outcome, h("p.hint", {}, error.message));
      return;
    }
    const made = run.iterations.filter((one) => one.full);
    Object.assign(state, { run, ids, made });
    const best = made.find((one) => one.n === wanted) ?? made.find((one) => one.n === run.best_iteration) ?? made.at(-1);
    if (best) await openIteration(best.n); else fill(frames, empty("This run has no picture yet."));
  }

  async function openIteration(n) {
    state.iteration = n;
    setQuery({ run: state.run.run_id, i: n });
    controls();
    const line = state.made.find((one) => one.n === n);
    fill(frames, frame(line.full, `Iteration ${n}`), frame(pictures.source(project, state.run.run_id), "The original"));
    fill(outcome);
    shown = null;
    told(null);
    state.recorded = await get(api("p", project, "r", state.run.run_id, "i", n), { signal }).catch(() => null);
  }

  function controls() {
    const at = state.made.findIndex((one) => one.n === state.iteration);
    const step = (by) => state.made[at + by] && openIteration(state.made[at + by].n);
    const run = select(state.ids.map((id) => [id, id]), state.run.run_id,
      { onchange: (event) => openRun(event.target.value, state.ids, null) });
    const iteration = select(state.made.map((one) => [String(one.n), `${one.n}: score ${score(one.score)}`]),
      String(state.iteration), { onchange: (event) => openIteration(Number(event.target.value)) });
    fill(choosing,
      field("Run", run, {}), h("div.try-step", {}, field("Iteration", iteration, {}),
        iconButton("The iteration before", "left", { run: () => step(-1), disabled: at <= 0 }),
        iconButton("The next iteration", "right", { run: () => step(1), disabled: at >= state.made.length - 1 })),
      h("div.row", {}, button(`Try on iteration ${state.iteration}`, { kind: "primary", icon: "play", run: attempt })));
    run.title = when(state.run.started_at);
  }

  async function attempt() {
    await rules.flush();
    if (rules.trouble || rules.errors.length) {
      fill(outcome, h("p.wrong", {}, "Mend the errors first: rules that cannot be used cannot be tried."));
      return;
    }
    fill(outcome, h("p.hint", {}, "Asking …"));
    const { run, iteration, recorded } = state;
    const { text } = rules;
    try {
      const { job } = await post(api("p", project, "rules", "try"), { text, run: run.run_id, iteration }, { signal });
      const result = await ended(job);
      if (state.iteration !== iteration || state.run !== run) return;
      shown = { result, recorded, text };
      age();
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(outcome, h("p.wrong", {}, sentence(error.message)), error.hint ? h("p.hint", {}, sentence(error.hint)) : null);
      if (!error.code) sayTrouble(error);
    }
  }

  /** What was said of another text than the one that stands here now is not said of this one. */
  function age() {
    if (!shown) return;
    const stale = rules.unsettled || rules.text !== shown.text;
    if (stale === shown.stale) return;
    shown.stale = stale;
    fill(outcome, summary(shown));
    told(shown);
  }
  for (const kind of ["edited", "checked"]) rules.addEventListener(kind, age, { signal });

  async function ended(name) {
    for (let wait = FIRST_LOOK; ; wait = LATER) {
      await pause(wait);
      const job = await get(api("jobs", name), { signal });
      if (job.state === "done") return job.result;
      if (job.state === "failed") throw Object.assign(new Error(job.error.message), job.error);
      fill(outcome, h("p.hint", {}, `${job.said} …`));
    }
  }

  const pause = (time) => new Promise((done, fail) => {
    const timer = setTimeout(done, time);
    signal.addEventListener("abort", () => { clearTimeout(timer); fail(new DOMException("left", "AbortError")); }, { once: true });
  });

  begin().catch((error) => { if (error.name !== "AbortError") fill(outcome, h("p.hint", {}, error.message)); });
  return whole;
}

function frame(address, words) {
  return h("div.try-frame", {}, picture(address, words, { ratio: 4 / 3, lazy: false, missing: "no picture" }), h("p.hint", {}, words));
}

function summary({ result, recorded, stale }) {
  const before = recorded && recorded.score !== null ? `; recorded: ${score(recorded.score)}` : "";
  const { usage } = result;
  const spent = usage.cost_usd === null ? `at least ${money(usage.at_least_usd)}` : money(usage.cost_usd);
  const cost = usage.requests
    ? `${usage.requests} request${usage.requests === 1 ? "" : "s"}, ${spent}`
    : "nothing was asked that costs";
  return h(`div${stale ? ".stale" : ""}`, {},
    stale ? h("p.hint", {}, "For the text before your change. Try again to see what holds now.") : null,
    h("p", {}, h("strong", {}, `${result.passed ? "Passes" : "Does not pass"}, score ${score(result.score)}`), before),
    h("p.hint", {}, `${result.judge}, ${duration(result.seconds)}, ${cost}. The verdicts stand beside the criteria.`),
    result.notes.map((note) => h("p.hint", {}, note)));
}
