"""One run a project: a kernel lock that a dead process cannot keep."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iterativectl import files
from iterativectl.errors import LockedError


@contextmanager
def held(path: Path, *, started: str) -> Iterator[None]:
    """Hold the project's lock. Raises LockedError naming pid, host and start time of the holder.

    flock, not the file's existence or age: free at once after kill -9, still held by a stopped process.
    """
    content = json.dumps({"pid": os.getpid(), "host": os.uname().nodename, "started": started})
    descriptor = files.lock(path, content)
    if descriptor is None:
        raise LockedError(
            f"another run holds this project: {describe(holder(path))}",
            "Wait for it, or stop that process. A process that died blocks nobody.",
        )
    try:
        yield
    finally:
        files.unlock(descriptor)


def holder(path: Path) -> dict[str, Any]:
    """What the holder wrote into the lock file; {} when unreadable (the lock counts all the same)."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def describe(found: dict[str, Any]) -> str:
    """A holder in words."""
    if not found:
        return "its pid could not be read"
    return f"pid {found.get('pid')} on {found.get('host')}, started {found.get('started')}"


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock, without taking it for longer than the look."""
    return files.is_locked(path)
