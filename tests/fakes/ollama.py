"""A fake Ollama: /api/chat, /api/generate, /api/tags, /api/show, /api/ps, /api/version."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.judge_server import Asked, Canned, JudgeServer


class FakeOllama(JudgeServer):
    """`models`: name -> capabilities. `prompt_tokens`: what it claims to have read (None: an estimate)."""

    ask_paths = ("/api/chat", "/api/generate")

    def __init__(
        self,
        answer: Callable[[Asked], str] | None = None,
        models: Mapping[str, tuple[str, ...]] | None = None,
        version: str = "0.33.2",
    ) -> None:
        super().__init__(answer)
        self.models = dict(models or {"qwen3-vl:4b": ("completion", "vision", "tools", "thinking")})
        self.version = version
        self.prompt_tokens: int | None = None
        self.loaded: list[dict[str, Any]] = []
        self.model_info: dict[str, Any] = {
            "general.architecture": "qwen3vl",
            "qwen3vl.context_length": 262144,
        }

    def asked(self, path: str, body: Any, number: int) -> Asked:
        place = body["messages"][-1] if path == "/api/chat" else body
        schema = body.get("format")
        return Asked(
            model=body["model"],
            prompt=place["content"] if path == "/api/chat" else place["prompt"],
            images=tuple(base64.b64decode(image, validate=True) for image in place.get("images", ())),
            schema=schema if isinstance(schema, dict) else None,
            number=number,
        )

    def wrapped(self, asked: Asked, text: str) -> Mapping[str, Any]:
        estimate = len(asked.prompt) // 4 + 600 * len(asked.images)
        body: dict[str, Any] = {
            "model": asked.model,
            "created_at": "2026-08-21T10:00:00.1Z",
            "done": True,
            "done_reason": "stop",
            "total_duration": 4_660_047_301,
            "load_duration": 2_957_224_161,
            "prompt_eval_count": self.prompt_tokens or estimate,
            "prompt_eval_duration": 15_234_404,
            "eval_count": max(1, len(text) // 4),
            "eval_duration": 1_161_572_136,
        }
        if self.requests[-1].path == "/api/generate":
            return {**body, "response": text, "context": [1, 2, 3]}
        return {**body, "message": {"role": "assistant", "content": text}}

    def respond(self, path: str, body: Any) -> Canned:
        if path in self.ask_paths and not self.script and body["model"] not in self.models:
            return Canned(status=404, body={"error": f"model '{body['model']}' not found"})
        return super().respond(path, body)

    def look(self, path: str, body: Any) -> Canned:
        if path == "/api/version":
            return Canned(body={"version": self.version})
        if path == "/api/tags":
            return Canned(body={"models": [{"name": name, "model": name} for name in self.models]})
        if path == "/api/ps":
            return Canned(body={"models": self.loaded})
        if path == "/api/show" and body["model"] in self.models:
            capabilities = list(self.models[body["model"]])
            return Canned(body={"capabilities": capabilities, "details": {}, "model_info": self.model_info})
        return Canned(status=404, body={"error": "not found"})
