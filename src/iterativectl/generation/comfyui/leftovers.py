"""Jobs that were left behind at a server that did not answer: taken back as soon as it does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from iterativectl.clock import Clock
from iterativectl.generation.comfyui.generator import ComfyUIGenerator
from iterativectl.generation.comfyui.waiting import Pace


class Leftovers:
    """Tickets of ours by server. `tell` is told when one is settled.

    Nothing runs between two calls of `sweep` but the try that it began, which ends by itself.
    """

    def __init__(self, clock: Clock, pace: Pace, tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._pace = pace
        self._tell = tell
        self._lock = threading.Lock()
        self._tickets: dict[ComfyUIGenerator, list[str]] = {}
        self._due: dict[ComfyUIGenerator, float] = {}

    def add(self, server: ComfyUIGenerator, ticket: str) -> None:
        """This ticket's job may still wait or run there."""
        with self._lock:
            self._tickets.setdefault(server, []).append(ticket)
            self._due[server] = self._clock.monotonic()

    def open(self) -> list[tuple[str, str]]:
        """What may still run: (ticket, address of its server)."""
        with self._lock:
            return [(ticket, server.url) for server, tickets in self._tickets.items() for ticket in tickets]

    def sweep(self) -> None:
        """Begin a try at every server where one is due. Returns at once."""
        now = self._clock.monotonic()
        with self._lock:
            due = [server for server, when in self._due.items() if when <= now]
            for server in due:
                del self._due[server]
        for server in due:
            threading.Thread(target=self._take_back, args=(server,), daemon=True).start()

    def _take_back(self, server: ComfyUIGenerator) -> None:
        with self._lock:
            tickets = list(self._tickets[server])
        left = server.withdraw(tickets)  # all of them when the server does not answer
        with self._lock:
            kept = [t for t in self._tickets[server] if t in left or t not in tickets]
            self._tickets[server] = kept
            if kept:
                self._due[server] = self._clock.monotonic() + self._pace.sweep
        for ticket in tickets:
            if ticket not in left:
                self._tell(
                    f"{server.url} answers again: the job {ticket} that was left there does not run any more"
                )
