"""Promise 14: the judge sees the picture that a person sees. Golden pixels, one case per way to store."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image
from tests.images import samples as s

from iterativectl.errors import ImageError
from iterativectl.images import normalise, png

WHITE = (255, 255, 255)
# name: (bytes, (width, height), {(x, y): colour}, tolerance)
GOLDEN = {
    "plain PNG": (s.saved(s.corners()), (40, 20), {(2, 2): s.RED, (38, 2): s.GREEN, (2, 18): s.BLUE}, 0),
    "JPEG": (s.saved(s.corners(), "JPEG", quality=95, subsampling=0), (40, 20), {(4, 4): s.RED}, 4),
    "JPEG, EXIF 6": (s.oriented("JPEG", 6), (20, 40), {(16, 4): s.RED, (4, 4): s.BLUE}, 4),
    "JPEG, EXIF 3": (s.oriented("JPEG", 3), (40, 20), {(36, 16): s.RED, (4, 4): WHITE}, 4),
    "PNG, EXIF 6": (s.oriented("PNG", 6), (20, 40), {(18, 2): s.RED, (2, 2): s.BLUE}, 0),
    "WEBP, EXIF 6": (s.saved(s.corners().rotate(90, expand=True), "WEBP", lossless=True), (20, 40), {}, 0),
    "16-bit grey": (
        s.grey16([[0, 20000, 40000, 65535]]),
        (4, 1),
        {(0, 0): s.BLACK, (1, 0): (78,) * 3, (2, 0): (156,) * 3, (3, 0): WHITE},
        0,
    ),
    "16-bit RGB": (s.rgb16((40000, 65535, 300)), (1, 1), {(0, 0): (156, 255, 1)}, 0),
    "hidden colour": (s.saved(Image.new("RGBA", (2, 2), (255, 0, 0, 0))), (2, 2), {(0, 0): WHITE}, 0),
    "half alpha": (s.saved(Image.new("RGBA", (2, 2), (0, 0, 0, 128))), (2, 2), {(0, 0): (127,) * 3}, 0),
    "grey with alpha": (s.saved(Image.new("LA", (2, 2), (0, 0))), (2, 2), {(0, 0): WHITE}, 0),
    "palette": (s.palette(), (2, 1), {(0, 0): s.RED, (1, 0): s.BLUE}, 0),
    "palette, one clear": (s.palette(transparent=True), (2, 1), {(0, 0): s.RED, (1, 0): WHITE}, 0),
    "RGB with a clear colour": (
        s.raw_png(2, 1, 8, 2, b"\0\xff\0\0\0\0\xff", s.chunk(b"tRNS", b"\0\xff\0\0\0\0")),
        (2, 1),
        {(0, 0): WHITE, (1, 0): s.BLUE},
        0,
    ),
    "one bit": (s.saved(Image.new("1", (9, 1), 1)), (9, 1), {(8, 0): WHITE}, 0),
    "CMYK": (s.saved(s.corners().convert("CMYK"), "JPEG", quality=95), (40, 20), {(4, 4): s.RED}, 12),
    "ICC, not sRGB": (
        s.saved(Image.new("RGB", (2, 2), s.RED), icc_profile=s.swapped_profile()),
        (2, 2),
        {(0, 0): s.BLUE},
        2,
    ),
    "ICC and alpha": (
        s.saved(Image.new("RGBA", (2, 2), (*s.RED, 255)), icc_profile=s.swapped_profile()),
        (2, 2),
        {(0, 0): s.BLUE},
        2,
    ),
    "ICC, broken": (
        s.saved(Image.new("RGB", (2, 2), s.RED), icc_profile=b"none"),
        (2, 2),
        {(0, 0): s.RED},
        0,
    ),
    "one pixel": (s.saved(Image.new("RGB", (1, 1), s.GREEN)), (1, 1), {(0, 0): s.GREEN}, 0),
    "GIF": (s.saved(Image.new("RGB", (2, 2), s.RED), "GIF"), (2, 2), {(0, 0): s.RED}, 0),
    "TIFF": (s.saved(Image.new("RGB", (2, 2), s.RED), "TIFF"), (2, 2), {(0, 0): s.RED}, 0),
    "huge": (s.saved(s.corners(4000, 2000), "JPEG", quality=95), (1024, 512), {(9, 9): s.RED}, 4),
    "very long": (s.saved(s.corners(3000, 2)), (1024, 1), {}, 0),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_judge_sees_these_pixels(name):
    data, size, expected, tolerance = GOLDEN[name]
    picture = normalise.to_picture(data)
    assert (picture.width, picture.height) == size
    assert picture.sha256 == hashlib.sha256(picture.png).hexdigest()
    head = png.header(picture.png)
    assert (head.bit_depth, head.colour_type, head.width, head.height) == (8, 2, *size)
    assert not png.read_text(picture.png)
    pixels = normalise.to_pixels(picture.png)
    for (x, y), colour in expected.items():
        assert np.abs(pixels[y, x].astype(int) - colour).max() <= tolerance, (x, y)


def test_golden_pixels_catch_what_pillow_does_unasked():
    """The planted-bug twin: plain `convert("RGB")` gets these wrong, so the golden cases can fail."""
    import io

    for name in ("16-bit grey", "hidden colour", "JPEG, EXIF 6", "ICC, not sRGB", "palette, one clear"):
        data, size, expected, tolerance = GOLDEN[name]
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        right = picture.size == size and all(
            np.abs(np.subtract(picture.getpixel(place), colour)).max() <= tolerance
            for place, colour in expected.items()
        )
        assert not right, name


def test_a_plain_png_is_sent_as_it_is_less_its_text():
    plain = s.saved(s.corners(), compress_level=1)
    told = png.with_text(plain, {"prompt": '{"3": {}}', "note": "żółw"})
    picture = normalise.to_picture(told)
    assert picture.png == plain
    assert png.read_text(told) == {"prompt": '{"3": {}}', "note": "żółw"}


def test_an_input_keeps_its_alpha_and_loses_its_text():
    plain = s.saved(Image.new("RGBA", (3, 2), (10, 20, 30, 40)))
    assert normalise.to_input_png(png.with_text(plain, {"prompt": "{}"})) == plain


@pytest.mark.parametrize("name", GOLDEN)
def test_an_input_is_an_upright_png_of_its_own_depth_and_stable(name):
    data, size, expected, tolerance = GOLDEN[name]
    once = normalise.to_input_png(data)
    head = png.header(once)
    assert head.bit_depth == (16 if name.startswith("16-bit") else 8) and head.colour_type in (2, 6)
    if name not in ("huge", "very long"):
        assert (head.width, head.height) == size
    assert normalise.to_input_png(once) == once
    assert (normalise.to_pixels(once) == normalise.to_pixels(data)).all()


def test_alpha_is_laid_on_the_stated_background():
    data = s.saved(Image.new("RGBA", (1, 1), (255, 0, 0, 0)))
    assert tuple(normalise.to_pixels(data, background=(10, 20, 30))[0, 0]) == (10, 20, 30)


def test_the_same_pixels_give_the_same_bytes():
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    assert normalise.from_pixels(pixels) == normalise.from_pixels(pixels.copy())
    assert (normalise.to_pixels(normalise.from_pixels(pixels)) == pixels).all()


def test_a_mask_is_light_where_the_picture_may_change():
    mask = normalise.to_mask(s.saved(s.corners().convert("L")), (80, 40))
    assert mask.shape == (40, 80)
    assert mask[30, 60] and not mask[2, 2]


def test_float_pixels_are_refused_not_guessed():
    data = s.saved(Image.fromarray(np.full((2, 2), 0.5, np.float32)), "TIFF")
    with pytest.raises(ImageError, match="more than 16 bits"):
        normalise.to_pixels(data)


def test_max_px_must_be_positive():
    with pytest.raises(ValueError, match="max_px"):
        normalise.to_picture(s.saved(s.corners()), max_px=0)
