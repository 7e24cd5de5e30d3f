"""The files in human/: JSON that people write by hand too, and other programs may.

What is not known here is kept as it is, what cannot be meant is named and never written over. A change begins
with what the file says at that moment, is made by one writer at a time, and is on the disk before its caller
goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from iterativectl import files
from iterativectl.errors import LockedError, ProjectError
from iterativectl.project.layout import RunPaths

MAX_BYTES = 5_000_000  # a label for each of ten thousand pictures is less
CURE = "Nothing was changed. Mend the file, or move it away and say it again."
TRIES = 5  # at a lock that somebody holds for one write; about 0.2 s each
Written = TypeVar("Written")


class Overtaken(Exception):
    """What was to be written was made from an older state of the file. Nothing was changed."""


def alone(run: RunPaths, now: str, change: Callable[[], Written]) -> Written:
    """Make a change to a file in human/ as its only writer: it begins with what the file says.

    `now` is ISO 8601. Raises LockedError while another process writes for longer than a write takes.
    """
    path = run.human / "human.lock"
    tries = (files.lock(path, now) for _ in range(TRIES))
    descriptor = next((found for found in tries if found is not None), None)
    if descriptor is None:
        raise LockedError(f"another process is writing in {run.human}", "Try again in a moment.")
    try:
        return change()
    finally:
        files.unlock(descriptor)


def read(path: Path) -> tuple[dict[str, Any], str] | None:
    """A file's object and the sha256 of its bytes; None where there is no file.

    Raises ProjectError naming what is wrong with it.
    """
    try:
        if not path.exists():
            return None
        if not path.is_file():
            refuse(path, "it is not a file")
        if path.stat().st_size > MAX_BYTES:
            refuse(path, f"it is larger than {MAX_BYTES // 1_000_000} MB")
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode("utf-8")  # halves of characters cannot be written again
    except OSError as error:
        refuse(path, f"it cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        refuse(path, f"it is not JSON ({str(error):.200})")
    if not isinstance(data, dict):
        refuse(path, "it is not a JSON object")
    return data, hashlib.sha256(content).hexdigest()


def write(path: Path, body: Mapping[str, Any]) -> str:
    """Write a file's object, durably; the sha256 of its bytes.

    The hash is of what was written here, not of what is found afterwards: that may be somebody else's.
    """
    text = json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    files.write_text(path, text)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def refuse(path: Path, why: str) -> NoReturn:
    """Raise ProjectError for a file that cannot be used."""
    raise ProjectError(f"{path} cannot be used: {why}", CURE)


def iteration(path: Path, entry: Any, key: str) -> str:
    """An entry of the list `key`; people write 3 for "3". Raises ProjectError."""
    if isinstance(entry, bool) or not isinstance(entry, str | int):
        refuse(path, f"{entry!r:.60} in '{key}' is no iteration")
    return str(entry)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
