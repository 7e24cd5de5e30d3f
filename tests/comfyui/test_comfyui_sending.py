"""Sending, the queue, and the record: rows 1.2 of docs/faults.md, those that other files do not have."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.comfyui.rig import PLAN, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.errors import GenerationError, ServerUnavailable
from iterativectl.generation.comfyui.graph import png_texts
from iterativectl.generation.comfyui.replies import ServedImage, outcome

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


# -- the record


@pytest.mark.row("1.2/15")
@pytest.mark.parametrize("fault", ["null_status+empty_outputs", "odd_status"])
def test_a_record_that_does_not_say_how_it_ended(rigged: Rigged, fault: str) -> None:
    _, rig = rigged(history=fault)
    with pytest.raises(GenerationError, match="does not say how the job ended: (null|.*odd)"):
        rig.generate()
    assert rig.outcomes() == ["failed"] and not rig.destination().exists()


def _record(messages: list[list[Any]], **more: Any) -> dict[str, Any]:
    status = {"status_str": "error", "completed": False, "messages": messages}
    return {"status": status, "outputs": {}, **more}


START: list[Any] = ["execution_start", {"prompt_id": "p"}]
IMAGE = {"filename": "a.png", "subfolder": "s", "type": "temp"}


@pytest.mark.row("1.2/15")
@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (_record([START, ["execution_error", {"node_id": "6"}]]), "failed"),
        (_record([START, ["execution_interrupted", {"node_id": "6"}]]), "interrupted"),
        (_record([START]), "unclear"),
        (_record([]), "unclear"),
        (_record([["execution_error"], "odd", None]), "unclear"),  # type: ignore[list-item]
        ({"outputs": {"8": {"images": [IMAGE]}}, "status": None}, "success"),
        ({"outputs": {}, "status": None}, "unclear"),
        ({}, "unclear"),
    ],
)
def test_only_the_last_message_tells_a_failure_from_an_interruption(record: Any, kind: str) -> None:
    assert outcome(record, "8").kind == kind


@pytest.mark.row("1.2/24")
def test_only_pictures_of_the_save_node_count() -> None:
    """Texts, odd items, and pictures of other nodes stand in a record, too."""
    outputs = {
        "8": {"images": ["x.png", {"filename": None}, {"subfolder": "s"}, IMAGE, {"filename": "b.png"}]},
        "3": {"images": [{"filename": "foreign.png", "subfolder": "", "type": "output"}]},
        "4": {"text": ["a caption"]},
    }
    found = outcome({"outputs": outputs, "status": {"status_str": "success", "messages": []}}, "8")
    assert found.images == (ServedImage("a.png", "s", "temp"), ServedImage("b.png", "", "output"))


@pytest.mark.row("1.2/23")
def test_the_whole_history_is_never_asked_for(rigged: Rigged) -> None:
    fake, rig = rigged(history="late(0.2)x1", ws="refused", prompt="reset_after_acceptx1")
    made = rig.generate()
    asked = {request.path for request in fake.log if request.path.startswith("/history")}
    assert asked == {f"/history/{made.ticket}"}


# -- the picture's place


@pytest.mark.row("1.2/24")
def test_a_preview_is_fetched_by_name_folder_and_type(rigged: Rigged) -> None:
    """A node that AIGen.yaml names for the result, with a file name of its own, is left as it is."""
    fake, rig = rigged()
    rig.roles = {"save": "8"}
    _changed(rig, lambda graph: graph["8"].update(class_type="PreviewImage"))
    made = rig.generate()
    (view,) = [request.query for request in fake.log if request.path == "/view"]
    assert view["type"] == "temp" and view["subfolder"] == ""
    assert png_texts(rig.destination().read_bytes())["fake_prompt_id"] == made.ticket


@pytest.mark.row("1.2/24")
@pytest.mark.parametrize("name", ["../../../evil.png", "/evil.png", "evil\n.png", "..\\evil.png"])
def test_a_servers_file_name_is_no_path_here(rigged: Rigged, name: str) -> None:
    fake, rig = rigged()
    save = fake.engine._save

    def renamed(item: Any, node: str) -> dict[str, str]:
        image = save(item, node)
        content = fake.engine.files[image["type"], image["subfolder"], image["filename"]]
        fake.engine.files["output", "../..", name] = content
        return {"filename": name, "subfolder": "../..", "type": "output"}

    fake.engine._save = renamed  # type: ignore[method-assign]
    rig.generate()
    assert rig.destination().is_file()
    above = [
        found for place in (rig.folder.parent, rig.folder.parent.parent) for found in place.glob("*evil*")
    ]
    assert not [*above, *rig.folder.rglob("*evil*")]


def _changed(rig: Rig, change: Callable[[dict[str, Any]], None]) -> None:
    graph = json.loads(resources.path(*PLAN.workflow.split("/")).read_text())
    change(graph)
    rig.workflow = rig.folder / "changed.json"
    rig.workflow.write_text(json.dumps(graph))


# -- the queue


@pytest.mark.row("1.2/21")
def test_the_id_is_one_that_newer_servers_take(rigged: Rigged) -> None:
    """The fake of the newer release refuses any other, as the real one does."""
    fake, rig = rigged("B")
    rig.generate()
    (body,) = fake.sent("POST", "/prompt")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["prompt_id"])
    answer = requests.post(
        f"{fake.url}/prompt", json={**body, "prompt_id": body["prompt_id"].upper()}, timeout=5
    )
    assert answer.status_code == 400


@pytest.mark.row("1.2/22")
@pytest.mark.parametrize("ws", ["close_after(999)", "refused"])
def test_others_may_go_before_and_waiting_is_no_error(rigged: Rigged, ws: str) -> None:
    """The limit of a job counts from its start: here it waits for longer than that."""
    fake, rig = rigged(job_seconds=0.3, ws=ws)
    rig.options = {"timeout_seconds": 1.0, "queue_timeout_seconds": 30.0}
    graph = json.loads(resources.path(*PLAN.workflow.split("/")).read_text())
    fake.engine.files["input", "", "example.png"] = (rig.folder / "input.png").read_bytes()

    def others(count: int, **more: Any) -> None:
        for seed in range(count):
            graph["6"]["inputs"]["seed"] = seed + 100 * len(more)
            requests.post(f"{fake.url}/prompt", json={"prompt": graph, **more}, timeout=5)

    others(2)
    jumped: list[float] = []

    def jump() -> None:
        if not jumped and fake.counters["accepted"] == 3:
            others(2, front=True)
            jumped.append(time.monotonic())

    rig.attend = jump
    made = rig.generate()
    assert made.seconds > 1.2 and rig.outcomes() == ["collected"]
    assert list(fake.engine.history)[-1] == made.ticket and len(fake.engine.history) == 5
    assert fake.counters["deleted"] == fake.counters["interrupted"] == 0


@pytest.mark.row("1.2/18")
def test_the_same_plan_again_gives_a_picture_of_its_own(rigged: Rigged) -> None:
    """All but the saving comes from the server's cache; the picture is this ticket's all the same."""
    fake, rig = rigged()
    first = rig.generate()
    second = rig.generate(iteration=4)
    later = (rig.folder / "images/iteration_4.png").read_bytes()
    assert fake.counters["sampled"] == 1 and fake.counters["renders"] == 2
    assert png_texts(later)["fake_prompt_id"] == second.ticket != first.ticket


# -- answers that are none


@pytest.mark.row("1.2/26")
def test_an_answer_without_an_id_is_a_proxys(rigged: Rigged) -> None:
    fake, rig = rigged(prompt="exec_info")
    with pytest.raises(ServerUnavailable, match="a proxy makes a GET of a POST") as caught:
        rig.generate()
    assert "final address" in caught.value.hint and fake.counters["accepted"] == 0
    assert not Path(rig.destination()).exists()
