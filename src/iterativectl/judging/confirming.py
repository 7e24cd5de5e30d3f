"""Asking until the votes decide: the loop between judging.votes, which says what to ask, and a judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iterativectl.config.types import Criterion
from iterativectl.errors import LimitReached
from iterativectl.judging import votes
from iterativectl.judging.votes import Ballot, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one request brought. `failed`: there was no reply, and asking on is pointless."""

    votes: tuple[Vote, ...]
    failed: bool = False


Ask = Callable[[Sequence[Criterion], int], Answered]


def voted(ballot: Ballot, ask: Ask, given: Sequence[Vote] = ()) -> tuple[Vote, ...]:
    """All votes, in the order in which they were cast. `given`: those that there are at the beginning.

    `ask` takes criteria and the number of the sample. Every other request asks in reversed order, so that a
    place in the list does not make the same mistake twice. Raises what `ask` raises; a limit that is reached
    says what it left open.
    """
    cast = list(given)
    sample = 1 + max((vote.sample for vote in cast), default=-1)
    while wanted := votes.to_ask(ballot, cast):
        try:
            answered = ask(wanted[::-1] if sample % 2 else wanted, sample)
        except LimitReached as error:
            if not cast:
                raise
            raise _said(error) from error
        cast += answered.votes
        sample += 1
        if answered.failed:
            break
    return tuple(cast)


def _said(error: LimitReached) -> LimitReached:
    """The same, and what it means for the picture."""
    why = f"{error.message}, and the verdicts on the newest picture are not confirmed: it is not accepted"
    told = LimitReached(why, error.hint)
    told.calls = error.calls
    return told
