"""From typed answers and measurements to verdicts. Pure.

A verdict follows from a readable answer by rule, never by guess: booleans pass on yes (on no where the rules
say `min: 0, max: 0`), numbers inside [min, max], measured criteria inside theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from iterativectl.config import metrics
from iterativectl.config.types import Criterion
from iterativectl.model import Value, Verdict

Measured = Mapping[tuple[str, str], float]


def passes(criterion: Criterion, value: Value) -> bool:
    """Whether a readable answer to the criterion's question is the wanted one."""
    if isinstance(value, bool):
        wanted_no = criterion.min == 0 and criterion.max == 0
        return value is not wanted_no
    return isinstance(value, (int, float)) and _inside(value, criterion.min, criterion.max)


def measured_verdict(criterion: Criterion, measured: Measured) -> Verdict:
    """The verdict of a criterion that pixels decide."""
    measure = criterion.measure
    assert measure is not None, "only measured criteria are decided by pixels"
    value = measured.get(measure.key)
    by = f"measured:{measure.metric}"
    if value is None:
        why = f"{measure.metric} has no value {metrics.place_in_words(measure)}".rstrip()
        return _verdict(criterion, "unclear", None, why, by)
    outcome = "passed" if _inside(value, measure.min, measure.max) else "failed"
    before = measured[measure.value_key] - value if measure.relative else None
    return _verdict(criterion, outcome, value, metrics.in_words(measure, value, before), by)


def failing_gate(criteria: Sequence[Criterion], measured: Measured) -> Verdict | None:
    """The first failed gate: with it no model is asked anything about this picture."""
    gates = (measured_verdict(c, measured) for c in criteria if c.gate and c.measure)
    return next((verdict for verdict in gates if verdict.verdict == "failed"), None)


def gate_failed(verdicts: Sequence[Verdict], criteria: Sequence[Criterion]) -> bool:
    """Whether a picture was judged by a failed gate alone."""
    gates = {criterion.field for criterion in criteria if criterion.gate}
    return any(verdict.field in gates and verdict.verdict == "failed" for verdict in verdicts)


def gated_verdicts(criteria: Sequence[Criterion], measured: Measured, gate: Verdict) -> tuple[Verdict, ...]:
    """The verdicts of a picture that failed a gate: measured ones stand, the others fail with it."""
    by, why = f"gate:{gate.field}", f"not judged: the gate {gate.field} failed ({gate.reason})"
    return tuple(
        measured_verdict(c, measured) if c.measure else _verdict(c, "failed", None, why, by) for c in criteria
    )


def to_ask(criteria: Sequence[Criterion], measured: Measured) -> tuple[Criterion, ...]:
    """The criteria a model must be asked about: not measured, and no measured parent has failed."""
    lost = {c.field for c in criteria if c.measure and measured_verdict(c, measured).verdict == "failed"}
    return tuple(c for c in criteria if not c.measure and not lost & set(ancestors(c, criteria)))


def fixed(criteria: Sequence[Criterion], measured: Measured) -> dict[str, Verdict]:
    """The verdicts of all others."""
    asked = {criterion.field for criterion in to_ask(criteria, measured)}
    return {
        c.field: measured_verdict(c, measured) if c.measure else not_asked(c, criteria, measured)
        for c in criteria
        if c.field not in asked
    }


def overruled(verdicts: Sequence[Verdict], criteria: Sequence[Criterion]) -> tuple[Verdict, ...]:
    """depends_on: a criterion fails while a parent has failed; its own value is kept.

    A failure is handed down any number of generations.
    """
    by_field = {verdict.field: verdict for verdict in verdicts}
    known = {criterion.field: criterion for criterion in criteria}

    def failed(field: str) -> bool:
        own = by_field.get(field)
        parents = known[field].depends_on if field in known else ()
        return (own is not None and own.verdict == "failed") or any(failed(parent) for parent in parents)

    result = []
    for verdict in verdicts:
        parents = known[verdict.field].depends_on if verdict.field in known else ()
        parent = next((name for name in parents if failed(name)), None)
        if parent is not None and verdict.verdict != "failed":
            why = f"{parent} failed, and this depends on it" + (
                f"; {verdict.reason}" if verdict.reason else ""
            )
            verdict = replace(verdict, verdict="failed", reason=why, by=f"depends_on:{parent}")
        result.append(verdict)
    return tuple(result)


def not_asked(criterion: Criterion, criteria: Sequence[Criterion], measured: Measured) -> Verdict:
    """A criterion that was left out of the request because a measured ancestor failed."""
    parent = next(
        name
        for name in ancestors(criterion, criteria)
        if any(
            c.field == name and c.measure and measured_verdict(c, measured).verdict == "failed"
            for c in criteria
        )
    )
    return _verdict(
        criterion,
        "failed",
        None,
        f"not asked: {parent} failed, and this depends on it",
        f"depends_on:{parent}",
    )


def ancestors(criterion: Criterion, criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """Every criterion it depends on, nearest first. Cycles are refused when the rules are loaded."""
    known = {c.field: c for c in criteria}
    found: list[str] = []
    waiting = list(criterion.depends_on)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += known[name].depends_on if name in known else ()
    return tuple(found)


def _verdict(criterion: Criterion, outcome: str, value: Value, reason: str, by: str) -> Verdict:
    assert outcome in ("passed", "failed", "unclear")
    return Verdict(
        field=criterion.field,
        verdict=outcome,  # type: ignore[arg-type]
        value=value,
        confidence=None,
        reason=reason,
        by=by,
    )


def _inside(value: float, lowest: float | None, highest: float | None) -> bool:
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)
