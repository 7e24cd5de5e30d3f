"""What is going on in a run: its events by byte offset, the picture in the making, the preview."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from iterativectl.overview import RunState
from iterativectl.project import preview as preview_file
from iterativectl.project import runs
from iterativectl.project.layout import RunPaths, iteration_of
from iterativectl.project.runs import PLAN_FORMAT
from iterativectl.showing.iterations import parameters, planned, prompts
from iterativectl.showing.reading import record, tried
from iterativectl.showing.shelf import Shelf, stamp
from iterativectl.showing.values import plain, table, texts, whole, within, word

Facts = dict[str, Any]
BLOCK = 1 << 20  # bytes of events that are read at a time
LONGEST = 1 << 22  # bytes of one event; longer ones are passed over
STARTED = b'"type": "run_started"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`end`: the byte offset after the last whole line. `max_iterations`: as the last start said."""

    end: int = 0
    max_iterations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some events, each with its `id`. `last`: where to go on; `more`: whether there are more by now."""

    events: tuple[Facts, ...]
    last: int
    more: bool


def of(paths: RunPaths, shelf: Shelf) -> Log:
    """What the run's events say of it as a whole."""
    return shelf.of("events", [paths.events], lambda: tried([], lambda: _log(paths.events)) or Log())


def events(path: Path, after: int, limit: int) -> Page:
    """The events from byte `after` on, at most `limit`. An `id` is the byte offset after an event's line.

    A torn last line is left for the next time. A file that is shorter than `after` was begun anew: it is read
    from its start, and `last` says so by being smaller. An `after` in the middle of a line passes over the
    rest of that line. What is no event is passed over.
    """
    found: list[Facts] = []
    try:
        with path.open("rb") as log:
            at = began = _place(log, after)
            while len(found) < limit and at - began < BLOCK:
                line, size = _whole_line(log)
                if not size:
                    return Page(events=tuple(found), last=at, more=False)
                at += size
                event = _event(line, at)
                found += [event] if event else []
            return Page(events=tuple(found), last=at, more=at < os.fstat(log.fileno()).st_size)
    except FileNotFoundError:
        return Page(events=(), last=0, more=False)


def in_flight(paths: RunPaths, state: RunState, done: set[int]) -> Facts | None:
    """The iteration being made: `{iteration, step, ticket, ...what is planned}`; None where none is."""
    flights = state.checkpoint.in_flight if state.checkpoint and state.unfinished else ()
    flying = (flight for flight in flights if whole(flight.get("iteration")) not in {None, *done})
    flight = next(flying, None)
    return _flight(paths, flight) if flight else None


def _flight(paths: RunPaths, flight: Facts) -> Facts:
    number = int(flight["iteration"])
    path = paths.plan(number)
    plan = (tried([], lambda: record(path, PLAN_FORMAT)) if path.exists() else None) or {}
    return {
        "iteration": number,
        "step": word(flight.get("step")),
        "ticket": word(flight.get("ticket")),
        "picture": paths.image(number).is_file(),
        **planned(plan),
        **parameters({**table(plan.get("parameters")), "seed": plan.get("seed")}),
        "prompts": prompts(plan.get("prompts")),
        "reasons": texts(plan.get("reasons")),
    }


def preview(paths: RunPaths) -> Facts | None:
    """The picture in the making, as the sampler last showed it: `{iteration, at}`; None without one.

    `iteration` is the one that no picture is there for yet, None where nobody can tell.
    """
    found = preview_file.found(paths)
    seen = stamp(found) if found else None
    if found is None or seen is None:
        return None
    done = set(runs.committed(paths))
    plans = (iteration_of(path.name) for path in (paths.root / "plan").glob("iteration_*_plan.json"))
    waiting = (n for n in plans if n is not None and n not in done and not paths.image(n).exists())
    at = datetime.fromtimestamp(seen[0] / 1e9).astimezone().isoformat(timespec="milliseconds")
    return {"iteration": max(waiting, default=None), "at": at}


def _place(log: BinaryIO, after: int) -> int:
    """Where a line begins: at `after`, after it, or at the start of a file that is shorter."""
    size = os.fstat(log.fileno()).st_size
    if not 0 < after <= size:
        return 0
    log.seek(after - 1)
    if log.read(1) == b"\n":
        return after
    _, rest = _whole_line(log)
    log.seek(after + rest)
    return after + rest


def _whole_line(log: BinaryIO) -> tuple[bytes, int]:
    """The next line and its bytes; one that is too long comes empty. (b"", 0) where it is not whole yet."""
    line = log.readline(LONGEST)
    if line.endswith(b"\n"):
        return line, len(line)
    size = len(line)
    while len(line) == LONGEST:
        line = log.readline(LONGEST)
        size += len(line)
        if line.endswith(b"\n"):
            return b"", size
    return b"", 0


def _event(line: bytes, end: int) -> Facts | None:
    """An event with its id; None for a line that is none."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        return None
    return {**table(plain(data)), "id": end}


def _log(path: Path) -> Log:
    """The end of the last whole line, and what the newest start says."""
    if not path.is_file():
        return Log()
    with path.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        start = max(0, size - LONGEST)
        log.seek(start)
        content = log.read(size - start)
    whole_lines = content[: content.rfind(b"\n") + 1]
    began = whole_lines.rfind(STARTED)
    line = whole_lines[whole_lines.rfind(b"\n", 0, began) + 1 : whole_lines.find(b"\n", began) + 1]
    event = _event(line, 0) if began >= 0 else None
    return Log(end=start + len(whole_lines), max_iterations=whole(within(event, "max_iterations")))
