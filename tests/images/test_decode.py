"""Promise 15: broken, huge and disguised pictures are refused with a reason, whatever the bytes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.images import samples as s

from iterativectl.errors import ImageError
from iterativectl.images import decode, normalise, png

ROOT = Path(__file__).resolve().parents[2]
WHOLE = s.saved(Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)))
NO_END = WHOLE[:-12]
FLIPPED = WHOLE[:60] + bytes([WHOLE[60] ^ 1]) + WHOLE[61:]
REFUSED = {
    "nothing": (b"", "is empty"),
    "web page": (b"<!DOCTYPE html><html>Bad gateway</html>", "not a picture"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a picture"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "missing IEND": (NO_END, "without its IEND"),
    "cut in the pixels": (WHOLE[: len(WHOLE) // 2], "inside chunk 'IDAT'"),
    "flipped bit": (FLIPPED, "checksum"),
    "bomb header": (s.raw_png(20000, 20000, 8, 2, b""), "400 megapixels"),
    "beyond Pillow's alarm": (s.raw_png(9500, 9500, 8, 2, b""), "90 megapixels"),
    "too few pixels": (s.raw_png(10, 10, 8, 2, b"\0" * 31), "279 bytes of its pixels are missing"),
    "no pixels": (s.raw_png(0, 0, 8, 2, b""), "no pixels"),
    "animated GIF": (s.animated("GIF"), "holds 3 pictures"),
    "animated WEBP": (s.animated("WEBP"), "holds 3 pictures"),
    "animated PNG": (s.animated("PNG"), "holds 3 pictures"),
    "TIFF of pages": (s.animated("TIFF"), "holds 3 pictures"),
    "cut JPEG": (s.saved(s.corners(400, 300), "JPEG")[:2000], "damaged"),
    "cut WEBP": (s.saved(s.corners(400, 300), "WEBP", lossless=True)[:-30], "damaged|not a picture"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason(name):
    data, reason = REFUSED[name]
    with pytest.raises(ImageError, match=reason) as caught:
        decode.decode(data, name="input.png")
    assert caught.value.message.startswith("input.png ")
    assert caught.value.hint


def test_pillow_alone_passes_a_png_without_end():
    """The planted-bug twin: `load()` alone is content with it."""
    Image.open(io.BytesIO(NO_END)).load()


def test_a_png_cut_anywhere_is_noticed():
    for k in range(64):
        with pytest.raises(ImageError):
            decode.verify_png(WHOLE[: len(WHOLE) * k // 64])
    assert decode.verify_png(WHOLE) == (40, 40)


@pytest.mark.parametrize("lowest", [0, 1, 255])
@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("samples", [1, 3, 4])
def test_missing_rows_are_noticed_whatever_the_lowest_one_shows(lowest, missing, samples):
    rows = [b"\0" + bytes([value]) * 9 * samples for value in (7, 8, lowest)]
    data = s.raw_png(9, 3, 8, {1: 0, 3: 2, 4: 6}[samples], b"".join(rows[: 3 - missing]))
    if not missing:
        assert decode.verify_png(data) == (9, 3)
        return
    with pytest.raises(ImageError, match="bytes of its pixels are missing"):
        decode.verify_png(data)


def test_the_same_bytes_are_decoded_once():
    data = s.saved(s.corners())
    assert decode.decode(data) is decode.decode(bytes(bytearray(data)))
    other = decode.decode(s.saved(s.corners(41, 20)))
    assert other.size == (41, 20)
    for cut in (data[:-20], FLIPPED):
        with pytest.raises(ImageError):
            decode.decode(cut)


def test_a_large_picture_is_not_kept_at_hand():
    data = s.saved(Image.new("L", (2500, 1700)))
    assert decode.decode(data) is not decode.decode(data)


def test_an_artefact_must_be_a_png():
    with pytest.raises(ImageError, match="but a JPEG"):
        decode.verify_png(s.saved(s.corners(), "JPEG"))
    with pytest.raises(ImageError, match="but a web page"):
        decode.verify_png(b"<html>502</html>")


def test_results_are_read_in_few_formats():
    with pytest.raises(ImageError, match="PNG, JPEG, WEBP|not a picture"):
        decode.decode(s.saved(s.corners(), "BMP"), formats=decode.RESULT_FORMATS)
    assert decode.decode(s.saved(s.corners(), "BMP")).size == (40, 20)


def test_the_extension_does_not_matter():
    assert decode.decode(s.saved(s.corners(), "JPEG"), name="holiday.png").format == "JPEG"


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10_000),
    st.binary(min_size=1, max_size=6),
    st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF"]),
)
def test_damaged_bytes_give_a_picture_or_an_image_error(place, noise, kind):
    data = bytearray(_SMALL[kind])
    at = place % len(data)
    data[at : at + len(noise)] = noise
    try:
        picture = normalise.to_picture(bytes(data))
    except ImageError as error:
        assert error.message and error.hint
    else:
        assert picture.width >= 1


_SMALL = {kind: s.saved(s.corners(16, 12), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF")}

_CHILD = r"""
import resource, struct, zlib
from iterativectl.errors import ImageError
from iterativectl.images import decode, png
from tests.images import samples as s

def attempt(data):
    try:
        decode.decode(data)
        return "read"
    except ImageError as error:
        return error.message

whole = s.saved(s.corners())
head, rest = whole[:33], whole[33:]
body = b"note\0" + bytes(200 * 2**20)
checksum = zlib.crc32(body, zlib.crc32(b"tEXt"))
long_text = b"".join([head, struct.pack(">I", len(body)), b"tEXt", body, struct.pack(">I", checksum), rest])
packed = head + s.chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(100 * 2**20), 9)) + rest
pixels = s.raw_png(64, 64, 8, 2, bytes(100 * 2**20))
wide = s.raw_png(30000, 30000, 8, 6, b"")
decode.decode(whole)
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 64 * 2**20,) * 2)
print(attempt(long_text))
print(attempt(packed))
print(png.read_text(packed))
print(attempt(pixels))
print(attempt(wide))
print(attempt(whole))
"""


def test_bombs_stay_within_memory():
    """Each in 64 MB more than before: 200 MB of text, 100 MB packed into 100 KB, a header for 3.6 GB."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.run(
        [sys.executable, "-c", _CHILD], capture_output=True, text=True, timeout=60, env=env, cwd=ROOT
    )
    assert child.returncode == 0, child.stderr
    lines = child.stdout.splitlines()
    assert "MB of text" in lines[0]
    assert lines[1:4] == ["read", "{}", "read"]
    assert "900 megapixels" in lines[4]
    assert lines[5] == "read"


def test_text_chunks_of_every_kind_are_read():
    rest = WHOLE[33:]
    extra = s.chunk(b"zTXt", b"packed\0\0" + zlib.compress(b"caf\xe9"))
    extra += s.chunk(b"iTXt", b"utf\0\1\0\0\0" + zlib.compress("żółw".encode()))
    extra += s.chunk(b"tEXt", b"broken, no separator")
    extra += s.chunk(b"iTXt", b"short\0")
    extra += s.chunk(b"iTXt", b"notutf\0\0\0\0\0\xff\xfe")
    assert png.read_text(WHOLE[:33] + extra + rest) == {"packed": "café", "utf": "żółw"}


def test_with_text_replaces_and_keeps_the_pixels_bytes():
    once = png.with_text(WHOLE, {"prompt": "1", "other": "kept"})
    twice = png.with_text(once, {"prompt": "2"})
    assert png.read_text(twice) == {"prompt": "2", "other": "kept"}
    assert png.without_text(twice) == WHOLE
    with Image.open(io.BytesIO(twice)) as seen_by_pillow:
        assert seen_by_pillow.text == {"prompt": "2", "other": "kept"}


@pytest.mark.parametrize("keyword", ["", "k" * 80, "a\0b"])
def test_a_keyword_must_be_one(keyword):
    with pytest.raises(ValueError, match="keyword"):
        png.with_text(WHOLE, {keyword: "x"})


def test_camera_data_and_what_follows_the_end_go():
    data = WHOLE[:33] + s.chunk(b"eXIf", b"MM\0*") + s.chunk(b"tIME", bytes(7)) + WHOLE[33:] + b"appended"
    assert png.without_text(data) == WHOLE


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (40, 20), (8, 8)])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA", "I;16"])
def test_whole_pictures_of_every_kind_pass(size, mode):
    data = s.saved(Image.new(mode, size))
    assert decode.verify_png(data) == size


def test_an_interlaced_picture_must_be_whole():
    # Adam7 of 3 x 3 grey: passes of 1, 0, 0, 1, 2, 2 and 3 pixels in 1, 0, 0, 1, 1, 2 and 1 rows.
    rows = b"\0\1" + b"\0\2" + b"\0\3\4" + b"\0\5" + b"\0\6" + b"\0\7\x08\x09"
    whole = s.raw_png(3, 3, 8, 0, rows).replace(
        *(s.chunk(b"IHDR", bytes.fromhex(f"00000003000000030800 00000{i}")) for i in (0, 1))
    )
    assert decode.verify_png(whole) == (3, 3)
    cut = s.raw_png(3, 3, 8, 0, rows[:-1]).replace(
        *(s.chunk(b"IHDR", bytes.fromhex(f"00000003000000030800 00000{i}")) for i in (0, 1))
    )
    with pytest.raises(ImageError, match="1 bytes of its pixels are missing"):
        decode.verify_png(cut)
