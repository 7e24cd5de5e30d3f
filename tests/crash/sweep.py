"""Whole runs, attacked at every file operation. As a process: python -m tests.crash.sweep SCENE ATTACK [...].

One run is watched from its first file operation to its last. At each of them it stands still, and what the
attack leaves on the disk is copied and taken up by a new process, to the end. Then the trees are compared,
and what was paid for is counted. Several processes can share the operations.

kill            the process dies before the operation
tear            it dies in the middle of a write
ENOSPC, EIO     a write fails, once; with -lasting all that follow fail too
twice           the process that takes a killed run up is killed as well (a sample of pairs)
real            (a check of the method) a process that really dies leaves the disk that is copied (a sample)
count           (a check of the method) no file is changed by an operation that is not counted
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash import disk, planted, trees
from tests.crash.harness import (
    HERE,
    Outcome,
    Step,
    Watcher,
    branch,
    copied,
    die,
    draw_from,
    in_child,
    leave,
    tear,
    uncounted,
)
from tests.crash.scenes import ROOT, SCENES, Scene

PAUSED = 4
WATCHED = 1  # the seed of the run that is watched
WHOLE_SWEEP = 600.0  # seconds
TOGETHER = 24  # operations in a row that one process takes: neighbours often leave the same disk
FIRST_OF_TWO, SECOND_OF_TWO = 41, 61  # for `twice` and `real`: every so many operations


@dataclass
class Result:
    """`operations` of the run, of them `attacked`, `cases` taken up; `same`: their disk was tried already."""

    operations: int = 0
    attacked: int = 0
    cases: int = 0
    same: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass
class Sweep:
    """An attack on the operations of a scene's run. `plant` puts a bug in; `enough`: failures to stop at."""

    scene: Scene
    base: Path
    attack: str
    share: int = 0
    shares: int = 1
    plant: Callable[[], None] = planted.nothing
    enough: int = 10
    result: Result = field(default_factory=Result)
    _seen: set[tuple[str, int]] = field(default_factory=set)
    _in_branch: bool = False
    _open: bool = False
    _closed: bool = False

    def run(self) -> Result:
        """Everything is done in a child: the functions of `os` stay as they are in this process."""
        ended = in_child(self._watched, seed=0, longest=WHOLE_SWEEP)
        if ended.code != 0:
            raise AssertionError(f"the run that is watched: {ended.told}")
        return Result(**ended.told)

    def _watched(self) -> tuple[int, Any]:
        """The run by itself, then once more under watch."""
        self.plant()
        if self.attack == "count":
            return self._counted()
        self.scene.enter(self.base / "expected")
        self.before, jobs = disk.books(), self.scene.jobs()
        code, told = self.scene.run()
        if code != self.scene.code:
            return 1, f"it ended with {code}: {told}"
        self.expected, self.needed = trees.tree(ROOT), Counter(self.scene.bought())
        self.needed_jobs = self.scene.jobs() - jobs
        self.scene.enter(self.base / "watched")
        self.jobs_of_others = self.scene.jobs()
        draw_from(WATCHED)
        HERE.operations.count = HERE.operations.writes = 0
        HERE.operations.watcher = self._watch
        code, told = self.scene.run()
        if self._in_branch:
            leave(code, told)
        HERE.operations.watcher = None
        if differences := trees.difference(self.expected, trees.tree(ROOT)):
            return 1, f"watching changes the run: {differences}"
        self.result.operations = HERE.operations.count
        return 0, vars(self.result)

    def _counted(self) -> tuple[int, Any]:
        self.scene.enter(self.base / "expected")
        HERE.operations.count = 0
        HERE.operations.trace.clear()
        self.result.failures = uncounted(self.scene.run)
        self.result.operations = self.result.attacked = HERE.operations.count
        return 0, vars(self.result)

    def _watch(self, step: Step) -> None:
        self._open = self._open or re.search(self.scene.first, step.path) is not None
        self._closed = self._closed or (self._open and re.search(self.scene.last, step.path) is not None)
        if not self._open or self._closed or len(self.result.failures) >= self.enough:
            return
        if step.number // TOGETHER % self.shares == self.share and self._is_attacked(step):
            self.result.attacked += 1
            self._attack()(step)

    def _is_attacked(self, step: Step) -> bool:
        if self.attack in ("twice", "real"):
            return step.number % FIRST_OF_TWO == 0
        return step.writes or self.attack == "kill"

    def _attack(self) -> Callable[[Step], None]:
        attacks = {"kill": self._killed, "twice": self._killed, "real": self._really_killed}
        return {**attacks, "tear": self._torn}.get(self.attack, self._failed)

    # -- attacks

    def _killed(self, step: Step) -> None:
        if self._is_new(Path()):
            again = self._watch_again if self.attack == "twice" else None
            self._taken_up(step, copied(self.base / "case"), self._to_the_end, again)

    def _watch_again(self, step: Step) -> None:
        """In the process that takes up a killed run: killed as well, every now and then."""
        if step.number % SECOND_OF_TWO == 0:
            self._taken_up(step, copied(self.base / "case2"), self._to_the_end)

    def _torn(self, step: Step) -> None:
        workspace = copied(self.base / "case")
        tear(step, workspace)
        self._taken_up(step, workspace, self._to_the_end)

    def _failed(self, step: Step) -> None:
        """The write fails in a branch of this run; what the branch leaves behind is taken up."""
        workspace = copied(self.base / "case")
        kind, _, lasting = self.attack.partition("-")
        paid, jobs = len(self.scene.bought()), self.scene.jobs()
        ended = branch(workspace, kind, bool(lasting))
        if ended is None:
            self._in_branch = True
            return
        if ended.code == self.scene.code:
            self._taken_up(step, workspace, self._finished)
        elif complaint := _not_paused(ended):
            self.result.failures.append(f"{self.attack} at {step}: {complaint}")
        elif self._is_new(workspace):
            self._taken_up(step, workspace, self._to_the_end)
        self._forget(paid, jobs)

    def _really_killed(self, step: Step) -> None:
        paid = self.scene.bought()

        def run() -> Any:
            self.scene.enter(self.base / "real")
            draw_from(WATCHED)
            HERE.operations.count = 0
            HERE.operations.watcher = lambda other: die() if other.number == step.number else None
            return self.scene.run()

        ended = in_child(run, seed=0)
        self.scene.pay(paid)
        self.result.cases += 1
        if ended.code != -signal.SIGKILL:
            self.result.failures.append(f"{step}: {ended}")
        elif differences := trees.difference(disk.shape(Path()), disk.shape(self.base / "real")):
            self.result.failures.append(
                f"{step}: a process that dies there leaves another disk: {differences}"
            )

    # -- what comes of them

    def _is_new(self, workspace: Path) -> bool:
        """Whether this disk, with this much paid, was not tried before."""
        state = (disk.digest(workspace), len(self.scene.bought()))
        known = state in self._seen
        self.result.same += known
        self._seen.add(state)
        return not known

    def _taken_up(
        self, step: Step, workspace: Path, check: Callable[[], list[str]], watcher: Watcher | None = None
    ) -> None:
        """What a new process makes of a workspace; the run that is watched knows nothing of it."""
        self.result.cases += 1
        paid, jobs = len(self.scene.bought()), self.scene.jobs()

        def there() -> tuple[int, Any]:
            os.chdir(workspace)
            found = check()
            return 0, {"complaints": found, "cases": self.result.cases, "inside": self.result.failures}

        ended = in_child(there, seed=1000 + step.number, watcher=watcher)
        self._forget(paid, jobs)
        if ended.code != 0:
            self.result.failures.append(f"{self.attack} at {step}: broke: {ended.told}")
            return
        self.result.cases, self.result.failures = ended.told["cases"], ended.told["inside"]
        self.result.failures += [f"{self.attack} at {step}: {line}" for line in ended.told["complaints"]]

    def _forget(self, paid: int, jobs: int) -> None:
        """What a branch bought and sent is not the run's that is watched."""
        self.scene.pay(self.scene.bought()[:paid])
        self.jobs_of_others += self.scene.jobs() - jobs

    def _to_the_end(self) -> list[str]:
        """Go on as a person does. Complaints about how it ends."""
        finished = disk.finished_files()
        code, told = self.scene.resume()
        complaints = [] if code == self.scene.code else [f"ended with {code}: {told}"]
        lost = sorted(finished - disk.finished_files())
        return complaints + [f"lost or changed: {name}" for name, _ in lost] + self._finished()

    def _finished(self) -> list[str]:
        """Complaints about a finished project: its tree, its log, and what it says of what was paid for."""
        differences = trees.difference(self.expected, trees.tree(ROOT))[:4]
        return [*differences, *disk.unreadable_events(), *self._money(), *self._pictures()]

    def _money(self) -> list[str]:
        bought = Counter(self.scene.bought())
        books = disk.books().less(self.before)
        kills = 2 if self.attack == "twice" else 1
        twice, answers = (bought - self.needed).total(), bought.total()
        complaints = []
        if bought.keys() != self.needed.keys():
            complaints.append(f"other answers were bought than needed: {sorted(bought)}")
        if twice > min(kills, books.unknown):
            complaints.append(f"{twice} answers were bought twice, {books.unknown} are listed as unknown")
        if not answers <= books.reserved <= answers + kills:
            complaints.append(f"{books.reserved} requests are in the books, {answers} were answered")
        if books.spent < answers * self.scene.price - 1e-9:
            complaints.append(f"{books.spent} USD are in the books, {answers} answers were charged")
        return complaints

    def _pictures(self) -> list[str]:
        """A ticket is on disk before its job is sent: so a job that a server took is never sent again."""
        asked = self.scene.jobs() - self.jobs_of_others
        if asked == self.needed_jobs:
            return []
        return [f"{asked} pictures were asked for, not {self.needed_jobs}"]


def _not_paused(ended: Outcome) -> str:
    """A complaint about a run that met a failing disk, "" when it paused as it should."""
    told = ended.told if isinstance(ended.told, dict) else {}
    if ended.code != PAUSED or told.get("error") != "storage":
        return f"ended with {ended.code}: {ended.told}"
    return "" if str(ROOT) in told["message"] else f"no path is named: {told['message']}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Attack every file operation of a run.")
    parser.add_argument("scene", choices=sorted(SCENES))
    parser.add_argument("attack")
    parser.add_argument("--share", type=int, default=0)
    parser.add_argument("--shares", type=int, default=1)
    parser.add_argument("--plant", choices=sorted(planted.BUGS), default="nothing")
    parser.add_argument("--enough", type=int, default=10, help="failures to stop at")
    parser.add_argument("--first", help="begin with the first operation on a file like this")
    options = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    base = Path(tempfile.mkdtemp(prefix="iterative-crash-", dir=memory))
    began = time.monotonic()
    gc.disable()
    logging.getLogger("iterativectl").addHandler(logging.NullHandler())
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # tidy up
    try:
        with ExitStack() as servers:
            scene = SCENES[options.scene](base, servers)
            scene.first = options.first or scene.first
            share = (options.share, options.shares)
            plant = planted.BUGS[options.plant]
            result = Sweep(scene, base, options.attack, *share, plant, options.enough).run()
        print(json.dumps({**vars(result), "seconds": round(time.monotonic() - began, 2)}))
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    sys.exit(main())
