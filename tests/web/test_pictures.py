"""Pictures over the viewer: the right bytes, looked at before; thumbnails, made once, the newest first."""

from __future__ import annotations

import io
import os
import shutil
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from PIL import Image
from tests.web.trees import Looked, looked_at

from iterativectl.errors import ImageError
from iterativectl.project import runs
from iterativectl.web import pictures, thumbnails
from iterativectl.web.thumbnails import Busy, Thumbnails


def of(viewed: Looked, n: int, kind: str) -> str:
    return pictures.of_iteration("example", viewed.run.run_id, n, kind)


def saved(size: tuple[int, int], kind: str = "PNG", colour: tuple[int, int, int] = (9, 99, 199)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def test_a_picture_is_its_own_bytes(viewed: Looked) -> None:
    reply = viewed.client.get(of(viewed, 1, "full"))
    assert reply.status_code == 200 and reply.content == viewed.run.image(1).read_bytes()
    assert reply.headers["content-type"] == "image/png"
    assert int(reply.headers["content-length"]) == len(reply.content)
    head = viewed.client.head(of(viewed, 1, "full"))
    assert (head.status_code, head.headers["content-length"]) == (200, reply.headers["content-length"])


@pytest.mark.parametrize("kind", ["full", "thumb"])
def test_what_the_browser_has_is_not_sent_again_until_it_changes(viewed: Looked, kind: str) -> None:
    address = of(viewed, 1, kind)
    first = viewed.client.get(address)
    tag = first.headers["etag"]
    assert "no-cache" in first.headers["cache-control"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        again = viewed.client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert viewed.client.get(address, headers={"If-None-Match": '"x"'}).status_code == 200
    viewed.run.image(1).write_bytes(saved((30, 20)))  # made anew
    changed = viewed.client.get(address, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and Image.open(io.BytesIO(changed.content)).size == (30, 20)


def test_a_picture_is_there_while_it_is_judged(viewed: Looked) -> None:
    viewed.run.image(90).write_bytes(saved((8, 8)))
    assert 90 not in runs.committed(viewed.run)
    assert viewed.client.get(of(viewed, 90, "full")).status_code == 200
    assert viewed.client.get(of(viewed, 91, "full")).status_code == 404


def test_the_generators_own_bytes_are_a_download_with_a_name(viewed: Looked) -> None:
    run_id = viewed.run.run_id
    reply = viewed.client.get(of(viewed, 1, "raw"))
    assert reply.content == viewed.run.image(1).read_bytes()
    assert reply.headers["content-disposition"] == f'attachment; filename="example_{run_id}_1.png"'
    viewed.run.raw_image(1).write_bytes(saved((7, 7), "JPEG"))
    reply = viewed.client.get(of(viewed, 1, "raw"))
    assert reply.content == viewed.run.raw_image(1).read_bytes() != viewed.run.image(1).read_bytes()
    assert reply.headers["content-disposition"].endswith('_1.jpg"')


def test_the_input_of_a_run_is_the_picture_that_it_edits_or_nothing(viewed: Looked) -> None:
    address = pictures.of_run_input("example", viewed.run.run_id)
    assert viewed.client.get(address).content == viewed.project.input.read_bytes()
    assert pictures.run_input(viewed.run) == viewed.project.input
    viewed.project.input.write_bytes(saved((12, 10)))  # another picture now
    assert pictures.run_input(viewed.run) is None
    assert viewed.client.get(address).status_code == 404
    small = viewed.client.get(pictures.of_input("example", "thumb"))
    assert Image.open(io.BytesIO(small.content)).size == (12, 10)


def test_masks_go_by_their_names(viewed: Looked) -> None:
    address = pictures.of_mask("example", "sky")
    assert viewed.client.get(address).status_code == 404
    viewed.project.masks.mkdir(parents=True)
    viewed.project.mask("sky").write_bytes(saved((6, 4)))
    assert viewed.client.get(address).content == viewed.project.mask("sky").read_bytes()
    viewed.project.aigen.write_text("masking: [broken")
    assert viewed.client.get(address).status_code == 200


def test_the_preview_is_the_newest_of_any_kind(viewed: Looked) -> None:
    address = pictures.of_preview("example", viewed.run.run_id)
    assert viewed.client.get(address).status_code == 404
    for kind, name in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")):
        path = viewed.run.root / f"preview.{name}"
        path.write_bytes(saved((5, 5), kind))
        later = time.time_ns() + {"png": 1, "jpg": 2, "webp": 3}[name] * 10**12
        os.utime(path, ns=(later, later))
        reply = viewed.client.get(address)
        assert (reply.headers["content-type"], reply.content) == (f"image/{kind.lower()}", path.read_bytes())


GUESTS = {
    "a drawing": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a GIF": saved((4, 4), "GIF"),
    "a TIFF": saved((4, 4), "TIFF"),
    "a page that begins as a picture": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "nothing": b"",
    "text": b"sk-not-a-picture",
    "a bomb": saved((4, 4))[:16] + (60_000).to_bytes(4, "big") * 2 + saved((4, 4))[24:],
}


@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize("kind", ["full", "thumb", "raw"])
def test_only_pictures_are_shown_whatever_the_file_is_called(viewed: Looked, name: str, kind: str) -> None:
    viewed.run.image(1).write_bytes(GUESTS[name])
    reply = viewed.client.get(of(viewed, 1, kind))
    assert reply.status_code == 415 and b"script" not in reply.content


def test_a_careless_look_would_show_them() -> None:
    """What goes by the file's name, or by the first bytes alone, lets some of them pass."""
    assert GUESTS["a page that begins as a picture"].startswith(b"\x89PNG")
    assert Image.open(io.BytesIO(GUESTS["a GIF"])).size == (4, 4)


def test_a_damaged_picture_has_no_thumbnail_and_is_tried_once(viewed: Looked, tmp_path: Path) -> None:
    viewed.run.image(1).write_bytes(saved((900, 900))[:-400])
    assert viewed.client.get(of(viewed, 1, "thumb")).status_code == 415
    small = Thumbnails(tmp_path / "small")
    with pytest.raises(ImageError):
        small.get(viewed.run.image(1)).result(20)
    started = threading.active_count()
    assert isinstance(small.get(viewed.run.image(1)).exception(0), ImageError)  # known: nobody works on it
    assert threading.active_count() <= started


# Thumbnails.


def test_a_thumbnail_is_made_once_and_kept_beside_the_projects(viewed: Looked) -> None:
    address = of(viewed, 1, "thumb")
    made = viewed.client.get(address)
    assert made.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(made.content)).size) == 320
    (kept,) = viewed.workspace.thumbnails.rglob("*.jpg")
    assert kept.read_bytes() == made.content
    before = kept.stat().st_mtime_ns
    with looked_at(viewed.workspace.root) as another:  # a viewer that was started anew
        assert another.client.get(address).content == made.content
    assert kept.stat().st_mtime_ns == before
    shutil.rmtree(viewed.workspace.derived)  # at any time
    assert viewed.client.get(address).content == made.content


def test_a_full_disk_costs_only_the_keeping(viewed: Looked) -> None:
    viewed.workspace.derived.mkdir(exist_ok=True)
    shutil.rmtree(viewed.workspace.thumbnails, ignore_errors=True)
    viewed.workspace.thumbnails.write_text("no folder can be made here")
    assert viewed.client.get(of(viewed, 1, "thumb")).status_code == 200


class Stuck:
    """A source of pictures whose first one keeps the only maker busy: a pipe that nobody writes to yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        os.mkfifo(folder / "first.png")

    def release(self) -> None:
        (self.folder / "first.png").write_bytes(saved((4, 4)))

    def picture(self, name: str) -> Path:
        path = self.folder / f"{name}.png"
        path.write_bytes(saved((4, 4)))
        return path


def wait_until_taken(small: Thumbnails, what: Future[bytes]) -> None:
    """Until a maker is at work on it: then it does not wait any more."""
    deadline = time.monotonic() + 10
    while small.waiting() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not small.waiting() and not what.done()


def test_the_newest_wish_is_the_first_to_be_made(tmp_path: Path) -> None:
    stuck, small, order = Stuck(tmp_path / "pictures"), Thumbnails(tmp_path / "small", makers=1), []
    wait_until_taken(small, small.get(stuck.folder / "first.png"))
    wishes = {name: small.get(stuck.picture(name)) for name in ("a", "b", "c")}
    for name, wish in wishes.items():
        wish.add_done_callback(lambda _, name=name: order.append(name))
    small.prepare(stuck.folder / "a.png")  # once more: it moves to the front, and is made once
    stuck.release()
    for wish in wishes.values():
        wish.result(20)
    assert order == ["a", "c", "b"]


def test_too_many_wishes_forget_the_oldest(tmp_path: Path) -> None:
    stuck, small = Stuck(tmp_path / "pictures"), Thumbnails(tmp_path / "small", makers=1)
    wait_until_taken(small, small.get(stuck.folder / "first.png"))
    wishes = [small.get(stuck.picture(f"p{n}")) for n in range(thumbnails.MOST_WAITING + 2)]
    assert [type(wish.exception(0)) for wish in wishes[:2]] == [Busy, Busy]
    stuck.release()
    assert [len(wish.result(60)) > 0 for wish in wishes[2:]] == [True] * thumbnails.MOST_WAITING


def test_many_ask_for_the_same_and_it_is_made_once(tmp_path: Path) -> None:
    stuck, small = Stuck(tmp_path / "pictures"), Thumbnails(tmp_path / "small", makers=1)
    first = small.get(stuck.folder / "first.png")
    assert small.get(stuck.folder / "first.png") is first
    stuck.release()
    assert first.result(20)


def test_a_picture_that_is_gone_is_not_there(viewed: Looked, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Thumbnails(tmp_path).get(tmp_path / "gone.png")
    Thumbnails(tmp_path).prepare(tmp_path / "gone.png")
    viewed.run.image(1).unlink()
    assert viewed.client.get(of(viewed, 1, "thumb")).status_code == 404
