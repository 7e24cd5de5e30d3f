"""The loop: plan, generate, assess, record, decide. Read this file first.

    rules + history -> plan -> picture -> answers -> verdicts -> comparison -> advice -> decision -> again

Every step is a file, and a step that has its file is done: resuming is loading what is there and entering the
same loop. Whoever decides (a policy) does nothing else; whoever acts (here, in attempt.py) decides nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iterativectl import attempt, files
from iterativectl.errors import (
    ConfigError,
    IterativeError,
    RepeatedFailures,
    ServerUnavailable,
    StopRequested,
)
from iterativectl.events import Event
from iterativectl.model import History, Iteration, Plan, Settings, Stop
from iterativectl.policy import stages
from iterativectl.policy.classic import settings_of
from iterativectl.project import output, preferences, records, runs
from iterativectl.project.usage import UsageFile
from iterativectl.steps import Attempt

_log = logging.getLogger(__name__)


def _nothing(history: History, decision: Stop) -> None:
    """What there is to do at the end of a run."""


@dataclass(frozen=True, kw_only=True)
class Work(Attempt):
    """All that one run works with. `wait_seconds`: how long a lost server is waited for.

    `at_end` is called when the run has come to its end, before that is written down: after a kill, again.
    """

    usage: UsageFile
    wait_seconds: float
    at_end: Callable[[History, Stop], None] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended. `kept_run_id`: an earlier run's accepted picture was kept as the output."""

    run_id: str
    status: str
    reason: str
    accepted: bool
    best_iteration: int | None
    score: float | None
    iterations: int
    output: Path | None
    kept_run_id: str | None
    usage: Mapping[str, Any]
    seconds: float


def run(work: Work) -> Ended:
    """Work until the policy says stop. Raises IterativeError when the run pauses; Ctrl-C passes through."""
    began = work.clock.monotonic()
    try:
        history = _loaded(work)
        failures = 0
        while not isinstance(decision := _stand(work, history), Stop):
            plan = _frozen(work, history, decision[0])
            iteration = attempt.make(work, plan, history)
            history = _committed(work, history, iteration)
            failures = 0 if iteration.status == "ok" else failures + 1
            _after_failure(work, iteration, failures)
    except StopRequested as request:
        decision = Stop(status="stopped", reason=request.message)
        history = _committed_so_far(work)
    except IterativeError as error:
        _pause(work, error)
        raise
    return _finish(work, history, decision, began)


def _loaded(work: Work) -> History:
    """What is committed; advice is asked for late where a finished run goes on with more iterations.

    Raises ConfigError when working/AIGen.yaml was edited and cannot be used: a person is there to mend it.
    """
    history = _committed_so_far(work)
    decision = work.policy.decide(history)
    work.standing.edited(_standing_settings(work, history, decision), _settings_before(work, history))
    last = history.iterations[-1] if history.iterations else None
    if last is None or last.assessment is None or last.advice is not None:
        return history
    if isinstance(decision, Stop) or runs.read_plan(work.paths, last.number + 1):
        return history
    advised = replace(last, advice=attempt.advise(work, last.plan, last.assessment, history))
    return replace(history, iterations=(*history.iterations[:-1], advised))


def _committed_so_far(work: Work) -> History:
    """What is on the disk, with the notes of the ranking that the run began from."""
    by = work.run.seeded_from
    return replace(runs.load_history(work.paths), notes=by.notes if by else ())


def _stand(work: Work, history: History) -> Stop | Sequence[Plan]:
    """Decide, and write down how the run stands before anything else is done.

    A person's edit of the settings stays in its file, unacknowledged, until a plan that follows it is frozen.
    """
    decision = work.policy.decide(history)
    derived = _standing_settings(work, history, decision)
    edited = _edit(work, history, derived)
    if edited:
        digest = work.standing.checkpoint.settings_sha256
        decision = work.policy.decide(_based_on(history, edited))
    else:
        digest = work.standing.write_settings(derived)
    _save(work, history, digest)
    return decision


def _save(work: Work, history: History, settings_sha256: str | None) -> None:
    """The checkpoint after a commit; a new best picture is published first."""
    best = stages.best(history.iterations, work.run.rules, work.masks, history.preferences)
    if best and best.number != work.standing.checkpoint.best_iteration:
        _publish(work, history, best, Stop(status="stopped", reason="the run goes on"), "running")
    work.standing.save(
        status="running",
        reason="",
        last_iteration=history.iterations[-1].number if history.iterations else 0,
        best_iteration=best.number if best else None,
        best_score=best.assessment.score if best and best.assessment else None,
        settings_sha256=settings_sha256,
        in_flight=(),
    )


def _standing_settings(work: Work, history: History, decision: Stop | Sequence[Plan]) -> Settings:
    """What working/AIGen.yaml should say: the next plan's settings, at the end those of the last one."""
    start = work.run.aigen.settings
    if isinstance(decision, Stop):
        return _settings_before(work, history) or start
    frozen = runs.read_plan(work.paths, decision[0].iteration)
    return settings_of(frozen or decision[0], start)


def _settings_before(work: Work, history: History) -> Settings | None:
    """What working/AIGen.yaml said while the last iteration was made."""
    return settings_of(history.iterations[-1].plan, work.run.aigen.settings) if history.iterations else None


def _edit(work: Work, history: History, derived: Settings) -> Settings | None:
    """A person's edit of the settings. One that cannot be used is kept beside, said, and passed over."""
    try:
        return work.standing.edited(derived, _settings_before(work, history))
    except ConfigError as error:
        kept = work.project.settings.with_name("AIGen.rejected.yaml")
        files.copy(work.project.settings, kept)
        what = f"working/AIGen.yaml was edited but cannot be used (kept as {kept.name}): {error.message}"
        work.report(Event(type="warning", data={"message": what}))
        return None


def _based_on(history: History, edited: Settings) -> History:
    """The history with a person's edit as the base of the next plan."""
    if not history.iterations:
        return replace(history, edited_start=edited)
    last = replace(history.iterations[-1], edited=edited)
    return replace(history, iterations=(*history.iterations[:-1], last))


def _frozen(work: Work, history: History, planned: Plan) -> Plan:
    """The next plan on disk; one that is there already (from before an interruption) wins."""
    work.attention.between_steps(work.report, work.held)
    plan = runs.read_plan(work.paths, planned.iteration)
    if plan is None:
        plan = _planned_anew(work, history, planned)
        runs.write_plan(work.paths, plan)
    work.standing.acknowledge(settings_of(plan, work.run.aigen.settings), plan.seed)
    work.report(
        Event(type="iteration_planned", iteration=plan.iteration, data={"plan": records.to_json(plan)})
    )
    return plan


def _planned_anew(work: Work, history: History, planned: Plan) -> Plan:
    """The plan by what a person has written up to this moment: an edit may have come, or gone, since."""
    decision = work.policy.decide(history)
    edited = _edit(work, history, _standing_settings(work, history, decision))
    if edited:
        decision = work.policy.decide(_based_on(history, edited))
    if isinstance(decision, Stop):
        return planned
    if edited:
        data = {"settings": records.to_json(edited)}
        work.report(Event(type="settings_edited", iteration=decision[0].iteration, data=data))
    return decision[0]


def _committed(work: Work, history: History, iteration: Iteration) -> History:
    """The history with this iteration, and the news of it."""
    preferred = (*history.preferences, *preferences.of(work.paths, iteration.number))
    history = replace(history, iterations=(*history.iterations, iteration), preferences=preferred)
    best = stages.best(history.iterations, work.run.rules, work.masks, preferred)
    if iteration.failure:
        data: dict[str, Any] = {"failure": records.to_json(iteration.failure)}
        work.report(Event(type="iteration_failed", iteration=iteration.number, data=data))
        return history
    assert iteration.assessment is not None and best is not None and best.assessment is not None
    data = {
        "score": iteration.assessment.score,
        "best": best.number,
        "best_score": best.assessment.score,
        "similarity": iteration.assessment.comparison.similarity.measured,
        "cost_usd": work.usage.totals()["cost_usd"],
    }
    work.report(Event(type="iteration_committed", iteration=iteration.number, data=data))
    return history


def _after_failure(work: Work, iteration: Iteration, failures: int) -> None:
    """After a failed iteration: wait for a lost server, and pause when too many failed in a row."""
    if iteration.failure is None:
        return
    if failures >= work.run.rules.max_failures:
        raise RepeatedFailures(
            f"{failures} iterations failed in a row; the last one: {iteration.failure.message}",
            iteration.failure.hint or "Mend the cause and run the same command again: it goes on from there.",
        )
    if iteration.failure.code == ServerUnavailable.code:
        attempt.wait_for_server(work, work.wait_seconds, iteration.failure.message)


def _pause(work: Work, error: IterativeError) -> None:
    """Write down that and why the run pauses. A disk that refuses even this is said by the error itself."""
    data = {"code": error.code, "message": error.message, "hint": error.hint}
    work.report(Event(type="run_paused", data=data))
    try:
        work.standing.save(status="paused", reason=error.message)
    except IterativeError:
        _log.exception("the checkpoint could not be written either")


def _finish(work: Work, history: History, decision: Stop, began: float) -> Ended:
    best = stages.best(history.iterations, work.run.rules, work.masks, history.preferences)
    kept = _publish(work, history, best, decision, decision.status) if best else None
    score = best.assessment.score if best and best.assessment else None
    work.attention.obeyed()
    shown = work.project.output_image if best and kept is None and not work.run.variants else None
    ended = Ended(
        run_id=work.run.run_id,
        status=decision.status,
        reason=decision.reason,
        accepted=decision.status == "passed",
        best_iteration=best.number if best else None,
        score=score,
        iterations=len(history.iterations),
        output=shown or (work.paths.image(best.number) if best else None),
        kept_run_id=kept,
        usage=work.usage.totals(),
        seconds=work.clock.monotonic() - began,
    )
    work.at_end(history, decision)
    work.standing.save(status=decision.status, reason=decision.reason)
    data = records.to_json(ended) | {"path": work.paths.relative(ended.output) if ended.output else None}
    del data["output"]
    work.report(Event(type="run_finished", data=data))
    return ended


def _publish(work: Work, history: History, best: Iteration, decision: Stop, status: str) -> str | None:
    """The best picture becomes the project's output, unless an earlier one keeps its place: that run's id.

    Variants are there to be compared: they do not touch what the project has.
    """
    assert best.assessment is not None
    if work.run.variants:
        return None
    result = output.Result(
        best=best,
        accepted=stages.accepted(best, work.run.rules, work.masks),
        status=status,
        reason=decision.reason,
        usage=work.usage.totals(),
    )
    return output.publish(work.project, work.run, history, result)
