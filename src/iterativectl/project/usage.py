"""What a run spent: usage.jsonl, one line reserved before each request, one settled after it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from iterativectl import files
from iterativectl.ports import Room, Usage, any_room
from iterativectl.project import records

FORMAT = "usage/1"
Totals = dict[str, Any]
Told = Callable[[Totals], None]
NOTHING: Totals = {
    "requests": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "cost_usd": 0.0,
    "unknown": 0,
    "unpriced": 0,
    "at_least_usd": 0.0,
}


def _to_nobody(totals: Totals) -> None:
    """Nobody wants to know."""


class UsageFile:
    """ports.Ledger over usage.jsonl. Survives a resume: an orphaned reservation counts at its worst case.

    One lock guards looking, writing and counting; the durable line comes first. `told` is called with the
    totals after each request that has ended, in the thread that asked, one call at a time.
    """

    def __init__(self, path: Path, now: Callable[[], str], told: Told = _to_nobody) -> None:
        self._path = path
        self._now = now
        self._told = told
        self._lock = threading.RLock()
        self._open: dict[str, float | None] = {}
        self._requests = 0
        self._unpriced = 0
        self._cost = 0.0
        self._tokens = {"input": 0, "output": 0}
        for line in read_lines(path):
            self._count(line)

    def reserve(
        self, purpose: str, provider: str, model: str, worst_cost_usd: float | None, room: Room = any_room
    ) -> str:
        """Write the reservation durably and return its id; nothing is written where `room` raises."""
        reservation = str(uuid4())
        with self._lock:
            room(*self.spent())
            self._append(
                {
                    "id": reservation,
                    "event": "reserved",
                    "purpose": purpose,
                    "provider": provider,
                    "model": model,
                    "worst_cost_usd": worst_cost_usd,
                }
            )
        return reservation

    def settle(self, reservation: str, usage: Usage | None, error: str | None = None) -> None:
        """Write what the request used; usage None: it failed, and its worst cost counts.

        That it was free need not outlive a power cut: the reservation counts then, which is not too little.
        """
        free = usage is not None and usage.cost_usd == 0
        with self._lock:
            self._append(
                {
                    "id": reservation,
                    "event": "settled",
                    "input_tokens": usage.input_tokens if usage else 0,
                    "output_tokens": usage.output_tokens if usage else 0,
                    "cost_usd": usage.cost_usd if usage else None,
                    "error": error,
                },
                durable=not free,
            )
            self._told(self.totals())

    def spent(self) -> tuple[int, float]:
        """(requests, USD); what is not known counts at its worst case."""
        with self._lock:
            return self._requests, self._cost + sum(worst or 0.0 for worst in self._open.values())

    def totals(self) -> Totals:
        """Requests, tokens, cost. The cost of a request that nobody can price is unknown, and so is the sum.

        `unknown`: how many requests have an unknown outcome; `unpriced`: how many have neither a cost nor a
        worst case; `at_least_usd`: the cost without those.
        """
        with self._lock:
            requests, cost = self.spent()
            unpriced = self._unpriced + sum(worst is None for worst in self._open.values())
            return {
                "requests": requests,
                "input_tokens": self._tokens["input"],
                "output_tokens": self._tokens["output"],
                "cost_usd": None if unpriced else round(cost, 6),
                "unknown": len(self._open),
                "unpriced": unpriced,
                "at_least_usd": round(cost, 6),
            }

    def _append(self, body: Mapping[str, Any], *, durable: bool = True) -> None:
        line = {"format": FORMAT, "at": self._now(), **body}
        files.append_line(self._path, json.dumps(line), durable=durable)
        self._count(line)

    def _count(self, line: Mapping[str, Any]) -> None:
        if line.get("event") == "reserved":
            self._requests += 1
            self._open[line["id"]] = line.get("worst_cost_usd")
        elif line.get("event") == "settled":
            worst = self._open.pop(line["id"], 0.0)
            cost = line.get("cost_usd")
            counted = worst if cost is None else cost
            self._unpriced += counted is None
            self._cost += counted or 0.0
            self._tokens["input"] += line.get("input_tokens") or 0
            self._tokens["output"] += line.get("output_tokens") or 0


class FromNow:
    """A ledger whose limits hold for this command: what earlier ones spent is written there, not counted."""

    def __init__(self, ledger: UsageFile) -> None:
        self._ledger = ledger
        self._requests, self._cost = ledger.spent()
        self._before = ledger.totals()

    def reserve(
        self, purpose: str, provider: str, model: str, worst_cost_usd: float | None, room: Room = any_room
    ) -> str:
        """Write the reservation down and return its id; nothing is written where `room` raises."""

        def room_since(requests: int, usd: float) -> None:
            room(requests - self._requests, usd - self._cost)

        return self._ledger.reserve(purpose, provider, model, worst_cost_usd, room_since)

    def settle(self, reservation: str, usage: Usage | None, error: str | None = None) -> None:
        """Write down what it really used."""
        self._ledger.settle(reservation, usage, error)

    def spent(self) -> tuple[int, float]:
        """Since this command began."""
        requests, cost = self._ledger.spent()
        return requests - self._requests, cost - self._cost

    def totals(self) -> Totals:
        """As UsageFile.totals, since this command began."""
        return between(self._before, self._ledger.totals())


def between(before: Totals, after: Totals) -> Totals:
    """What was spent between two looks at one ledger's totals; known also where the whole is not."""
    spent = {key: round((after[key] or 0) - (before[key] or 0), 6) for key in after}
    spent["cost_usd"] = None if spent["unpriced"] else spent["at_least_usd"]
    return spent


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a .jsonl file; a torn last line, left by a kill, is passed over."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [_read_line(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _read_line(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """One line. Raises ProjectError when it is damaged: what was spent is never guessed."""
    try:
        data = json.loads(line)
    except ValueError as error:
        raise records.damaged(path, f"line {number} is not JSON") from error
    if not isinstance(data, dict) or "id" not in data:
        raise records.damaged(path, f"line {number} is no reservation and no settlement")
    return data
