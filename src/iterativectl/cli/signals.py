"""Ctrl-C, `kill` and a closed terminal, all three as KeyboardInterrupt."""

from __future__ import annotations

import signal
from types import FrameType


def listen() -> None:
    """From here on SIGTERM and SIGHUP act as Ctrl-C does: the work ends in order, and can be taken up.

    A signal that whoever started us has switched off (nohup, a shell's background job) stays off.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def deafen() -> None:
    """The interrupt is being dealt with: a second Ctrl-C must not cut off its last lines."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first one counts, and what it sets off (taking back our own job, saving) has its own deadlines."""
    deafen()
    raise KeyboardInterrupt


def _heard(number: int, frame: FrameType | None) -> None:
    """Nothing more to do. (With SIG_IGN Python complains of a signal that came a moment before.)"""


def hold() -> None:
    """The last lines are written: while Python takes itself apart, a signal would meet no handler."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
