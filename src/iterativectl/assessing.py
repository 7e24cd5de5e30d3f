"""Assessing one picture: measure, ask, judge, compare, and take advice for the next. Every step is a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from iterativectl import files, masked
from iterativectl.config.aigen import dump_aigen
from iterativectl.events import Event
from iterativectl.images.normalise import Pixels, to_picture, to_pixels
from iterativectl.judging import merged, tally
from iterativectl.judging.judge import Pictures, Record, Stakes
from iterativectl.judging.rulings import gate_failed
from iterativectl.judging.score import score
from iterativectl.measuring import Original, measure
from iterativectl.model import (
    Advice,
    Assessment,
    Call,
    Comparison,
    Flaw,
    History,
    Iteration,
    Plan,
    Similarity,
    Stop,
    Value,
    Verdict,
)
from iterativectl.policy.classic import settings_of
from iterativectl.policy.seeding import notes_due
from iterativectl.policy.stages import passes, stood
from iterativectl.ports import Purpose, Reply
from iterativectl.project import records, runs
from iterativectl.steps import Attempt, stand, step

QUESTIONS_FORMAT = "questions/1"
EVALUATION_FORMAT = "evaluation/1"
COMPARISON_FORMAT = "comparison/1"
DESCRIPTION_FORMAT = "description/1"
Compare = Callable[[Reply | None], tuple[Comparison, Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What the judge and the pixels said, and the requests it took."""

    assessment: Assessment
    calls: tuple[Call, ...]


def assess(work: Attempt, plan: Plan, history: History, before: float | None = None) -> Assessed:
    """Measure, ask the questions, judge the criteria, compare: in this order, each a file.

    A picture that fails a gate is not shown to any model. `history`: the iterations before this one.
    `before`: similarity outside the mask before the original was put back there.
    """
    stand(work, plan, "judge")
    criteria = work.criteria(plan)
    pictures, likeness = _shown(work, plan, before)
    gated = work.judge.gate(criteria, pictures.measured) is not None
    once = None if gated else partial(_at_once, work, plan, pictures, likeness)
    with work.overlap:
        compare = None if gated else _comparing(work, plan, pictures, likeness)
        noted, answered = _answers(work, plan, pictures, once)
        stakes = _stakes(work, plan, history, noted["answers"])
        decided, judged = _verdicts(work, plan, pictures, noted, once, stakes)
        said = merged.said((*noted["raw"], *decided["raw"]))
        comparison, compared = _comparison(work, plan, likeness, compare, said)
    verdicts = tuple(records.from_json(Verdict, entry) for entry in decided["verdicts"])
    assessment = Assessment(
        answers=noted["answers"],
        verdicts=verdicts,
        comparison=comparison,
        score=score(verdicts, criteria),
        critique=tuple(records.from_json(Flaw, entry) for entry in decided.get("critique", ())),
    )
    return Assessed(assessment=assessment, calls=(*answered, *judged, *compared))


def _shown(work: Attempt, plan: Plan, before: float | None) -> tuple[Pictures, Similarity]:
    """What the judge is shown and what pixels say of it. Where a gate failed, nobody is asked for more."""
    path = work.paths.image(plan.iteration)
    png = path.read_bytes()
    result = to_pixels(png, name=path.name)
    criteria = work.criteria(plan)
    original = Original(compared=work.original_pixels, whole=partial(_whole, work))
    likeness, measured = measure(original, result, work.regions, plan.mask, criteria, before)
    gated = work.judge.gate(criteria, measured) is not None
    pictures = Pictures(
        original=work.original,
        result=to_picture(png, max_px=work.run.aivis.max_image_px, name=path.name),
        description="" if gated else _description(work),
        measured=measured,
        size=(result.shape[1], result.shape[0]),
    )
    if plan.mask is not None and not gated:
        pictures = _with_region(work, plan.mask, pictures, result)
    return pictures, likeness


def _with_region(work: Attempt, mask: str, pictures: Pictures, result: Pixels) -> Pictures:
    """With the mask's region of both beside them, where that shows more than the whole."""
    found = masked.enlarged(work.regions.of(mask), _whole(work), result, work.run.aivis.max_image_px)
    return replace(pictures, region=found[0], regions=found[1]) if found else pictures


def _whole(work: Attempt) -> Pixels:
    """The input picture in its own size; not kept, it may be large."""
    return to_pixels(work.project.input.read_bytes(), name=work.project.input.name)


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


def _at_once(work: Attempt, plan: Plan, pictures: Pictures, likeness: Similarity) -> Record:
    """The one request for everything, where AIVis.yaml wants it; the first step that asks keeps the reply."""
    if work.run.aivis.calls != "merged":
        return Record()
    return work.judge.at_once(work.run.rules.questions, work.criteria(plan), pictures, likeness)


def _answers(
    work: Attempt, plan: Plan, pictures: Pictures, once: Callable[[], Record] | None
) -> tuple[dict[str, Any], tuple[Call, ...]]:
    """The step of the questions. `once` asks everything at once, None: a gate failed and nobody is asked."""
    questions = work.run.rules.questions

    def ask() -> tuple[dict[str, Any], Record]:
        if once is None or not questions:
            return {"answers": {}}, Record()
        record = once()
        answers, more = work.judge.answers(questions, pictures, merged.said(record.raw))
        return {"answers": dict(answers)}, Record.joined(record, more)

    path = work.paths.questions(plan.iteration)
    purpose: Purpose = merged.KIND if work.run.aivis.calls == "merged" else "ask_questions"
    body, calls = step(work, plan, path, QUESTIONS_FORMAT, purpose, ask)
    work.report(Event(type="answers_done", iteration=plan.iteration, data={"answers": body["answers"]}))
    return body, calls


def _stakes(work: Attempt, plan: Plan, history: History, answers: Mapping[str, Value]) -> Stakes:
    """What hangs on the verdicts. Variants are no steps on one way: none loses what another had."""
    questions = work.run.rules.questions
    return Stakes(
        pass_score=work.run.rules.pass_score,
        stood={} if work.run.variants else stood(history.iterations, plan.mask),
        noted={question.question: answers.get(question.field) for question in questions},
    )


def _verdicts(
    work: Attempt,
    plan: Plan,
    pictures: Pictures,
    noted: Mapping[str, Any],
    once: Callable[[], Record] | None,
    stakes: Stakes,
) -> tuple[dict[str, Any], tuple[Call, ...]]:
    """The step of the criteria; `noted` is that of the questions, `once` as there."""
    criteria = work.criteria(plan)

    def ask() -> tuple[dict[str, Any], Record]:
        before = once() if once and not work.run.rules.questions else Record()
        said = merged.said((*noted["raw"], *before.raw))
        verdicts, record = work.judge.verdicts(criteria, pictures, noted["answers"], stakes, said)
        measured = {"/".join(key): value for key, value in pictures.measured.items()}
        judged = {"verdicts": records.to_json(verdicts), "votes": tally.to_json(record.votes)}
        judged |= {"critique": records.to_json(record.critique), "opinions": records.to_json(record.opinions)}
        shown = pictures.region.as_list() if pictures.region else None
        return {**judged, "measured": measured, "region": shown}, Record.joined(before, record)

    path = work.paths.evaluation(plan.iteration)
    body, calls = step(work, plan, path, EVALUATION_FORMAT, "evaluate_criteria", ask)
    verdicts = tuple(records.from_json(Verdict, entry) for entry in body["verdicts"])
    agreed = tally.agreed(verdicts, body.get("votes", {}))
    data = {"verdicts": body["verdicts"], "votes": agreed, "score": score(verdicts, criteria)}
    work.report(Event(type="verdicts_done", iteration=plan.iteration, data=data))
    return body, calls


def _comparing(work: Attempt, plan: Plan, pictures: Pictures, likeness: Similarity) -> Compare:
    """What asks for the comparison; it is given the reply to everything at once, if there is one.

    It needs neither answers nor verdicts: where a second request may be in the air, it has begun by now.
    """

    def ask(said: Reply | None = None) -> tuple[Comparison, Record]:
        return work.judge.compare(pictures, likeness, said)

    if work.run.aivis.calls == "merged" or work.paths.comparison(plan.iteration).exists():
        return ask
    begun = work.overlap.begin(ask)
    return lambda said: begun()


def _comparison(
    work: Attempt, plan: Plan, likeness: Similarity, compare: Compare | None, said: Reply | None
) -> tuple[Comparison, tuple[Call, ...]]:
    """The step of the comparison. `compare` None: a gate failed and nobody is asked."""

    def ask() -> tuple[dict[str, Any], Record]:
        if compare is None:
            return {"comparison": records.to_json(Comparison(similarity=likeness))}, Record()
        comparison, record = compare(said)
        return {"comparison": records.to_json(comparison)}, record

    path = work.paths.comparison(plan.iteration)
    body, calls = step(work, plan, path, COMPARISON_FORMAT, "compare_images", ask)
    comparison = records.from_json(Comparison, body["comparison"])
    data = {
        "similarity": records.to_json(comparison.similarity),
        "differences": list(comparison.differences),
    }
    work.report(Event(type="comparison_done", iteration=plan.iteration, data=data))
    return comparison, calls


def advised(
    work: Attempt, plan: Plan, assessment: Assessment, history: History
) -> tuple[Advice | None, tuple[Call, ...]]:
    """Prompts from what failed, parameters where similarity left its band.

    Nothing when the run or its mask ends here, or when a gate failed: then nobody has looked at the picture.
    """
    so_far = Iteration(plan=plan, status="ok", assessment=assessment)
    history = replace(history, iterations=(*history.iterations, so_far))
    criteria = work.criteria(plan)
    ends = passes(assessment, work.run.rules) or isinstance(work.policy.decide(history), Stop)
    if ends or gate_failed(assessment.verdicts, criteria):
        return None, ()
    stand(work, plan, "advise")

    def ask() -> tuple[dict[str, Any], Record]:
        described, notes = _known_description(work) or "", notes_due(history)
        prompts, written = work.judge.improve(plan.prompts, criteria, assessment, notes, described)
        told = {"notes": list(notes) if written.raw else []}
        direction = work.policy.direction(history) if work.run.aigen.tuning_suggest else None
        if direction is None:
            return {"advice": records.to_json(prompts), **told}, written
        standing = replace(work.run.aigen, settings=settings_of(plan, work.run.aigen.settings))
        text = dump_aigen(standing)
        parameters, tuned = work.judge.suggest(text, plan.parameters, criteria, assessment, direction)
        advice = Advice(
            prompts=prompts.prompts,
            parameters=parameters.parameters,
            reason=" ".join(filter(None, (prompts.reason, parameters.reason))),
        )
        return {"advice": records.to_json(advice), **told}, Record.joined(written, tuned)

    path = work.paths.advice(plan.iteration)
    body, calls = step(work, plan, path, runs.ADVICE_FORMAT, "improve_prompts", ask)
    work.report(Event(type="advice_done", iteration=plan.iteration, data={"advice": body["advice"]}))
    return records.from_json(Advice, body["advice"]), calls
