"""Asking a model for criteria and questions, and reading what it proposes. Pure.

Asked for is {"criteria": [{why, field, question, passes_on, intent, edit_strength, must_include, ban_terms,
avoid_terms}, ...], "questions": [{why, field, question, type, allowed}, ...], "notes": [TEXT, ...]}. What can
be used of it is for judging.vetting to say: nothing here is trusted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iterativectl.config.types import Criterion, PromptTemplates, Question, Rules
from iterativectl.judging import jsontext, wording
from iterativectl.judging.finding import FAILURES, find, without_thoughts
from iterativectl.judging.shapes import Wanted, spelling
from iterativectl.model import Picture
from iterativectl.ports import VisionRequest

TEMPLATE = "suggest_rules"
LABEL = "the original"
MAX_TOKENS = 4096  # a dozen proposals with their reasons take about 2000
MAX_GUIDELINES = 6_000  # characters that are sent; two pages
MAX_NOTES = 20  # of a person, the newest first
YES_NO, INTENTS, STRENGTHS = ("yes", "no"), ("change", "preserve"), ("low", "medium", "high")
TYPES = ("string", "integer", "boolean", "array")

_TEXT: Mapping[str, Any] = {"type": "string"}
_TEXTS: Mapping[str, Any] = {"type": "array", "items": _TEXT}
_CRITERION: Mapping[str, Any] = {
    "why": _TEXT,
    "field": _TEXT,
    "question": _TEXT,
    "passes_on": {"type": "string", "enum": list(YES_NO)},
    "intent": {"type": "string", "enum": list(INTENTS)},
    "edit_strength": {"type": "string", "enum": list(STRENGTHS)},
    "must_include": _TEXTS,
    "ban_terms": _TEXTS,
    "avoid_terms": _TEXTS,
}
_QUESTION: Mapping[str, Any] = {
    "why": _TEXT,
    "field": _TEXT,
    "question": _TEXT,
    "type": {"type": "string", "enum": list(TYPES)},
    "allowed": _TEXTS,
}
# What stands in the places of the shape that is shown.
_PLACES: Mapping[str, str] = {
    "why": "one sentence",
    "field": "short_name",
    "question": "...?",
    "must_include": "short phrase",
    "ban_terms": "short phrase",
    "avoid_terms": "short phrase",
    "allowed": "possible answer",
    "notes": "a general remark on these rules, in one sentence; at most three",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """How often a criterion passed, failed and was unclear in the last runs."""

    passed: int = 0
    failed: int = 0
    unclear: int = 0

    @property
    def total(self) -> int:
        """Pictures that were judged by it."""
        return self.passed + self.failed + self.unclear

    def in_words(self) -> str:
        """`failed in all 6 pictures`, `never failed (6 pictures)`, `passed 2, failed 3 of 6 pictures`."""
        pictures = f"{self.total} picture{'' if self.total == 1 else 's'}"
        if not self.total:
            return "not judged yet"
        for name in ("failed", "unclear"):
            if getattr(self, name) == self.total:
                return f"{name} in all {pictures}" if self.total > 1 else f"{name} in the only picture"
        if not self.failed and not self.unclear:
            return f"never failed ({pictures})"
        counts = [
            f"{name} {getattr(self, name)}" for name in ("passed", "failed", "unclear") if getattr(self, name)
        ]
        return f"{', '.join(counts)} of {pictures}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a suggestion is made from. `fared` by field; `notes` are a person's, the newest first.

    `general_notes`: whether remarks on the rules as a whole are wanted.
    """

    goal: str
    rules: Rules
    fared: Mapping[str, Fared] = field(default_factory=dict)
    guidelines: str = ""
    notes: Sequence[str] = ()
    general_notes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What a reply holds, as it stands there. `failure` says in words why nothing can be read."""

    criteria: tuple[Any, ...] = ()
    questions: tuple[Any, ...] = ()
    notes: tuple[Any, ...] = ()
    failure: str = ""


def request(
    templates: PromptTemplates, context: Context, picture: Picture, sample: int, faults: Sequence[str] = ()
) -> VisionRequest:
    """What is asked. `faults`: what was wrong with the reply before."""
    return VisionRequest(
        kind="suggest_rules",
        prompt=templates.render(
            TEMPLATE,
            goal=context.goal or "(not said: what the criteria below ask for)",
            criteria=wording.lines(_said(c, context.fared) for c in context.rules.acceptance_criteria),
            questions=wording.lines(_asked(question) for question in context.rules.questions),
            guidelines=context.guidelines.strip()[:MAX_GUIDELINES] or "(none)",
            notes=wording.lines(" ".join(note.split()) for note in context.notes[:MAX_NOTES]),
            faults=wording.lines(faults),
            schema=shape(context.general_notes),
        ),
        images=((LABEL, picture),),
        schema=schema(context.general_notes),
        sample=sample,
        max_tokens=MAX_TOKENS,
        facts={"goal": context.goal},
    )


def schema(general_notes: bool) -> dict[str, Any]:
    """The JSON Schema of the reply, in the few keywords that every provider takes."""
    blocks: dict[str, Any] = {
        "criteria": {"type": "array", "items": _object(_CRITERION)},
        "questions": {"type": "array", "items": _object(_QUESTION)},
    }
    return _object(blocks | ({"notes": dict(_TEXTS)} if general_notes else {}))


def shape(general_notes: bool) -> str:
    """The reply's shape as a small model understands it best."""
    blocks = [
        f'  "{name}": [\n    {{{", ".join(_place(key, part) for key, part in record.items())}}}, ...\n  ]'
        for name, record in (("criteria", _CRITERION), ("questions", _QUESTION))
    ]
    if general_notes:
        blocks.append(f"  {_place('notes', _TEXTS)}")
    return "{\n" + ",\n".join(blocks) + "\n}"


def read(text: str, finish: str = "stop") -> Raw:
    """The proposals in a reply. `finish` is the provider's finish word: "length" means that it is cut."""
    wanted = Wanted(fields=("criteria", "questions", "notes"), root="suggestions")
    found = find(text, wanted, finish)
    if found.fields:
        criteria, questions, notes = (_records(found.fields.get(name)) for name in wanted.fields)
        return Raw(criteria=criteria, questions=questions, notes=notes)
    if found.failure == "no_fields" and (bare := _bare(text)):
        criteria = tuple(record for record in bare if _has(record, "intent") or _has(record, "passes_on"))
        return Raw(criteria=criteria, questions=tuple(record for record in bare if record not in criteria))
    return Raw(failure=FAILURES[found.failure])


def _said(criterion: Criterion, fared: Mapping[str, Fared]) -> str:
    """A criterion with its tags and how it fared."""
    what = criterion.question or (f"measured: {criterion.measure.metric}" if criterion.measure else "")
    passes = " (passes on no)" if criterion.type == "boolean" and criterion.max == 0 else ""
    tags = [
        f"{name}: {', '.join(getattr(criterion, name))}"
        for name in ("must_include", "ban_terms", "avoid_terms")
        if getattr(criterion, name)
    ]
    how = fared.get(criterion.field, Fared()).in_words()
    return "; ".join([f"{criterion.field} ({criterion.intent}): {what}{passes}", *tags, how])


def _asked(question: Question) -> str:
    return f"{question.field}: {question.question}"


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _place(name: str, part: Mapping[str, Any]) -> str:
    """One key of the shape, with what may stand there."""
    shown = json.dumps(_PLACES.get(name, "..."))
    if "enum" in part:
        shown = " | ".join(map(json.dumps, part["enum"]))
    return f'"{name}": [{shown}, ...]' if part["type"] == "array" else f'"{name}": {shown}'


def _records(value: Any) -> tuple[Any, ...]:
    """A list's entries; {FIELD: RECORD} is a list, too, and so is one record."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, Mapping):
        return (value,) if isinstance(value, str) and value.strip() else ()
    if _has(value, "question"):
        return (value,)
    return tuple(
        {"field": name, **record} if isinstance(record, Mapping) else record for name, record in value.items()
    )


def _bare(text: str) -> tuple[Any, ...]:
    """The last list of records in a reply that has no keys around it."""
    for span in reversed(jsontext.spans(without_thoughts(text))):
        if span.state == "good":
            records = span.value if isinstance(span.value, list) else [span.value]
            if all(_has(record, "question") for record in records):
                return tuple(records)
    return ()


def _has(record: Any, key: str) -> bool:
    return isinstance(record, Mapping) and any(spelling(str(name)) == key for name in record)
