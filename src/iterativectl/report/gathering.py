"""All that a report says of a run, read once and cleaned of what is this machine's own."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from iterativectl import __version__
from iterativectl.errors import UsageError
from iterativectl.project import links, records, runs
from iterativectl.project.layout import RUN_ID, ProjectPaths, RunPaths
from iterativectl.report import discretion
from iterativectl.showing import run as showing
from iterativectl.showing.asked import start
from iterativectl.showing.human import person
from iterativectl.showing.reading import tried
from iterativectl.showing.shelf import Shelf
from iterativectl.showing.values import table, text

Facts = dict[str, Any]
LATEST = "latest"
LEFT_OUT = (
    *("holder", "held", "request", "preview", "in_flight", "last_event"),
    *("human_sha256", "masks_changed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A run for a report. `run` is Run of docs/viewer-routes.md, less addresses and what passes quickly.

    `ranking` are iterations that the run has, best first. `began` are prompts and parameters of its start.
    `made_at` is when the report was made.
    """

    project: ProjectPaths
    paths: RunPaths
    run: Facts
    began: Facts
    ranking: tuple[int, ...]
    versions: dict[str, str]
    made_at: datetime
    shelf: Shelf

    @property
    def lines(self) -> list[Facts]:
        """Every iteration in short, by number."""
        found: list[Facts] = self.run["iterations"]
        return found

    @property
    def best(self) -> int | None:
        """The best iteration."""
        found: int | None = self.run["best_iteration"]
        return found

    @property
    def original(self) -> Path | None:
        """The picture that the run edits; None where it is gone, or is another one now."""
        there = self.run["input"]["changed"] is False
        return self.project.input if there and self.inside(self.project.input) else None

    def picture(self, number: int) -> Path | None:
        """An iteration's picture, if it is there."""
        path = self.paths.image(number)
        return path if path.is_file() and self.inside(path) else None

    def in_full(self, number: int) -> Facts:
        """IterationInFull of docs/viewer-routes.md, less addresses, with `changes` since its parent."""
        found = showing.iteration_facts(self.project, self.paths.run_id, number, self.shelf)
        changes = showing.difference(self.project, self.paths.run_id, (number, None), self.shelf)
        rank = self.ranking.index(number) + 1 if number in self.ranking else None
        return self.clean({**found, "changes": changes, "rank": rank})

    def all_in_full(self) -> Iterator[Facts]:
        """One after the other: a long run is never all in memory."""
        for line in self.lines:
            yield self.in_full(line["n"])

    def clean(self, facts: Facts) -> Facts:
        """Without what is this machine's own."""
        cleaned: Facts = discretion.without_places(facts, places(self.project))
        return cleaned

    def inside(self, path: Path) -> bool:
        """Whether a file lies in the project once links are followed: nothing else leaves the house."""
        return links.lies_inside(path, self.project.root)


def gather(project: ProjectPaths, asked: str, now: datetime) -> Gathered:
    """The run that is asked for, or the newest. Raises UsageError where there is none.

    Raises ProjectError where one of its files is a link out of the project: a report goes to others.
    """
    paths, shelf = _run(project, asked), Shelf()
    astray = links.leading_out(paths)
    if astray is not None:
        raise links.refusal(paths, astray)
    data = tried([], lambda: records.read(paths.run_json, runs.RUN_FORMAT)) or {}
    facts = showing.run_facts(project, paths.run_id, shelf)
    run = {key: value for key, value in facts.items() if key not in LEFT_OUT}
    numbers = [line["n"] for line in run["iterations"]]
    made_with = {name: text(said) for name, said in table(data.get("versions")).items()}
    return Gathered(
        project=project,
        paths=paths,
        run=discretion.without_places(run, places(project)),
        began=discretion.without_places(start(data), places(project)),
        ranking=person(paths, shelf).ranking.known(numbers),
        versions={**made_with, "report": f"iterativectl {__version__}, Python {platform.python_version()}"},
        made_at=now,
        shelf=shelf,
    )


def places(project: ProjectPaths) -> list[str]:
    """Folders of this machine that texts may name, the longer ones first."""
    roots = {project.root, project.root.resolve(), Path.home()}
    roots |= {root.parent.parent for root in (project.root, project.root.resolve())}
    named = {str(root) for root in roots if len(root.parts) > 1}
    return sorted(named, key=len, reverse=True)


def _run(project: ProjectPaths, asked: str) -> RunPaths:
    ids = runs.run_ids(project)
    if not ids:
        raise UsageError(f"{project.name} has had no run yet", f"`iterativectl run --project {project.name}`")
    if asked == LATEST:
        return project.run(ids[-1])
    if not RUN_ID.fullmatch(asked) or asked not in ids:
        raise UsageError(f"{project.name} has no run {asked:.40}", f"The newest is {ids[-1]}.")
    return project.run(asked)
