"""The tables of the index: named steps, each applied once, in this order.

A step that a release has brought is never edited, only followed by another one. A file that knows a step of
another name was made by a newer program.
"""

from __future__ import annotations

import sqlite3

PROJECTS = """
CREATE TABLE projects (
    name TEXT PRIMARY KEY,
    accepted INTEGER NOT NULL,
    accepted_run TEXT,
    accepted_iteration INTEGER,
    has_input INTEGER NOT NULL,
    problems TEXT NOT NULL,
    stamp TEXT NOT NULL
)"""
RUNS = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    run_id TEXT NOT NULL,
    started_at TEXT,
    state TEXT NOT NULL,
    words TEXT NOT NULL,
    verdict TEXT NOT NULL,
    score REAL,
    best_iteration INTEGER,
    iterations INTEGER NOT NULL,
    max_iterations INTEGER,
    passed INTEGER,
    criteria INTEGER,
    similarity REAL,
    seconds REAL NOT NULL,
    cost_usd REAL,
    requests INTEGER NOT NULL,
    engine TEXT,
    judge TEXT,
    prompt TEXT NOT NULL,
    variants INTEGER NOT NULL,
    seeded_from TEXT,
    favourites INTEGER NOT NULL,
    ranked INTEGER NOT NULL,
    notes INTEGER NOT NULL,
    picture TEXT,
    problems TEXT NOT NULL,
    stamp TEXT NOT NULL,
    UNIQUE (project, run_id)
)"""
ITERATIONS = """
CREATE TABLE iterations (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    status TEXT NOT NULL,
    at TEXT,
    score REAL,
    passed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unclear INTEGER NOT NULL,
    similarity REAL,
    denoise REAL,
    cfg REAL,
    steps INTEGER,
    seed INTEGER,
    strategy TEXT,
    workflow TEXT,
    seconds REAL NOT NULL,
    cost_usd REAL,
    positive TEXT NOT NULL,
    negative TEXT NOT NULL,
    picture TEXT,
    stars INTEGER NOT NULL,
    favourite INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID"""
# What is looked for in a run: its prompts and notes, folded. Beside the runs, so that these stay short.
WORDS = """
CREATE TABLE words (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    folded TEXT NOT NULL
)"""

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "2026-11 projects, runs and iterations",
        (
            PROJECTS,
            RUNS,
            ITERATIONS,
            WORDS,
            "CREATE INDEX runs_by_state ON runs (project, state)",
            "CREATE INDEX runs_by_verdict ON runs (project, verdict)",
            "CREATE INDEX runs_by_score ON runs (project, score)",
        ),
    ),
)


class NotOurs(Exception):
    """The file was made by a newer program, or is no index at all."""


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the steps that the file does not have yet, all or none. Raises NotOurs, and sqlite3.Error."""
    if set(_applied(connection)) == {name for name, _ in MIGRATIONS}:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        known = [name for name, _ in MIGRATIONS]
        done = _applied(connection)  # again: another process may have been quicker
        if done != known[: len(done)]:
            raise NotOurs(f"it knows {[name for name in done if name not in known]}")
        for name, statements in MIGRATIONS[len(done) :]:
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?)", (name,))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _applied(connection: sqlite3.Connection) -> list[str]:
    """The names of the steps that the file has, oldest first."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return []
    return [name for (name,) in connection.execute("SELECT name FROM migrations ORDER BY rowid")]
