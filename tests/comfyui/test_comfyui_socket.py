"""The WebSocket's faults, rows 1.1 of docs/faults.md: they cost the progress bar and nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageChops
from tests.comfyui.rig import PLAN, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.generation.comfyui.graph import png_texts

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


def _made_right(fake: FakeComfyUI, rig: Rig) -> None:
    made = rig.generate()
    assert png_texts(rig.destination().read_bytes())["fake_prompt_id"] == made.ticket
    assert rig.outcomes() == ["collected"] and fake.counters["accepted"] == 1


@pytest.mark.row("1.1/1", "1.1/2")
@pytest.mark.parametrize("fault", ["silent", "refused"])
def test_a_missing_progress_bar_is_explained_once(rigged: Rigged, fault: str) -> None:
    """HTTP says that the job runs, and no word of it comes."""
    fake, rig = rigged(ws=fault, job_seconds=0.8)
    _made_right(fake, rig)
    assert [data["message"] for data in rig.told("warning")] == [
        f"{fake.url} gives no live progress; the job is followed by asking"
    ]


@pytest.mark.row("1.1/1")
def test_a_socket_that_speaks_is_not_complained_of(rigged: Rigged) -> None:
    """Planted twin of the one above: the same job with a socket that works."""
    fake, rig = rigged(job_seconds=0.8)
    _made_right(fake, rig)
    assert not rig.told("warning")


@pytest.mark.row("1.1/3", "1.1/4")
def test_a_socket_that_falls_silent_in_the_middle(rigged: Rigged) -> None:
    """Half-open, as after standby: it is not waited for, and its reader ends with the job."""
    fake, rig = rigged(ws="mute_after(26)", job_seconds=0.4)
    _made_right(fake, rig)
    assert 0 < len(rig.told("generation_progress")) < PLAN.parameters.steps
    deadline = time.monotonic() + 5
    while _readers() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _readers()


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "comfyui-progress"]


@pytest.mark.row("1.1/5")
def test_a_dead_connection_is_not_kept_for_the_next_job(rigged: Rigged) -> None:
    fake, rig = rigged(ws="close_after(1)x1", job_seconds=0.1)
    rig.generate()
    assert not rig.told("generation_progress")
    rig.generate(iteration=4, seed=5)
    assert rig.told("generation_progress") and fake.counters["sockets"] == 2


@pytest.mark.row("1.1/6", "1.2/16")
def test_every_job_has_a_client_id_of_its_own(rigged: Rigged) -> None:
    """So the farewell of an older connection cannot sign off a newer one; and none is sent without any."""
    fake, rig = rigged()
    rig.generate()
    rig.generate(iteration=4, seed=5)
    sent = [body["client_id"] for body in fake.sent("POST", "/prompt")]
    assert len(set(sent)) == 2
    assert sent == [request.query["clientId"] for request in fake.log if request.path == "/ws"]


@pytest.mark.row("1.1/7")
@pytest.mark.parametrize("generation", ["A", "B"])
def test_a_missed_end_is_found_by_asking(rigged: Rigged, generation: str) -> None:
    fake, rig = rigged(generation, ws="lost_end", job_seconds=0.1)
    _made_right(fake, rig)
    assert rig.told("generation_progress")


@pytest.mark.row("1.1/7")
def test_the_first_output_is_not_the_end(rigged: Rigged) -> None:
    """A preview of the input is `executed` long before the picture is saved."""
    fake, rig = rigged(job_seconds=0.3)
    graph: dict[str, Any] = json.loads(resources.path(*PLAN.workflow.split("/")).read_text())
    preview = {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}}
    rig.workflow = rig.folder / "preview.json"
    rig.workflow.write_text(json.dumps({"0": preview, **graph}))
    _made_right(fake, rig)
    with Image.open(rig.destination()) as made, Image.open(rig.folder / "input.png") as given:
        assert ImageChops.difference(made.convert("RGB"), given.convert("RGB")).getbbox()
