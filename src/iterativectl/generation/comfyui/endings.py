"""How a ticket may end without a picture, in types and in words."""

from __future__ import annotations

from typing import Literal

from iterativectl.errors import GenerationError, JobLost

Outcome = Literal["collected", "lost", "failed", "cancelled"]


class Again(Exception):
    """This ticket gave no picture, but another one may. `error` is for people if it does not."""

    def __init__(self, reason: str, outcome: Outcome, error: GenerationError) -> None:
        super().__init__(reason)
        self.reason = reason  # lost | memory | empty | interrupted
        self.outcome: Outcome = outcome
        self.error = error


class Stale(Exception):
    """The server no longer has the uploaded picture."""


def lost(ticket: str, base_url: str) -> Again:
    """The server knows nothing of the job and has no file of it."""
    error = JobLost(
        f"the job {ticket} is in neither queue, history nor output folder of {base_url}",
        "The server may have been restarted, or somebody deleted the job.",
    )
    return Again("lost", "lost", error)


def empty(what: str, base_url: str) -> Again:
    """A success without a picture: worth one more ticket, whose file name the cache does not know."""
    error = GenerationError(
        f"ComfyUI at {base_url} calls the job done, but {what}",
        "Look at the save node of the workflow and at the server's output folder.",
    )
    return Again("empty", "failed", error)


def interrupted(base_url: str) -> Again:
    """Somebody else stopped the job."""
    error = GenerationError(
        f"the job was interrupted at {base_url}, not by this program",
        "Somebody pressed Cancel there, or another program interrupts whatever runs.",
    )
    return Again("interrupted", "failed", error)
