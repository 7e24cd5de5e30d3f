"""output/: the best picture and why. A later run never destroys an accepted output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl import files
from iterativectl.config.types import Criterion
from iterativectl.errors import ProjectError
from iterativectl.model import History, Iteration
from iterativectl.project import records, runs
from iterativectl.project.layout import ProjectPaths
from iterativectl.project.runs import RunRecord

FORMAT = "output/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run has to show: its best iteration and where it stands."""

    best: Iteration
    accepted: bool
    status: str
    reason: str
    usage: Mapping[str, Any]


def publish(project: ProjectPaths, run: RunRecord, history: History, result: Result) -> str | None:
    """Write output.png and its metadata; None, or the run id whose accepted picture was kept instead.

    The picture is written before the metadata that names its hash, and both only where they differ, so that a
    kill in between is mended by the next call. Raises ProjectError for a picture that is not the one judged.
    """
    current = read(project)
    if current and _keeps(current, run, result.accepted):
        return str(current["run_id"])
    paths = project.run(run.run_id)
    image = paths.image(result.best.number)
    metadata = records.read(paths.metadata(result.best.number), "metadata/1")
    if runs.sha256_of(image) != metadata["files"].get(paths.relative(image)):
        raise records.damaged(image, "it is not the picture that was judged")
    if not project.output_image.exists() or runs.sha256_of(project.output_image) != runs.sha256_of(image):
        files.copy(image, project.output_image)
    body = _body(run, history, result, metadata)
    if current != body:
        files.write_json(project.output_metadata, body)
    return None


def read(project: ProjectPaths) -> dict[str, Any] | None:
    """The output's metadata, None when there is none or it cannot be read (then it is written anew)."""
    if not project.output_metadata.exists() or not project.output_image.exists():
        return None
    try:
        return records.read(project.output_metadata, FORMAT)
    except ProjectError as error:
        if "newer program" in error.message:
            raise
        return None


def _keeps(current: Mapping[str, Any], run: RunRecord, accepted: bool) -> bool:
    """Whether the picture that is there stays: accepted, for the same rules and input, and not outdone."""
    if current.get("run_id") == run.run_id or not current.get("accepted"):
        return False
    rehearsed, rehearsing = current.get("backend") == "embedded", run.aigen.backend == "embedded"
    if rehearsed != rehearsing:
        return rehearsing  # a rehearsal is no match for a picture that was really made, whatever judged it
    return current.get("judged_for") == judged_for(run) and not accepted


def judged_for(run: RunRecord) -> str:
    """A digest of the rules and the input: an output accepted for others does not count any more."""
    return runs.digest_of({"rules": records.to_json(runs.judged_by(run.rules)), "input": run.input["sha256"]})


def _body(run: RunRecord, history: History, result: Result, metadata: Mapping[str, Any]) -> dict[str, Any]:
    best = result.best
    verdicts = best.assessment.verdicts if best.assessment else ()
    questions = {c.field: c.question or _measured(c) for c in run.rules.acceptance_criteria}
    return {
        "format": FORMAT,
        "run_id": run.run_id,
        "status": result.status,
        "reason": result.reason,
        "accepted": result.accepted,
        "iterations": len(history.iterations),
        "score": best.assessment.score if best.assessment else None,
        "criteria": [
            {
                "field": v.field,
                "question": questions.get(v.field, ""),
                "verdict": v.verdict,
                "reason": v.reason,
            }
            for v in verdicts
        ],
        "usage": dict(result.usage),
        "history": [_line(iteration) for iteration in history.iterations],
        "backend": run.aigen.backend,
        "judged_for": judged_for(run),
        "sha256": metadata["generation"]["sha256"],
        **{name: value for name, value in metadata.items() if name not in ("format", "status", "usage")},
    }


def _measured(criterion: Criterion) -> str:
    measure = criterion.measure
    if measure is None:
        return ""
    bounds = ", ".join(f"{n} {v}" for n, v in (("min", measure.min), ("max", measure.max)) if v is not None)
    what, where = measure.key
    return f"measured: {what} ({where}) {bounds}"


def _line(iteration: Iteration) -> dict[str, Any]:
    assessment = iteration.assessment
    return {
        "iteration": iteration.number,
        "status": iteration.status,
        "score": assessment.score if assessment else None,
        "similarity": assessment.comparison.similarity.measured if assessment else None,
        "parameters": records.to_json(iteration.plan.parameters),
    }
