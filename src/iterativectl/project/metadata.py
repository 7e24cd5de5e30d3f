"""metadata/iteration_N_metadata.json: the commit record, written last. What it says is what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iterativectl.model import (
    Advice,
    Assessment,
    Call,
    Comparison,
    Failure,
    Flaw,
    Generation,
    Iteration,
    Plan,
    Similarity,
    Verdict,
)
from iterativectl.project import records
from iterativectl.project.layout import RunPaths

FORMAT = "metadata/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the record says beside the facts.

    `at`: (ISO 8601, Unix seconds); `seconds`: generate, judge, advise.
    """

    at: tuple[str, float]
    generation: Generation | None
    calls: tuple[Call, ...]
    files: Mapping[str, str]  # project-relative path -> sha256
    seconds: Mapping[str, float]


def record(paths: RunPaths, iteration: Iteration, told: Circumstances) -> dict[str, Any]:
    """The commit record as JSON values, in the order of docs/formats.md."""
    plan, assessment = iteration.plan, iteration.assessment
    return {
        "format": FORMAT,
        "iteration": iteration.number,
        "timestamp": told.at[1],
        "image_path": paths.relative(paths.image(iteration.number)) if told.generation else None,
        "parameters_used": {
            "denoise": plan.parameters.denoise,
            "cfg": plan.parameters.cfg,
            "steps": plan.parameters.steps,
            "seed": plan.seed,
            "sampler_name": plan.parameters.sampler_name,
            "scheduler": plan.parameters.scheduler,
        },
        "questions": dict(assessment.answers) if assessment else {},
        "evaluation": _evaluation(assessment),
        "comparison": _comparison(assessment),
        "aivis_metadata": _aivis(told.calls),
        "prompts_used": {"positive": plan.prompts.positive, "negative": plan.prompts.negative},
        "at": told.at[0],
        "status": iteration.status,
        "failure": records.to_json(iteration.failure) if iteration.failure else None,
        "plan": records.to_json(plan),
        "generation": records.to_json(told.generation) if told.generation else None,
        "verdicts": _verdicts(assessment),
        "critique": records.to_json(assessment.critique) if assessment else [],
        "similarity": records.to_json(assessment.comparison.similarity) if assessment else None,
        "calls": [records.to_json(call) for call in told.calls],
        "usage": usage(told.calls),
        "files": dict(told.files),
        "seconds": dict(told.seconds),
    }


def read(path: Path, advice: Advice | None) -> Iteration:
    """The iteration that a record commits. Raises ProjectError when the file is damaged."""
    data = records.read(path, FORMAT)
    try:
        failure = records.from_json(Failure, data["failure"]) if data["failure"] else None
        iteration = Iteration(
            plan=records.from_json(Plan, data["plan"]),
            status=data["status"],
            assessment=_assessment(data) if data["status"] == "ok" else None,
            failure=failure,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise records.damaged(path, str(error)) from error
    return replace(iteration, advice=advice)


def usage(calls: Sequence[Call]) -> dict[str, Any]:
    """Tokens and cost of an iteration's calls. cost_usd is None as soon as one call's cost is not known."""
    costs = [call.cost_usd for call in calls]
    known = [cost for cost in costs if cost is not None]
    return {
        "requests": len(calls),  # one a request sent, tries that failed included
        "input_tokens": sum(call.tokens.get("input", 0) for call in calls),
        "output_tokens": sum(call.tokens.get("output", 0) for call in calls),
        "cost_usd": round(sum(known), 6) if costs and len(known) == len(costs) else None,
    }


def _evaluation(assessment: Assessment | None) -> dict[str, Any]:
    if assessment is None:
        return {"overall_score": None, "criteria_results": {}}
    results = {verdict.field: verdict.verdict == "passed" for verdict in assessment.verdicts}
    return {"overall_score": assessment.score, "criteria_results": results}


def _comparison(assessment: Assessment | None) -> dict[str, Any]:
    if assessment is None:
        return {"similarity_score": None, "differences": [], "analysis": ""}
    comparison = assessment.comparison
    return {
        "similarity_score": comparison.similarity.measured,
        "differences": list(comparison.differences),
        "analysis": comparison.analysis,
    }


def _verdicts(assessment: Assessment | None) -> dict[str, Any]:
    if assessment is None:
        return {}
    return {
        verdict.field: {name: value for name, value in records.to_json(verdict).items() if name != "field"}
        for verdict in assessment.verdicts
    }


def _aivis(calls: Sequence[Call]) -> dict[str, Any]:
    """Of the criteria request; without one (all measured, or failed earlier) nobody was asked."""
    asked = [call for call in calls if call.purpose in ("evaluate_criteria", "judge_at_once")]
    last = asked[-1] if asked else None
    return {
        "provider": last.provider if last else None,
        "model": last.model if last else None,
        "using_fallback": any(call.fallback for call in calls),
        "success": bool(last and last.error is None),
        "attempts": len(asked),
        "error": last.error if last else None,
    }


def _assessment(data: Mapping[str, Any]) -> Assessment:
    verdicts = tuple(
        records.from_json(Verdict, {"field": field, **body}) for field, body in data["verdicts"].items()
    )
    return Assessment(
        answers=data["questions"],
        verdicts=verdicts,
        comparison=Comparison(
            similarity=records.from_json(Similarity, data["similarity"]),
            differences=tuple(data["comparison"]["differences"]),
            analysis=data["comparison"]["analysis"],
        ),
        score=float(data["evaluation"]["overall_score"]),
        critique=tuple(records.from_json(Flaw, entry) for entry in data.get("critique", ())),
    )
