"""End a program that was started here, and nothing else."""

from __future__ import annotations

import os
import signal
from typing import Literal

from iterativectl.clock import Clock
from iterativectl.processes import identity
from iterativectl.processes.errors import NotIdentified, StillAlive
from iterativectl.processes.launch import reap
from iterativectl.processes.record import Record, standing

GRACE = 10.0  # seconds between the request to end and the kill
KILL_SECONDS = 5.0  # a killed process is gone at once, unless it hangs in a driver
EVERY = 0.1


def end(record: Record, clock: Clock, grace: float = GRACE) -> Literal["nothing", "terminated", "killed"]:
    """End the process of a record with its whole group: TERM, and KILL after `grace` seconds.

    Raises NotIdentified when it cannot be told to be the one that was started, StillAlive when it survives.
    """
    found = standing(record)
    if found == "unidentified":
        raise _not_identified(record)
    if found != "alive":
        return "nothing"
    # It leads the session that we made for it, so the group has its number. Between the look and the signal
    # there is no time for the number to be used anew: the system gives out all others first.
    _signal(record.pid, signal.SIGTERM)
    if _gone(record.pid, clock, grace):
        return "terminated"
    _signal(record.pid, signal.SIGKILL)
    if _gone(record.pid, clock, KILL_SECONDS):
        return "killed"
    raise StillAlive(
        f"process {record.pid} does not end, although it was killed",
        "It hangs in the operating system, most often in a driver. Only a restart of the machine may help.",
    )


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # it ended meanwhile


def _gone(group: int, clock: Clock, seconds: float) -> bool:
    """Wait until nobody of the group is alive. While anybody is, the number cannot be given to others."""
    deadline = clock.monotonic() + seconds
    while True:
        reap(group)
        if not identity.group_lives(group):
            return True
        if clock.monotonic() >= deadline:
            return False
        clock.sleep(EVERY)


def _not_identified(record: Record) -> NotIdentified:
    seen = identity.look(record.pid)
    found = " ".join(seen.command) if seen else "gone"
    return NotIdentified(
        f"process {record.pid} is not what was started here: it runs `{found}`"
        f"{f' in {seen.cwd}' if seen and seen.cwd else ''}, not `{' '.join(record.command)}` in {record.cwd}",
        f"It is left alone. If you know it to be what you mean, end it yourself: kill {record.pid}",
    )
