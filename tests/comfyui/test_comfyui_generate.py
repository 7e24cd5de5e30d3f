"""A plan becomes a picture: what is sent, written down, reported and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.comfyui.rig import PLAN, QUICK, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl.generation.comfyui.graph import png_texts

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


@pytest.mark.parametrize("generation", ["A", "B"])
def test_a_plan_becomes_a_picture(rigged: Rigged, generation: str) -> None:
    fake, rig = rigged(generation)
    made = rig.generate()
    content = rig.destination().read_bytes()
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert (made.width, made.height) == (48, 32)
    assert rig.outcomes() == ["collected"]
    assert png_texts(content)["fake_prompt_id"] == made.ticket == rig.tickets().all()[0].ticket
    assert fake.counters["renders"] == fake.counters["accepted"] == fake.counters["sockets"] == 1
    assert not list(rig.folder.rglob("*.partial"))


@pytest.mark.row("1.2/16", "1.2/18", "1.2/25")
def test_what_is_sent(rigged: Rigged) -> None:
    fake, rig = rigged()
    made = rig.generate()
    (body,) = fake.sent("POST", "/prompt")
    assert body["prompt_id"] == made.ticket and body["client_id"]
    about = {"project": "example", "run": "2026-01-09_22-25-59", "iteration": 3, "ticket": made.ticket}
    assert body["extra_data"] == {"extra_pnginfo": {"iterative": about}}
    sampler = body["prompt"]["6"]["inputs"]
    assert (sampler["seed"], sampler["steps"], sampler["denoise"]) == (42, 4, 0.5)
    assert body["prompt"]["4"]["inputs"]["text"] == "a red house"
    prefix = f"iterative/example/2026-01-09_22-25-59/iteration_3_{made.ticket}"
    assert body["prompt"]["8"]["inputs"]["filename_prefix"] == prefix
    assert json.loads(rig.inputs().graph_destination.read_text()) == body["prompt"]
    assert json.loads(png_texts(rig.destination().read_bytes())["iterative"]) == about


def test_progress_is_reported(rigged: Rigged) -> None:
    _, rig = rigged()
    rig.pace = replace(QUICK, poll_first=5.0)  # so that the socket alone says when to look
    made = rig.generate()
    assert rig.told("generation_queued")[0] == {"ticket": made.ticket, "host": rig.url, "position": None}
    steps = [(data["value"], data["max"], data["node"]) for data in rig.told("generation_progress")]
    assert steps == [(1, 4, "6"), (2, 4, "6"), (3, 4, "6"), (4, 4, "6")]
    assert {event.iteration for event in rig.events} == {3}


@pytest.mark.row("1.2/21")
def test_the_ticket_is_on_disk_before_the_job_is_sent(rigged: Rigged) -> None:
    fake, rig = rigged()
    seen = []
    put = fake.engine.put

    def watching(item: object) -> None:
        seen.append([ticket.ticket for ticket in rig.tickets().all()])
        put(item)  # type: ignore[arg-type]

    fake.engine.put = watching  # type: ignore[method-assign]
    made = rig.generate()
    assert seen == [[made.ticket]]


@pytest.mark.row("1.4/35")
def test_an_upload_has_a_name_of_its_content_and_is_made_once(rigged: Rigged) -> None:
    fake, rig = rigged()
    rig.generate()
    rig.generate(iteration=4, seed=7)
    assert fake.counters["uploads"] == 1 and fake.counters["overwrites"] == 0
    digest = hashlib.sha256((rig.folder / "input.png").read_bytes()).hexdigest()
    names = {body["prompt"]["2"]["inputs"]["image"] for body in fake.sent("POST", "/prompt")}
    assert names == {f"iterative/{digest[:32]}.png"}


def test_other_plans_give_other_pictures(rigged: Rigged) -> None:
    _, rig = rigged()
    pixels = []
    for iteration, seed in ((1, 1), (2, 2), (3, 1)):
        rig.generate(iteration=iteration, seed=seed)
        with Image.open(rig.folder / f"images/iteration_{iteration}.png") as picture:
            pixels.append(picture.tobytes())
    assert pixels[0] != pixels[1] and pixels[0] == pixels[2]


def test_few_requests_a_job(rigged: Rigged) -> None:
    """The second job costs the socket, the POST, the record and the picture: nothing else is asked."""
    fake, rig = rigged()
    rig.generate()
    before = len(fake.log)
    rig.generate(iteration=4, seed=9)
    routes = [(request.method, request.path.split("/")[1]) for request in fake.log[before:]]
    assert sorted(routes) == [("GET", "history"), ("GET", "view"), ("GET", "ws"), ("POST", "prompt")]


def test_the_source_pngs_drawing_is_passed_on(rigged: Rigged) -> None:
    from PIL import PngImagePlugin

    _, rig = rigged()
    graph = Path(rig._find(PLAN.workflow)).read_text()
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("prompt", graph)
    chunks.add_text("workflow", '{"nodes": [], "links": []}')
    rig.workflow = rig.folder / "saved.png"
    Image.new("RGB", (8, 8)).save(rig.workflow, pnginfo=chunks)
    rig.generate()
    texts = png_texts(rig.destination().read_bytes())
    assert json.loads(texts["workflow"]) == {"nodes": [], "links": []}
