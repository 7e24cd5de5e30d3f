"""A workspace with some runs, its index, and what that says."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iterativectl.history import queries
from iterativectl.history.database import Database
from iterativectl.history.facts import RunFacts
from iterativectl.history.queries import ProjectFound, RunsFound, RunsWanted
from iterativectl.history.reading import Standing
from iterativectl.history.refresh import Refresher
from iterativectl.project import runs
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths

TABLES = {
    "projects": "SELECT name, accepted, accepted_run, accepted_iteration, has_input, problems FROM projects",
    "runs": f"SELECT {', '.join(queries._RUN)} FROM runs ORDER BY project, run_id",
    "iterations": (
        f"SELECT runs.project, runs.run_id, {', '.join(f'iterations.{name}' for name in queries._ITERATION)} "
        "FROM iterations JOIN runs ON runs.id = iterations.run ORDER BY runs.project, runs.run_id, n"
    ),
    "words": "SELECT runs.run_id, folded FROM words JOIN runs ON runs.id = words.run ORDER BY 1, 2",
}


def tell(run_id: str, checkpoint: Checkpoint | None, standing: Standing, variants: int) -> tuple[str, str]:
    """A state that shows all that it was made of."""
    status = checkpoint.status if checkpoint else "unknown"
    state = f"{status}{'+latest' if standing.latest else ''}{'+held' if standing.held else ''}"
    return state, f"{run_id} {variants}"


@dataclass
class Space:
    """A workspace, an index of it on the disk, and who refreshes that."""

    root: Path
    database: Database
    refresher: Refresher

    @classmethod
    def at(cls, root: Path, *, in_memory: bool = False) -> Space:
        workspace = WorkspacePaths(root)
        database = Database(None if in_memory else workspace.index)
        return cls(root, database, Refresher(workspace, database, tell))

    @property
    def workspace(self) -> WorkspacePaths:
        return WorkspacePaths(self.root)

    @property
    def project(self) -> ProjectPaths:
        return self.workspace.project("big")

    def run(self, at: int = -1) -> RunPaths:
        return self.project.run(runs.run_ids(self.project)[at])

    def projects(self, words: str = "") -> list[ProjectFound]:
        return self.database.read(lambda index: queries.projects(index, words))

    def runs(self, **wanted: Any) -> RunsFound:
        asked = RunsWanted(**{"project": "big", **wanted})
        return self.database.read(lambda index: queries.runs(index, asked))

    def line(self, at: int = -1) -> RunFacts:
        run_id = self.run(at).run_id
        return next(run for run in self.runs().runs if run.run_id == run_id)

    def dump(self) -> dict[str, list[Any]]:
        """All that the index says, less stamps and inner numbers."""

        def ask(index: sqlite3.Connection) -> dict[str, list[Any]]:
            return {name: index.execute(query).fetchall() for name, query in TABLES.items()}

        return self.database.read(ask)

    def truth(self) -> dict[str, list[Any]]:
        """What an index says that is made from the files now."""
        fresh = Space.at(self.root, in_memory=True)
        fresh.refresher.refresh(deep=True)
        said = fresh.dump()
        fresh.database.close()
        return said
