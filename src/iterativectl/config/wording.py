"""What a JSON Schema error means, in words for people.

Besides the standard keywords, our schemas use: `x-later` (values of features that are not built yet, or true
for every value that the schema excludes), `x-others` (a remark on values that are not listed), `x-says` (what
a `pattern` demands), `x-names` (the words that it allows), `x-unit` (of a number). A value marked `writeOnly`
may be a secret and is never repeated.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

NEAR_KEY = 0.7  # difflib ratio: "wieght" to "weight" is 0.83, "notes" to "name" 0.44
NEAR_VALUE = 0.6
_SHOWN = 60

_TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list, such as [a, b]",
    "object": "a block of 'key: value' lines",
    "null": "null",
}
_BOOLEAN_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "n", "0"), "false"),
}


def explain(keyword: str, value: Any, wanted: Any, schema: Mapping[str, Any]) -> str:
    """The message for a `value` that breaks `keyword: wanted` of `schema`; any keyword but unknown keys.

    "" when another message says it better.
    """
    if _is_later(keyword, value, schema):
        return _not_available_yet(value, schema)
    return _EXPLAINED[keyword](value, wanted, schema)


def unknown_key(key: str, known: Mapping[str, Any]) -> tuple[str, str]:
    """(severity, message) for a key that the block does not know: an error where it is near a known one."""
    near = nearest(key, known, NEAR_KEY)
    if near:
        return "error", f"unknown key. Did you mean '{near}'?"
    for block, schema in known.items():
        if key in schema.get("properties", {}):
            return "error", f"the key belongs inside '{block}:'"
    return "warning", "unknown key, ignored"


def nearest(word: str, known: Iterable[Any], cutoff: float = NEAR_VALUE) -> str:
    """The known word that is most like `word`, compared without case; "" if none is near."""
    by_lower = {text.lower(): text for text in known if isinstance(text, str)}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else ""


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    """` Did you mean 'change'?`, or "" when nothing is near."""
    near = nearest(word, known) if isinstance(word, str) else ""
    return f" Did you mean '{near}'?" if near else ""


def shown(value: Any, schema: Mapping[str, Any] | None = None) -> str:
    """A value as a message repeats it: short, YAML's words, and never a secret."""
    if schema and schema.get("writeOnly"):
        return "the value"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a block of keys"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...{text[-1]}"


def _is_later(keyword: str, value: Any, schema: Mapping[str, Any]) -> bool:
    later = schema.get("x-later", ())
    return keyword in ("enum", "maximum", "maxItems") and (later is True or value in later)


def _not_available_yet(value: Any, schema: Mapping[str, Any]) -> str:
    if isinstance(value, list):
        return "not available yet: leave the list empty"
    if schema["x-later"] is True:
        return f"{shown(value, schema)} is not available yet: leave it at {shown(schema['default'])}"
    available = ", ".join(str(name) for name in schema["enum"] if name is not None)
    return f"{shown(value, schema)} is not available yet (available: {available})"


def _type(value: Any, wanted: Any, schema: Mapping[str, Any]) -> str:
    kinds = [wanted] if isinstance(wanted, str) else [kind for kind in wanted if kind != "null"]
    demand = f"must be {' or '.join(_TYPES[kind] for kind in kinds)}"
    if value is None:
        return f"has no value: it {demand}"
    if schema.get("writeOnly"):
        return demand
    hint = ""
    if kinds == ["boolean"] and str(value).lower() in _BOOLEAN_WORDS:
        hint = f": write {_BOOLEAN_WORDS[str(value).lower()]}, without quotes"
    elif kinds == ["string"] and not isinstance(value, (list, dict)):
        hint = ": put it in quotes"
    elif kinds == ["array"] and isinstance(value, str):
        entry = f'"{value}"' if value.startswith("#") else value  # bare, the rest would be a comment
        hint = f": write [{entry}]" if len(value) <= _SHOWN else ""
    return f"{demand} (got {shown(value)}){hint}"


def _enum(value: Any, allowed: Any, schema: Mapping[str, Any]) -> str:
    names = ", ".join("null" if name is None else str(name) for name in allowed)
    others = schema.get("x-others", "")
    remark = f" ({others})" if others else ""
    later = schema.get("x-later", ())
    known = [*allowed, *(later if isinstance(later, list) else ())]
    wrong = "is not one of" if len(allowed) > 1 else "is not known; the only value is"
    return f"{shown(value)} {wrong} {names}{remark}.{did_you_mean(value, known)}"


def _range(value: Any, _: Any, schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        limits = f"above {schema['exclusiveMinimum']}" + (f" and at most {high}" if high is not None else "")
    elif low is not None and low == high:
        limits = f"{low}"
    elif low is not None and high is not None:
        limits = f"between {low} and {high}"
    else:
        limits = f"at least {low}" if low is not None else f"at most {high}"
    unit = schema.get("x-unit", "")
    return f"must be {limits}{f' {unit}' if unit else ''} (got {value})"


def _pattern(value: Any, _: Any, schema: Mapping[str, Any]) -> str:
    said = str(schema.get("x-says", "is not written as it should be"))
    if schema.get("writeOnly"):
        return said
    near = did_you_mean(value, schema.get("x-names", ()))
    return f"{said} (got {shown(value)}){'.' if near else ''}{near}"


def _required(value: Any, wanted: Any, schema: Mapping[str, Any]) -> str:
    known = schema.get("properties", {})
    misspelt = {nearest(key, known, NEAR_KEY) for key in value if key not in known}
    missing = [f"'{key}'" for key in wanted if key not in value and key not in misspelt]
    # jsonschema reports each missing key by itself. Naming all of them each time makes these problems equal,
    # and equal problems are shown once.
    if len(missing) > 1:
        return f"keys are missing: {', '.join(missing)}"
    return f"the key {missing[0]} is missing" if missing else ""


def _few(value: Any, at_least: Any, _: Mapping[str, Any]) -> str:
    return "the list is empty" if not value else f"the list needs at least {at_least} entries"


def _many(value: Any, at_most: Any, _: Mapping[str, Any]) -> str:
    return f"the list has {len(value)} entries; at most {at_most} are allowed"


def _long(value: Any, at_most: Any, schema: Mapping[str, Any]) -> str:
    return _pattern(value, at_most, schema)


def _unique(_: Any, __: Any, ___: Mapping[str, Any]) -> str:
    return "the list holds an entry twice"


_EXPLAINED: dict[str, Callable[[Any, Any, Mapping[str, Any]], str]] = {
    "type": _type,
    "enum": _enum,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "pattern": _pattern,
    "required": _required,
    "minItems": _few,
    "maxItems": _many,
    "maxLength": _long,
    "uniqueItems": _unique,
}
EXPLAINED_KEYWORDS = frozenset(_EXPLAINED) | {"additionalProperties"}  # a test holds the schemas to these
