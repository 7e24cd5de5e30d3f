"""Bring the index up to what the files say: cheap looks decide what is read again.

Of a run, its folder's times are looked at, not its iterations: those are committed by a rename, which the
folder shows. Now and then (`deep`) every file is looked at, for what was changed by hand. What was written in
the last moments is read again the next time, for a later change in the same tick of the clock looks the same.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iterativectl.history import writing
from iterativectl.history.database import Database
from iterativectl.history.facts import ProjectFacts, RunRead
from iterativectl.history.reading import (
    DEEPER,
    Reader,
    Standing,
    Telling,
    deep_stamp,
    project_facts,
    stamp_of,
)
from iterativectl.project import links, lock
from iterativectl.project.layout import PROJECT_NAME, RUN_ID, ProjectPaths, RunPaths, WorkspacePaths

YOUNG_SECONDS = 2.0  # the coarsest clock of a file system that is still in use (FAT)
ROUNDS = 2  # a second one where the file was found to be damaged in the first
NOT_SHOWN = "not shown"  # the stamp of a project of which nothing is read
ODD_NAME = "the viewer does not show a project of this name: letters, digits, - and _ make one (64 at most)"
RENAME = "Rename the folder."
BATCH_SECONDS = 0.5  # so often a first reading of many runs is written down and seen

Key = tuple[str, str]  # project, run id


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A run that is to be read: where, how it stands, its folder's stamp, and whether that may still lie."""

    project: ProjectPaths
    run: RunPaths
    standing: Standing
    stamp: str
    young: bool

    @property
    def key(self) -> Key:
        return (self.project.name, self.run.run_id)


class Refresher:
    """Refreshes one index, one call at a time. `tell` puts a run's state into words.

    `seen` is called whenever some of many runs have been read.
    """

    def __init__(
        self,
        workspace: WorkspacePaths,
        database: Database,
        tell: Telling,
        seen: Callable[[], None] = lambda: None,
    ) -> None:
        self.progress: tuple[int, int] | None = None  # runs read, of so many, while many are read
        self._seen = seen
        self._stopped = False
        self._workspace = workspace
        self._database = database
        self._reader = Reader(tell)
        self._changes = 0
        self._version: object = None
        self._projects: dict[str, str] = {}
        self._facts: dict[str, ProjectFacts] = {}
        self._runs: dict[Key, str] = {}
        self._young: dict[Key, RunRead] = {}
        self._watched: dict[Key, tuple[str, ...]] = {}
        self._alone = threading.Lock()

    @property
    def generation(self) -> object:
        """Another value as soon as a query finds something else, by what was done here."""
        return (self._version, self._changes, self.progress)

    def stop(self) -> None:
        """Let the refresh that is going on, in another thread, end early."""
        self._stopped = True

    def refresh(self, *, deep: bool = False) -> None:
        """Read what has changed. Returns, with less done, while another process writes the index."""
        with self._alone:
            self._database.check()
            for _ in range(ROUNDS):
                if self._database.version != self._version:
                    self._load()
                self._round(deep)
                if self._stopped or self._database.version == self._version:
                    break

    def rebuild(self) -> None:
        """Throw the index away and make it from the files."""
        self._database.start_afresh()
        self.refresh(deep=True)

    def _round(self, deep: bool) -> None:
        found, refused = self._found_projects()
        self._refresh_projects(found, refused)
        present: set[Key] = set()
        wanted: list[_Wanted] = []
        for project in found:
            for one in self._found_runs(project):
                present.add(one.key)
                if self._is_changed(one, deep):
                    wanted.append(one)
        self._forget([key for key in self._runs if key not in present])
        self._read(sorted(wanted, key=lambda one: one.run.run_id, reverse=True))

    def _load(self) -> None:
        """What the index knows already: another process may have written it, or it is a fresh one."""
        self._projects, self._runs = self._database.read(writing.stamps)
        self._young.clear()
        self._facts.clear()
        self._version = self._database.version
        self._changes += 1

    def _found_projects(self) -> tuple[list[ProjectPaths], dict[str, str]]:
        """Folders with a rules file, as `project list` has them; and of some why they are not shown."""
        found: list[ProjectPaths] = []
        refused: dict[str, str] = {}
        for name, inside in _folders(self._workspace.projects):
            project = self._workspace.project(name)
            if name.startswith(".") or not name.isprintable() or not _is_project(project):
                continue
            if not PROJECT_NAME.fullmatch(name):
                refused[name] = f"{ODD_NAME}. {RENAME}"
            elif not inside:
                refused[name] = f"{links.OUT_OF_WORKSPACE.format(name)}. {links.MOVE}"
            else:
                found.append(project)
        return found, refused

    def _refresh_projects(self, found: list[ProjectPaths], refused: dict[str, str]) -> None:
        changed = {
            name: (ProjectFacts(name=name, problems=(why,)), NOT_SHOWN)
            for name, why in refused.items()
            if self._projects.get(name) != NOT_SHOWN
        }
        for project in found:
            paths = (project.output_metadata, project.output_image, project.input)
            stamp, young = _stamp(tuple(map(str, paths)))
            if not young and self._projects.get(project.name) == stamp:
                continue
            facts = project_facts(project)
            if not young or self._facts.get(project.name) != facts:
                changed[project.name] = (facts, "" if young else stamp)
        gone = set(self._projects) - {project.name for project in found} - set(refused)
        if changed or gone:
            self._write_projects(changed, gone)

    def _write_projects(self, changed: dict[str, tuple[ProjectFacts, str]], gone: set[str]) -> None:
        if self._database.write(lambda index: writing.put_projects(index, changed.values(), gone)):
            news = any(self._facts.get(name) != facts for name, (facts, _) in changed.items())
            self._changes += news or bool(gone)
            self._facts.update({name: facts for name, (facts, _) in changed.items()})
            self._projects.update({name: stamp for name, (_, stamp) in changed.items()})
            for name in gone:
                del self._projects[name]
                self._facts.pop(name, None)

    def _found_runs(self, project: ProjectPaths) -> Iterator[_Wanted]:
        if not links.lies_inside(project.working, project.root):
            return  # project_facts says so
        names = sorted(
            name for name, inside in _folders(project.working) if inside and RUN_ID.fullmatch(name)
        )
        begun = [name for name in names if stamp_of(self._paths((project.name, name), project)[0])]
        held = bool(begun) and _is_held(project.lock)
        for name in begun:
            latest = name == begun[-1]
            paths = self._paths((project.name, name), project)
            stamp, young = _stamp((*paths, str(project.checkpoint)) if latest else paths)
            standing = Standing(latest=latest, held=latest and held)
            marks = f"{'l' if latest else ''}{'h' if standing.held else ''}"
            yield _Wanted(project, project.run(name), standing, f"{marks}{stamp}", young)

    def _paths(self, key: Key, project: ProjectPaths) -> tuple[str, ...]:
        """What is looked at of a run, run.json first. Kept as text: there are thousands of them a second."""
        if key not in self._watched:
            run = project.run(key[1])
            paths = (
                run.run_json,
                run.metadata(1).parent,
                run.checkpoint,
                run.ranking,
                run.ratings,
                run.usage,
            )
            self._watched[key] = tuple(map(str, paths))
        return self._watched[key]

    def _is_changed(self, one: _Wanted, deep: bool) -> bool:
        known = self._runs.get(one.key)
        if known is None or one.key in self._young:
            return True
        shallow, _, below = known.partition(DEEPER)
        return shallow != one.stamp or (deep and below != deep_stamp(one.run))

    def _read(self, wanted: list[_Wanted]) -> None:
        batch: list[tuple[_Wanted, RunRead]] = []
        began = time.monotonic()
        for number, one in enumerate(wanted):
            batch.append((one, self._reader.run(one.project, one.run, one.standing, one.stamp)))
            if time.monotonic() - began > BATCH_SECONDS:
                self.progress = (number + 1, len(wanted))
                self._write(batch)
                batch, began = [], time.monotonic()
                self._seen()
            if self._stopped:
                break
        self._write(batch)
        self.progress = None

    def _write(self, batch: list[tuple[_Wanted, RunRead]]) -> None:
        """Write down what was read; what says the same as before, and may still change, only here."""
        news = [(one, read) for one, read in batch if not one.young or self._young.get(one.key) != read]
        if news and not self._database.write(lambda index: writing.put_runs(index, _settled(news))):
            return
        for one, read in news:
            before = self._young.pop(one.key, None)
            self._changes += before is None or before.run != read.run or before.iterations != read.iterations
            self._runs[one.key] = read.stamp
            if one.young:
                self._young[one.key] = read

    def _forget(self, gone: list[Key]) -> None:
        if not gone or not self._database.write(lambda index: writing.drop_runs(index, gone)):
            return
        for key in gone:
            for known in (self._runs, self._young, self._watched):
                known.pop(key, None)
        self._changes += 1


def _settled(news: list[tuple[_Wanted, RunRead]]) -> Iterator[tuple[RunRead, str]]:
    """What is written, with the stamp that a later process may trust: none while it may still lie."""
    return ((read, "" if one.young else read.stamp) for one, read in news)


def _folders(folder: Path) -> list[tuple[str, bool]]:
    """(name, whether it lies inside once links are followed) of the folders in a folder, sorted."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_symlink()) for entry in entries if _is_folder(entry)]
    except OSError:
        return []
    return sorted((name, not linked or links.lies_inside(folder / name, folder)) for name, linked in found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_project(project: ProjectPaths) -> bool:
    try:
        return project.rules.is_file()
    except OSError:  # a link into a folder that may not be read
        return False


def _is_held(path: Path) -> bool:
    try:
        return lock.is_held(path)
    except OSError:
        return False


def _stamp(paths: tuple[str, ...], now: Callable[[], float] = time.time) -> tuple[str, bool]:
    """(what changes when one of these does, whether one is so young that it may not)."""
    found = [stamp_of(path) for path in paths]
    newest = max((one[0] for one in found if one), default=0)
    young = newest / 1e9 > now() - YOUNG_SECONDS
    return ",".join(".".join(map(str, one)) if one else "-" for one in found), young
