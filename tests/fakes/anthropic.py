"""A fake of Anthropic's /v1/messages and /v1/models, as strict as the real one about what it is sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.fakes.judge_server import Asked, Canned, JudgeServer

MODEL = {
    "id": "claude-sonnet-4-5",
    "type": "model",
    "display_name": "Claude Sonnet 4.5",
    "lifecycle": "active",
    "max_input_tokens": 200_000,
    "max_tokens": 64_000,
    "capabilities": {
        "image_input": {"supported": True},
        "structured_outputs": {"supported": True},
        "thinking": {"supported": True},
    },
}
_FIELDS = {"model", "max_tokens", "messages", "system", "thinking", "output_config", "tools", "tool_choice"}
_KEYWORDS = {"type", "enum", "const", "description", "items", "anyOf", "properties", "required"}


class FakeAnthropic(JudgeServer):
    """`key`: the only one accepted. `rejects`: fields of a request that this model does not take."""

    ask_paths = ("/v1/messages",)

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

    def asked(self, path: str, body: Any, number: int) -> Asked:
        content = body["messages"][-1]["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        pictures = [part["source"]["data"] for part in parts if part["type"] == "image"]
        return Asked(
            model=body["model"],
            prompt="\n".join(part["text"] for part in parts if part["type"] == "text"),
            images=tuple(base64.b64decode(picture, validate=True) for picture in pictures),
            schema=schema_of(body),
            number=number,
        )

    def wrapped(self, asked: Asked, text: str) -> Mapping[str, Any]:
        block: dict[str, Any] = {"type": "text", "text": text}
        stopped = "end_turn"
        tools = self.requests[-1].body.get("tools")
        if tools:
            block = {"type": "tool_use", "id": "t1", "name": tools[0]["name"], "input": json.loads(text)}
            stopped = "tool_use"
        return {
            "id": f"msg_{asked.number}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": [block],
            "stop_reason": stopped,
            "stop_sequence": None,
            "usage": {"input_tokens": 194, "output_tokens": 20, "cache_read_input_tokens": 0},
        }

    def respond(self, path: str, body: Any) -> Canned:
        headers = {name.lower(): value for name, value in self.requests[-1].headers.items()}
        if self.key is not None and headers.get("x-api-key") != self.key:
            return failed(401, "authentication_error", "invalid x-api-key")
        if headers.get("anthropic-version") != "2023-06-01":
            return failed(400, "invalid_request_error", "anthropic-version: header is required")
        if path in self.ask_paths and not self.script:
            for fault in self._faults(body):
                return failed(400, "invalid_request_error", fault)
            if body["model"] not in {model["id"] for model in self.models}:
                return failed(404, "not_found_error", f"model: {body['model']}")
        return super().respond(path, body)

    def _faults(self, body: Mapping[str, Any]) -> Iterator[str]:
        for name in body:
            if name not in _FIELDS or name in self.rejects:
                yield f"{name}: Extra inputs are not permitted"
        if not body.get("max_tokens"):
            yield "max_tokens: Field required"
        for part in body["messages"][0]["content"]:
            if isinstance(part, dict) and part.get("type") == "image":
                if part["source"]["media_type"] not in ("image/png", "image/jpeg"):
                    yield "messages.0.content.0.image.source.media_type: Input should be 'image/png'"
                if part["source"]["data"].startswith("data:"):
                    yield "messages.0.content.0.image.source.base64: invalid base64 data"
        if "output_config" in body:
            yield from _schema_faults(body["output_config"]["format"]["schema"])

    def look(self, path: str, body: Any) -> Canned:
        if path.partition("?")[0] == "/v1/models":
            return Canned(body={"data": self.models, "has_more": False})
        name = path.removeprefix("/v1/models/")
        entry = next((model for model in self.models if model["id"] == name), None)
        return Canned(body=entry) if entry else failed(404, "not_found_error", f"model: {name}")


def failed(status: int, kind: str, message: str, **details: Any) -> Canned:
    """An error as Anthropic sends it."""
    error = {"type": kind, "message": message, **({"details": details} if details else {})}
    return Canned(status=status, body={"type": "error", "error": error, "request_id": "req_1"})


def schema_of(body: Mapping[str, Any]) -> Any:
    """The schema of a request, in whichever way it was sent."""
    if "output_config" in body:
        return body["output_config"]["format"]["schema"]
    return body["tools"][0]["input_schema"] if body.get("tools") else None


def _schema_faults(schema: Mapping[str, Any]) -> Iterator[str]:
    for name in schema:
        if name not in _KEYWORDS | {"additionalProperties"}:
            yield f"output_config.format.schema: For '{schema.get('type')}' type, '{name}' is not supported"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield "output_config.format.schema: For 'object' type, 'additionalProperties' must be false"
    for part in schema.get("properties", {}).values():
        yield from _schema_faults(part)
    if "items" in schema:
        yield from _schema_faults(schema["items"])
