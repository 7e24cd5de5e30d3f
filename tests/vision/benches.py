"""One bench for each registered provider: its fake server, and the provider set up to talk to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.fakes.anthropic import FakeAnthropic
from tests.fakes.gemini import FakeGemini
from tests.fakes.judge_server import Asked, JudgeServer
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible

from iterativectl.config.types import AIVis, Prices
from iterativectl.ports import VisionModel
from iterativectl.vision import build

CANARY = "canary-0123456789-abcdefghij"
PRICES = Prices(input=0.2, output=0.8)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """`fake` is None for a provider in this process."""

    model: VisionModel
    fake: JudgeServer | None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a provider behind a server is set up in a test.

    `variable` holds its key in the environment ("": none); `temperature`: whether one is sent.
    """

    name: str
    model: str
    fake: Callable[[Callable[[Asked], str] | None], JudgeServer]
    variable: str = ""
    prices: Prices = Prices()
    temperature: bool = True

    @property
    def environ(self) -> dict[str, str]:
        return {self.variable: CANARY} if self.variable else {}

    @contextmanager
    def __call__(self, answer: Callable[[Asked], str] | None = None, **changes: Any) -> Iterator[Bench]:
        """The provider, set up to talk to a fake of its own."""
        with self.fake(answer) as fake:
            yield self.at(fake, **changes)

    def at(self, fake: JudgeServer, **changes: Any) -> Bench:
        """The provider, new and without a memory, at a fake that runs."""
        settings = {"prices": self.prices, "base_url": fake.url, **changes}
        aivis = AIVis(provider=self.name, model=self.model, **settings)
        return Bench(model=build(self.name, aivis, aivis.model, self.environ), fake=fake)


def _openai(answer: Callable[[Asked], str] | None, **changes: Any) -> FakeOpenAICompatible:
    return FakeOpenAICompatible(answer, key=CANARY, **{"cost": None, **changes})


def _at_home(looks: Mapping[str, Any]) -> Callable[[Callable[[Asked], str] | None], JudgeServer]:
    """A fake with the endpoints that this kind of server has beside the common ones."""

    def made(answer: Callable[[Asked], str] | None) -> JudgeServer:
        fake = _openai(answer, models=({"id": LOCAL, "max_model_len": 32768},))
        fake.looks = json.loads(json.dumps(looks))
        return fake

    return made


LOCAL = "qwen3-vl-8b"
LM_STUDIO = {
    "key": LOCAL,
    "type": "llm",
    "capabilities": {"vision": True, "trained_for_tool_use": True},
    "loaded_instances": [{"id": LOCAL, "config": {"context_length": 16384}}],
    "max_context_length": 262144,
}
PROPS = {"modalities": {"vision": True, "audio": False}, "default_generation_settings": {"n_ctx": 16384}}
_HOSTED_MODELS = ({"id": "gpt-5-mini", "object": "model", "owned_by": "openai"},)
_GEMINI_MODELS = ({"id": "models/gemini-2.5-flash", "object": "model", "owned_by": "google"},)
KINDS = {
    kind.name: kind
    for kind in (
        Kind(name="ollama", model="qwen3-vl:4b", fake=FakeOllama),
        Kind(
            name="openrouter",
            model=str(MODEL["id"]),
            fake=lambda answer: FakeOpenAICompatible(answer, key=CANARY),
            variable="OPENROUTER_API_KEY",
        ),
        Kind(
            name="openai",
            model="gpt-5-mini",
            fake=lambda answer: _openai(answer, models=_HOSTED_MODELS),
            variable="OPENAI_API_KEY",
            prices=PRICES,
        ),
        Kind(
            name="anthropic",
            model="claude-sonnet-4-5",
            fake=lambda answer: FakeAnthropic(answer, key=CANARY),
            variable="ANTHROPIC_API_KEY",
            prices=PRICES,
            temperature=False,
        ),
        Kind(
            name="gemini",
            model="gemini-2.5-flash",
            fake=lambda answer: FakeGemini(answer, key=CANARY),
            variable="GEMINI_API_KEY",
            prices=PRICES,
        ),
        Kind(
            name="openai_compatible",
            model=str(MODEL["id"]),
            fake=_openai,
            variable="OPENAI_API_KEY",
            prices=PRICES,
        ),
        Kind(
            name="lmstudio",
            model=LOCAL,
            fake=_at_home({"/api/v1/models": {"models": [LM_STUDIO]}}),
            variable="LM_API_TOKEN",
        ),
        Kind(name="llamacpp", model=LOCAL, fake=_at_home({"/props": PROPS}), variable="LLAMA_API_KEY"),
        Kind(name="vllm", model=LOCAL, fake=_at_home({}), variable="VLLM_API_KEY"),
        Kind(
            name="gemini-openai",
            model="gemini-2.5-flash",
            fake=lambda answer: _openai(answer, models=_GEMINI_MODELS),
            variable="GEMINI_API_KEY",
            prices=PRICES,
        ),
    )
}
ollama, openrouter, openai_compatible = (
    KINDS[name] for name in ("ollama", "openrouter", "openai_compatible")
)


@contextmanager
def embedded(answer: Callable[[Asked], str] | None = None, **changes: Any) -> Iterator[Bench]:
    aivis = AIVis(provider="embedded", model="measurements", **changes)
    yield Bench(model=build("embedded", aivis, aivis.model, {}), fake=None)


# A provider that is registered without a bench fails test_every_provider_has_a_bench.
BENCHES: Mapping[str, Any] = {**KINDS, "embedded": embedded}
SERVERS = tuple(KINDS)
