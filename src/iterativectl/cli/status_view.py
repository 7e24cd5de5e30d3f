"""The overview of a project, as blocks for people and as data for programs."""

from __future__ import annotations

from typing import Any

from iterativectl.cli.blocks import Block, Cell, Line, Table, Tone, count, table
from iterativectl.cli.money import cost, for_a_picture
from iterativectl.model import Iteration, Verdict
from iterativectl.overview import Overview, criteria_of
from iterativectl.project import lock, records

TONES: dict[str, Tone] = {"passed": "good", "failed": "bad", "unclear": "unsure"}


def blocks(view: Overview) -> list[Block]:
    """What `status` shows."""
    shown: list[Block] = [Line(f"{view.project.name}: {view.words}", _tone(view.status))]
    shown += [Line(text, indent=1, whole=True) for text in _facts(view)]
    shown += [Line(f"damaged: {problem}", "bad", 1) for problem in view.problems]
    if view.best is not None and view.best.assessment is not None:
        shown += [Line(""), criteria_table(view.best.assessment.verdicts, _questions(view))]
    if not view.run_id:
        shown.append(Line(f"Next: iterativectl run --project {view.project.name}", indent=1))
    return shown


def data(view: Overview) -> dict[str, Any]:
    """status/1. Paths are absolute; `best` holds the verdicts by field."""
    checkpoint = view.checkpoint
    return {
        "project": view.project.name,
        "path": str(view.project.root),
        "status": view.status,
        "reason": checkpoint.reason if checkpoint else "",
        "run_id": view.run_id,
        "iterations": len(view.iterations),
        "last_iteration": max(view.iterations, default=0),
        "max_iterations": view.run.rules.max_iterations if view.run else None,
        "variants": view.variants,
        "best": _best(view),
        "in_flight": list(view.in_flight),
        "usage": view.usage,
        "cost_per_accepted_picture": records.to_json(view.per_accepted) if view.per_accepted else None,
        "held_by": view.holder,
        "output": _output(view),
        "seed": _seed(view),
        "problems": list(view.problems),
    }


def criteria_table(verdicts: tuple[Verdict, ...], questions: dict[str, str]) -> Table:
    """A row for each criterion: its verdict and the reason, or the question where no reason was given."""
    rows = [
        (
            verdict.field,
            Cell(verdict.verdict, TONES[verdict.verdict]),
            verdict.reason or questions.get(verdict.field, ""),
        )
        for verdict in verdicts
    ]
    return table(("criterion", "verdict", "reason"), rows)


def spent(usage: dict[str, Any]) -> str:
    """What a run spent, in words: requests, tokens, cost."""
    tokens = usage["input_tokens"] + usage["output_tokens"]
    parts = [f"{count(usage['requests'], 'request')} to models"]
    if tokens:
        parts.append(f"{tokens} tokens")
    parts += filter(None, [cost(usage)])
    if usage["unknown"]:
        parts.append(f"{usage['unknown']} of unknown outcome, counted at their worst case")
    return ", ".join(parts)


def _facts(view: Overview) -> list[str]:
    facts = []
    if view.run_id:
        facts.append(_run_in_words(view))
    if view.best is not None:
        facts.append(_best_in_words(view.best))
    if view.usage and view.usage["requests"]:
        facts.append(f"spent: {spent(view.usage)}")
    if view.per_accepted and for_a_picture(view.per_accepted):
        facts.append(for_a_picture(view.per_accepted))
    if view.held:
        facts.append(f"a process is working on it: {lock.describe(view.holder or {})}")
    for flight in view.in_flight:
        facts.append(
            f"in flight: iteration {flight['iteration']}, ticket {flight['ticket']} at {flight['host']}"
        )
    if view.output is not None:
        accepted = "accepted" if view.output.get("accepted") else "best so far, not accepted"
        facts.append(f"picture: {view.project.output_image} ({accepted}, run {view.output.get('run_id')})")
    if view.seed is not None:
        numbers = ", ".join(map(str, view.seed.iterations))
        ranking = f"the ranking of run {view.seed.run_id} ({view.seed.mode}: {numbers})"
        facts.append(f"the next `run` starts from {ranking}; `--seed-from-ranking none` takes that back")
    return facts


def _run_in_words(view: Overview) -> str:
    done = len(view.iterations)
    if view.variants:
        sheet = view.project.run(view.run_id or "").variants_sheet
        where = f", side by side: {sheet}" if sheet.exists() else ""
        return f"run {view.run_id}: {done} of {count(view.variants, 'variant')}{where}"
    limit = f" of at most {view.run.rules.max_iterations}" if view.run else ""
    return f"run {view.run_id}: {count(done, 'iteration')}{limit}"


def _best_in_words(best: Iteration) -> str:
    assessment = best.assessment
    if assessment is None:
        return f"best: iteration {best.number}"
    similarity = assessment.comparison.similarity
    where = "to the original" if similarity.inside_mask is None else "inside the mask"
    score = f"score {assessment.score:.0f}, similarity {where} {similarity.steering:.2f}"
    return f"best: iteration {best.number}, {score}"


def _questions(view: Overview) -> dict[str, str]:
    return {field: criterion.question for field, criterion in criteria_of(view).items()}


def _best(view: Overview) -> dict[str, Any] | None:
    best = view.best
    if best is None or best.assessment is None:
        return None
    return {
        "iteration": best.number,
        "score": best.assessment.score,
        "similarity": best.assessment.comparison.similarity.measured,
        "verdicts": {verdict.field: records.to_json(verdict) for verdict in best.assessment.verdicts},
    }


def _output(view: Overview) -> dict[str, Any] | None:
    if view.output is None:
        return None
    return {
        "path": str(view.project.output_image),
        "run_id": view.output.get("run_id"),
        "accepted": view.output.get("accepted"),
        "score": view.output.get("score"),
    }


def _seed(view: Overview) -> dict[str, Any] | None:
    """What waits to start the next run."""
    seed = view.seed
    if seed is None:
        return None
    return {"run_id": seed.run_id, "mode": seed.mode, "iterations": list(seed.iterations)}


def _tone(status: str) -> Tone:
    return {"passed": "good", "failed": "bad", "running": "head", "new": "head"}.get(status, "unsure")  # type: ignore[return-value]


def list_row(view: Overview) -> tuple[Cell | str, ...]:
    """A project's row in `project list`."""
    best = _best(view)
    score = f"{best['score']:.0f}" if best else ""
    words = view.words + ("; damaged files, see `status`" if view.problems else "")
    return (view.project.name, str(len(view.iterations)), score, Cell(words, _tone(view.status)))
