"""plan/iteration_N_tickets.json: every ticket of a plan, written down before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from iterativectl import files
from iterativectl.model import Ticket
from iterativectl.project import records

FORMAT = "tickets/1"


class TicketFile:
    """ports.Tickets over one JSON file. `opened` is told of each new ticket after it is on disk."""

    def __init__(self, path: Path, now: Callable[[], str], opened: Callable[[Ticket], None]) -> None:
        self._path = path
        self._now = now
        self._opened = opened
        self._tickets = read(path)

    def all(self) -> Sequence[Ticket]:
        """Every ticket of this plan, oldest first."""
        return self._tickets

    @classmethod
    def of_unfinished(
        cls, path: Path, now: Callable[[], str], opened: Callable[[Ticket], None]
    ) -> TicketFile:
        """The tickets of an iteration that is not committed: a collected picture is to be collected again.

        It may be that a kill came between the settling of its ticket and the commit. On disk nothing changes.
        """
        tickets = cls(path, now, opened)
        tickets._tickets = tuple(
            replace(ticket, outcome=None) if ticket.outcome == "collected" else ticket
            for ticket in tickets._tickets
        )
        return tickets

    def open(self, host: str) -> Ticket:
        """Choose a new lower-case UUID, write it down durably, then return it."""
        ticket = Ticket(ticket=str(uuid4()), host=host, sent_at=self._now())
        self._write((*self._tickets, ticket))
        self._opened(ticket)
        return ticket

    def settle(self, ticket: str, outcome: Literal["collected", "lost", "failed", "cancelled"]) -> None:
        """Write down how a ticket ended."""
        self._write(tuple(replace(t, outcome=outcome) if t.ticket == ticket else t for t in self._tickets))

    def adopt(self, ticket: str, served_as: str) -> None:
        """The server answered with another id than ours: that one is used from now on."""
        self._write(tuple(replace(t, ticket=served_as) if t.ticket == ticket else t for t in self._tickets))

    def _write(self, tickets: tuple[Ticket, ...]) -> None:
        if tickets == self._tickets:
            return
        files.write_json(self._path, {"format": FORMAT, "tickets": records.to_json(tickets)})
        self._tickets = tickets


def read(path: Path) -> tuple[Ticket, ...]:
    """The tickets in a file, () when there is none. Raises ProjectError when it is damaged."""
    if not path.exists():
        return ()
    data = records.read(path, FORMAT)
    try:
        return tuple(records.from_json(Ticket, entry) for entry in data["tickets"])
    except (KeyError, TypeError, ValueError) as error:
        raise records.damaged(path, str(error)) from error
