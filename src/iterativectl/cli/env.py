"""What surrounds the command line, as one value made once: streams, variables, folder, time.

stdout is for what was asked for (tables, the verdict, `--json`); stderr is for what happens on the way
(progress, warnings, errors). Nothing else in the program touches `sys.stdout`, `os.environ` or the clock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from iterativectl.clock import Clock, SystemClock


def _nothing() -> None:
    """What `deafen` does where nobody listens to signals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """`deafen` makes the process pass over further interrupts: called once the first one is dealt with."""

    stdout: TextIO
    stderr: TextIO
    stdout_is_tty: bool
    stderr_is_tty: bool
    environ: Mapping[str, str]
    cwd: Path
    clock: Clock
    deafen: Callable[[], None] = _nothing

    @classmethod
    def of_process(cls, deafen: Callable[[], None] = _nothing) -> Env:
        """The real surroundings. Characters that a stream cannot show become `?` there."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="replace")
        return cls(
            stdout=sys.stdout,
            stderr=sys.stderr,
            stdout_is_tty=_is_tty(sys.stdout),
            stderr_is_tty=_is_tty(sys.stderr),
            environ=os.environ,
            cwd=Path.cwd(),
            clock=SystemClock(),
            deafen=deafen,
        )

    def colours(self, is_tty: bool) -> bool:
        """Whether a stream gets colours: a terminal that can, and no NO_COLOR (https://no-color.org)."""
        return is_tty and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"


def _is_tty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # closed, or None under a service manager
        return False
