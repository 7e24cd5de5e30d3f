"""Our answer schemas in the subset that the strict modes of hosted providers take. Pure.

There every property is required and no object takes others; an optional property becomes one that may be
null (OpenAI's structured outputs; OpenRouter passes the same on). Keywords that only annotate or that
strict modes refuse are dropped: ranges stand in the prompt and are checked when the reply is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = frozenset({"type", "enum", "const", "description", "items", "anyOf", "properties", "$defs", "$ref"})


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with every property required, optional ones nullable, and no further properties allowed."""
    result = {name: value for name, value in schema.items() if name in _KEPT}
    if "items" in result:
        result["items"] = strict(schema["items"])
    if "anyOf" in schema or "oneOf" in schema:
        result["anyOf"] = [strict(part) for part in schema.get("anyOf", schema.get("oneOf", ()))]
    if "$defs" in result:
        result["$defs"] = {name: strict(part) for name, part in schema["$defs"].items()}
    if "properties" in schema or schema.get("type") == "object":
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        result["properties"] = {
            name: strict(part) if name in required else _nullable(strict(part))
            for name, part in properties.items()
        }
        result["required"] = list(properties)
        result["additionalProperties"] = False
    return result


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or null."""
    kind = schema.get("type")
    if kind is None:
        options = schema.get("anyOf", [schema])
        return {"anyOf": [*options, *([] if {"type": "null"} in options else [{"type": "null"}])]}
    kinds = [kind] if isinstance(kind, str) else list(kind)
    result = {**schema, "type": kinds if "null" in kinds else [*kinds, "null"]}
    if "enum" in result and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    return result
