"""A run as data: where it stands, what it is asked to make, what it made, what it cost.

`run_facts(project, run_id, shelf)` gives docs/viewer-routes.md's Run, `iteration_facts(...)` its
IterationInFull, without the addresses of pictures, which are the server's: instead `picture` tells the sha256
of an iteration's picture (None: there is none). A `Shelf` remembers what did not change between two calls.
"""

from __future__ import annotations

from iterativectl.overview import RunState, is_latest, run_state
from iterativectl.project import control, records, runs, spending
from iterativectl.project.layout import RUN_ID, ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.spending import PerAccepted, Spent
from iterativectl.project.usage import NOTHING, UsageFile
from iterativectl.showing import asked, differences, happening, iterations
from iterativectl.showing.human import person
from iterativectl.showing.iterations import Facts, Line, Measure
from iterativectl.showing.reading import named, record, tried
from iterativectl.showing.shelf import Shelf
from iterativectl.showing.values import number, plain, whole, within, word


def run_facts(project: ProjectPaths, run_id: str, shelf: Shelf) -> Facts:
    """Run of docs/viewer-routes.md, less addresses. Never raises for damaged files: `problems` names them.

    Its `iterations` are IterationLines with `picture` instead of addresses. `last_event` is looked up first:
    a page that goes on from there misses nothing of what comes after these facts.
    """
    paths, problems = project.run(run_id), list[str]()
    log = happening.of(paths, shelf)
    run, data = _run(paths, shelf, problems)
    state = state_of(project, run_id, run, problems)
    said = person(paths, shelf)
    problems += said.problems
    made = lines(paths, measure_of(run), shelf)
    problems += [problem for each in made for problem in each.problems]
    usage = tried(problems, lambda: shelf.of("usage", [paths.usage], lambda: _usage(paths))) or NOTHING
    return {
        "project": project.name,
        "run_id": run_id,
        "started_at": word(data.get("started_at")),
        **_standing(project, state),
        **asked.facts(run, data),
        "max_iterations": _max_iterations(log, run, data),
        **_best(state, made),
        "accepted": state.status == "passed",
        "input": asked.input_facts(project, data, shelf, problems),
        "masks_changed": asked.masks_changed(project, data, shelf),
        "iterations": [{**each.facts, "picture": each.picture} | said.of(each.facts["n"]) for each in made],
        "in_flight": happening.in_flight(paths, state, {each.facts["n"] for each in made}),
        "preview": happening.preview(paths) if state.held else None,
        "usage": plain(usage),
        "limits": asked.limits(project, state, data, shelf),
        "seconds": _seconds(made),
        "cost_per_accepted": plain(records.to_json(cost_per_accepted(project, shelf))),
        "last_event": log.end,
        "human_sha256": said.sha256,
        "problems": named(problems, project.root),
    }


def iteration_facts(project: ProjectPaths, run_id: str, iteration: int, shelf: Shelf) -> Facts:
    """IterationInFull of docs/viewer-routes.md, less addresses; for a committed iteration."""
    paths = project.run(run_id)
    measure, said = measure_of(_run(paths, shelf, [])[0]), person(paths, shelf)
    found = iterations.in_full(paths, iteration, measure, said, shelf)
    short = iterations.line(paths, iteration, measure, shelf)
    return {**found, "picture": short.picture, "problems": named(found["problems"], project.root)}


def state_facts(project: ProjectPaths, run_id: str, shelf: Shelf) -> Facts:
    """Where a run stands at this moment, for whoever follows it: quickly read.

    `{state, words, reason, latest, held, holder, request, preview}`; `request` is what a person asked of it
    (pause, resume, stop) that was not taken away yet.
    """
    paths = project.run(run_id)
    run, _ = _run(paths, shelf, [])
    state = state_of(project, run_id, run, [])
    return {**_standing(project, state), "preview": happening.preview(paths) if state.held else None}


def difference(project: ProjectPaths, run_id: str, pair: tuple[int, int | None], shelf: Shelf) -> Facts:
    """What an iteration tried that another one had not: `{n, to, prompts, parameters, reasons}`.

    `pair` is (iteration, to); `to` None is its parent, and without one the settings that the run began with.
    """
    paths, (number, to) = project.run(run_id), pair
    here = iterations.tried_with(paths, number)
    if to is None and here["parent"] in runs.committed(paths):
        to = here["parent"]
    there = iterations.tried_with(paths, to) if to is not None else asked.start(_run(paths, shelf, [])[1])
    return {
        "n": number,
        "to": to,
        "prompts": {
            side: differences.pieces(there["prompts"][side], here["prompts"][side])
            for side in ("positive", "negative")
        },
        "parameters": differences.changed(there["parameters"], here["parameters"]),
        "reasons": here["reasons"],
    }


def lines(paths: RunPaths, measure: Measure, shelf: Shelf) -> list[Line]:
    """Every committed iteration in short, by number."""
    return [iterations.line(paths, iteration, measure, shelf) for iteration in runs.committed(paths)]


def measure_of(run: RunRecord | None) -> Measure:
    """What the pictures of a run are held against."""
    return Measure(rules=run.rules, masks=tuple(run.masks)) if run else Measure(rules=None)


def state_of(project: ProjectPaths, run_id: str, run: RunRecord | None, problems: list[str]) -> RunState:
    """Where a run stands; a damaged checkpoint is named among the problems."""
    latest = is_latest(project, run_id)
    variants = len(run.variants) if run else 0
    found = tried(problems, lambda: run_state(project, run_id, latest=latest, variants=variants))
    return found or RunState(run_id=run_id, latest=latest, variants=variants)


def cost_per_accepted(project: ProjectPaths, shelf: Shelf) -> PerAccepted:
    """What an accepted picture of the project costs; runs whose files did not change are not read again.

    Nor are they looked at, one by one, before a run begins or the newest spends something: no other can.
    """

    def look(project: ProjectPaths, run_id: str) -> Spent | None:
        paths = project.run(run_id)
        sources = [paths.usage, paths.run_json, paths.checkpoint, project.checkpoint]
        if not paths.usage.exists():
            return None
        return shelf.of("spent", sources, lambda: spending.spent(project, run_id))

    newest = max(
        (entry.name for entry in project.working.iterdir() if RUN_ID.fullmatch(entry.name)), default=""
    )
    sources = [project.working, project.checkpoint, project.run(newest).usage]
    return shelf.of("per accepted", sources, lambda: spending.per_accepted(project, look))


def _run(paths: RunPaths, shelf: Shelf, problems: list[str]) -> tuple[RunRecord | None, Facts]:
    """run.json as it is meant, None where it is damaged; and what it says all the same."""

    def read() -> tuple[RunRecord | None, Facts, tuple[str, ...]]:
        found: list[str] = []
        data = tried(found, lambda: record(paths.run_json, runs.RUN_FORMAT)) or {}
        meant = tried(found, lambda: runs.read_run(paths)) if data else None
        return meant, data, tuple(found)

    meant, data, found = shelf.of("run", [paths.run_json], read)
    problems += found
    return meant, data


def _standing(project: ProjectPaths, state: RunState) -> Facts:
    return {
        "state": state.status,
        "words": state.words,
        "reason": state.reason,
        "latest": state.latest,
        "held": state.held,
        "holder": plain(state.holder),
        "request": control.requested(project.control, state.run_id),
    }


def _usage(paths: RunPaths) -> Facts:
    return UsageFile(paths.usage, lambda: "").totals()


def _max_iterations(log: happening.Log, run: RunRecord | None, data: Facts) -> int | None:
    """As the process said that worked on it last; run.json says what it began with."""
    if log.max_iterations is not None:
        return log.max_iterations
    return run.rules.max_iterations if run else whole(within(data, "rules", "project", "max_iterations"))


def _best(state: RunState, made: list[Line]) -> Facts:
    """`best_iteration`, `best_score` as the checkpoint has them, as far as there is such an iteration."""
    best = state.checkpoint.best_iteration if state.checkpoint else None
    there = {each.facts["n"]: each.facts for each in made}
    if best not in there:
        return {"best_iteration": None, "best_score": None}
    score = state.checkpoint.best_score if state.checkpoint else None
    return {"best_iteration": best, "best_score": number(score)}


def _seconds(made: list[Line]) -> float:
    """Wall time that its iterations took; what lay between two starts does not count."""
    return round(sum(each.facts["seconds"] or 0.0 for each in made), 3)
