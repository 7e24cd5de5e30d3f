"""When a run ends: accepted, used up, stuck, or not judgeable."""

from __future__ import annotations

from collections.abc import Sequence

from iterativectl.config.types import Rules
from iterativectl.model import History, Iteration, Stop
from iterativectl.policy import stages

UNCLEAR_RUNS = 3  # the same criterion unclear this many times running cannot be judged by this model


def stop(history: History, rules: Rules, masks: Sequence[str] = ()) -> Stop | None:
    """Whether and why the run ends here; None to go on. `masks` are those that the run works through."""
    done = history.iterations
    if not done:
        return None
    now = stages.stage(done, rules, masks)
    if now.done:
        return Stop(
            status="passed", reason=f"every criterion passed at iteration {now.iterations[-1].number}"
        )
    return (
        _unjudgeable(now.iterations) or _exhausted(done, rules) or _no_progress(now.iterations, rules, masks)
    )


def _exhausted(done: Sequence[Iteration], rules: Rules) -> Stop | None:
    if done[-1].number < rules.max_iterations:
        return None
    return Stop(status="exhausted", reason=f"all {rules.max_iterations} iterations are used up")


def _unjudgeable(done: Sequence[Iteration]) -> Stop | None:
    """What a judge cannot tell. Where its answers only disagree it can: those verdicts have a confidence."""
    recent = [iteration.assessment for iteration in done if iteration.assessment is not None][-UNCLEAR_RUNS:]
    if len(recent) < UNCLEAR_RUNS:
        return None
    unclear = [[v for v in a.verdicts if v.verdict == "unclear" and v.confidence is None] for a in recent]
    fields = [{verdict.field: verdict.by for verdict in found} for found in unclear]
    common = set.intersection(*(set(found) for found in fields))
    if not common:
        return None
    field = sorted(common)[0]
    return Stop(
        status="unjudgeable",
        reason=f"{field} was unclear {UNCLEAR_RUNS} times running: cannot be judged by {fields[-1][field]}",
    )


def _no_progress(done: Sequence[Iteration], rules: Rules, masks: Sequence[str]) -> Stop | None:
    """`done` are the iterations of this stage: every mask has the same patience."""
    if rules.patience is None:
        return None
    leader = stages.best(done, rules, masks)
    since = sum(iteration.number > leader.number for iteration in done) if leader else len(done)
    if since < rules.patience:
        return None
    return Stop(
        status="no_progress", reason=f"no better score for {since} iterations (patience {rules.patience})"
    )
