"""Between equals: the newest picture beside the best one so far. A step with a file, as the others are."""

from __future__ import annotations

from typing import Any

from iterativectl.config.types import Criterion
from iterativectl.images.normalise import to_picture
from iterativectl.judging import pairwise
from iterativectl.judging.asking import Record
from iterativectl.judging.rulings import gate_failed
from iterativectl.model import Assessment, Call, History, Iteration, Picture, Plan, Preference
from iterativectl.policy import stages
from iterativectl.project import preferences, records
from iterativectl.steps import Attempt, step


def preferred(work: Attempt, plan: Plan, assessment: Assessment, history: History) -> tuple[Call, ...]:
    """Show the picture beside the best one so far, where it ranks as high; the requests that took.

    At most two requests. A judge that is gone, and a limit, leave the earlier one where it is: this alone
    ends no run.
    """
    rival = _rival(work, plan, assessment, history)
    if rival is None:
        return ()

    def ask() -> tuple[dict[str, Any], Record]:
        found = _compared(work, plan, rival)
        preference = Preference(
            newer=plan.iteration,
            older=rival.number,
            winner=plan.iteration if found.newer else None,
            reason=found.reason,
            by=found.by,
        )
        return {"preference": records.to_json(preference)}, found.record

    path = work.paths.preference(plan.iteration, rival.number)
    return step(work, plan, path, preferences.FORMAT, "compare_results", ask)[1]


def _rival(work: Attempt, plan: Plan, assessment: Assessment, history: History) -> Iteration | None:
    """The best picture so far, where it is worth asking: a judge that measures would say the same of both."""
    aivis = work.run.aivis
    if not aivis.pairwise or aivis.provider in work.judge.steady or work.run.variants:
        return None
    if gate_failed(assessment.verdicts, work.criteria(plan)) or not _asked(work):
        return None
    newest = Iteration(plan=plan, status="ok", assessment=assessment)
    return stages.rival(history, newest, work.run.rules, work.masks)


def _asked(work: Attempt) -> list[Criterion]:
    """The criteria that a model can be asked about."""
    return [c for c in stages.demanded(work.run.rules, work.masks) if not c.measure]


def _compared(work: Attempt, plan: Plan, rival: Iteration) -> pairwise.Compared:
    pair = pairwise.Pair(
        original=work.original,
        older=_shown(work, rival.number),
        newer=_shown(work, plan.iteration),
    )
    return pairwise.compared(work.judge.ask, work.run.prompts, _asked(work), pair)


def _shown(work: Attempt, iteration: int) -> Picture:
    path = work.paths.image(iteration)
    return to_picture(path.read_bytes(), max_px=work.run.aivis.max_image_px, name=path.name)
