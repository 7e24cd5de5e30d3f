"""Listening to a person while a run works: control.json, looked at between steps and while waiting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iterativectl.clock import Clock
from iterativectl.errors import StopRequested
from iterativectl.events import Event
from iterativectl.ports import Reporter
from iterativectl.project import control

LOOK_SECONDS = 1.0  # formats.md: every second while it waits


class Attention:
    """Obeys pause, resume and stop for one run."""

    def __init__(self, path: Path, run_id: str, clock: Clock) -> None:
        self._path = path
        self._run_id = run_id
        self._clock = clock
        self._last_look: float | None = None

    def __call__(self) -> None:
        """Called in every wait: raises StopRequested when one is asked for. A pause lets the wait go on."""
        now = self._clock.monotonic()
        if self._last_look is not None and now - self._last_look < LOOK_SECONDS:
            return
        self._last_look = now
        if control.requested(self._path, self._run_id) == "stop":
            raise self._stopped()

    def between_steps(self, report: Reporter, held: Callable[[bool], None]) -> None:
        """Hold here while a pause is asked for. `held` is told when holding begins and ends."""
        request = control.requested(self._path, self._run_id)
        if request == "pause":
            held(True)
            report(Event(type="run_held", data={"why": "a pause was asked for"}))
            while (request := control.requested(self._path, self._run_id)) == "pause":
                self._clock.sleep(LOOK_SECONDS)
            held(False)
            report(Event(type="run_resumed"))
        if request == "resume":
            control.take_back(self._path, self._run_id, request)  # it goes on: nothing is asked any more
        if request == "stop":
            raise self._stopped()

    def obeyed(self) -> None:
        """Take the request away, so that it does not meet the next run."""
        control.take_back(self._path, self._run_id)

    def _stopped(self) -> StopRequested:
        return StopRequested("a stop was asked for through control.json", "The best picture so far was kept.")
