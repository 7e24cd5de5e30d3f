"""One bench for each registered provider: its fake server, and the provider set up to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.fakes.judge_server import Asked, JudgeServer
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible

from iterativectl.config.types import AIVis, Prices
from iterativectl.ports import VisionModel
from iterativectl.vision import build

CANARY = "sk-or-v1-canary0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """`fake` is None for a provider in this process."""

    model: VisionModel
    fake: JudgeServer | None


@contextmanager
def ollama(answer: Callable[[Asked], str] | None = None, **changes: Any) -> Iterator[Bench]:
    with FakeOllama(answer) as fake:
        aivis = AIVis(provider="ollama", model="qwen3-vl:4b", base_url=fake.url, **changes)
        yield Bench(model=build("ollama", aivis, aivis.model, {}), fake=fake)


@contextmanager
def openrouter(answer: Callable[[Asked], str] | None = None, **changes: Any) -> Iterator[Bench]:
    with FakeOpenAICompatible(answer, key=CANARY) as fake:
        aivis = AIVis(provider="openrouter", model=str(MODEL["id"]), **changes)
        model = build("openrouter", aivis, aivis.model, {"OPENROUTER_API_KEY": CANARY})
        model.server = replace(model.server, base_url=fake.url)  # its address is fixed: aim it at the fake
        yield Bench(model=model, fake=fake)


@contextmanager
def openai_compatible(answer: Callable[[Asked], str] | None = None, **changes: Any) -> Iterator[Bench]:
    with FakeOpenAICompatible(answer, key=CANARY, cost=None) as fake:
        settings = {"prices": Prices(input=0.2, output=0.8), **changes}
        aivis = AIVis(provider="openai_compatible", model=str(MODEL["id"]), base_url=fake.url, **settings)
        yield Bench(
            model=build("openai_compatible", aivis, aivis.model, {"OPENAI_API_KEY": CANARY}), fake=fake
        )


@contextmanager
def embedded(answer: Callable[[Asked], str] | None = None, **changes: Any) -> Iterator[Bench]:
    aivis = AIVis(provider="embedded", model="measurements", **changes)
    yield Bench(model=build("embedded", aivis, aivis.model, {}), fake=None)


# A provider that is registered without a bench fails test_every_provider_has_a_bench.
BENCHES = {
    "ollama": ollama,
    "openrouter": openrouter,
    "openai_compatible": openai_compatible,
    "embedded": embedded,
}
SERVERS = tuple(name for name in BENCHES if name != "embedded")
