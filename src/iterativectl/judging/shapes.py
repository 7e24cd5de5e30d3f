"""Where the fields that were asked about stand in a decoded reply. Pure.

Asked for is {"answers": {FIELD: ...}}; what comes may have no root, an envelope around it, JSON inside a
string, a list of records, or other spellings of the names. Nothing else is searched: a value found by luck is
another question's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iterativectl.judging.jsontext import Unreadable, Without, decode

MAX_ENVELOPES = 3
ENVELOPES = frozenset(
    ["result", "results", "response", "reply", "output", "data", "json", "answer", "answers", "criteria"]
    + ["evaluation", "evaluations", "verdicts", "judgement", "judgment", "final", "final_answer"]
    + ["comparison", "prompts", "parameters", "arguments"]
)
NAME_KEYS = ("field", "name", "criterion", "question", "id")  # of a record in a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The fields asked about, and the key under which they were asked for.

    `alone`: they count nowhere else. A reply to several things at once may hold the same names elsewhere.
    """

    fields: tuple[str, ...]
    root: str
    alone: bool = False


def locate(value: Any, wanted: Wanted, without: Without = frozenset()) -> dict[str, Any]:
    """The raw values of the wanted fields that are there; empty when this is no answer."""
    for _ in range(MAX_ENVELOPES + 1):
        value = _decoded(value, without)
        for candidate in _candidates(value, wanted, without):
            if found := _fields(candidate, wanted.fields, without):
                return found
        value = None if "wrapper" in without else _content(value)
        if value is None:
            break
    return {}


def is_error(value: Any) -> bool:
    """Whether a server's error message was sent as if it were an answer."""
    return isinstance(value, Mapping) and bool(value.get("error"))


def spelling(name: str) -> str:
    """A key without case, blanks and hyphens: "Clothing Type" is clothing_type."""
    return "_".join(name.replace("-", " ").replace("_", " ").split()).casefold()


def _decoded(value: Any, without: Without) -> Any:
    """The JSON inside a string; every other value as it is."""
    if not isinstance(value, str) or "encoded" in without:
        return value
    try:
        inner, end = decode(value.strip(), 0, without)
    except json.JSONDecodeError:
        return value
    return inner if end == len(value.strip()) else value


def _candidates(value: Any, wanted: Wanted, without: Without) -> Iterator[Any]:
    """What stands under the root, then the value itself."""
    if isinstance(value, Mapping) and not _refused(value, without):
        below = _lookup(value, wanted.root, without)
        if below is not None:
            yield _decoded(below, without)
        if not wanted.alone:
            yield value
    elif isinstance(value, list) and not wanted.alone:
        yield value


def _fields(candidate: Any, fields: Sequence[str], without: Without) -> dict[str, Any]:
    if isinstance(candidate, list) and "records" not in without:
        candidate = _by_name(candidate)
    if not isinstance(candidate, Mapping) or _refused(candidate, without):
        return {}
    found = {field: _lookup(candidate, field, without, absent=_ABSENT) for field in fields}
    return {field: value for field, value in found.items() if value is not _ABSENT}


_ABSENT = object()


def _lookup(mapping: Mapping[str, Any], key: str, without: Without, absent: Any = None) -> Any:
    """The value of a key, or of the only key that is spelt nearly like it."""
    if key in mapping or "key_spelling" in without:
        return mapping.get(key, absent)
    near = [name for name in mapping if spelling(str(name)) == spelling(key)]
    if len(near) > 1:
        return Unreadable("given twice")
    return mapping[near[0]] if near else absent


def _by_name(records: Sequence[Any]) -> Mapping[str, Any]:
    """[{"field": F, "answer": A}, ...] as {F: {...}}; a name given twice is unreadable."""
    result: dict[str, Any] = {}
    for record in records:
        if not isinstance(record, Mapping):
            continue
        name = next((record[key] for key in NAME_KEYS if isinstance(record.get(key), str)), None)
        if name is not None:
            result[name] = Unreadable("given twice") if name in result else record
    return result


def _content(value: Any) -> Any:
    """What an envelope holds; None when this is not one, or holds two things. [X] is an envelope around X."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    if not isinstance(value, Mapping):
        return None
    inside = [
        content
        for name, content in value.items()
        if spelling(str(name)) in ENVELOPES and isinstance(content, (Mapping, list, str))
    ]
    return inside[0] if len(inside) == 1 else None


def _refused(value: Mapping[str, Any], without: Without) -> bool:
    """A JSON Schema sent back: its own keywords ("type", "required") are nobody's answer."""
    echoed = isinstance(value.get("properties"), Mapping) and ("type" in value or "required" in value)
    return echoed and "schema_echo" not in without
