"""A person stops: our own jobs are taken back, nobody else's is touched (promise 11)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from tests.comfyui.rig import PLAN, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.errors import RunInterrupted
from iterativectl.generation.comfyui.cancel import INTERRUPT_BY_ID, release

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


def _stops_when(rig: Rig, due: Callable[[], bool], error: BaseException) -> None:
    """`attend` raises once it is due."""

    def attend() -> None:
        if due():
            raise error

    rig.attend = attend


def _only_ours_was_touched(fake: FakeComfyUI, ours: str) -> None:
    assert fake.counters["global_interrupts"] == 0 and fake.counters["queue_clears"] == 0
    for body in fake.sent("POST", "/queue"):
        assert body == {"delete": [ours]}
    for body in fake.sent("POST", "/interrupt"):
        assert body == {"prompt_id": ours}
    assert all(request.body for request in fake.log if request.method == "POST")


def _somebodys_job(fake: FakeComfyUI, rig: Rig) -> str:
    body = {"prompt": _graph(), "client_id": "somebody"}
    fake.engine.files["input", "", "example.png"] = (rig.folder / "input.png").read_bytes()
    return str(requests.post(f"{fake.url}/prompt", json=body, timeout=5).json()["prompt_id"])


def _graph() -> Any:
    return json.loads(resources.path(*PLAN.workflow.split("/")).read_text())


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not until() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert until()


@pytest.mark.row("1.3/32")
@pytest.mark.parametrize(
    ("generation", "error"),
    [
        ("A", RunInterrupted("stop")),
        ("A", KeyboardInterrupt()),
        ("B", RunInterrupted("x")),
        ("B", SystemExit(1)),
    ],
)
def test_a_running_job_is_stopped(rigged: Rigged, generation: str, error: BaseException) -> None:
    fake, rig = rigged(generation, job_seconds=30.0)
    _stops_when(rig, lambda: bool(rig.told("generation_progress")), error)
    fake.engine.job_seconds = 0.8  # 0.2 s a step
    with pytest.raises(type(error)):
        rig.generate()
    (ticket,) = rig.tickets().all()
    assert ticket.outcome == "cancelled" and fake.engine.remaining() == 0
    assert fake.counters["interrupted"] >= 1 and fake.counters["renders"] == 0
    _only_ours_was_touched(fake, ticket.ticket)


@pytest.mark.row("1.3/32", "1.5/41")
def test_a_waiting_job_is_deleted_and_the_running_one_stays(rigged: Rigged) -> None:
    fake, rig = rigged(job_seconds=30.0)
    other = _somebodys_job(fake, rig)
    _wait(lambda: fake.engine.running is not None)
    _stops_when(rig, lambda: fake.engine.remaining() == 2, RunInterrupted("stop"))
    with pytest.raises(RunInterrupted):
        rig.generate()
    (ticket,) = rig.tickets().all()
    assert fake.engine.running is not None and fake.engine.running.prompt_id == other
    assert not fake.engine.pending and fake.counters["interrupted"] == 0
    _only_ours_was_touched(fake, ticket.ticket)


@pytest.mark.row("1.3/32")
def test_ours_ends_while_it_is_being_cancelled(rigged: Rigged) -> None:
    """The next job is somebody else's: the interruption must not hit it."""
    fake, rig = rigged(job_seconds=0.2)
    queue = fake.engine.delete

    def late(prompt_ids: Any) -> None:
        queue(prompt_ids)
        _wait(lambda: fake.engine.running is not None and fake.engine.running.prompt_id == others[0])
        fake.engine.job_seconds = 0.4

    fake.engine.delete = late  # type: ignore[method-assign]
    others: list[str] = []

    def due() -> bool:
        if rig.told("generation_progress") and not others:
            others.append(_somebodys_job(fake, rig))
        return bool(others)

    _stops_when(rig, due, RunInterrupted("stop"))
    with pytest.raises(RunInterrupted):
        rig.generate()
    assert rig.outcomes() == ["cancelled"] and fake.counters["interrupted"] == 0
    _wait(lambda: others[0] in fake.engine.history)
    assert fake.engine.history[others[0]]["status"]["completed"]


@pytest.mark.row("1.3/32")
def test_an_old_server_is_not_told_to_interrupt(rigged: Rigged) -> None:
    """It would stop whatever runs. The job runs to its end, and that is said."""
    fake, rig = rigged(server="version(0.3.40)", job_seconds=0.5)
    _stops_when(rig, lambda: bool(rig.told("generation_progress")), RunInterrupted("stop"))
    with pytest.raises(RunInterrupted):
        rig.generate()
    assert fake.counters["POST /interrupt"] == 0
    assert "could not be taken back and may still run" in rig.told("warning")[0]["message"]
    assert rig.outcomes() == ["cancelled"]


def test_before_anything_is_sent_nothing_is_cancelled(rigged: Rigged) -> None:
    fake, rig = rigged()
    _stops_when(rig, lambda: bool(rig.outcomes()), RunInterrupted("stop"))
    rig.generate(iteration=9)  # so that the upload is done; iteration 9 has no tickets under this name
    fake.switches.set("ws", "half_open")
    with pytest.raises(RunInterrupted):
        rig.generate()
    assert rig.outcomes() == ["cancelled"] and fake.counters["accepted"] == 1
    assert fake.counters["POST /interrupt"] == 0


def test_a_server_that_is_gone_does_not_hold_up_the_end(rigged: Rigged) -> None:
    fake, rig = rigged(job_seconds=5.0)

    def due() -> bool:
        if rig.told("generation_progress") or fake.engine.running:
            fake.down()
            return True
        return False

    _stops_when(rig, due, RunInterrupted("stop"))
    began = time.monotonic()
    with pytest.raises(RunInterrupted):
        rig.generate()
    assert time.monotonic() - began < 3.0 and rig.outcomes() == ["cancelled"]
    assert "may still run" in rig.told("warning")[0]["message"]


def test_a_cancelled_plan_gets_a_new_ticket(rigged: Rigged) -> None:
    fake, rig = rigged(job_seconds=0.8)
    _stops_when(rig, lambda: bool(rig.told("generation_progress")), RunInterrupted("stop"))
    with pytest.raises(RunInterrupted):
        rig.generate()
    rig.attend = lambda: None
    fake.engine.job_seconds = 0.0
    rig.generate()
    assert rig.outcomes() == ["cancelled", "collected"]


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("0.3.64", (0, 3, 64)),
        ("v0.33.0", (0, 33, 0)),
        ("0.3.64-12-gabc", (0, 3, 64)),
        ("", ()),
        ("nightly", ()),
    ],
)
def test_versions(version: str, numbers: tuple[int, ...]) -> None:
    assert release(version) == numbers
    assert (release(version) >= INTERRUPT_BY_ID) == bool(numbers)
