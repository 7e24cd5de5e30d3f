"""A program that asks with eight threads until nothing more may be asked; a test kills it on the way.

    python -m tests.vision.spender URL FOLDER LIMITS [--forgetful]

LIMITS is JSON, as `limits` in AIVis.yaml. FOLDER gets the usage.jsonl that every start goes on with. Prints
the most that one request can cost, USD.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.vision.doubles import MemoryCache
from tests.vision.samples import TEXT_ONLY

from iterativectl.clock import SystemClock
from iterativectl.config.aivis import aivis_from_json
from iterativectl.errors import JudgeError, LimitReached
from iterativectl.project.usage import UsageFile
from iterativectl.vision.router import Router
from iterativectl.vision.routes import build_models, build_router

THREADS = 8


class Forgetful(UsageFile):
    """Wrong on purpose: what was in flight when an earlier process died is not counted."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, lambda: "now")
        self._requests -= len(self._open)
        self._open.clear()


def asked_until_no_room(router: Router, number: int) -> int:
    """Ask for what nobody has asked for, until a limit says no; how often something was asked."""
    for sample in range(1000):
        try:
            router.ask(replace(TEXT_ONLY, sample=1000 * number + sample))
        except LimitReached:
            return sample
        except JudgeError:
            continue
    raise AssertionError("no limit was reached")


def main(url: str, folder: str, limits: str, *how: str) -> None:
    data = {
        "provider": "openai_compatible",
        "model": "m",
        "base_url": url,
        "retries": 3,
        "retry_delay_seconds": 0,
        "limits": json.loads(limits),
        "prices": {"input": 1.0, "output": 2.0},
    }
    aivis = aivis_from_json(data, "a test")
    path = Path(folder) / "usage.jsonl"
    ledger = Forgetful(path) if how else UsageFile(path, lambda: "now")
    models = build_models(aivis, {})
    router = build_router(aivis, models, cache=MemoryCache(), ledger=ledger, clock=SystemClock())
    print(models[0].worst_cost_usd(TEXT_ONLY), flush=True)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: asked_until_no_room(router, number), range(THREADS)))


if __name__ == "__main__":
    main(*sys.argv[1:])
