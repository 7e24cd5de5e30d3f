"""What can be asked of the index. Every function takes a connection, as Database.read hands it out."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields
from typing import Any

from iterativectl.history.facts import VERDICTS, IterationFacts, ProjectFacts, RunFacts, folded

PAGE_SIZE = 50
MOST_WORDS = 8  # of a search; those after them are left out
MOST_PROBLEMS = 20  # named of a project; how many more there are is said

# What a list of runs can be sorted by -> how. Runs of equal rank: the newest first.
SORTS = {
    "run_id": "runs.run_id",
    "started_at": "runs.run_id",
    **{
        name: f"runs.{name}"
        for name in (
            *("state", "verdict", "score", "best_iteration", "iterations", "max_iterations", "passed"),
            *("criteria", "similarity", "seconds", "cost_usd", "requests", "engine", "judge", "prompt"),
            *("variants", "seeded_from", "favourites", "ranked", "notes"),
        )
    },
}
DESCENDING = {"desc": "DESC", "asc": "ASC"}

_RUN = tuple(one.name for one in fields(RunFacts))
_ITERATION = tuple(one.name for one in fields(IterationFacts))
_RUN_COLUMNS = ", ".join(f"runs.{name}" for name in _RUN)
_FOUND = "runs.id IN (SELECT run FROM words WHERE {})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    """Which runs of a project. `words`: all of them stand in the run's prompts or notes, in any place.

    `state` and `verdict` "": any; `sort` one of SORTS, `order` asc or desc; `page` from 1.
    """

    project: str
    words: str = ""
    state: str = ""
    verdict: str = ""
    sort: str = "run_id"
    order: str = "desc"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsFound:
    """A page of runs; `total` of them on `pages` pages.

    `states`, `verdicts`: how many of each the search finds, whatever state and verdict are wanted.
    """

    total: int
    page: int
    pages: int
    runs: tuple[RunFacts, ...]
    states: dict[str, int]
    verdicts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFound:
    """A project: how many runs, the best score of all of them, and the last one."""

    facts: ProjectFacts
    runs: int
    best_score: float | None
    last: RunFacts | None
    problems: tuple[str, ...]


def runs(index: sqlite3.Connection, wanted: RunsWanted) -> RunsFound:
    """A page of a project's runs. A page that is not there: the last one. Unknown sorts: the newest first."""
    where, values = _where(wanted.project, wanted.words)
    states = _counted(index, "state", where, values)
    verdicts = _counted(index, "verdict", where, values)
    for column, asked in (("state", wanted.state), ("verdict", wanted.verdict)):
        if asked:
            where, values = f"{where} AND runs.{column} = ?", [*values, asked]
    (total,) = index.execute(f"SELECT COUNT(*) FROM runs WHERE {where}", values).fetchone()
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(1, wanted.page), pages)
    sort, order = SORTS.get(wanted.sort, SORTS["run_id"]), DESCENDING.get(wanted.order, "DESC")
    rows = index.execute(
        f"SELECT {_RUN_COLUMNS} FROM runs WHERE {where} "
        f"ORDER BY {sort} {order} NULLS LAST, runs.run_id DESC LIMIT ? OFFSET ?",
        [*values, PAGE_SIZE, (page - 1) * PAGE_SIZE],
    )
    found = tuple(_run(row) for row in rows)
    return RunsFound(total=total, page=page, pages=pages, runs=found, states=states, verdicts=verdicts)


def projects(index: sqlite3.Connection, words: str = "") -> list[ProjectFound]:
    """The projects by name. `words`: each stands in the name, or in prompts and notes of some run."""
    known = index.execute(
        "SELECT name, accepted, accepted_run, accepted_iteration, has_input, problems FROM projects"
    )
    chosen = [_project(row) for row in known if _is_meant(index, row[0], words)]
    counts = {name: rest for name, *rest in index.execute(_COUNTS)}
    return [_with_runs(index, facts, counts.get(facts.name)) for facts in sorted(chosen, key=_by_name)]


def iterations(index: sqlite3.Connection, project: str, run_id: str) -> list[IterationFacts]:
    """A run's iterations by number."""
    columns = ", ".join(f"iterations.{name}" for name in _ITERATION)
    rows = index.execute(
        f"SELECT {columns} FROM iterations JOIN runs ON runs.id = iterations.run "
        "WHERE runs.project = ? AND runs.run_id = ? ORDER BY iterations.n",
        (project, run_id),
    )
    return [_iteration(row) for row in rows]


_COUNTS = """
SELECT project, COUNT(*), MAX(score), MAX(run_id), (
    SELECT group_concat(found.problems, char(10)) FROM runs AS found
    WHERE found.project = runs.project AND found.problems <> '[]'
) FROM runs GROUP BY project"""


def _where(project: str, words: str) -> tuple[str, list[Any]]:
    asked = folded(words).split()[:MOST_WORDS]
    if not asked:
        return "runs.project = ?", [project]
    found = _FOUND.format(" AND ".join("instr(folded, ?) > 0" for _ in asked))
    return f"runs.project = ? AND {found}", [project, *asked]


def _counted(index: sqlite3.Connection, column: str, where: str, values: list[Any]) -> dict[str, int]:
    rows = index.execute(f"SELECT {column}, COUNT(*) FROM runs WHERE {where} GROUP BY {column}", values)
    return dict(sorted(rows.fetchall()))


def _is_meant(index: sqlite3.Connection, name: str, words: str) -> bool:
    for word in folded(words).split()[:MOST_WORDS]:
        if word in name.casefold():
            continue
        where, values = _where(name, word)
        if not index.execute(f"SELECT 1 FROM runs WHERE {where} LIMIT 1", values).fetchone():
            return False
    return True


def _with_runs(index: sqlite3.Connection, facts: ProjectFacts, counts: list[Any] | None) -> ProjectFound:
    if counts is None:
        return ProjectFound(facts=facts, runs=0, best_score=None, last=None, problems=facts.problems)
    number, best, last_id, problems = counts
    row = index.execute(
        f"SELECT {_RUN_COLUMNS} FROM runs WHERE project = ? AND run_id = ?", (facts.name, last_id)
    ).fetchone()
    of_runs = [said for line in (problems or "").splitlines() for said in json.loads(line)]
    named = (*facts.problems, *of_runs)
    more = len(named) - MOST_PROBLEMS
    if more > 0:
        named = (*named[:MOST_PROBLEMS], f"and {more} more")
    return ProjectFound(facts=facts, runs=number, best_score=best, last=_run(row), problems=named)


def _by_name(facts: ProjectFacts) -> str:
    return facts.name.casefold()


def _run(row: tuple[Any, ...]) -> RunFacts:
    values = dict(zip(_RUN, row, strict=True))
    verdict = values["verdict"] if values["verdict"] in VERDICTS else "none"
    return RunFacts(**{**values, "verdict": verdict, "problems": tuple(json.loads(values["problems"]))})


def _iteration(row: tuple[Any, ...]) -> IterationFacts:
    values = dict(zip(_ITERATION, row, strict=True))
    flags = {name: bool(values[name]) for name in ("favourite", "rejected")}
    return IterationFacts(**{**values, **flags})


def _project(row: tuple[Any, ...]) -> ProjectFacts:
    name, accepted, run, iteration, has_input, problems = row
    return ProjectFacts(
        name=name,
        accepted=bool(accepted),
        accepted_run=run,
        accepted_iteration=iteration,
        has_input=bool(has_input),
        problems=tuple(json.loads(problems)),
    )
