"""Pixels at their own depth, read from checked bytes alone; and colours of 16 bits brought to sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.images import kinds
from tests.images import samples as s
from tests.images.kinds import KINDS

from iterativectl.errors import ImageError
from iterativectl.images import exact, normalise, png, profiles

DEEP = kinds.png(kinds.random_values(40, 30, 3, np.uint16))


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_is_read(kind):
    data, values = KINDS[kind]
    seen = exact.read(data)
    assert seen.values.dtype == values.dtype and (seen.values == values).all()
    assert seen.size == values.shape[1::-1] and seen.deep == (values.dtype == np.uint16)
    assert seen.has_alpha == (values.shape[2] == 4)
    assert not seen.values.flags.writeable


def test_the_kinds_catch_what_pillow_does_unasked():
    """The planted-bug twin: `convert("RGBA")`, as one would write it."""
    for kind in ("16-bit RGB", "2-bit grey, one clear", "PNG, EXIF 6", "16-bit grey"):
        data, values = KINDS[kind]
        assert not np.array_equal(kinds.pillow(data, "RGBA")[:, :, : values.shape[2]], values), kind


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_packed_is_read_again(channels, dtype):
    values = kinds.random_values(13, 9, channels, dtype)
    data = exact.encoded(values)
    assert (exact.read(data).values == values).all() and (kinds.opened(data) == values).all()
    assert data == exact.encoded(values.copy()) == exact.encoded(np.asfortranarray(values))


def test_eight_bits_are_rounded():
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert (exact.eight_bits(every) == np.round(every / 257.0)).all()
    assert not (every >> 8 == np.round(every / 257.0)).all()  # planted: the upper byte


REFUSED = {
    "bomb header": (s.raw_png(20000, 20000, 16, 2, b""), "400 megapixels"),
    "beyond the limit": (s.raw_png(9500, 9500, 16, 6, b""), "90 megapixels"),
    "too few rows": (s.raw_png(10, 10, 16, 2, b"\0" * 61), "bytes of its pixels are missing"),
    "cut": (DEEP[: len(DEEP) // 2], "inside chunk"),
    "without end": (DEEP[:-12], "without its IEND"),
    "no pixels": (s.raw_png(0, 0, 16, 2, b""), "no pixels"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_opencv_never_sees_unchecked_bytes(name):
    data, reason = REFUSED[name]
    with pytest.raises(ImageError, match=reason) as caught:
        exact.read(data, name="input.png")
    assert caught.value.message.startswith("input.png ") and caught.value.hint


def test_a_filter_that_does_not_exist_is_refused_not_guessed():
    data = s.raw_png(2, 2, 16, 2, (b"\x09" + bytes(12)) * 2)
    with pytest.raises(ImageError, match="damaged"):
        exact.read(data)


@settings(max_examples=120, deadline=None)
@given(at=st.integers(8, len(DEEP) - 1), value=st.integers(0, 255))
def test_a_damaged_deep_picture_ends_in_one_kind_of_error(at, value):
    damaged = DEEP[:at] + bytes([value]) + DEEP[at + 1 :]
    try:
        seen = exact.read(damaged)
    except ImageError:
        return
    assert (seen.values == exact.read(DEEP).values).all()


def test_an_interlaced_deep_picture_is_read():
    values = kinds.random_values(1, 1, 3, np.uint16)
    data = bytearray(kinds.png(values))
    head = bytes(data[16:28]) + b"\x01"
    interlaced = png.joined([(b"IHDR", head), *list(png.chunks(bytes(data)))[1:]])
    assert (exact.read(interlaced).values == values).all()


# --- input/input.png ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "16-bit" in kind])
def test_an_input_keeps_its_16_bits(kind):
    data, values = KINDS[kind]
    once = normalise.to_input_png(png.with_text(data, {"prompt": "{}"}))
    assert (kinds.opened(once) == values).all() and kinds.opened(once).dtype == np.uint16
    assert {chunk for chunk, _ in png.chunks(once)} <= {b"IHDR", b"IDAT", b"IEND"}
    assert normalise.to_input_png(once) == once
    picture = normalise.to_picture(once)
    assert png.header(picture.png).bit_depth == 8 and (picture.width, picture.height) == values.shape[1::-1]
    assert (normalise.to_pixels(picture.png) == normalise.to_pixels(data)).all()


def test_deep_colours_are_seen_rounded():
    data = s.rgb16((255, 300, 65151))  # 0.99, 1.17 and 253.5 steps of 8 bits
    assert tuple(normalise.to_pixels(data)[0, 0]) == (1, 1, 254)


# --- profiles ----------------------------------------------------------------------------------------

# Primaries adapted to D50: Adobe RGB (1998) and Display P3, as published in their profiles.
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
P3 = [(0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)]
SRGB_CURVE = s.parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
PROFILES = {
    "a gamma": s.matrix_profile(ADOBE, s.gamma_curve(2.2)),
    "a parametric curve": s.matrix_profile(P3, SRGB_CURVE),
    "a curve with an offset": s.matrix_profile(
        P3, s.parametric_curve(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.0, 0.0)
    ),
    "a plain power": s.matrix_profile(ADOBE, s.parametric_curve(0, 1.8)),
    "a power above a point": s.matrix_profile(P3, s.parametric_curve(1, 2.2, 1.1, -0.1)),
    "a power above a floor": s.matrix_profile(P3, s.parametric_curve(2, 2.2, 0.9, -0.05, 0.0)),
    "a table": s.matrix_profile(ADOBE, s.table_curve([round(65535 * (i / 40) ** 2) for i in range(41)])),
    "linear light": s.matrix_profile(P3, s.table_curve([])),
    "changed places": s.swapped_profile(),
    "grey": s.grey_profile(1.8),
}


@pytest.mark.parametrize("name", PROFILES)
def test_deep_colours_become_what_littlecms_makes_of_shallow_ones(name):
    raw = PROFILES[name]
    assert profiles.parsed(raw) is not None
    shallow = kinds.random_values(64, 64, 4)
    if name == "grey":
        shallow[:, :, 1:3] = shallow[:, :, :1]
    deep = profiles.deep_to_srgb(shallow.astype(np.uint16) * 257, raw)
    expected = profiles.to_srgb(shallow, raw)
    off = np.abs(deep / 257.0 - expected)
    assert off[:, :, :3].max() <= 1.6 and np.percentile(off[:, :, :3], 95) < 0.8
    assert (deep[:, :, 3] == shallow[:, :, 3] * np.uint16(257)).all()
    if name != "grey":
        assert np.abs(shallow.astype(int) - expected).max() > 10  # planted: nothing converted


def test_a_curve_may_have_a_floor():
    """LittleCMS takes a black that is not black for the paper's and moves it: no comparison with it here."""
    curve = profiles._curve(s.parametric_curve(2, 2.0, 1.0, -0.5, 0.25))
    assert curve[0] == curve[32767] == 0.25 and curve[65535] == pytest.approx(0.5, abs=1e-4)
    curve = profiles._curve(s.parametric_curve(4, 2.0, 1.0, 0.0, 0.5, 0.25, 0.1, 0.2))
    assert curve[0] == pytest.approx(0.2, abs=1e-4) and curve[65535] == 1
    assert curve[32768] == pytest.approx(0.25 + 0.1, abs=1e-4)


def test_there_and_back_again():
    raw = PROFILES["a gamma"]
    muted = (kinds.random_values(32, 32, 3) // 2 + 60).astype(np.uint8)
    assert np.abs(profiles.to_srgb(profiles.from_srgb(muted, raw), raw).astype(int) - muted).max() <= 3


def with_tables():
    """A profile that also has tables for looking up: those count, and are not read here."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    raw = PROFILES["a gamma"]
    tags = {name: profiles._tags(raw)[name] for name in names}
    return s.icc(b"RGB ", tags | {b"A2B0": b"mft2" + bytes(60)})


@pytest.mark.parametrize("raw", [with_tables(), s.icc(b"RGB ", {}), s.icc(b"CMYK", {})])
def test_deep_colours_of_another_make_keep_their_profile(raw):
    values = kinds.random_values(5, 4, 3, np.uint16)
    assert profiles.deep_to_srgb(values, raw) is None
    data = png.with_chunks(kinds.png(values), [png.profile_chunk(raw)])
    once = normalise.to_input_png(data)
    assert (kinds.opened(once) == values).all()
    assert exact.read(once).profile == raw
    assert normalise.to_input_png(once) == once
    assert (normalise.to_pixels(once) == normalise.to_pixels(data)).all()


def test_deep_colours_become_srgb_in_an_input():
    values = kinds.random_values(6, 5, 3, np.uint16)
    data = png.with_chunks(kinds.png(values), [png.profile_chunk(PROFILES["a gamma"])])
    once = normalise.to_input_png(data)
    assert exact.read(once).profile is None and exact.read(once).deep
    difference = normalise.to_pixels(once).astype(int) - normalise.to_pixels(data)
    assert np.abs(difference).max() <= 2
    assert normalise.to_input_png(once) == once


@pytest.mark.parametrize("raw", [None, b"", b"none"])
def test_no_profile_changes_nothing(raw):
    deep, shallow = kinds.random_values(4, 4, 3, np.uint16), kinds.random_values(4, 4, 3)
    assert (profiles.deep_to_srgb(deep, raw) == deep).all()
    assert (profiles.to_srgb(shallow, raw) == shallow).all()
    assert (profiles.from_srgb(shallow, raw) == shallow).all()
