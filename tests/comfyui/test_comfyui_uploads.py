"""Uploads: rows 1.4 of docs/faults.md."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from tests.comfyui.rig import Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl.errors import GenerationError
from iterativectl.generation.comfyui.graph import png_texts

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


def _loaded(fake: FakeComfyUI) -> list[str]:
    return [body["prompt"]["2"]["inputs"]["image"] for body in fake.sent("POST", "/prompt")]


def _digest(rig: Rig) -> str:
    return hashlib.sha256((rig.folder / "input.png").read_bytes()).hexdigest()[:32]


@pytest.mark.row("1.4/34")
@pytest.mark.parametrize(
    ("faults", "route", "words"),
    [
        ({"upload": "413"}, "/upload/image", "Maximum request body size 104857600 exceeded"),
        ({"upload": "413_html"}, "/upload/image", "It is a proxy that says so"),
        ({"prompt": "413"}, "/prompt", "It is a proxy that says so"),
    ],
)
def test_too_large_names_size_limit_and_flag(
    rigged: Rigged, faults: dict[str, str], route: str, words: str
) -> None:
    fake, rig = rigged(**faults)
    with pytest.raises(GenerationError) as caught:
        rig.generate()
    sent = next(len(request.body) for request in fake.log if request.path == route)
    assert f"{sent} bytes sent to {route} (HTTP 413)" in caught.value.message
    assert words in caught.value.message and "<h1>" not in caught.value.message
    assert "--max-upload-size" in caught.value.hint and "client_max_body_size" in caught.value.hint
    assert fake.counters["accepted"] == 0 and not rig.destination().exists()


@pytest.mark.row("1.4/34")
def test_the_servers_own_limit(rigged: Rigged) -> None:
    fake, rig = rigged()
    fake.limit_body(200)
    with pytest.raises(GenerationError, match="Maximum request body size 200 exceeded"):
        rig.generate()
    assert rig.outcomes() == []  # nothing was sent that could be lost


@pytest.mark.row("1.4/35")
def test_a_name_that_is_taken_is_left_alone(rigged: Rigged) -> None:
    """Somebody's file lies under our name: it stays, and the name that the server chose is used."""
    fake, rig = rigged()
    place = ("input", "iterative", f"{_digest(rig)}.png")
    fake.engine.files[place] = b"somebody's file"
    rig.generate()
    assert fake.engine.files[place] == b"somebody's file" and fake.counters["overwrites"] == 0
    assert _loaded(fake) == [f"iterative/{_digest(rig)} (1).png"]
    assert fake.loads()[0]["2"] == (rig.folder / "input.png").read_bytes()


@pytest.mark.row("1.4/35")
def test_equal_content_is_used_again(rigged: Rigged) -> None:
    fake, rig = rigged()
    rig.generate()
    rig.new_process()
    rig.generate(iteration=4, seed=6)
    assert set(_loaded(fake)) == {f"iterative/{_digest(rig)}.png"} and len(fake.uploads) == 1


@pytest.mark.row("1.4/36")
def test_an_upload_whose_answer_is_lost_is_repeated_under_the_same_name(rigged: Rigged) -> None:
    fake, rig = rigged(upload="reset_after_storex1")
    rig.generate()
    assert fake.counters["uploads"] == 2 and list(fake.uploads) == [f"iterative/{_digest(rig)}.png"]


@pytest.mark.row("1.4/36")
def test_half_an_upload_is_not_used(rigged: Rigged) -> None:
    """The server died while it wrote the file: what it has under our name is not what we sent."""
    fake, rig = rigged(upload="halfx1")
    made = rig.generate()
    assert fake.loads()[0]["2"] == (rig.folder / "input.png").read_bytes()
    assert _loaded(fake) == [f"iterative/{_digest(rig)} (1).png"]
    assert png_texts(rig.destination().read_bytes())["fake_prompt_id"] == made.ticket


@pytest.mark.row("1.4/35")
@pytest.mark.parametrize("overwrite", [True, False])
def test_who_overwrites_destroys_somebodys_file(
    servers: Callable[..., FakeComfyUI], picture: Any, overwrite: bool
) -> None:
    """Planted twin: an upload under the picture's own name, with the flag and without."""
    import requests

    fake = servers()
    fake.engine.files["input", "", "input.png"] = b"somebody's file"
    form = {"overwrite": "true"} if overwrite else {}
    files = {"image": ("input.png", picture.read_bytes())}
    requests.post(f"{fake.url}/upload/image", files=files, data=form, timeout=5)
    assert (fake.engine.files["input", "", "input.png"] == b"somebody's file") is not overwrite
