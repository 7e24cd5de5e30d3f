"""A viewer in a process of its own, to be killed, and writers that die at each operation on the disk.

`serve ROOT [PLANT]`: serves the workspace on a free port and prints its address. With PLANT the ranking is
written only after it was answered: a bug that somebody could write, and that a test must notice.

`sweep FOLDER [PLANT]`: saves a ranking over another one in forked children, each of which is killed at one
operation (kill -9), or has that operation and all that follow refused (ENOSPC). Prints what was found in the
file each time, as JSON: "old", "new" or "damaged". With PLANT the file is written in place.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.serving import served

from iterativectl import files
from iterativectl.errors import StorageError
from iterativectl.project import handwriting, human
from iterativectl.project.human import Ranking
from iterativectl.project.layout import RunPaths

OPERATIONS = ("open", "write", "fsync", "replace")
NOW = "2026-01-09T22:25:59+01:00"
LATER = 1.0  # seconds that the planted bug writes too late
LONGEST = 60.0  # seconds after which the server ends by itself


def serve(root: Path, planted: bool) -> None:
    if planted:
        right = handwriting.write

        def write(path: Path, body: Any) -> str:
            threading.Timer(LATER, right, (path, body)).start()
            return "0" * 64

        handwriting.write = write
    with served(root) as viewer:
        print(viewer.origin, flush=True)
        time.sleep(LONGEST)


def sweep(folder: Path, planted: bool) -> None:
    if planted:
        files.write_bytes = in_place
    found: dict[str, list[str]] = {"kill": [], "full": []}
    for kind, act in (("kill", die), ("full", refuse)):
        for at in itertools.count(1):
            ended, state = one(folder / f"{kind}{at}", act, at)
            if not ended:
                break
            found[kind].append(state)
    print(json.dumps(found))


def in_place(path: Path, content: bytes, **_: Any) -> None:
    """The planted bug: a reader, or whoever comes after a crash, may find half of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(descriptor, content)
    os.close(descriptor)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def one(folder: Path, act: Callable[[], None], at: int) -> tuple[bool, str]:
    """A child that saves, with `act` at its operation `at`. Whether it got there, and what is found."""
    run = RunPaths(folder, "2026-01-09_22-25-59")
    run.human.mkdir(parents=True)
    old = human.rank(run, [1, 2, 3], [1, 2, 3], NOW)
    content = run.ranking.read_bytes()
    child = os.fork()
    if not child:
        interrupt(act, at)
        os._exit(save(run, old.sha256))
    _, status = os.waitpid(child, 0)
    there = run.ranking.read_bytes()
    if there == content:
        return status != 0, "old"
    whole = there.endswith(b"}\n") and json.loads(there)["ranking"] == ["3", "2", "1"]
    return status != 0, "new" if whole else "damaged"


def save(run: RunPaths, based_on: str | None) -> int:
    try:
        human.save_ranking(run, Ranking(ranking=("3", "2", "1")), based_on, [1, 2, 3], "later")
    except StorageError:
        return 4
    return 0


def interrupt(act: Callable[[], None], at: int) -> None:
    """Count the operations on the disk from here on, and act at one of them and at all that follow."""
    count = itertools.count(1)

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*given: Any, **named: Any) -> Any:
            if next(count) >= at:
                act()
            return real(*given, **named)

        return operation

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))
    replace = os.replace  # Python 3.10's pathlib binds it when it is imported
    Path.replace = lambda path, target: replace(path, target)  # type: ignore[method-assign, assignment, return-value]


if __name__ == "__main__":
    job = {"serve": serve, "sweep": sweep}[sys.argv[1]]
    job(Path(sys.argv[2]), len(sys.argv) > 3)
