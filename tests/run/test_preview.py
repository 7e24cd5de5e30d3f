"""The picture in the making beside a run: there while it is made, gone afterwards, never in the way."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_pictures import preview as jpeg
from tests.run.stage import Stage

from iterativectl.project import preview
from iterativectl.project.layout import RunPaths

WANTED = ("wait_seconds: 30", "wait_seconds: 30, preview: true")


def picture(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, format=kind)
    return buffer.getvalue()


def watched(stage: Stage, comfyui: FakeComfyUI) -> list[Path | None]:
    """What lies there at every step of the sampler."""
    seen: list[Path | None] = []
    comfyui.engine.job_seconds = 0.2
    stage.watchers.append(
        lambda event: (
            seen.append(preview.found(stage.paths))
            if event.type in ("generation_progress", "generation_done")
            else None
        )
    )
    return seen


def test_it_is_there_while_the_picture_is_made_and_gone_with_it(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.aigen(None, WANTED)
    seen = watched(stage, comfyui)
    assert stage.run().status == "passed"
    assert {path.name for path in seen if path} == {"preview.jpg"}
    assert seen[-1] is None and preview.found(stage.paths) is None
    assert not list(stage.paths.root.glob("preview*"))


def test_without_the_wish_there_is_none(stage: Stage, comfyui: FakeComfyUI) -> None:
    seen = watched(stage, comfyui)
    assert stage.run().status == "passed" and set(seen) == {None}


@pytest.mark.parametrize("fault", ["broken_previews", "foreign_previews"])
def test_what_is_no_picture_of_ours_is_not_kept(stage: Stage, comfyui: FakeComfyUI, fault: str) -> None:
    stage.aigen(None, WANTED)
    comfyui.switches.set("ws", fault)
    seen = watched(stage, comfyui)
    assert stage.run().status == "passed" and set(seen) == {None}


def test_a_disk_that_refuses_it_is_no_fault(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.aigen(None, WANTED)

    def block() -> None:
        (stage.paths.root / "preview.jpg" / "x").mkdir(parents=True)

    stage.at("iteration_planned", 1, block)
    assert stage.run().status == "passed" and not stage.told("warning")


def test_what_a_kill_left_is_gone_with_the_next_picture(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.aigen(None, WANTED)
    stage.run_until("generation_done", 1)
    preview.show(stage.paths, jpeg(1))
    assert preview.found(stage.paths) is not None
    stage.run()
    assert preview.found(stage.paths) is None


# --- the file alone


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    run = RunPaths(tmp_path, "2026-01-01_00-00-00")
    run.root.mkdir(parents=True)
    return run


def test_the_newest_one_replaces_the_others(paths: RunPaths) -> None:
    for kind, ending in preview.KINDS.items():
        preview.show(paths, picture(kind))
        assert [path.name for path in paths.root.iterdir()] == [f"preview.{ending}"]


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", picture("GIF"), picture("JPEG")[:60], b"\xff\xd8\xff" + bytes(preview.LARGEST)],
    ids=["nothing", "a page", "another kind", "cut off", "huge"],
)
def test_only_small_whole_pictures_are_kept(paths: RunPaths, content: bytes) -> None:
    preview.show(paths, content)
    assert list(paths.root.iterdir()) == []


def test_one_with_too_many_pixels_is_not_kept(paths: RunPaths) -> None:
    preview.show(paths, picture("PNG", (4096, 2048)))
    assert list(paths.root.iterdir()) == []
