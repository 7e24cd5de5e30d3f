"""The picture in the making: shown where the server sends it, and never of more weight than that."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from tests.comfyui.rig import Rig
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_engine import FOREIGN
from tests.fakes.comfyui_pictures import preview

from iterativectl.generation.comfyui import frames

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]
HEAD = "ffd8ffe000104a464946000101000001"
OURS = "5891248b-04b1-49bc-9941-3caf0ea6a874"


def described(about: Any, picture: bytes) -> bytes:
    """A frame with metadata."""
    said = json.dumps(about).encode()
    return struct.pack(">II", 4, len(said)) + said + picture


@pytest.mark.parametrize(
    ("message", "picture"),
    [
        # as release 0.3.64 sent it: the head of a JPEG of 512 x 512 px
        (bytes.fromhex("0000000100000001" + HEAD), HEAD),
        (struct.pack(">II", 1, 2) + b"\x89PNG", "89504e47"),
        (described({"prompt_id": OURS, "image_type": "image/jpeg"}, b"\xff\xd8"), "ffd8"),
        (described({"prompt_id": FOREIGN}, b"\xff\xd8"), None),
        (described({}, b"\xff\xd8"), None),
        (described([OURS], b"\xff\xd8"), None),
        (struct.pack(">II", 4, 9) + b"{not json\xff\xd8", None),
        (struct.pack(">II", 4, 2**31) + b"{}", None),
        (struct.pack(">II", 3, 4) + b"text", None),
        (struct.pack(">II", 1, 1) + bytes(frames.LARGEST), None),
        (b"\0\0\0\1", None),
        (b"", None),
    ],
)
def test_which_messages_show_our_picture(message: bytes, picture: str | None) -> None:
    found = frames.picture_of(message, OURS)
    assert (found.hex() if found is not None else None) == picture


@pytest.mark.parametrize(("generation", "ws"), [("A", "previews"), ("B", None)])
def test_it_is_shown_while_the_job_runs(rigged: Rigged, generation: str, ws: str | None) -> None:
    """An older server that was started with previews, and a newer one that is asked for them."""
    fake, rig = rigged(generation, job_seconds=0.4, **({"ws": ws} if ws else {}))
    shown: list[bytes] = []
    rig.preview = shown.append
    rig.generate()
    assert shown and set(shown) <= {preview(step) for step in range(1, 5)}
    assert len(rig.told("generation_progress")) == 4, "the progress is told as ever"
    assert fake.sent("POST", "/prompt")[0]["extra_data"]["preview_method"] == frames.METHOD
    rig.destination().read_bytes()


def test_without_the_wish_nothing_is_asked_for_and_nothing_shown(rigged: Rigged) -> None:
    fake, rig = rigged("B", job_seconds=0.1)
    rig.generate()
    assert "preview_method" not in fake.sent("POST", "/prompt")[0]["extra_data"]


def test_other_peoples_pictures_are_not_shown(rigged: Rigged) -> None:
    _, rig = rigged(ws="foreign_previews", job_seconds=0.2)
    shown: list[bytes] = []
    rig.preview = shown.append
    rig.generate()
    assert shown == []


def test_a_reader_that_does_not_look_whose_it_is_would_show_them() -> None:
    """Planted twin of the one above."""
    message = described({"prompt_id": FOREIGN}, preview(1))

    def careless(message: bytes) -> bytes:
        return message[8 + struct.unpack(">I", message[4:8])[0] :]

    assert careless(message) == preview(1) and frames.picture_of(message, OURS) is None


@pytest.mark.parametrize("ws", ["silent", "refused", "mute_after(3)", "close_after(3)"])
def test_a_server_that_shows_nothing_makes_the_picture_all_the_same(rigged: Rigged, ws: str) -> None:
    """ComfyUI-Manager's setting may overrule the server's, so that no frame ever comes."""
    _, rig = rigged("B", ws=ws, job_seconds=0.1)
    shown: list[bytes] = []
    rig.preview = shown.append
    rig.generate()
    with Image.open(rig.destination()) as made:
        made.load()
    assert shown == [] and rig.outcomes() == ["collected"]
