"""Several fake servers behind one pool, and jobs that are sent to it side by side."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import requests
from tests.comfyui.rig import PLAN, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.errors import RunInterrupted
from iterativectl.generation.comfyui.hosts import Hosts
from iterativectl.generation.comfyui.pool import Pool
from iterativectl.model import Generation


@dataclass
class Crowd:
    """Fakes and a rig whose generator is a pool of them."""

    fakes: Sequence[FakeComfyUI]
    rig: Rig

    @property
    def pool(self) -> Pool:
        generator = self.rig.generator
        assert isinstance(generator, Pool)
        return generator

    def with_hosts(self, kind: type[Hosts]) -> Crowd:
        """The same with another kind of choice: for planted twins."""
        honest = self.pool._hosts
        generators = [host.generator for host in honest.all()]
        self.pool._hosts = kind(generators, honest._sent, honest._clock, honest._pace, honest._tell)
        return self

    def counted(self, what: str) -> list[int]:
        """A counter of every fake."""
        return [fake.counters[what] for fake in self.fakes]

    def side_by_side(self, iterations: Sequence[int], **changes: Any) -> list[Generation]:
        """One thread for each iteration."""
        assert self.rig.generator  # made before the threads ask for it
        with ThreadPoolExecutor(len(iterations)) as threads:
            make = [threads.submit(self.rig.generate, iteration=i, seed=i, **changes) for i in iterations]
            return [job.result(timeout=30) for job in make]

    @contextmanager
    def a_job_at_the_first(self) -> Iterator[None]:
        """A job of ours runs there, and is taken back at the end of the block."""
        assert self.rig.generator
        over = threading.Event()

        def attend() -> None:
            if over.is_set():
                raise RunInterrupted("over")

        def work() -> None:
            with suppress(RunInterrupted):
                self.rig.generate()

        self.rig.attend = attend
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            wait(lambda: self.fakes[0].engine.running is not None)
            yield
        finally:
            over.set()
            thread.join(20)
            assert not thread.is_alive()


def somebodys_job(fake: FakeComfyUI, rig: Rig) -> str:
    """Somebody else's job at a server; its id."""
    prompt = json.loads(resources.path(*PLAN.workflow.split("/")).read_text(encoding="utf-8"))
    fake.engine.files["input", "", "example.png"] = (rig.folder / "input.png").read_bytes()
    body = {"prompt": prompt, "client_id": "somebody"}
    return str(requests.post(f"{fake.url}/prompt", json=body, timeout=5).json()["prompt_id"])


def wait(until: Callable[[], bool], seconds: float = 8.0) -> None:
    """Raises AssertionError when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert until()
