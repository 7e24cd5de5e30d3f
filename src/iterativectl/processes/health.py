"""Wait until a program that was started answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from iterativectl.clock import Clock
from iterativectl.processes import logs
from iterativectl.processes.record import ProcessPaths, Record, standing

EVERY = 0.5


class Heard(Protocol):
    """What is found at an address.

    word: `wanted` answers as the program does, `other` is something else, `silent` takes the connection and
    does not answer, `nothing` listens there. `argv` is the command line it names as its own, if any.
    """

    @property
    def word(self) -> Literal["wanted", "other", "silent", "nothing"]: ...

    @property
    def argv(self) -> Sequence[str]: ...

    @property
    def detail(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Waited:
    """How the wait stands: `seconds` since it began, the log's last line."""

    seconds: float
    line: str


def is_the_answer_of(heard: Heard, record: Record) -> bool:
    """Whether what answers can be this program: it names no command line, or this one's end."""
    named = tuple(heard.argv)
    return heard.word == "wanted" and (not named or record.command[-len(named) :] == named)


def wait(
    record: Record,
    paths: ProcessPaths,
    listen: Callable[[], Heard],
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
