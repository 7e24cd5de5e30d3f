"""A vision model that says what a test tells it to: the port itself, no patch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from iterativectl.config.prompts import load_prompts
from iterativectl.config.types import PromptTemplates
from iterativectl.judging.judge import Judge, Pictures
from iterativectl.model import Call, Finding, Picture
from iterativectl.ports import Reply, Usage, VisionModel, VisionRequest
from iterativectl.resources import path

ORIGINAL = Picture(png=b"original", width=64, height=48, sha256="0" * 64)
RESULT = Picture(png=b"result", width=64, height=48, sha256="1" * 64)


@dataclass(kw_only=True)
class ScriptedModel:
    """Gives its replies in order: a text, an object (sent as JSON), or an error to raise."""

    script: list[Any]
    name: str = "ollama"
    model: str = "scripted"
    wire_version: str = "scripted/1"
    sees_images: bool = True
    finish: str = "stop"
    asked: list[VisionRequest] = field(default_factory=list)

    def check(self) -> Sequence[Finding]:
        return []

    def ask(self, request: VisionRequest) -> Reply:
        self.asked.append(request)
        said = self.script.pop(0)
        if isinstance(said, Exception):
            raise said
        text = said if isinstance(said, str) else json.dumps(said)
        return Reply(
            text=text,
            usage=Usage(),
            seconds=0.1,
            served_by=self.model,
            provider=self.name,
            model=self.model,
            finish=self.finish,
            calls=(call(request.kind, len(self.asked)),),
        )


def call(purpose: str, attempts: int = 1, error: str | None = None) -> Call:
    return Call(
        purpose=purpose,
        provider="ollama",
        model="scripted",
        attempts=attempts,
        tokens={"input": 1, "output": 1},
        cost_usd=0.0,
        seconds=0.1,
        served_by="scripted",
        error=error,
    )


def shipped_prompts() -> PromptTemplates:
    return load_prompts([path("defaults", "prompts.yaml")])


def judge_of(*script: Any) -> tuple[Judge, ScriptedModel]:
    """A judge with the shipped prompts over a model that says this."""
    model = ScriptedModel(script=list(script))
    port: VisionModel = model
    return Judge(ask=port.ask, templates=shipped_prompts()), model


def pictures(description: str = "A man in a hoodie.", **measured: float) -> Pictures:
    """Both pictures, and whole-picture measurements."""
    return Pictures(
        original=ORIGINAL,
        result=RESULT,
        description=description,
        measured={(metric, "whole"): value for metric, value in measured.items()},
    )


def record(answer: Any, reason: str = "Seen.", confidence: str = "high") -> dict[str, Any]:
    return {"reason": reason, "answer": answer, "confidence": confidence}
