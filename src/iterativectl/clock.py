"""Time as a value that is passed in, so that waits can be tested without waiting."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What a wait needs. `now` is local time with offset; `monotonic` and `sleep` are in seconds."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Local time with its offset."""
        return datetime.now().astimezone()

    def monotonic(self) -> float:
        """Seconds from an unspecified start; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
