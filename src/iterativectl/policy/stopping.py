"""When a run ends: accepted, used up, stuck, or not judgeable."""

from __future__ import annotations

from collections.abc import Sequence

from iterativectl.config.types import Criterion, Rules
from iterativectl.model import Assessment, History, Iteration, Stop

UNCLEAR_RUNS = 3  # the same criterion unclear this many times running cannot be judged by this model


def accepted(assessment: Assessment, rules: Rules) -> bool:
    """Whether this picture is the one: the score is reached and nothing is unclear."""
    return assessment.score >= rules.pass_score and assessment.unclear == 0


def best(iterations: Sequence[Iteration], criteria: Sequence[Criterion]) -> Iteration | None:
    """Higher score, then fewer unclear, more preserve criteria met, the earlier; None without any."""
    judged = [iteration for iteration in iterations if iteration.assessment is not None]
    preserve = {criterion.field for criterion in criteria if criterion.intent == "preserve"}

    def rank(iteration: Iteration) -> tuple[float, int, int, int]:
        assessment = iteration.assessment
        assert assessment is not None
        kept = sum(v.verdict == "passed" and v.field in preserve for v in assessment.verdicts)
        return (-assessment.score, assessment.unclear, -kept, iteration.number)

    return min(judged, key=rank, default=None)


def stop(history: History, rules: Rules, mask: str | None) -> Stop | None:
    """Whether and why the run ends here; None to go on."""
    done = history.iterations
    if not done:
        return None
    criteria = rules.in_force(mask)
    return (
        _passed(done[-1], rules)
        or _unjudgeable(done)
        or _exhausted(done, rules)
        or _no_progress(done, rules, criteria)
    )


def _passed(last: Iteration, rules: Rules) -> Stop | None:
    if last.assessment is None or not accepted(last.assessment, rules):
        return None
    return Stop(status="passed", reason=f"every criterion passed at iteration {last.number}")


def _exhausted(done: Sequence[Iteration], rules: Rules) -> Stop | None:
    if done[-1].number < rules.max_iterations:
        return None
    return Stop(status="exhausted", reason=f"all {rules.max_iterations} iterations are used up")


def _unjudgeable(done: Sequence[Iteration]) -> Stop | None:
    recent = [iteration.assessment for iteration in done if iteration.assessment is not None][-UNCLEAR_RUNS:]
    if len(recent) < UNCLEAR_RUNS:
        return None
    fields = [{v.field: v.by for v in a.verdicts if v.verdict == "unclear"} for a in recent]
    common = set.intersection(*(set(found) for found in fields))
    if not common:
        return None
    field = sorted(common)[0]
    return Stop(
        status="unjudgeable",
        reason=f"{field} was unclear {UNCLEAR_RUNS} times running: cannot be judged by {fields[-1][field]}",
    )


def _no_progress(done: Sequence[Iteration], rules: Rules, criteria: Sequence[Criterion]) -> Stop | None:
    if rules.patience is None:
        return None
    leader = best(done, criteria)
    since = sum(iteration.number > leader.number for iteration in done) if leader else len(done)
    if since < rules.patience:
        return None
    return Stop(
        status="no_progress", reason=f"no better score for {since} iterations (patience {rules.patience})"
    )
