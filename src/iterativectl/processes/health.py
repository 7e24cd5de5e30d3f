"""Wait until a program that was started answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from iterativectl.clock import Clock
from iterativectl.ports import Found
from iterativectl.processes import logs
from iterativectl.processes.record import ProcessPaths, Record, standing

EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Waited:
    """How the wait stands: `seconds` since it began, the log's last line."""

    seconds: float
    line: str


def is_the_answer_of(heard: Found, record: Record) -> bool:
    """Whether what answers can be this program: it names no command line, or this one's end."""
    named = heard.argv
    return heard.word == "wanted" and (not named or record.command[-len(named) :] == named)


def wait(
    record: Record,
    paths: ProcessPaths,
    listen: Callable[[], Found],
    clock: Clock,
    limit: float,
    tell: Callable[[Waited], None],
) -> Literal["ready", "starting", "ended"]:
    """Look until it answers, has ended, or `limit` seconds are over."""
    began = clock.monotonic()
    while True:
        if standing(record) != "alive":
            return "ended"
        if is_the_answer_of(listen(), record):
            return "ready" if standing(record) == "alive" else "ended"
        passed = clock.monotonic() - began
        if passed >= limit:
            return "starting"
        tell(Waited(passed, logs.last_line(paths.log)))
        clock.sleep(min(EVERY, limit - passed))
