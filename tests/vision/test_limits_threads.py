"""Limits hold for eight threads and a provider that always fails and charges; also over a kill -9.

The books are real (usage.jsonl), the routers too; what is counted is what reached the provider.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.judge_server import Canned
from tests.fakes.openai_compatible import FakeOpenAICompatible
from tests.vision.doubles import Scripted, failure, make
from tests.vision.spender import THREADS, asked_until_no_room

from iterativectl.config.types import Limits
from iterativectl.ports import Reply, Room, Usage, VisionRequest, any_room
from iterativectl.project.usage import UsageFile
from iterativectl.vision.router import Patience

WORST = 0.01  # USD of one request
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(kw_only=True)
class Greedy(Scripted):
    """Fails every time, in turn in each way that may have cost something, and charges the most it can."""

    worst: float | None = WORST
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0

    def ask(self, request: VisionRequest) -> Reply:
        with self.lock:
            self.count += 1
            turn = self.count % 4
        if turn == 0:
            error = failure("truncated")
            error.usage = Usage(input_tokens=9, output_tokens=9, cost_usd=WORST)
            raise error
        raise failure(("empty", "overloaded", "bad_reply")[turn - 1])


class CheckThenAct(UsageFile):
    """Wrong on purpose: looks whether there is room, and reserves when all others have looked as well."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, lambda: "now")
        self._all = threading.Barrier(THREADS)

    def reserve(
        self, purpose: str, provider: str, model: str, worst_cost_usd: float | None, room: Room = any_room
    ) -> str:
        room(*self.spent())
        self._all.wait(30)
        reservation = super().reserve(purpose, provider, model, worst_cost_usd)
        self._all.wait(30)
        return reservation


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def sent_by_threads(ledger: UsageFile, limits: Limits, routers: int) -> int:
    """How many requests reach the provider when eight threads ask until there is no room."""
    model = Greedy()
    patience = Patience(retries=3, delay_seconds=0, limits=limits)
    made = [make(model, ledger=ledger, patience=patience) for _ in range(routers)]
    together = threading.Barrier(THREADS)

    def work(number: int) -> int:
        together.wait(30)
        return asked_until_no_room(made[number % routers], number)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    return model.count


LIMITS = [
    (Limits(max_requests=5), 5),  # fewer than there are threads
    (Limits(max_requests=61), 61),
    (Limits(max_cost_usd=0.05), 5),
    (Limits(max_cost_usd=0.61), 61),
    (Limits(max_cost_usd=0.619, max_requests=70), 61),
]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("routers", [1, THREADS])
@pytest.mark.parametrize(("limits", "most"), LIMITS, ids=str)
def test_threads_cannot_pass_a_limit_together(
    tmp_path: Path, limits: Limits, most: int, routers: int
) -> None:
    """By one router or by one for each: it is the books that are shared. Nor is room left unused."""
    ledger = UsageFile(tmp_path / "usage.jsonl", lambda: "now")
    assert sent_by_threads(ledger, limits, routers) == most
    assert ledger.spent() == (most, pytest.approx(most * WORST))
    again = UsageFile(tmp_path / "usage.jsonl", lambda: "now")
    assert (again.spent(), again.totals()) == (ledger.spent(), ledger.totals())


@pytest.mark.parametrize(("limits", "most"), [LIMITS[0], LIMITS[2]], ids=str)
def test_whoever_looks_first_and_reserves_later_passes_it(tmp_path: Path, limits: Limits, most: int) -> None:
    """The twin: all eight see room for five."""
    assert sent_by_threads(CheckThenAct(tmp_path / "usage.jsonl"), limits, 1) == THREADS > most


# --- killed on the way


class Killing(FakeOpenAICompatible):
    """Fails every time, after work that costs; kills whoever asks when eight of its requests are out."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.out = 0
        self.victim: subprocess.Popen[str] | None = None
        self._counting = threading.Condition()

    def respond(self, path: str, body: Any) -> Canned:
        if path not in self.ask_paths:
            return super().respond(path, body)
        with self._counting:
            self.count += 1
            self.out += 1
            if self.victim is not None and self.out == THREADS:
                self.victim.kill()
                self.victim = None
            self._counting.notify_all()
            self._counting.wait_for(lambda: self.victim is None, 30)
            self.out -= 1
        return Canned(status=502, body={"error": {"code": 502, "message": "the upstream failed"}})


def spent_by_processes(server: Killing, folder: Path, limits: dict[str, float], *how: str) -> float:
    """Start the spender, kill it with all its requests out, start it again; what a request can cost."""
    command = [
        sys.executable,
        "-m",
        "tests.vision.spender",
        server.url,
        str(folder),
        json.dumps(limits),
        *how,
    ]
    environment = {"PYTHONPATH": "src:.", "PATH": ""}
    for killed in (True, False):
        with subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            if killed:
                server.victim = process
            said, _ = process.communicate(timeout=60)
            assert process.returncode == (-9 if killed else 0), said
    return float(said)


@pytest.fixture
def server() -> Iterator[Killing]:
    with Killing() as started:
        assert isinstance(started, Killing)
        yield started


def test_a_killed_process_s_requests_count_at_their_worst(server: Killing, tmp_path: Path) -> None:
    """Eight were out at the kill: they have reached the provider, and may have cost all that they could."""
    worst = spent_by_processes(server, tmp_path, {"max_requests": 21})
    assert server.count == 21
    ledger = UsageFile(tmp_path / "usage.jsonl", lambda: "now")
    assert ledger.spent() == (21, pytest.approx(21 * worst))
    assert ledger.totals()["unknown"] == THREADS


def test_a_limit_on_cost_holds_over_a_kill(server: Killing, tmp_path: Path) -> None:
    limit = 0.05
    worst = spent_by_processes(server, tmp_path, {"max_cost_usd": limit})
    assert server.count == int(limit / worst) > THREADS
    assert server.count * worst <= limit


def test_whoever_forgets_what_was_out_passes_it(server: Killing, tmp_path: Path) -> None:
    """The twin."""
    spent_by_processes(server, tmp_path, {"max_requests": 21}, "--forgetful")
    assert server.count == 21 + THREADS
