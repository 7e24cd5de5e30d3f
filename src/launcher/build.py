"""Bring .venv up to the lock file: decide what is to be done, and let one set-up at a time do it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import cures, environment, installers, stamp

LOCK_FILE = ".venv.lock"
LOCK_SECONDS = 3600.0  # how long another set-up may take before we stop waiting for it
LOCK_PAUSE = 0.2  # seconds between two looks at the lock
LEFTOVERS = (environment.NEW + "*", environment.OLD + "*")


def ensure(root: str, extra: str) -> None:
    """Bring .venv up to the lock file, or say what to do and exit. `extra` is "" or "test"."""
    try:
        with _alone(Path(root)) as lock:
            if not stamp.is_fresh(root, extra):
                _bring_up_to_date(Path(root), extra, lock)
    except cures.Unable as unable:
        sys.exit(f"iterativectl: {unable}")
    except OSError as error:
        sys.exit(f"iterativectl: {cures.for_disk(root, error)}")
    except KeyboardInterrupt:
        sys.stderr.write("\niterativectl: set-up interrupted; nothing half made is left behind.\n")
        sys.exit(130)


@contextmanager
def _alone(root: Path) -> Iterator[int]:
    """Hold the set-up lock. Yields its descriptor, which the installers hold too.

    So one that outlives its killed launcher keeps the next launcher waiting, and never writes beside it.
    """
    descriptor = os.open(root / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _wait_for(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    said = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise cures.another_set_up() from None
        else:
            return
        if not said:
            sys.stderr.write("iterativectl: another set-up of this checkout is at work; waiting for it\n")
            said = True
        time.sleep(LOCK_PAUSE)


def _bring_up_to_date(root: Path, extra: str, lock: int) -> None:
    for leftover in (path for pattern in LEFTOVERS for path in root.glob(pattern)):
        shutil.rmtree(leftover, ignore_errors=True)
    _renew_stamps(root)
    if stamp.is_fresh(str(root), extra):
        return
    tools = installers.available()
    if extra and stamp.is_fresh(str(root), "") and not environment.is_half_added(root):
        environment.add(root, extra, tools, lock)
    else:
        environment.make(root, extra, tools, lock)


def _renew_stamps(root: Path) -> None:
    """After an update of the system's Python, what still works for the same lock is kept, not made again."""
    python = stamp.python_of(str(root))
    if not Path(python).is_file():
        return
    line = stamp.interpreter_line(python)
    for extra in environment.EXTRAS:
        path = Path(stamp.path_of(stamp.venv_of(str(root)), extra))
        if not path.is_file():
            continue
        found = path.read_bytes()
        stale, _, lock = found.partition(b"\n")
        same_recipe = stale.split()[:1] == line.split()[:1]
        if same_recipe and found != line + lock and _works(python):
            path.write_bytes(line + lock)


def _works(python: str) -> bool:
    """Whether the interpreter starts and finds its packages: they lie in a folder named by its version."""
    command = [python, "-I", "-c", "import iterativectl"]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
