"""Thumbnails of every kind of picture, beside what the house's own reading of the whole picture gives."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from tests.images import kinds
from tests.images import samples as s

from iterativectl.errors import ImageError
from iterativectl.images import normalise, thumbnail

SERVED = {name: data for name, (data, _) in kinds.KINDS.items() if name != "BMP"}


def pixels(data: bytes) -> np.ndarray:
    found = Image.open(io.BytesIO(data))
    assert (found.format, found.mode) == ("JPEG", "RGB")
    return np.asarray(found).astype(int)


def off(data: bytes, made: bytes) -> float:
    """How far a thumbnail of the picture's own size is from it: the mean difference of all values, 0-255."""
    wanted = normalise.to_pixels(data, background=thumbnail.GROUND).astype(int)
    shown = pixels(made)
    assert shown.shape == wanted.shape
    return float(np.abs(shown - wanted).mean())


@pytest.mark.parametrize("name", SERVED)
def test_every_kind_of_picture_is_shown_as_it_is(name: str) -> None:
    assert off(SERVED[name], thumbnail.thumbnail(SERVED[name], longest=1000)) < 12  # JPEG, of mere noise


def test_a_wrong_way_to_read_would_be_noticed() -> None:
    """What opening and saving alone gives for the kinds that ask for more."""

    def careless(data: bytes) -> bytes:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "JPEG", quality=86, subsampling=0)
        return buffer.getvalue()

    for name in ("16-bit grey", "RGBA, hidden colours", "ICC"):
        assert off(SERVED[name], careless(SERVED[name])) > 16
    turned = Image.open(io.BytesIO(careless(SERVED["JPEG, EXIF 6"]))).size
    assert turned != Image.open(io.BytesIO(thumbnail.thumbnail(SERVED["JPEG, EXIF 6"]))).size


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1024, 768), (320, 240)), ((500, 4000), (40, 320)), ((5000, 3), (320, 1)), ((20, 10), (20, 10))],
)
def test_the_longest_side_is_brought_down_and_never_up(
    size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    made = thumbnail.thumbnail(s.saved(Image.new("RGB", size, (10, 200, 30))))
    assert Image.open(io.BytesIO(made)).size == wanted


def test_scaling_keeps_the_picture() -> None:
    ramp = np.tile(np.linspace(0, 255, 1000).astype(np.uint8), (600, 1))
    shown = pixels(thumbnail.thumbnail(s.saved(Image.fromarray(np.dstack([ramp, ramp[:, ::-1], ramp * 0])))))
    wide = np.linspace(0, 255, 320)
    assert np.abs(shown[96, :, 0] - wide).max() < 6 and np.abs(shown[96, :, 1] - wide[::-1]).max() < 6


def test_clear_pixels_show_the_ground_and_not_what_hides_below() -> None:
    clear = s.saved(Image.new("RGBA", (900, 600), (255, 0, 0, 0)))
    assert np.abs(pixels(thumbnail.thumbnail(clear)) - thumbnail.GROUND).max() <= 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        kinds.KINDS["BMP"][0],
        s.saved(Image.new("RGB", (9, 9)))[:60],
        s.animated("WEBP"),
        s.raw_png(30_000, 30_000, 8, 2, b""),
    ],
    ids=["empty", "a drawing", "BMP", "cut off", "moving", "enormous"],
)
def test_what_is_no_picture_for_this_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        thumbnail.thumbnail(data)


def test_the_first_bytes_tell_the_kind() -> None:
    small = Image.new("RGB", (4, 4))
    for kind in ("PNG", "JPEG", "WEBP"):
        assert thumbnail.kind_of(s.saved(small, kind)[:12]) == kind
    for start in (b"", b"GIF89a......", b"RIFF....WAVE", b"\x89PN", b"<svg", b"\xff\xd8\xfe"):
        assert thumbnail.kind_of(start) is None
