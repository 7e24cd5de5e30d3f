"""Errors in words: two parts, what happened and what to do."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Mapping
from pathlib import Path

from iterativectl import __version__
from iterativectl.cli.blocks import Block, Line, Tone
from iterativectl.cli.scrub import scrubber
from iterativectl.errors import ConfigError, ExitCode, IterativeError

_PAUSED = "Paused"


def error_blocks(error: IterativeError, environ: Mapping[str, str]) -> list[Block]:
    """The message and the hint. The problems of a file get a line each."""
    scrub = scrubber(environ)
    if isinstance(error, ConfigError):
        blocks: list[Block] = [
            Line(f"{problem.severity.capitalize()}: {scrub(str(problem))}", _tone(problem.severity))
            for problem in error.problems
        ]
    else:
        first, *more = scrub(error.message).splitlines() or [error.code]
        blocks = [Line(_opening(error) + first, _tone_of(error)), *[Line(text, indent=1) for text in more]]
    return blocks + [Line(text, indent=1) for text in scrub(error.hint).splitlines()]


def bug_blocks(error: Exception, log: Path | None, environ: Mapping[str, str]) -> list[Block]:
    """A fault of ours: what it was, and where the traceback is (here, where there is no log)."""
    scrub = scrubber(environ)
    what = scrub(f"{type(error).__name__}: {error}")
    blocks: list[Block] = [
        Line(
            f"This is a bug in iterativectl {__version__} (Python {platform.python_version()}): {what}", "bad"
        )
    ]
    if log is not None and log.exists():
        return [
            *blocks,
            Line(f"The traceback is in {log}. Please report it; your files are as they were.", indent=1),
        ]
    trace = scrub("".join(traceback.format_exception(error)))
    return [*blocks, *[Line(text) for text in trace.splitlines()]]


def _opening(error: IterativeError) -> str:
    if error.exit_code == ExitCode.INTERRUPTED:
        return ""
    return f"{_PAUSED}: " if error.exit_code == ExitCode.PAUSED else "Error: "


def _tone_of(error: IterativeError) -> Tone:
    return "bad" if error.exit_code not in (ExitCode.INTERRUPTED, ExitCode.PAUSED) else "unsure"


def _tone(severity: str) -> Tone:
    return "bad" if severity == "error" else "unsure"
