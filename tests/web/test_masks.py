"""The routes of the masks: what is listed, read, written and refused; what compositing makes of a mask."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama
from tests.web.trees import HEADERS, Looked

from iterativectl.images.masks import read_mask, region
from iterativectl.images.png import SIGNATURE
from iterativectl.images.regions import Box, boxes
from iterativectl.project import lock

SIZE = (768, 512)  # of the example's picture
BOX = Box(left=100, top=60, right=340, bottom=300)
AT = "/api/p/example/masks"
Inside = np.ndarray[Any, np.dtype[np.bool_]]


def drawn(*which: Box, size: tuple[int, int] = SIZE) -> Inside:
    return boxes(size, which or [BOX])


def packed(picture: Image.Image, **how: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, how.pop("format", "PNG"), **how)
    return base64.b64encode(buffer.getvalue()).decode()


def sent(inside: Inside) -> str:
    """As the page sends it: one bit a pixel."""
    return packed(Image.fromarray(inside))


def pixels(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def post(viewed: Looked, address: str, body: Any) -> Any:
    return viewed.client.post(address, json=body, headers=HEADERS)


def save(viewed: Looked, name: str = "box", inside: Inside | None = None, based_on: str | None = None) -> Any:
    png = sent(drawn() if inside is None else inside)
    return post(viewed, f"{AT}/{name}", {"png": png, "based_on": based_on})


def saved(viewed: Looked, name: str = "box", **given: Any) -> Any:
    reply = save(viewed, name, **given)
    assert reply.status_code == 200, reply.text
    return reply.json()["mask"]


def listed(viewed: Looked) -> dict[str, Any]:
    reply = viewed.client.get(AT)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def aigen(viewed: Looked, masking: str) -> None:
    path = viewed.project.aigen
    text = path.read_text() if path.exists() else ""
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("masking", "  ", "\t")) or "mask" not in line
    ]
    path.write_text("\n".join(lines) + f"\nmasking: {masking}\n")


# What is there.


def test_without_masks_the_settings_and_the_size_are_told(viewed: Looked) -> None:
    found = listed(viewed)
    assert found["masks"] == [] and found["size"] == list(SIZE)
    assert (found["grow"], found["feather"], found["enabled"]) == (0, 8, True)
    assert found["can_locate"] is False and "light and colour" in found["why_not"]
    assert found["run"] is None and found["problem"] is None


def test_a_saved_mask_is_the_file_that_was_drawn(viewed: Looked) -> None:
    mask = saved(viewed)
    path = viewed.project.mask("box")
    with Image.open(path) as picture:
        assert picture.mode == "L" and picture.size == SIZE
        assert (np.asarray(picture) == np.where(drawn(), 255, 0)).all()
    assert mask["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert mask["file"] == "input/masks/box.png" and mask["backup"] is None and mask["active"] is False
    assert mask["share"] == pytest.approx(BOX.area / (SIZE[0] * SIZE[1]), abs=1e-6)
    (entry,) = listed(viewed)["masks"]
    assert entry.items() <= mask.items()
    small = pixels(entry["thumb"])
    assert max(small.shape) <= 160 and 0.1 < (small > 0).mean() < 0.2


def test_the_mask_called_mask_is_the_lone_one_and_in_play(viewed: Looked) -> None:
    assert saved(viewed, "mask")["active"] is True
    assert viewed.project.lone_mask.is_file() and not viewed.project.masks.exists()


def test_a_mask_is_read_as_it_is_understood(viewed: Looked) -> None:
    hole = Image.new(
        "RGBA", (384, 256), (90, 140, 60, 255)
    )  # half the size, and what is to be edited is a hole
    noise = np.random.default_rng(1).integers(0, 255, (256, 384, 3), dtype=np.uint8)
    hole.paste(Image.fromarray(noise))
    hole.putalpha(
        Image.fromarray(
            np.where(drawn(Box(left=50, top=30, right=170, bottom=150), size=(384, 256)), 0, 255).astype(
                np.uint8
            )
        )
    )
    viewed.project.masks.mkdir()
    hole.save(viewed.project.mask("hole"))
    told = viewed.client.get(f"{AT}/hole").json()
    shown = pixels(told["png"])
    expected = read_mask(viewed.project.mask("hole").read_bytes(), SIZE).inside
    assert expected is not None and (shown == np.where(expected, 255, 0)).all()
    assert told["sha256"] == hashlib.sha256(viewed.project.mask("hole").read_bytes()).hexdigest()


def test_a_mask_that_cannot_be_used_is_told_and_can_be_drawn_over(viewed: Looked) -> None:
    viewed.project.masks.mkdir()
    Image.new("L", SIZE).save(viewed.project.mask("black"))
    viewed.project.mask("text").write_text("no picture")
    assert {entry["name"]: bool(entry["problem"]) for entry in listed(viewed)["masks"]} == {
        "black": True,
        "text": True,
    }
    told = viewed.client.get(f"{AT}/black").json()
    assert told["png"] is None and "all black" in told["problem"]
    assert saved(viewed, "black", based_on=told["sha256"])["problem"] is None


def test_a_mask_that_lies_outside_the_project_is_not_shown(viewed: Looked, tmp_path: Path) -> None:
    Image.fromarray(np.where(drawn(), 255, 0).astype(np.uint8)).save(tmp_path / "outside.png")
    viewed.project.masks.mkdir()
    viewed.project.mask("away").symlink_to(tmp_path / "outside.png")
    (entry,) = listed(viewed)["masks"]
    assert "outside the project" in entry["problem"] and entry["sha256"] is None
    assert viewed.client.get(f"{AT}/away").status_code == 404
    before = (tmp_path / "outside.png").read_bytes()
    assert save(viewed, "away").status_code == 400
    assert post(viewed, f"{AT}/away/remove", {"based_on": None}).status_code == 400
    assert (tmp_path / "outside.png").read_bytes() == before


@pytest.mark.parametrize("name", ["nothing", "..", "a.b", "all"])
def test_what_is_not_there_is_not_there(viewed: Looked, name: str) -> None:
    assert viewed.client.get(f"{AT}/{name}").status_code == 404


# Writing.


def test_what_is_replaced_is_kept(viewed: Looked) -> None:
    first = saved(viewed)
    old = viewed.project.mask("box").read_bytes()
    second = saved(viewed, inside=drawn(Box(left=0, top=0, right=50, bottom=50)), based_on=first["sha256"])
    assert (viewed.project.root / second["backup"]).read_bytes() == old
    assert second["backup"].startswith("input/masks/replaced/box_")
    assert second["sha256"] != first["sha256"]
    assert [entry["name"] for entry in listed(viewed)["masks"]] == ["box"]


def test_the_same_again_replaces_nothing(viewed: Looked) -> None:
    first = saved(viewed)
    assert saved(viewed, based_on=first["sha256"])["backup"] is None


def test_what_somebody_else_wrote_is_not_written_over(viewed: Looked) -> None:
    first = saved(viewed)
    theirs = saved(viewed, inside=drawn(Box(left=0, top=0, right=9, bottom=9)), based_on=first["sha256"])
    there = viewed.project.mask("box").read_bytes()
    for based_on in (first["sha256"], None):
        reply = save(viewed, based_on=based_on)
        assert reply.status_code == 409 and "somewhere else" in reply.json()["error"]["message"]
        assert reply.json()["current"] == {"name": "box", "sha256": theirs["sha256"]}
    assert viewed.project.mask("box").read_bytes() == there
    assert saved(viewed, based_on=theirs["sha256"])["sha256"] == first["sha256"]


def test_what_somebody_else_removed_is_not_made_again_by_accident(viewed: Looked) -> None:
    first = saved(viewed)
    viewed.project.mask("box").unlink()
    reply = save(viewed, based_on=first["sha256"])
    assert reply.status_code == 409 and reply.json()["current"]["sha256"] is None


def test_a_removed_mask_is_kept_and_is_none_any_more(viewed: Looked) -> None:
    mask = saved(viewed)
    old = viewed.project.mask("box").read_bytes()
    assert post(viewed, f"{AT}/box/remove", {"based_on": "0" * 64}).status_code == 409
    told = post(viewed, f"{AT}/box/remove", {"based_on": mask["sha256"]}).json()
    assert (viewed.project.root / told["backup"]).read_bytes() == old and told["note"] is None
    assert listed(viewed)["masks"] == [] and not viewed.project.mask("box").exists()
    assert post(viewed, f"{AT}/box/remove", {"based_on": mask["sha256"]}).status_code == 404


@pytest.mark.parametrize("name", ["all", "a.b", "a b", "x" * 65, "ä"])
def test_a_name_that_cannot_be_is_refused(viewed: Looked, name: str) -> None:
    before = sorted(viewed.project.root.rglob("*"))
    assert save(viewed, name).status_code == 400
    assert sorted(viewed.project.root.rglob("*")) == before


@pytest.mark.parametrize(("inside", "said"), [(drawn() & False, "black"), (drawn() | True, "whole picture")])
def test_nothing_and_everything_are_no_masks(viewed: Looked, inside: Inside, said: str) -> None:
    reply = save(viewed, inside=inside)
    assert reply.status_code == 400 and said in reply.json()["error"]["message"]
    assert not viewed.project.masks.exists()


def bomb(width: int, height: int) -> str:
    """A PNG that promises more than it holds, with checksums that are right."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(10_000_000))
    return base64.b64encode(
        SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    ).decode()


GREY = Image.new("L", SIZE, 255)
REFUSED: dict[str, Any] = {
    "nothing": None,
    "a number": 7,
    "not base64": "no base64!",
    "no picture": base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode(),
    "a jpeg": packed(GREY, format="JPEG"),
    "a gif": packed(GREY, format="GIF"),
    "another size": packed(Image.new("L", (512, 768), 255)),
    "half of it": packed(GREY)[:200],
    "transparent": packed(Image.new("RGBA", SIZE)),
    "a bomb": bomb(60_000, 60_000),
    "rows that are missing": bomb(*SIZE)[:-400],
    "an animation": packed(GREY, save_all=True, append_images=[Image.new("L", SIZE, 9)]),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("address", [f"{AT}/box", "/api/p/example/masking/preview"])
def test_what_is_no_mask_of_this_picture_is_refused(viewed: Looked, what: str, address: str) -> None:
    more = {"based_on": None} if address.endswith("box") else {"grow": 0, "feather": 8}
    reply = post(viewed, address, {"png": REFUSED[what], **more})
    assert reply.status_code == 400 and reply.json()["error"]["message"], reply.text
    assert not viewed.project.masks.exists()


@pytest.mark.parametrize(
    "change", [{"based_on": 7}, {"based_on": "short"}, {"also": 1}, {"png": "x" * 20_000_001}]
)
def test_a_body_that_is_wrong_is_refused(viewed: Looked, change: dict[str, Any]) -> None:
    reply = post(viewed, f"{AT}/box", {"png": sent(drawn()), "based_on": None, **change})
    assert reply.status_code == 400 and not viewed.project.masks.exists()


def test_the_canvas_of_a_browser_is_understood_too(viewed: Looked) -> None:
    opaque = Image.fromarray(np.where(drawn(), 255, 0).astype(np.uint8)).convert("RGBA")
    reply = post(viewed, f"{AT}/box", {"png": packed(opaque), "based_on": None})
    assert reply.status_code == 200
    with Image.open(viewed.project.mask("box")) as picture:
        assert picture.mode == "L" and ((np.asarray(picture) > 0) == drawn()).all()


def test_a_mask_that_aigen_names_is_written_where_it_says(viewed: Looked) -> None:
    aigen(viewed, "{active_mask: own, masks: [{name: own, file: input/own/mine.png}]}")
    (entry,) = listed(viewed)["masks"]
    assert entry["active"] is True and "missing" in entry["problem"]
    mask = saved(viewed, "own")
    assert mask["file"] == "input/own/mine.png" and mask["active"] is True
    told = post(viewed, f"{AT}/own/remove", {"based_on": mask["sha256"]}).json()
    assert "AIGen.yaml still names" in told["note"]


def test_a_wrong_active_mask_is_a_problem_and_stops_nothing(viewed: Looked) -> None:
    aigen(viewed, "{active_mask: lost, grow: 3, feather: 11}")
    found = listed(viewed)
    assert "no mask 'lost'" in found["problem"] and (found["grow"], found["feather"]) == (3, 11)
    assert saved(viewed)["active"] is False


def test_a_run_that_would_go_on_is_named_with_its_masks(viewed: Looked) -> None:
    data = json.loads(viewed.project.checkpoint.read_text())
    viewed.project.checkpoint.write_text(json.dumps({**data, "status": "running"}))
    run = json.loads(viewed.run.run_json.read_text())
    run["masks"] = [{"name": "box", "path": "input/masks/box.png", "sha256": "0" * 64}]
    viewed.run.run_json.write_text(json.dumps(run))
    expected = {"run_id": viewed.run.run_id, "held": False, "masks": ["box"]}
    assert listed(viewed)["run"] == expected
    with lock.held(viewed.project.lock, started="2026-01-01T00:00:00+01:00"):
        assert save(viewed).json()["run"] == {**expected, "held": True}


def test_without_a_picture_it_says_so(viewed: Looked) -> None:
    viewed.project.input.unlink()
    reply = viewed.client.get(AT)
    assert reply.status_code == 422 and "no input picture" in reply.json()["error"]["message"]
    assert save(viewed).status_code == 422


# Grow and feather.


@pytest.mark.parametrize(("grow", "feather"), [(0, 0), (0, 8), (5, 12), (-7, 3), (40, 200), (-30, 0)])
def test_the_preview_is_what_compositing_uses(viewed: Looked, grow: int, feather: int) -> None:
    inside = drawn(BOX, Box(left=500, top=0, right=768, bottom=90))
    body = {"png": sent(inside), "grow": grow, "feather": feather}
    told = post(viewed, "/api/p/example/masking/preview", body).json()
    expected = region(inside, grow=grow, feather=feather)
    shown = pixels(told["png"])
    assert (shown == np.rint(expected.weights * 255)).all()
    assert told["share"] == pytest.approx(float(expected.support.mean()), abs=1e-6)
    wrong = region(inside, grow=grow + 1, feather=feather)
    assert not (shown == np.rint(wrong.weights * 255)).all()


@pytest.mark.parametrize(
    ("grow", "feather"), [(-2000, 0), (5000, 0), (0, -1), (0, 4097), (1.5, 0), (True, 0), ("4", 0), (None, 0)]
)
def test_a_preview_that_cannot_be_is_refused(viewed: Looked, grow: Any, feather: Any) -> None:
    body = {"png": sent(drawn()), "grow": grow, "feather": feather}
    assert post(viewed, "/api/p/example/masking/preview", body).status_code == 400


def test_a_preview_is_quick(viewed: Looked) -> None:
    noise = np.random.default_rng(0).random((1024, 1024)) > 0.7
    Image.fromarray(np.zeros((1024, 1024, 3), np.uint8)).save(viewed.project.input)
    body = {"png": sent(noise), "grow": 4, "feather": 12}
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert post(viewed, "/api/p/example/masking/preview", body).status_code == 200
        times.append(time.perf_counter() - start)
    assert min(times) < 0.15


# From words.

THERE = {"label": "castle", "bbox_2d": [100, 100, 500, 600]}  # thousandths


def pointing(text: str) -> Callable[[Asked], str]:
    return lambda _: text


def judged_by(viewed: Looked, url: str, more: str = "") -> None:
    text = f"provider: ollama\nmodel: qwen3-vl:4b\nbase_url: {url}\nretries: 0\n{more}"
    viewed.project.aivis.write_text(text)


def located(viewed: Looked, **body: Any) -> dict[str, Any]:
    reply = post(viewed, "/api/p/example/masking/locate", {"text": "the castle", "name": "castle", **body})
    assert reply.status_code == 200, reply.text
    end = time.monotonic() + 20
    while time.monotonic() < end:
        job: dict[str, Any] = viewed.client.get(f"/api/jobs/{reply.json()['job']}").json()
        if job["state"] != "working":
            return job
        time.sleep(0.02)
    raise AssertionError("the job did not end")


def test_a_place_is_found_by_its_words(viewed: Looked) -> None:
    with FakeOllama(pointing(json.dumps({"seen": "A castle.", "boxes": [THERE]}))) as server:
        judged_by(viewed, server.url)
        found = listed(viewed)
        assert found["can_locate"] is True and found["why_not"] is None and server.asked_count == 0
        job = located(viewed)
    assert job["state"] == "done" and server.asked_count == 1, job
    result = job["result"]
    shown = pixels(result["png"]) > 0
    assert shown.shape == SIZE[::-1] and shown[51:307, 77:384].sum() > 0.75 * shown.sum() > 1000
    assert result["by"] == "ollama/qwen3-vl:4b" and result["seen"] == "A castle."
    assert result["share"] == pytest.approx(float(shown.mean()), abs=1e-6)
    record = json.loads(viewed.project.mask_location("castle").read_text())
    assert record["format"] == "location/1" and record["target"] == "the castle"
    assert (viewed.project.mask_work / "usage.jsonl").read_text().count('"settled"') == 1
    assert not viewed.project.masks.exists()


def test_what_is_not_found_is_said_without_the_command_lines_options(viewed: Looked) -> None:
    with FakeOllama(pointing(json.dumps({"seen": "A meadow.", "boxes": []}))) as server:
        judged_by(viewed, server.url)
        job = located(viewed)
    assert job["state"] == "failed" and job["result"] is None
    assert "did not find 'the castle'; it says: A meadow." in job["error"]["message"]
    assert "draw it" in job["error"]["hint"] and "--" not in job["error"]["hint"]


def test_the_limits_of_aivis_hold(viewed: Looked) -> None:
    with FakeOllama(pointing("I cannot say.")) as server:
        judged_by(viewed, server.url, "limits: {max_requests: 1}\n")
        job = located(viewed)
    assert job["state"] == "failed" and "limit of 1 requests" in job["error"]["message"]
    assert server.asked_count == 1


def test_a_judge_without_a_key_cannot_be_asked(viewed: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    viewed.project.aivis.write_text("provider: anthropic\nmodel: claude\n")
    found = listed(viewed)
    assert found["can_locate"] is False and "needs a key" in found["why_not"]


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "  "},
        {"text": 7},
        {"text": "x" * 401},
        {"name": "all"},
        {"name": "../x"},
        {"name": 7},
        {"more": 1},
    ],
)
def test_an_asking_that_cannot_be_is_refused(viewed: Looked, body: dict[str, Any]) -> None:
    judged_by(viewed, "http://127.0.0.1:9")
    reply = post(viewed, "/api/p/example/masking/locate", {"text": "x", "name": "x", **body})
    assert reply.status_code == 400


def test_the_embedded_judge_is_not_asked(viewed: Looked) -> None:
    reply = post(viewed, "/api/p/example/masking/locate", {"text": "x", "name": "x"})
    assert reply.status_code == 400 and "--" not in reply.json()["error"]["hint"]
