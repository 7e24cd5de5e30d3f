"""One line that says what the set-up is doing: rewritten on a terminal, written once elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Progress:
    """Use as a context manager. `total` is the number of packages that the lock names."""

    def __init__(self, title: str, total: int) -> None:
        self._title = f"iterativectl: {title}"
        self._total = total
        self._packages = 0
        self._started = time.monotonic()
        self._on_terminal = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        sys.stderr.write(self._title if self._on_terminal else self._title + "\n")
        sys.stderr.flush()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        if self._on_terminal:
            sys.stderr.write("\n")

    def note(self, line: str) -> None:
        """One line of the installer's output: pip names each package as it comes to it."""
        if line.startswith("Collecting "):
            self._packages = min(self._packages + 1, self._total)

    def show(self) -> None:
        """Bring the line up to date, on a terminal."""
        if not self._on_terminal:
            return
        packages = f"{self._packages}/{self._total} packages, " if self._packages else ""
        seconds = time.monotonic() - self._started
        sys.stderr.write(f"\r{self._title}: {packages}{seconds:.0f} s")
        sys.stderr.flush()
