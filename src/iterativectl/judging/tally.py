"""Votes, and what they are counted as. Pure; judging.votes says what follows from the count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.model import Outcome, Value, Verdict

LEAD = 2  # answers for a criterion more than against it, for it to pass for certain
CAREFUL = 3  # answers that it needs at least, where the judge has contradicted itself about the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One answer to one criterion.

    `verdict` is what follows from it; `value` the answer as given. `again`: it could not be read, or it
    contradicts itself (`contradiction` says how) and counts as none. `steady`: the judge would only say the
    same again.
    """

    field: str
    sample: int
    verdict: Outcome
    value: Value
    confidence: float | None
    reason: str
    by: str
    contradiction: str = ""
    again: bool = False
    steady: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The answers to one criterion, counted: for it, against it, without an opinion, and those that are none.

    `final`: asking again would bring nothing new.
    """

    passed: int = 0
    failed: int = 0
    unclear: int = 0
    void: int = 0
    final: bool = False

    @property
    def given(self) -> int:
        """How many answers there are."""
        return self.passed + self.failed + self.unclear

    @property
    def asked(self) -> int:
        """How often it was asked about."""
        return self.given + self.void

    @property
    def lead(self) -> int:
        """How many more answers are for it than against it."""
        return self.passed - self.failed

    @property
    def differs(self) -> bool:
        """Whether the judge has contradicted itself."""
        return bool(self.passed and self.failed)

    @property
    def majority(self) -> bool:
        """Whether more than half of the answers are for it."""
        return 2 * self.passed > self.given

    def settled(self, careful: bool) -> bool:
        """Whether it passes for certain. `careful`: the judge has contradicted itself about this picture."""
        enough = self.lead >= LEAD and (not careful or self.passed + self.failed >= CAREFUL)
        return self.majority and (enough or self.final)

    def at_best(self, limit: int) -> Tally:
        """With every answer that is left for it."""
        left = 0 if self.final else max(0, limit - self.asked)
        return replace(self, passed=self.passed + left)


def tally(votes: Sequence[Vote]) -> Tally:
    """One criterion's answers, counted."""
    return Tally(
        passed=sum(vote.verdict == "passed" for vote in votes),
        failed=sum(vote.verdict == "failed" for vote in votes),
        unclear=sum(vote.verdict == "unclear" and not vote.again for vote in votes),
        void=sum(vote.again for vote in votes),
        final=any(vote.steady for vote in votes),
    )


def to_json(votes: Sequence[Vote]) -> dict[str, list[dict[str, Any]]]:
    """The votes on each criterion as the evaluation file keeps them."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for vote in votes:
        entry = {"sample": vote.sample, "answer": vote.value, "verdict": vote.verdict}
        entry |= {"confidence": vote.confidence, "reason": vote.reason, "by": vote.by}
        kept.setdefault(vote.field, []).append(entry)
    return kept


def agreed(
    verdicts: Sequence[Verdict], kept: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, list[int]]:
    """field -> [answers that say what the verdict says, answers in all], where there was more than one.

    `kept` is what to_json made. A verdict that follows from something else than the answers is left out.
    """
    found = {}
    for verdict in verdicts:
        given = kept.get(verdict.field, ())
        if len(given) > 1 and verdict.by in {vote["by"] for vote in given}:
            same = sum(vote["verdict"] == verdict.verdict for vote in given)
            found[verdict.field] = [same, len(given)]
    return found
