"""One try: make the plan's picture, assess it, ask for advice, commit. Every step is a file.

A step whose file is there is not done again. Paid replies are stored below the steps (project.answers),
so that a step cut off in the middle costs nothing the second time either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from iterativectl import files
from iterativectl.attention import Attention
from iterativectl.clock import Clock
from iterativectl.config.aigen import dump_aigen
from iterativectl.errors import GenerationError, ImageError, ServerUnavailable
from iterativectl.events import Event
from iterativectl.images.measure import measurements
from iterativectl.images.normalise import Pixels, to_picture, to_pixels
from iterativectl.images.similarity import similarity
from iterativectl.judging.judge import Judge, Pictures, Record
from iterativectl.judging.rulings import gate_failed
from iterativectl.judging.score import score
from iterativectl.model import (
    Advice,
    Assessment,
    Call,
    Comparison,
    Failure,
    Generation,
    History,
    Iteration,
    Picture,
    Plan,
    Similarity,
    Stop,
    Ticket,
    Value,
    Verdict,
)
from iterativectl.policy.classic import Classic, settings_of
from iterativectl.ports import GenerationInputs, Generator, Purpose, Reporter
from iterativectl.project import metadata, records, runs
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.tickets import TicketFile
from iterativectl.standing import Standing

QUESTIONS_FORMAT = "questions/1"
EVALUATION_FORMAT = "evaluation/1"
COMPARISON_FORMAT = "comparison/1"
DESCRIPTION_FORMAT = "description/1"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """All that one try works with. `policy` says whether advice is wanted, and in which direction."""

    project: ProjectPaths
    paths: RunPaths
    run: RunRecord
    policy: Classic
    generator: Generator
    judge: Judge
    standing: Standing
    attention: Attention
    report: Reporter
    clock: Clock

    @cached_property
    def original(self) -> Picture:
        """The input picture as the judge is shown it; prepared once a run."""
        return to_picture(self.project.input.read_bytes(), max_px=self.run.aivis.max_image_px)

    @cached_property
    def original_pixels(self) -> Pixels:
        """The input picture as measurements take it."""
        return to_pixels(self.project.input.read_bytes(), name=self.project.input.name)

    def held(self, held: bool) -> None:
        """The checkpoint says so while a person holds the run."""
        self.standing.save(status="held" if held else "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assessed:
    """What the judge and the pixels said, and the requests it took."""

    assessment: Assessment
    calls: tuple[Call, ...]


def make(work: Attempt, plan: Plan, history: History) -> Iteration:
    """Carry out a plan and commit it. A picture that cannot be made is a committed failure.

    Raises JudgeUnavailable, LimitReached, StorageError or StopRequested: then the steps done so far stay.
    """
    began = work.clock.monotonic()
    try:
        generation = _generate(work, plan)
    except (GenerationError, ServerUnavailable, ImageError) as error:
        failure = Failure(code=error.code, message=error.message, hint=error.hint)
        failed = Iteration(plan=plan, status="failed", failure=failure)
        return _commit(work, failed, None, (), {"generate": work.clock.monotonic() - began})
    generated = work.clock.monotonic()
    assessed = _assess(work, plan)
    judged = work.clock.monotonic()
    advice, calls = _advised(work, plan, assessed.assessment, history)
    seconds = {
        "generate": generated - began,
        "judge": judged - generated,
        "advise": work.clock.monotonic() - judged,
    }
    iteration = Iteration(plan=plan, status="ok", assessment=assessed.assessment, advice=advice)
    return _commit(work, iteration, generation, (*assessed.calls, *calls), seconds)


def advise(work: Attempt, plan: Plan, assessment: Assessment, history: History) -> Advice | None:
    """Advice for an iteration that was committed without, because the run ended there at the time."""
    return _advised(work, plan, assessment, replace(history, iterations=history.iterations[:-1]))[0]


def _generate(work: Attempt, plan: Plan) -> Generation:
    number = plan.iteration
    _stand(work, plan, "generate")
    tickets = TicketFile.of_unfinished(
        work.paths.tickets(number),
        lambda: work.clock.now().isoformat(),
        lambda ticket: _stand(work, plan, "generate", ticket),
    )
    inputs = GenerationInputs(
        source=work.project.input if plan.source == "input" else work.paths.image(plan.source),
        mask=None,
        control_image=None,
        destination=work.paths.image(number),
        graph_destination=work.paths.graph(number),
        tickets=tickets,
        attend=work.attention,
        project=work.project.name,
        run_id=work.run.run_id,
    )

    def report(event: Event) -> None:
        work.report(replace(event, iteration=number))

    generation = work.generator.generate(plan, inputs, report)
    work.report(
        Event(
            type="generation_done",
            iteration=number,
            data={
                "path": str(work.paths.image(number)),
                "width": generation.width,
                "height": generation.height,
                "seconds": generation.seconds,
                "notes": list(generation.notes),
            },
        )
    )
    return generation


def _assess(work: Attempt, plan: Plan) -> _Assessed:
    """Measure, ask the questions, judge the criteria, compare: in this order, each a file.

    A picture that fails a gate is not shown to any model.
    """
    _stand(work, plan, "judge")
    path = work.paths.image(plan.iteration)
    png = path.read_bytes()
    result = to_pixels(png, name=path.name)
    likeness = similarity(work.original_pixels, result)
    measured = measurements(work.original_pixels, result, alike=likeness)
    criteria = work.run.rules.in_force(plan.mask)
    gated = work.judge.gate(criteria, measured) is not None
    pictures = Pictures(
        original=work.original,
        result=to_picture(png, max_px=work.run.aivis.max_image_px, name=path.name),
        description="" if gated else _description(work),
        measured=measured,
    )
    answers, answered = _answers(work, plan, pictures, gated)
    verdicts, judged = _verdicts(work, plan, pictures, answers)
    comparison, compared = _comparison(work, plan, pictures, likeness, gated)
    assessment = Assessment(
        answers=answers, verdicts=verdicts, comparison=comparison, score=score(verdicts, criteria)
    )
    return _Assessed(assessment=assessment, calls=(*answered, *judged, *compared))


def _description(work: Attempt) -> str:
    """The original in words, asked for once per input picture and kept across runs."""
    known = _known_description(work)
    if known is not None:
        return known
    path = work.project.description(work.run.input["sha256"])
    work.report(Event(type="judging", data={"purpose": "describe_image"}))
    text, record = work.judge.describe(work.original)
    if text:
        body = {"format": DESCRIPTION_FORMAT, "sha256": work.run.input["sha256"], "text": text}
        files.write_json(path, {**body, "raw": list(record.raw), "calls": records.to_json(record.calls)})
    return text


def _known_description(work: Attempt) -> str | None:
    path = work.project.description(work.run.input["sha256"])
    return str(records.read(path, DESCRIPTION_FORMAT).get("text", "")) if path.exists() else None


def _answers(
    work: Attempt, plan: Plan, pictures: Pictures, gated: bool
) -> tuple[Mapping[str, Value], tuple[Call, ...]]:
    def ask() -> tuple[dict[str, Any], Record]:
        if gated or not work.run.rules.questions:
            return {"answers": {}}, Record()
        answers, record = work.judge.answers(work.run.rules.questions, pictures)
        return {"answers": dict(answers)}, record

    path = work.paths.questions(plan.iteration)
    body, calls = _step(work, plan, path, QUESTIONS_FORMAT, "ask_questions", ask)
    work.report(Event(type="answers_done", iteration=plan.iteration, data={"answers": body["answers"]}))
    return body["answers"], calls


def _verdicts(
    work: Attempt, plan: Plan, pictures: Pictures, answers: Mapping[str, Value]
) -> tuple[tuple[Verdict, ...], tuple[Call, ...]]:
    criteria = work.run.rules.in_force(plan.mask)

    def ask() -> tuple[dict[str, Any], Record]:
        verdicts, record = work.judge.verdicts(criteria, pictures, answers)
        measured = {"/".join(key): value for key, value in pictures.measured.items()}
        return {"verdicts": records.to_json(verdicts), "measured": measured}, record

    path = work.paths.evaluation(plan.iteration)
    body, calls = _step(work, plan, path, EVALUATION_FORMAT, "evaluate_criteria", ask)
    verdicts = tuple(records.from_json(Verdict, entry) for entry in body["verdicts"])
    data = {"verdicts": body["verdicts"], "score": score(verdicts, criteria)}
    work.report(Event(type="verdicts_done", iteration=plan.iteration, data=data))
    return verdicts, calls


def _comparison(
    work: Attempt, plan: Plan, pictures: Pictures, likeness: Similarity, gated: bool
) -> tuple[Comparison, tuple[Call, ...]]:
    def ask() -> tuple[dict[str, Any], Record]:
        if gated:
            return {"comparison": records.to_json(Comparison(similarity=likeness))}, Record()
        comparison, record = work.judge.compare(pictures, likeness)
        return {"comparison": records.to_json(comparison)}, record

    path = work.paths.comparison(plan.iteration)
    body, calls = _step(work, plan, path, COMPARISON_FORMAT, "compare_images", ask)
    comparison = records.from_json(Comparison, body["comparison"])
    data = {
        "similarity": records.to_json(comparison.similarity),
        "differences": list(comparison.differences),
    }
    work.report(Event(type="comparison_done", iteration=plan.iteration, data=data))
    return comparison, calls


def _advised(
    work: Attempt, plan: Plan, assessment: Assessment, history: History
) -> tuple[Advice | None, tuple[Call, ...]]:
    """Prompts from what failed, parameters where similarity left its band.

    Nothing when the run ends here, or when a gate failed: then nobody has looked at the picture.
    """
    so_far = Iteration(plan=plan, status="ok", assessment=assessment)
    history = replace(history, iterations=(*history.iterations, so_far))
    criteria = work.run.rules.in_force(plan.mask)
    if gate_failed(assessment.verdicts, criteria) or isinstance(work.policy.decide(history), Stop):
        return None, ()
    _stand(work, plan, "advise")

    def ask() -> tuple[dict[str, Any], Record]:
        described = _known_description(work) or ""
        prompts, written = work.judge.improve(plan.prompts, criteria, assessment, history.notes, described)
        direction = work.policy.direction(history) if work.run.aigen.tuning_suggest else None
        if direction is None:
            return {"advice": records.to_json(prompts)}, written
        standing = replace(work.run.aigen, settings=settings_of(plan, work.run.aigen.settings))
        text = dump_aigen(standing)
        parameters, tuned = work.judge.suggest(text, plan.parameters, criteria, assessment, direction)
        advice = Advice(
            prompts=prompts.prompts,
            parameters=parameters.parameters,
            reason=" ".join(filter(None, (prompts.reason, parameters.reason))),
        )
        return {"advice": records.to_json(advice)}, Record.joined(written, tuned)

    path = work.paths.advice(plan.iteration)
    body, calls = _step(work, plan, path, runs.ADVICE_FORMAT, "improve_prompts", ask)
    work.report(Event(type="advice_done", iteration=plan.iteration, data={"advice": body["advice"]}))
    return records.from_json(Advice, body["advice"]), calls


def _step(
    work: Attempt,
    plan: Plan,
    path: Path,
    kind: str,
    purpose: Purpose,
    ask: Callable[[], tuple[dict[str, Any], Record]],
) -> tuple[dict[str, Any], tuple[Call, ...]]:
    """A step's file: read when it is there, else made by `ask` and written at once."""
    if path.exists():
        body = records.read(path, kind)
    else:
        work.attention.between_steps(work.report, work.held)
        work.report(Event(type="judging", iteration=plan.iteration, data={"purpose": purpose}))
        found, record = ask()
        body = {"format": kind, "iteration": plan.iteration, **found}
        body |= {"raw": list(record.raw), "calls": records.to_json(record.calls)}
        files.write_json(path, body)
    try:
        return body, tuple(records.from_json(Call, call) for call in body["calls"])
    except (KeyError, TypeError, ValueError) as error:
        raise records.damaged(path, str(error)) from error


def _commit(
    work: Attempt,
    iteration: Iteration,
    generation: Generation | None,
    calls: tuple[Call, ...],
    seconds: Mapping[str, float],
) -> Iteration:
    """Write the commit record: from here on the iteration is real."""
    now = work.clock.now()
    told = metadata.Circumstances(
        at=(now.isoformat(), now.timestamp()),
        generation=generation,
        calls=calls,
        files=runs.file_hashes(work.paths, iteration.number),
        seconds={name: round(value, 3) for name, value in seconds.items()},
    )
    path = work.paths.metadata(iteration.number)
    files.write_json(path, metadata.record(work.paths, iteration, told))
    return iteration


def _stand(work: Attempt, plan: Plan, step: str, ticket: Ticket | None = None) -> None:
    """Say in the checkpoint what is in flight."""
    flight = {"iteration": plan.iteration, "step": step, "ticket": ticket.ticket if ticket else None}
    work.standing.save(in_flight=(flight,))
