"""One iteration as data: a line for the film strip, and all that its files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.config.types import Rules
from iterativectl.judging import tally
from iterativectl.model import Verdict
from iterativectl.policy import stages
from iterativectl.project import metadata, preferences, records, runs
from iterativectl.project.layout import RunPaths
from iterativectl.showing.human import Person
from iterativectl.showing.reading import record, tried
from iterativectl.showing.shelf import Shelf
from iterativectl.showing.values import (
    exact,
    number,
    numbers,
    one_of,
    plain,
    table,
    tables,
    text,
    texts,
    whole,
    within,
    word,
)

OUTCOMES = ("passed", "failed", "unclear")
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a run's pictures are held against: its rules and the masks that it works through, in order."""

    rules: Rules | None
    masks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An iteration in short: `facts` is an IterationLine without what a person says of it and addresses.

    `picture` is the sha256 of its picture's bytes, None where there is none.
    """

    facts: Facts
    picture: str | None
    problems: tuple[str, ...] = ()


def line(paths: RunPaths, iteration: int, measure: Measure, shelf: Shelf) -> Line:
    """The line of a committed iteration. Never raises for a damaged one: its status is then "damaged"."""
    sources = [paths.metadata(iteration), paths.image(iteration), paths.run_json]
    return shelf.of(("line", iteration), sources, lambda: _line(paths, iteration, measure))


def in_full(paths: RunPaths, iteration: int, measure: Measure, person: Person, shelf: Shelf) -> Facts:
    """IterationInFull without addresses: read from the iteration's files, with `problems`."""
    short = line(paths, iteration, measure, shelf)
    problems = list(short.problems)
    data = _record(paths, iteration, []) or {}
    judged = _step(problems, paths.evaluation(iteration), "evaluation/1")
    return {
        **short.facts,
        **person.of(iteration),
        "verdicts": _verdicts(data, judged, person.verdicts(iteration)),
        "answers": _answers(problems, paths, iteration, data, measure),
        "similarity": _similarity(data),
        "differences": texts(within(data, "comparison", "differences")),
        "analysis": text(within(data, "comparison", "analysis")),
        "critique": plain(tables(data.get("critique"))),
        "prompts": prompts(data.get("prompts_used")),
        "parameters": plain(table(data.get("parameters_used"))),
        "reasons": texts(within(data, "plan", "reasons")),
        "advice": _advice(problems, paths, iteration),
        "generation": _generation(data),
        "calls": plain(tables(data.get("calls"))),
        "usage": plain(table(data.get("usage"))),
        "times": numbers(data.get("seconds")),
        "measured": numbers(judged.get("measured")),
        "region": plain(judged.get("region")),
        "opinions": plain(table(judged.get("opinions"))),
        "preferences": _preferences(problems, paths, iteration),
        "has_raw": paths.raw_image(iteration).is_file(),
        "has_workflow": paths.graph(iteration).is_file(),
        "problems": problems,
    }


def tried_with(paths: RunPaths, iteration: int) -> Facts:
    """`{prompts, parameters, parent, reasons}`: what an iteration tried, as its record says."""
    data = _record(paths, iteration, []) or {}
    plan = table(data.get("plan"))
    tried_ones = table(plain(table(data.get("parameters_used"))))
    also = {name: plain(plan.get(name)) for name in ("workflow", "ckpt_name", "mask", "strategy", "source")}
    return {
        "prompts": prompts(data.get("prompts_used")),
        "parameters": {**tried_ones, **also},
        "parent": whole(plan.get("parent")),
        "reasons": texts(plan.get("reasons")),
    }


def prompts(value: Any) -> dict[str, str]:
    """`{positive, negative}`."""
    return {name: text(within(value, name)) for name in ("positive", "negative")}


def parameters(data: Mapping[str, Any]) -> Facts:
    """`{denoise, cfg, steps, seed}` out of what a plan or a record says."""
    return {
        "denoise": number(data.get("denoise")),
        "cfg": number(data.get("cfg")),
        "steps": whole(data.get("steps")),
        "seed": exact(data.get("seed")),
    }


def planned(plan: Mapping[str, Any]) -> Facts:
    """What a frozen plan says, as it stands in a line."""
    source = plan.get("source")
    return {
        "parent": whole(plan.get("parent")),
        "source": whole(source) if source != "input" else "input",
        "strategy": word(plan.get("strategy")),
        "mask": word(plan.get("mask")),
        "workflow": word(plan.get("workflow")),
    }


def _line(paths: RunPaths, iteration: int, measure: Measure) -> Line:
    problems: list[str] = []
    data = _record(paths, iteration, problems)
    found = tried(problems, lambda: metadata.read(paths.metadata(iteration), None)) if data else None
    data = data or {}
    there = paths.image(iteration).is_file()
    status = one_of(data.get("status"), ("ok", "failed")) or "damaged"
    if status == "ok" and not there:
        problems.append(f"{paths.image(iteration)} is missing: the picture of a finished iteration")
    rules = measure.rules
    facts = {
        "n": iteration,
        "status": status,
        "score": number(within(data, "evaluation", "overall_score")),
        "similarity": number(within(data, "similarity", "measured")),
        "inside_mask": number(within(data, "similarity", "inside_mask")),
        "outside_mask": number(within(data, "similarity", "outside_mask")),
        **parameters(table(data.get("parameters_used"))),
        **planned(table(data.get("plan"))),
        "accepted": bool(found and rules and stages.accepted(found, rules, measure.masks)),
        "verdicts": {
            field: one_of(within(verdict, "verdict"), OUTCOMES) or "unclear"
            for field, verdict in table(data.get("verdicts")).items()
        },
        "failure": _failure(data, problems) if status != "ok" else None,
        "cost_usd": number(within(data, "usage", "cost_usd")),
        "seconds": _seconds(data),
        "at": word(data.get("at")),
    }
    named = within(data, "files", paths.relative(paths.image(iteration)))
    picture = (word(named) or "unknown") if there else None
    return Line(facts=facts, picture=picture, problems=tuple(problems))


def _record(paths: RunPaths, iteration: int, problems: list[str]) -> Facts | None:
    return tried(problems, lambda: record(paths.metadata(iteration), metadata.FORMAT))


def _seconds(data: Facts) -> float | None:
    """Wall time of all its steps."""
    found = numbers(data.get("seconds"))
    return round(sum(found.values()), 3) if found else None


def _failure(data: Facts, problems: list[str]) -> Facts:
    """Why there is no verdict: the failure as recorded, or what is wrong with the record."""
    said = table(data.get("failure"))
    if not said:
        return {"code": "damaged", "message": " ".join(problems), "hint": ""}
    return {name: text(said.get(name)) for name in ("code", "message", "hint")}


def _verdicts(data: Facts, judged: Facts, human: Mapping[str, bool]) -> Facts:
    """By field: the model's verdict, its votes, and the person's beside it."""
    votes = _votes(data, judged)
    found = {}
    for field, said in table(data.get("verdicts")).items():
        verdict = table(said)
        found[field] = {
            "verdict": one_of(verdict.get("verdict"), OUTCOMES) or "unclear",
            "value": plain(verdict.get("value")),
            "confidence": number(verdict.get("confidence")),
            "reason": text(verdict.get("reason")),
            "by": text(verdict.get("by")),
            "human": human.get(field),
            "votes": votes.get(field),
        }
    return found


def _votes(data: Facts, judged: Facts) -> dict[str, list[int]]:
    """field -> [answers that say what the verdict says, answers in all], where there was more than one."""

    def counted() -> dict[str, list[int]]:
        verdicts = [
            records.from_json(Verdict, {"field": field, **table(said)})
            for field, said in table(data.get("verdicts")).items()
        ]
        return tally.agreed(verdicts, table(judged.get("votes")))

    return tried([], counted) or {}


def _similarity(data: Facts) -> Facts:
    said = table(data.get("similarity"))
    names = ("measured", "inside_mask", "outside_mask", "outside_before", "changed_share")
    return {name: number(said.get(name)) for name in names} | {"model": word(said.get("model"))}


def _generation(data: Facts) -> Facts | None:
    said = data.get("generation")
    if not isinstance(said, dict):
        return None
    return {
        **{name: number(said.get(name)) for name in ("width", "height", "seconds")},
        "notes": texts(said.get("notes")),
        "ticket": text(said.get("ticket")),
        "sha256": text(said.get("sha256")),
    }


def _step(problems: list[str], path: Any, kind: str) -> Facts:
    """A step's file; {} where there is none, as for a failed iteration."""
    return (tried(problems, lambda: record(path, kind)) or {}) if path.exists() else {}


def _advice(problems: list[str], paths: RunPaths, iteration: int) -> Facts | None:
    said = _step(problems, paths.advice(iteration), runs.ADVICE_FORMAT).get("advice")
    if not isinstance(said, dict):
        return None
    return {
        "prompts": prompts(said["prompts"]) if isinstance(said.get("prompts"), dict) else None,
        "parameters": plain(said["parameters"]) if isinstance(said.get("parameters"), dict) else None,
        "reason": text(said.get("reason")),
    }


def _preferences(problems: list[str], paths: RunPaths, iteration: int) -> list[Facts]:
    """Beside which picture it was shown, and which of the two is better."""
    found = tried(problems, lambda: records.to_json(preferences.of(paths, iteration)))
    return [table(plain(entry)) for entry in found or []]


def _answers(
    problems: list[str], paths: RunPaths, iteration: int, data: Facts, measure: Measure
) -> list[Facts]:
    """`{field, question, answer, unclear}`; `unclear` says why there is no answer."""
    asked = {q.field: q.question for q in measure.rules.questions} if measure.rules else {}
    answers, unclear = table(data.get("questions")), _unclear(problems, paths, iteration)
    return [
        {
            "field": field,
            "question": text(asked.get(field, "")),
            "answer": plain(answer),
            "unclear": None if answer is not None else unclear.get(field, "the judge gave no answer"),
        }
        for field, answer in answers.items()
    ]


def _unclear(problems: list[str], paths: RunPaths, iteration: int) -> Facts:
    """field -> why no answer could be read, as the step of the questions kept it."""
    raw = _step(problems, paths.questions(iteration), "questions/1").get("raw")
    found: Facts = {}
    for entry in tables(raw):
        found |= {field: text(why) for field, why in table(entry.get("unclear")).items()}
    return found
