"""In-memory ledger and cache, a clock that jumps, a model that does as it is told: each keeps its port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from iterativectl.model import Finding
from iterativectl.ports import Reply, Room, Usage, VisionRequest, any_room
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.router import Patience, Router


class VirtualClock:
    """Time passes only by sleeping. `sleeps` are the seconds slept, in order."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 9, tzinfo=timezone.utc) + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds


class MemoryCache:
    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}

    def get(self, key: str) -> Reply | None:
        return self.replies.get(key)

    def put(self, key: str, reply: Reply) -> None:
        self.replies[key] = reply


class MemoryLedger:
    """usage.jsonl in memory: `lines` as they would be written, in order. For one thread."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def reserve(
        self, purpose: str, provider: str, model: str, worst_cost_usd: float | None, room: Room = any_room
    ) -> str:
        room(*self.spent())
        reservation = f"r{len(self.lines)}"
        self.lines.append(("reserved", reservation, purpose, provider, model, worst_cost_usd))
        return reservation

    def settle(self, reservation: str, usage: Usage | None, error: str | None = None) -> None:
        self.lines.append(("settled", reservation, usage, error))

    def spent(self) -> tuple[int, float]:
        worst = {line[1]: line[5] or 0.0 for line in self.lines if line[0] == "reserved"}
        cost = dict(worst)
        for line in self.lines:
            if line[0] == "settled" and line[2] is not None and line[2].cost_usd is not None:
                cost[line[1]] = line[2].cost_usd
        return len(worst), sum(cost.values())

    @property
    def orphans(self) -> set[str]:
        settled = {line[1] for line in self.lines if line[0] == "settled"}
        return {line[1] for line in self.lines if line[0] == "reserved"} - settled


@dataclass(kw_only=True)
class Scripted:
    """A metered model: each step is a text (an answer) or an exception. An empty script answers "fine"."""

    steps: list[Any] = field(default_factory=list)
    name: str = "scripted"
    model: str = "m1"
    wire_version: str = "scripted/1"
    sees_images: bool = True
    worst: float | None = 0.01
    cost: float | None = 0.002
    options: Mapping[str, Any] = field(default_factory=dict)
    asked: list[VisionRequest] = field(default_factory=list)

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        return self.worst

    def check(self) -> Sequence[Finding]:
        return [Finding(status="error", what=f"{self.name} is away")]

    def ask(self, request: VisionRequest) -> Reply:
        self.asked.append(request)
        step = self.steps.pop(0) if self.steps else "fine"
        if isinstance(step, BaseException):
            raise step
        return Reply(
            text=step,
            usage=Usage(input_tokens=10, output_tokens=5, cost_usd=self.cost),
            seconds=0.5,
            served_by=f"{self.name} upstream",
            provider=self.name,
            model=self.model,
        )


class InProcess:
    """A model without a server: not metered."""

    name = "inside"
    model = "measurements"
    wire_version = "inside/1"
    sees_images = True

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.count = 0

    def check(self) -> Sequence[Finding]:
        return []

    def ask(self, request: VisionRequest) -> Reply:
        self.count += 1
        step = self.steps.pop(0) if self.steps else "measured"
        if isinstance(step, BaseException):
            raise step
        return Reply(
            text=step,
            usage=Usage(cost_usd=0.0),
            seconds=0.0,
            served_by="inside",
            provider=self.name,
            model=self.model,
        )


def failure(kind: Any, **more: Any) -> ProviderError:
    """A failure of one kind; `status` and the rest as ProviderError takes them."""
    return ProviderError(kind, f"it is {kind}", f"cure {kind}", **more)


def make(primary: Any, fallback: Any = None, **changes: Any) -> Router:
    """A router with everything in memory; `changes` are its fields."""
    settings: dict[str, Any] = {
        "cache": MemoryCache(),
        "ledger": MemoryLedger(),
        "patience": Patience(),
        "clock": VirtualClock(),
        **changes,
    }
    return Router(primary=primary, fallback=fallback, **settings)
