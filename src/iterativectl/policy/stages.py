"""A run over several masks, one stage a mask: which stage a run is in, and what counts there. Pure.

A stage goes on until a picture passes the criteria of its mask; the next begins with that picture. What the
masks before demanded stays in force, so that what passed stays checked. Without masks there is one stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from iterativectl.config.types import Criterion, Rules
from iterativectl.judging.score import score
from iterativectl.model import Assessment, History, Iteration, Preference, Verdict

Rank = tuple[float, int, int]  # less is better


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a run works on now. `source` is the picture its plans edit, `iterations` those made in it.

    `done`: its newest picture passed. A stage ends with the first one that does.
    """

    mask: str | None
    criteria: tuple[Criterion, ...]
    source: Literal["input"] | int
    iterations: tuple[Iteration, ...]
    done: bool


def stage(iterations: Sequence[Iteration], rules: Rules, masks: Sequence[str]) -> Stage:
    """The stage that the next plan belongs to; when every stage is done, the last one."""
    source: Literal["input"] | int = "input"
    names: Sequence[str | None] = masks or (None,)
    for name in names:
        own = tuple(i for i in iterations if i.plan.mask == name)
        criteria = in_force(rules, masks, name)
        done = bool(own) and passes(own[-1].assessment, rules)
        now = Stage(mask=name, criteria=criteria, source=source, iterations=own, done=done)
        if not done or name == names[-1]:
            return now
        source = own[-1].number
    raise AssertionError("unreachable: the last stage returns")


def passes(assessment: Assessment | None, rules: Rules) -> bool:
    """Whether a picture satisfies what was asked of it: the score is reached and nothing is unclear."""
    return assessment is not None and assessment.score >= rules.pass_score and assessment.unclear == 0


def stood(iterations: Sequence[Iteration], mask: str | None) -> dict[str, str]:
    """What had passed when it was last judged in the stage of this mask, and by whom: field -> by."""
    newest: dict[str, Verdict] = {}
    for iteration in iterations:
        if iteration.assessment is not None and iteration.plan.mask == mask:
            clear = (v for v in iteration.assessment.verdicts if v.verdict != "unclear")
            newest |= {verdict.field: verdict for verdict in clear}
    return {name: verdict.by for name, verdict in newest.items() if verdict.verdict == "passed"}


def in_force(rules: Rules, masks: Sequence[str], mask: str | None) -> tuple[Criterion, ...]:
    """The criteria of a mask and of those before it, in the order of the rules."""
    if mask is None or mask not in masks:
        return rules.in_force(mask)
    counted = {c.field for name in masks[: list(masks).index(mask) + 1] for c in rules.in_force(name)}
    return tuple(c for c in rules.acceptance_criteria if c.field in counted)


def demanded(rules: Rules, masks: Sequence[str]) -> tuple[Criterion, ...]:
    """All that the run as a whole must satisfy."""
    return in_force(rules, masks, masks[-1] if masks else None)


def accepted(iteration: Iteration, rules: Rules, masks: Sequence[str]) -> bool:
    """Whether this picture is the one: of the last stage, and it passes."""
    return passes(iteration.assessment, rules) and (not masks or iteration.plan.mask == masks[-1])


def best(
    iterations: Sequence[Iteration],
    rules: Rules,
    masks: Sequence[str],
    preferences: Sequence[Preference] = (),
) -> Iteration | None:
    """The best picture so far; None without any that was judged.

    Higher score over all that the run demands (what was not judged yet counts as not passed), then fewer
    unclear, more preserve criteria met, the one that won beside the other, the earlier.
    """
    ranks = _ranks(iterations, rules, masks)
    if not ranks:
        return None
    top = min(rank for rank, _ in ranks)
    equal = sorted((i for rank, i in ranks if rank == top), key=lambda iteration: iteration.number)
    won = {(preference.older, preference.winner) for preference in preferences}
    leader = equal[0]
    for challenger in equal[1:]:
        leader = challenger if (leader.number, challenger.number) in won else leader
    return leader


def rival(history: History, newest: Iteration, rules: Rules, masks: Sequence[str]) -> Iteration | None:
    """The best picture so far, where the newest one, which is not in the history yet, ranks as it does."""
    leader = best(history.iterations, rules, masks, history.preferences)
    if leader is None or newest.assessment is None:
        return None
    (first, _), (second, _) = _ranks((leader, newest), rules, masks)
    return leader if first == second else None


def _ranks(
    iterations: Sequence[Iteration], rules: Rules, masks: Sequence[str]
) -> list[tuple[Rank, Iteration]]:
    """How each picture that was judged ranks: less is better."""
    judged = [iteration for iteration in iterations if iteration.assessment is not None]
    criteria = demanded(rules, masks)
    preserve = {criterion.field for criterion in criteria if criterion.intent == "preserve"}

    def rank(iteration: Iteration) -> Rank:
        assessment = iteration.assessment
        assert assessment is not None
        kept = sum(v.verdict == "passed" and v.field in preserve for v in assessment.verdicts)
        return (-score(assessment.verdicts, criteria), assessment.unclear, -kept)

    return [(rank(iteration), iteration) for iteration in judged]
