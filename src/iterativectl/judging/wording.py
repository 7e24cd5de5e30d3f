"""Facts as lines of a prompt, and as the `facts` that go beside it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from iterativectl.config.types import Criterion
from iterativectl.model import Assessment, Comparison, Flaw, Item, Parameters, Value, Verdict

DIRECTIONS = {
    "up": "up: the result is too similar to the original, so a stronger edit is needed",
    "down": "down: the result is a different picture, so a weaker edit is needed",
}
BOUNDS = (
    "denoise 0.05 to 1.0, cfg 1.0 to 20.0, steps 1 to 150; sampler_name and scheduler as ComfyUI names them"
)

# How images.measure scales its values, for a reader who has never seen such a figure.
_SCALES = {
    "similarity": "similarity to the original (0 a different picture, 1 identical)",
    "brightness": "brightness of the result (0 black, 1 white)",
    "contrast": "contrast of the result (0 flat, 0.5 strongest)",
    "saturation": "saturation of the result (0 grey, 1 pure colours)",
    "sharpness": "sharpness of the result (0 blurred, photographs 0.03 to 0.4)",
    "size": "size of the result in megapixels",
}
_RANGES = {
    "boolean": 'answer "yes", "no" or "unclear"',
    "string": "answer with words",
    "integer": "answer with a whole number",
    "number": "answer with a number",
    "array": "answer with a list",
}


def items(asked: Sequence[Item]) -> str:
    """One line an item: its field, its question and how to answer."""
    return "\n".join(f"- {item.field}: {item.question} ({_how(item)})" for item in asked)


def answers(given: Mapping[str, Value]) -> str:
    """Answers a person would read: "field: value"."""
    return lines(f"{name}: {_said(value)}" for name, value in given.items())


def results(verdicts: Sequence[Verdict]) -> str:
    """Verdicts with their reasons."""
    return lines(f"{v.field}: {v.verdict}{f' ({v.reason})' if v.reason else ''}" for v in verdicts)


def comparison(compared: Comparison) -> str:
    """The comparison in a few lines."""
    said = [f"measured similarity {compared.similarity.steering:.2f} (0 different, 1 identical)"]
    return lines([*said, *compared.differences, compared.analysis])


REGION = (
    "\nImages 3 and 4 are no further pictures: they show one region enlarged, image 3 as it is in image 1, "
    "image 4 as\nit is in image 2. Look there for details."
)
_SEVERITY = {1: "slight", 2: "clear", 3: "severe"}


def critique(flaws: Sequence[Flaw]) -> str:
    """Flaws, the worst first."""
    ordered = sorted(flaws, key=lambda flaw: -(flaw.severity or 0))
    return lines(_flaw_line(flaw) for flaw in ordered)


def wanted(criteria: Sequence[Criterion]) -> str:
    """One line a criterion: its field, its question and the answer that passes."""
    return "\n".join(f"- {c.field}: {c.question} (wanted: {_wanted(c)})" for c in criteria)


def _wanted(criterion: Criterion) -> str:
    if criterion.type == "boolean":
        return "no" if criterion.min == 0 and criterion.max == 0 else "yes"
    if criterion.min is not None and criterion.max is not None:
        return f"{criterion.min:g} to {criterion.max:g}"
    low = criterion.min is not None
    return f"at least {criterion.min:g}" if low else f"at most {criterion.max:g}"


def _flaw_line(flaw: Flaw) -> str:
    told = (flaw.mode, _SEVERITY.get(flaw.severity or 0), flaw.fault and f'"{flaw.fault}"')
    return ", ".join(filter(None, told)) + (f": {flaw.what}" if flaw.what else "")


def measurements(measured: Mapping[tuple[str, str], float]) -> str:
    """What was measured, one line a value, with its scale; only what helps one who sees the picture."""
    return lines(
        f"{_SCALES[metric]}{'' if region == 'whole' else f', {region}'}: {value:.2f}"
        for (metric, region), value in measured.items()
        if metric in _SCALES
    )


def measured_facts(measured: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Measurements as {"METRIC/REGION": value}."""
    return {f"{metric}/{region}": value for (metric, region), value in measured.items()}


def parameter_facts(parameters: Parameters) -> dict[str, Any]:
    """Parameters by name."""
    names = ("denoise", "cfg", "steps", "sampler_name", "scheduler")
    return {name: getattr(parameters, name) for name in names}


def sorted_out(
    criteria: Sequence[Criterion], assessment: Assessment
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(failed, passed) criteria with their tags and the judge's reasons; unclear ones are in neither."""
    verdicts = {verdict.field: verdict for verdict in assessment.verdicts}
    sorted_by: dict[str, list[dict[str, Any]]] = {"failed": [], "passed": [], "unclear": []}
    for criterion in criteria:
        if criterion.field in verdicts:
            verdict = verdicts[criterion.field]
            sorted_by[verdict.verdict].append(_tags(criterion, verdict.reason))
    return sorted_by["failed"], sorted_by["passed"]


def tagged(criteria: Sequence[Mapping[str, Any]]) -> str:
    """Criteria with their tags, one line each."""
    return "\n".join(_tagged_line(criterion) for criterion in criteria)


def failed_intents(criteria: Sequence[Criterion], assessment: Assessment) -> list[str]:
    """The intent of every failed criterion."""
    failed = {verdict.field for verdict in assessment.verdicts if verdict.verdict == "failed"}
    return [criterion.intent for criterion in criteria if criterion.field in failed]


def lines(parts: Any) -> str:
    """Parts as a list, "(none)" without any."""
    return "\n".join(f"- {part}" for part in parts if part) or "(none)"


def _said(value: Value) -> str:
    if value is None:
        return "unclear"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, (int, float, str)) else ", ".join(map(str, value)) or "none"


def _how(item: Item) -> str:
    how = _RANGES[item.type]
    allowed = (item.items or {}).get("enum") or item.enum
    if allowed:
        how += f", {'any' if item.type == 'array' else 'one'} of: {', '.join(map(str, allowed))}"
    if item.type in ("integer", "number") and not item.intent:
        bounds = [
            f"from {item.min:g}" if item.min is not None else "",
            f"to {item.max:g}" if item.max is not None else "",
        ]
        how = " ".join([how, *filter(None, bounds)])
    if item.intent == "preserve":
        how += "; compare both pictures"
    return how


def _tags(criterion: Criterion, reason: str) -> dict[str, Any]:
    return {
        "field": criterion.field,
        "question": criterion.question,
        "intent": criterion.intent,
        "edit_strength": criterion.edit_strength,
        "must_include": list(criterion.must_include),
        "ban_terms": list(criterion.ban_terms),
        "avoid_terms": list(criterion.avoid_terms),
        "reason": reason,
    }


def _tagged_line(criterion: Mapping[str, Any]) -> str:
    tags = [
        f"{name}: {', '.join(criterion[name])}"
        for name in ("must_include", "ban_terms", "avoid_terms")
        if criterion[name]
    ]
    line = (
        f"- {criterion['field']} ({criterion['intent']}): {criterion['question'] or 'measured on the pixels'}"
    )
    return "; ".join([line, *tags, *([f"reason: {criterion['reason']}"] if criterion["reason"] else [])])
