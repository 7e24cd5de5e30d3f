"""What a run spent: usage.jsonl, one line reserved before each request, one settled after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from iterativectl import files
from iterativectl.ports import Usage
from iterativectl.project import records

FORMAT = "usage/1"


class UsageFile:
    """ports.Ledger over usage.jsonl. Survives a resume: an orphaned reservation counts at its worst case."""

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        self._path = path
        self._now = now
        self._open: dict[str, float] = {}
        self._requests = 0
        self._cost = 0.0
        self._tokens = {"input": 0, "output": 0}
        for line in read_lines(path):
            self._count(line)

    def reserve(self, purpose: str, provider: str, model: str, worst_cost_usd: float | None) -> str:
        """Write the reservation durably and return its id."""
        reservation = str(uuid4())
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

    def spent(self) -> tuple[int, float]:
        """(requests, USD); what is not known counts at its worst case."""
        return self._requests, self._cost + sum(self._open.values())

    def totals(self) -> dict[str, Any]:
        """For output_metadata: requests, tokens, cost, and how many requests have an unknown outcome."""
        requests, cost = self.spent()
        return {
            "requests": requests,
            "input_tokens": self._tokens["input"],
            "output_tokens": self._tokens["output"],
            "cost_usd": round(cost, 6),
            "unknown": len(self._open),
        }

    def _append(self, body: Mapping[str, Any], *, durable: bool = True) -> None:
        line = {"format": FORMAT, "at": self._now(), **body}
        files.append_line(self._path, json.dumps(line), durable=durable)
        self._count(line)

    def _count(self, line: Mapping[str, Any]) -> None:
        if line.get("event") == "reserved":
            self._requests += 1
            self._open[line["id"]] = line.get("worst_cost_usd") or 0.0
        elif line.get("event") == "settled":
            worst = self._open.pop(line["id"], 0.0)
            cost = line.get("cost_usd")
            self._cost += worst if cost is None else cost
            self._tokens["input"] += line.get("input_tokens") or 0
            self._tokens["output"] += line.get("output_tokens") or 0


class FromNow:
    """A ledger whose limits hold for this command: what earlier ones spent is written there, not counted."""

    def __init__(self, ledger: UsageFile) -> None:
        self._ledger = ledger
        self._requests, self._cost = ledger.spent()
        self._before = ledger.totals()

    def reserve(self, purpose: str, provider: str, model: str, worst_cost_usd: float | None) -> str:
        """Write the reservation down and return its id."""
        return self._ledger.reserve(purpose, provider, model, worst_cost_usd)

    def settle(self, reservation: str, usage: Usage | None, error: str | None = None) -> None:
        """Write down what it really used."""
        self._ledger.settle(reservation, usage, error)

    def spent(self) -> tuple[int, float]:
        """Since this command began."""
        requests, cost = self._ledger.spent()
        return requests - self._requests, cost - self._cost

    def totals(self) -> dict[str, Any]:
        """As UsageFile.totals, since this command began."""
        now = self._ledger.totals()
        requests, cost = self.spent()
        return {
            "requests": requests,
            "input_tokens": now["input_tokens"] - self._before["input_tokens"],
            "output_tokens": now["output_tokens"] - self._before["output_tokens"],
            "cost_usd": round(cost, 6),
            "unknown": now["unknown"] - self._before["unknown"],
        }


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
