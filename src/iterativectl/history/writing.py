"""The statements that change the index. Each is called inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import fields

from iterativectl.history.facts import IterationFacts, ProjectFacts, RunFacts, RunRead, folded

RUN = tuple(one.name for one in fields(RunFacts))
ITERATION = tuple(one.name for one in fields(IterationFacts))
PROJECT = tuple(one.name for one in fields(ProjectFacts))
_HOLES = {
    "projects": (*PROJECT, "stamp"),
    "runs": (*RUN, "stamp"),
    "iterations": ("run", *ITERATION),
}


def _insert(table: str) -> str:
    names = _HOLES[table]
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


_PUT_PROJECT = _insert("projects").replace("INSERT", "INSERT OR REPLACE", 1)
_PUT_RUN = (
    f"{_insert('runs')} ON CONFLICT (project, run_id) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in (*RUN, 'stamp'))}"
)
_PUT_ITERATION = _insert("iterations")
_ID_OF = "SELECT id FROM runs WHERE project = ? AND run_id = ?"


def stamps(index: sqlite3.Connection) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """The stamps of projects and of runs."""
    projects = dict(index.execute("SELECT name, stamp FROM projects").fetchall())
    runs = index.execute("SELECT project, run_id, stamp FROM runs")
    return projects, {(project, run_id): stamp for project, run_id, stamp in runs}


def put_projects(
    index: sqlite3.Connection, changed: Iterable[tuple[ProjectFacts, str]], gone: Iterable[str]
) -> None:
    """Projects with their stamps, in place of what was known of them; and those that are no more."""
    for facts, stamp in changed:
        index.execute(_PUT_PROJECT, (*_values(facts, PROJECT), stamp))
    index.executemany("DELETE FROM projects WHERE name = ?", [(name,) for name in gone])


def put_runs(index: sqlite3.Connection, read: Iterable[tuple[RunRead, str]]) -> None:
    """Runs and their iterations with the runs' stamps, in place of what was known of them."""
    for one, stamp in read:
        index.execute(_PUT_RUN, (*_values(one.run, RUN), stamp))
        (number,) = index.execute(_ID_OF, (one.run.project, one.run.run_id)).fetchone()
        index.execute("DELETE FROM iterations WHERE run = ?", (number,))
        rows = [(number, *_values(iteration, ITERATION)) for iteration in one.iterations]
        index.executemany(_PUT_ITERATION, rows)
        index.execute("INSERT OR REPLACE INTO words (run, folded) VALUES (?, ?)", (number, _words(one)))


def drop_runs(index: sqlite3.Connection, gone: Iterable[tuple[str, str]]) -> None:
    """Runs that are no more, with their iterations."""
    index.executemany("DELETE FROM runs WHERE project = ? AND run_id = ?", list(gone))


def _values(facts: object, names: tuple[str, ...]) -> list[object]:
    """A fact's fields as SQLite holds them."""
    values = (getattr(facts, name) for name in names)
    return [json.dumps(value) if isinstance(value, tuple) else value for value in values]


def _words(one: RunRead) -> str:
    """All that a search looks at: each prompt and note once, in lines, so that none runs into the next."""
    texts: list[str] = []
    for iteration in one.iterations:
        texts += [iteration.positive, iteration.negative, iteration.note]
    return "\n".join(dict.fromkeys(folded(text) for text in texts if text))
