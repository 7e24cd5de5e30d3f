"""Memory, hangs and interruptions: rows 1.3 of docs/faults.md, those that other files do not have."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.comfyui.rig import QUICK, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl.errors import GenerationError, RunInterrupted
from iterativectl.events import Event

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


@pytest.mark.row("1.3/27")
@pytest.mark.parametrize("ws", ["silent", "refused", "lost_end"])
def test_out_of_memory_is_noticed_without_a_message(rigged: Rigged, ws: str) -> None:
    fake, rig = rigged(server="oomx1", ws=ws)
    rig.generate()
    assert fake.counters["frees"] == 1 and rig.outcomes() == ["failed", "collected"]


@pytest.mark.row("1.3/29")
def test_memory_is_freed_before_the_second_try(rigged: Rigged) -> None:
    """The server frees it between two jobs: it has to be asked before the next one is sent."""
    fake, rig = rigged(server="oomx1")
    rig.generate()
    order = [request.path for request in fake.log if request.path in ("/prompt", "/free")]
    assert order == ["/prompt", "/free", "/prompt"]


@pytest.mark.row("1.3/30")
def test_a_slow_answer_is_not_a_dead_server(rigged: Rigged) -> None:
    """While it samples, two answers in a row do not come in time; the job is neither lost nor sent again."""
    fake, rig = rigged(job_seconds=0.4)
    rig.pace = replace(QUICK, read=0.4)

    def freeze(event: Event) -> None:
        if event.type == "generation_progress" and event.data["value"] == 1:
            fake.switches.set("server", "freeze(0.8)x2")

    rig.on_event = freeze
    rig.generate()
    assert rig.outcomes() == ["collected"] and fake.counters["accepted"] == 1


@pytest.mark.row("1.3/31")
def test_a_job_that_nobody_can_stop_is_left_and_said(rigged: Rigged) -> None:
    """It hangs for good, also for an interruption: ended at its limit, and no asking without end."""
    fake, rig = rigged(server="hung")
    rig.options, rig.pace = {"timeout_seconds": 0.3}, replace(QUICK, cancel=0.4)
    began = time.monotonic()
    with pytest.raises(GenerationError, match=r"did not end within 0\.3 s"):
        rig.generate()
    assert time.monotonic() - began < 5.0 and rig.outcomes() == ["failed"]
    assert "could not be taken back and may still run" in rig.told("warning")[-1]["message"]
    assert 1 < fake.counters["POST /interrupt"] < 40


@pytest.mark.row("1.3/33")
def test_an_interruption_that_came_too_early_is_repeated(rigged: Rigged) -> None:
    """The server forgets one that lands before the job's first step."""
    fake, rig = rigged(server="forgets_interruptx2", job_seconds=20.0)

    def attend() -> None:
        if fake.engine.running:
            raise RunInterrupted("stop")

    rig.attend = attend
    with pytest.raises(RunInterrupted):
        rig.generate()
    assert fake.engine.remaining() == 0 and fake.counters["interrupted"] == 3
    assert rig.outcomes() == ["cancelled"] and not rig.told("warning")
