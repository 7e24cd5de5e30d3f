"""A program's log: its last lines, and what comes after them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from iterativectl import files
from iterativectl.clock import Clock
from iterativectl.processes.record import ProcessPaths

BLOCK = 1 << 16
MOST = 1 << 22  # bytes looked at from the end: a line is never longer
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # ECMA-48 control sequences


def rotate(paths: ProcessPaths) -> None:
    """Put the log of the start before aside; only that one is kept."""
    if paths.log.exists():
        files.move(paths.log, paths.previous_log)


def open_new(path: Path) -> int:
    """A descriptor for the child's log, which it writes itself: the one file that files.py does not."""
    files.make_dir(path.parent)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)


def size(path: Path) -> int:
    """Its bytes; 0 when there is no log."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def tail(path: Path, count: int, end: int | None = None) -> list[str]:
    """The last `count` lines (before byte `end`) as a terminal would show them; none when there is no log."""
    try:
        with path.open("rb") as log:
            end = log.seek(0, os.SEEK_END) if end is None else end
            start, content = end, b""
            while start > 0 and content.count(b"\n") <= count and end - start < MOST:
                start = max(0, start - BLOCK)
                log.seek(start)
                content = log.read(end - start)
    except FileNotFoundError:
        return []
    lines = content.decode("utf-8", "replace").split("\n")
    kept = [shown(line) for line in (lines[1:] if start > 0 else lines)]
    if kept and not kept[-1]:
        kept.pop()  # after the last newline
    return kept[-count:] if count else []


def last_line(path: Path) -> str:
    """The last line that says something, "" when none does."""
    return next((line.strip() for line in reversed(tail(path, 20)) if line.strip()), "")


def follow(
    path: Path, position: int, alive: Callable[[], bool], clock: Clock, every: float = 0.5
) -> Iterator[str]:
    """Lines from byte `position` on, until `alive` says no and the rest is read.

    A log that begins anew, because it was started again, is gone on with.
    """
    rest = ""
    while True:
        going_on = alive()  # before reading: what it wrote last is read, too
        end = size(path)
        if end < position:  # it was started again
            position, rest = 0, ""
        content, position = _from(path, position) if end > position else (b"", position)
        *lines, rest = (rest + content.decode("utf-8", "replace")).split("\n")
        yield from map(shown, lines)
        if not going_on:
            if rest:
                yield shown(rest)
            return
        clock.sleep(every)


def shown(line: str) -> str:
    """A line as it stands on a terminal at last: without colours, after the last carriage return."""
    plain = _COLOURS.sub("", line).rstrip("\r\n ")
    return plain.rpartition("\r")[2]


def _from(path: Path, position: int) -> tuple[bytes, int]:
    with path.open("rb") as log:
        log.seek(position)
        content = log.read()
    return content, position + len(content)
