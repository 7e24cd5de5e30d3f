"""Our answer schemas as Gemini takes them: JSON Schema in part, or the older OpenAPI subset. Pure.

Both give `propertyOrdering`: without it Gemini fills an object in alphabetical order, an answer before its
reason. Keywords that Gemini does not know are refused with status 400, so only known ones are sent; null in a
list of values becomes a choice between the values and null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = frozenset(
    {"type", "enum", "description", "items", "anyOf", "properties", "required", "additionalProperties"}
    | {"minItems", "maxItems", "minimum", "maximum", "$defs", "$ref"}
)


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """For `responseJsonSchema`."""
    if "const" in schema:
        return json_schema({**_without(schema, "const"), "enum": [schema["const"]]})
    if None in schema.get("enum", ()):
        return {"anyOf": [json_schema(_not_null(schema)), {"type": "null"}]}
    result = {name: value for name, value in schema.items() if name in _KEPT}
    if "items" in result:
        result["items"] = json_schema(schema["items"])
    if "anyOf" in schema or "oneOf" in schema:
        result["anyOf"] = [json_schema(part) for part in schema.get("anyOf", schema.get("oneOf", ()))]
    for group in ("properties", "$defs"):
        if group in result:
            result[group] = {name: json_schema(part) for name, part in schema[group].items()}
    if "properties" in result:
        result["propertyOrdering"] = list(result["properties"])
    return result


def open_api(schema: Mapping[str, Any]) -> dict[str, Any]:
    """For `responseSchema`, of models that do not take the other: upper-case types, `nullable`."""
    kind = schema.get("type", "string")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    named = [kind for kind in kinds if kind != "null"]
    result: dict[str, Any] = {"type": (named[0] if named else "string").upper()}
    if "null" in kinds or None in schema.get("enum", ()):
        result["nullable"] = True
    if "description" in schema:
        result["description"] = schema["description"]
    values = [value for value in schema.get("enum", ()) if value is not None]
    if values and all(isinstance(value, str) for value in values):
        result["enum"] = values
    if "items" in schema:
        result["items"] = open_api(schema["items"])
    if schema.get("properties"):
        result["properties"] = {name: open_api(part) for name, part in schema["properties"].items()}
        result["required"] = list(schema.get("required", ()))
        result["propertyOrdering"] = list(schema["properties"])
    return result


def _not_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    kinds = schema.get("type")
    result = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
    if isinstance(kinds, list):
        rest = [kind for kind in kinds if kind != "null"]
        result["type"] = rest[0] if len(rest) == 1 else rest
    return result


def _without(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != name}
