"""A fake of a server that speaks the OpenAI chat format; with `catalogue`, of OpenRouter."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.judge_server import Asked, Canned, JudgeServer

MODEL = {
    "id": "qwen/qwen3-vl-8b-instruct",
    "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
    "pricing": {"prompt": "0.000001", "completion": "0.000002", "image": "0", "request": "0"},
    "supported_parameters": ["response_format", "structured_outputs", "temperature", "max_tokens"],
}


class FakeOpenAICompatible(JudgeServer):
    """`cost`: what usage.cost says of each answer, USD; None: no such field. `key`: the only one accepted."""

    prefix = "/v1"
    ask_paths = ("/v1/chat/completions",)

    def __init__(
        self,
        answer: Callable[[Asked], str] | None = None,
        models: tuple[Mapping[str, Any], ...] = (MODEL,),
        cost: float | None = 0.00014,
        key: str | None = None,
    ) -> None:
        super().__init__(answer)
        self.models = list(models)
        self.cost = cost
        self.key = key
        self.credit: float | None = 5.0
        self.looks: dict[str, Any] = {}  # path -> body of endpoints that this kind of server has beside
        self.rejects: set[str] = set()  # fields of a request that this model does not take

    def asked(self, path: str, body: Any, number: int) -> Asked:
        content = body["messages"][-1]["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        return Asked(
            model=body["model"],
            prompt="\n".join(part["text"] for part in parts if part["type"] == "text"),
            images=tuple(
                base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True) for url in urls
            ),
            schema=schema,
            number=number,
        )

    def wrapped(self, asked: Asked, text: str) -> Mapping[str, Any]:
        usage: dict[str, Any] = {"prompt_tokens": 194, "completion_tokens": 20, "total_tokens": 214}
        if self.cost is not None:
            usage["cost"] = self.cost
        return {
            "id": f"gen-{asked.number}",
            "object": "chat.completion",
            "created": 1,
            "model": asked.model,
            "provider": "Fake Upstream",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text, "refusal": None},
                }
            ],
            "usage": usage,
        }

    def respond(self, path: str, body: Any) -> Canned:
        sent = self.requests[-1].headers.get("Authorization", "")
        if self.key is not None and path != "/v1/models" and sent != f"Bearer {self.key}":
            return Canned(status=401, body={"error": {"code": 401, "message": "User not found."}})
        if path in self.ask_paths and not self.script and (refused := sorted(self.rejects & set(body))):
            error = {
                "message": f"Unsupported parameter: '{refused[0]}' is not supported with this model.",
                "type": "invalid_request_error",
                "param": refused[0],
                "code": "unsupported_parameter",
            }
            return Canned(status=400, body={"error": error})
        return super().respond(path, body)

    def look(self, path: str, body: Any) -> Canned:
        if path in self.looks:
            return Canned(body=self.looks[path])
        if path == "/v1/models":
            return Canned(body={"data": self.models})
        if path == "/v1/key":
            return Canned(body={"data": {"label": "test", "limit_remaining": self.credit}})
        return Canned(status=404, body={"error": {"code": 404, "message": "Not Found"}})
