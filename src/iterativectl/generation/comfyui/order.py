"""A plan that is to become a picture, at whichever server: what all the jobs made for it share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iterativectl.clock import Clock
from iterativectl.errors import JobLost
from iterativectl.events import Event
from iterativectl.model import Plan, Ticket
from iterativectl.ports import GenerationInputs, Reporter


@dataclass(frozen=True, slots=True)
class Sent:
    """The tickets of this process: every one that was opened, and those that a server took."""

    opened: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)


class Order:
    """One plan, its inputs, and what there is to say about it. `began`: monotonic clock, seconds."""

    def __init__(
        self, plan: Plan, inputs: GenerationInputs, report: Reporter, clock: Clock, sent: Sent
    ) -> None:
        self.plan = plan
        self.inputs = inputs
        self.sent = sent
        self.began = clock.monotonic()
        self.notes: list[str] = []
        self.stopped = False  # a person asked to stop
        self._report = report

    def attend(self) -> None:
        """The runner's own, remembering whether it asked to stop."""
        try:
            self.inputs.attend()
        except BaseException:
            self.stopped = True
            raise

    def tell(self, event: str, data: Mapping[str, Any]) -> None:
        """Report an event of this iteration."""
        self._report(Event(type=event, iteration=self.plan.iteration, data=data))  # type: ignore[arg-type]

    def in_flight(self) -> list[Ticket]:
        """Tickets that may still give a picture, the newest first.

        One that was collected is among them: its picture lies at the destination, or it is fetched again.
        """
        return [t for t in reversed(self.inputs.tickets.all()) if t.outcome in (None, "collected")]

    def refuse_poison(self) -> None:
        """A plan that was lost twice after a server had taken it is not sent a third time. Raises JobLost."""
        lost = [
            t for t in self.inputs.tickets.all() if t.outcome == "lost" and t.ticket in self.sent.accepted
        ]
        if len(lost) > 1:
            hosts = " and ".join(dict.fromkeys(ticket.host for ticket in lost))
            raise JobLost(
                f"the job was lost twice at {hosts}: not in queue, history or output files",
                "Look at the server's log: it may have run out of memory and been restarted over this job.",
            )
