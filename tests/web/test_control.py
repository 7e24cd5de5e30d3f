"""Asking a run to pause, to resume or to stop: only where a process is there to hear it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from httpx2 import Response
from tests.web.trees import HEADERS, Looked

from iterativectl import files
from iterativectl.attention import Attention
from iterativectl.clock import SystemClock
from iterativectl.errors import StopRequested
from iterativectl.project import checkpoint, control


def ask(viewed: Looked, run_id: str | None = None, **body: object) -> Response:
    address = f"/api/p/example/r/{run_id or viewed.run.run_id}/control"
    return viewed.client.post(address, json=body, headers=HEADERS)


@contextmanager
def going_on(viewed: Looked, status: checkpoint.Status = "running") -> Iterator[None]:
    """As while a process works on the run: it holds the lock."""
    found = checkpoint.read(viewed.project.checkpoint)
    assert found is not None
    checkpoint.write(viewed.project.checkpoint, replace(found, status=status, reason=""))
    held = files.lock(viewed.project.lock, '{"pid": 1, "host": "here", "started": "now"}')
    assert held is not None
    yield
    files.unlock(held)


def test_the_picture_in_the_making_is_told_while_somebody_makes_it(viewed: Looked) -> None:
    (viewed.run.root / "preview.png").write_bytes(viewed.run.image(1).read_bytes())
    viewed.run.metadata(5).unlink()
    viewed.run.image(5).unlink()
    here = f"/api/p/example/r/{viewed.run.run_id}"
    assert viewed.client.get(here).json()["preview"] is None, "nobody makes it: it was left by a kill"
    with going_on(viewed):
        assert viewed.client.get(here).json()["preview"]["iteration"] == 5
        shown = viewed.client.get(f"/pictures/p/example/r/{viewed.run.run_id}/preview")
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/png"


@pytest.mark.parametrize("request_", ["pause", "resume", "stop"])
def test_a_run_that_goes_on_hears_it(viewed: Looked, request_: str) -> None:
    with going_on(viewed):
        reply = ask(viewed, request=request_)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["request"], told["held"], told["state"]) == (request_, True, "running")
    assert control.requested(viewed.project.control, viewed.run.run_id) == request_
    written = json.loads(viewed.project.control.read_text())
    assert written["format"] == "control/1" and "T" in written["at"]


def test_the_run_itself_obeys(viewed: Looked) -> None:
    with going_on(viewed):
        ask(viewed, request="stop")
    attention = Attention(viewed.project.control, viewed.run.run_id, SystemClock())
    with pytest.raises(StopRequested):
        attention()
    attention.obeyed()
    assert not viewed.project.control.exists()


def test_without_a_process_nobody_would_hear_it(viewed: Looked) -> None:
    reply = ask(viewed, request="pause")
    assert reply.status_code == 409 and "No run is going on" in reply.json()["error"]["message"]
    assert reply.json()["current"]["state"] == "passed"
    assert not viewed.project.control.exists(), "the next start must not meet it"


def test_a_run_that_is_over_hears_nothing(viewed: Looked) -> None:
    old = viewed.run.run_id
    new = viewed.project.run("2099-01-01_00-00-00")
    files.copy(viewed.run.run_json, new.run_json)
    with going_on(viewed):
        reply = ask(viewed, old, request="stop")
    assert reply.status_code == 409 and "a later one has begun" in reply.json()["error"]["message"]
    assert not viewed.project.control.exists()


@pytest.mark.parametrize(
    "body", [{}, {"request": "kill"}, {"request": None}, {"request": ["stop"]}, {"request": "stop", "n": 1}]
)
def test_anything_else_is_no_request(viewed: Looked, body: dict[str, object]) -> None:
    with going_on(viewed):
        reply = ask(viewed, **body)
    assert reply.status_code == 400 and not viewed.project.control.exists()
