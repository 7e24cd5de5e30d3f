"""A fake of Gemini's generateContent and models, as strict as the real one about what it is sent."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.fakes.judge_server import Asked, Canned, JudgeServer

MODEL = {
    "name": "models/gemini-2.5-flash",
    "displayName": "Gemini 2.5 Flash",
    "inputTokenLimit": 1_048_576,
    "outputTokenLimit": 65_536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
    "thinking": True,
}
_FIELDS = {"contents", "generationConfig", "systemInstruction", "safetySettings"}
_CONFIG = {
    *("temperature", "seed", "maxOutputTokens", "responseMimeType", "responseJsonSchema", "responseSchema"),
    *("thinkingConfig", "mediaResolution"),
}
_KEYWORDS = {
    *("type", "title", "description", "enum", "items", "minItems", "maxItems", "minimum", "maximum", "anyOf"),
    *("oneOf", "properties", "additionalProperties", "required", "propertyOrdering", "$defs", "$ref"),
}


class FakeGemini(JudgeServer):
    """`key`: the only one accepted. `rejects`: fields of generationConfig that this model does not know.

    `least_budget`: the smallest thinkingBudget that it takes, in tokens; None: it takes levels only.
    """

    prefix = "/v1beta"

    def __init__(
        self,
        answer: Callable[[Asked], str] | None = None,
        models: tuple[Mapping[str, Any], ...] = (MODEL,),
        key: str | None = None,
    ) -> None:
        super().__init__(answer)
        self.models = list(models)
        self.key = key
        self.rejects: set[str] = set()
        self.least_budget: int | None = 0

    @property
    def ask_paths(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(f"/v1beta/{model['name']}:generateContent" for model in self.models)

    def asked(self, path: str, body: Any, number: int) -> Asked:
        parts = body["contents"][-1]["parts"]
        pictures = [part["inlineData"]["data"] for part in parts if "inlineData" in part]
        return Asked(
            model=path.rpartition("/")[2].partition(":")[0],
            prompt="\n".join(part["text"] for part in parts if "text" in part),
            images=tuple(base64.b64decode(picture, validate=True) for picture in pictures),
            schema=schema_of(body),
            number=number,
        )

    def wrapped(self, asked: Asked, text: str) -> Mapping[str, Any]:
        return {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}
            ],
            "usageMetadata": {
                "promptTokenCount": 194,
                "candidatesTokenCount": 20,
                "totalTokenCount": 214,
            },
            "modelVersion": asked.model,
            "responseId": f"r{asked.number}",
        }

    def respond(self, path: str, body: Any) -> Canned:
        headers = {name.lower(): value for name, value in self.requests[-1].headers.items()}
        if self.key is not None and headers.get("x-goog-api-key") != self.key:
            return failed(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
        if path in self.ask_paths and not self.script:
            for fault in self._faults(body):
                return failed(400, "INVALID_ARGUMENT", fault)
        return super().respond(path, body)

    def _faults(self, body: Mapping[str, Any]) -> Iterator[str]:
        config = body["generationConfig"]
        for name in set(body) - _FIELDS:
            yield f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
        for name in sorted((set(config) - _CONFIG) | (set(config) & self.rejects)):
            yield (
                f"Invalid JSON payload received. Unknown name \"{name}\" at 'generation_config': "
                "Cannot find field."
            )
        if "responseJsonSchema" in config and "responseSchema" in config:
            yield "response_json_schema and response_schema cannot both be set"
        for name in ("responseJsonSchema", "responseSchema"):
            if name in config and config.get("responseMimeType") != "application/json":
                yield f"{name} requires response_mime_type application/json"
        yield from _schema_faults(config.get("responseJsonSchema", {}))
        yield from self._thinking_faults(config.get("thinkingConfig", {}))
        for part in body["contents"][0]["parts"]:
            if part.get("inlineData", {}).get("data", "").startswith("data:"):
                yield "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES)"

    def _thinking_faults(self, thinking: Mapping[str, Any]) -> Iterator[str]:
        budget, least = thinking.get("thinkingBudget"), self.least_budget
        if budget is not None and least is None:
            yield "Thinking budget is not supported for this model."
        elif budget is not None and budget < least:
            yield "Budget 0 is invalid. This model only works in thinking mode."
        if "thinkingLevel" in thinking and self.least_budget is not None:
            yield "Thinking level is not supported for this model."

    def look(self, path: str, body: Any) -> Canned:
        if path.partition("?")[0] == "/v1beta/models":
            return Canned(body={"models": self.models})
        name = path.removeprefix("/v1beta/")
        entry = next((model for model in self.models if model["name"] == name), None)
        return Canned(body=entry) if entry else failed(404, "NOT_FOUND", f"{name} is not found")


def failed(status: int, word: str, message: str, *details: Mapping[str, Any]) -> Canned:
    """An error as Google sends it."""
    error = {"code": status, "message": message, "status": word, "details": list(details)}
    return Canned(status=status, body={"error": error})


def schema_of(body: Mapping[str, Any]) -> Any:
    """The schema of a request as JSON Schema, without the order of its properties."""
    config = body["generationConfig"]
    if "responseJsonSchema" in config:
        return _unordered(config["responseJsonSchema"])
    return config.get("responseSchema")


def _unordered(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_unordered(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {name: _unordered(part) for name, part in schema.items() if name != "propertyOrdering"}


def _schema_faults(schema: Mapping[str, Any]) -> Iterator[str]:
    for name in set(schema) - _KEYWORDS:
        yield f"Unknown name \"{name}\" at 'generation_config.response_json_schema': Cannot find field."
    if "properties" in schema and schema.get("propertyOrdering") != list(schema["properties"]):
        yield "response_json_schema: properties would be filled in alphabetical order"
    if None in schema.get("enum", ()):
        yield "Invalid value at 'generation_config.response_json_schema.enum', null"
    for part in [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]:
        yield from _schema_faults(part)
    if "items" in schema:
        yield from _schema_faults(schema["items"])
