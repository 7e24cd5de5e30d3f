"""The whole command line in this process: real folders, string streams, a clock that stands still."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from iterativectl.cli.env import Env
from iterativectl.cli.main import main


class StillClock:
    """A clock that moves only when told, and by what is slept."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        start = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone(timedelta(hours=1)))
        return start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Said:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Types commands in a folder."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.environ: dict[str, str] = {}
        self.clock = StillClock()
        self.is_tty = False
        self.stdout: io.StringIO = io.StringIO()
        self.stderr: io.StringIO = io.StringIO()

    def env(self) -> Env:
        return Env(
            stdout=self.stdout,
            stderr=self.stderr,
            stdout_is_tty=self.is_tty,
            stderr_is_tty=self.is_tty,
            environ=self.environ,
            cwd=self.cwd,
            clock=self.clock,
        )

    def __call__(self, *argv: object) -> Said:
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        code = main([str(argument) for argument in argv], self.env())
        return Said(code, self.stdout.getvalue(), self.stderr.getvalue())


def files_below(root: Path) -> dict[str, bytes]:
    """Every file of a tree with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
