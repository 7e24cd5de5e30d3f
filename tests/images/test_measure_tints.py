"""Warmth and palette distance, against colours whose CIE L*a*b* values are published."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.images import edits
from tests.images.photographs import HELD_OUT, TUNED_ON, photograph

from iterativectl.images.tints import palette_distance, warmth

# sRGB's primaries in CIE L*a*b* (D65), as in Lindbloom's tables; within OpenCV's rounding.
LAB = {
    "#ff0000": (53.24, 80.09, 67.20),
    "#00ff00": (87.74, -86.18, 83.18),
    "#0000ff": (32.30, 79.19, -107.86),
    "#ffff00": (97.14, -21.55, 94.48),
    "#ffffff": (100.0, 0.0, 0.0),
    "#000000": (0.0, 0.0, 0.0),
    "#808080": (53.59, 0.0, 0.0),
}
REPEATABLE = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
CHANNEL = st.integers(0, 255)


def rgb(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def plain(colour, width=40, height=30):
    return np.full((height, width, 3), rgb(colour), np.uint8)


def halves(left, right):
    return np.hstack([plain(left), plain(right)])


@pytest.mark.parametrize("colour", LAB)
def test_the_warmth_of_a_plain_picture_is_its_b(colour):
    assert warmth(plain(colour)) == pytest.approx(LAB[colour][2], abs=0.15)


def test_warmth_weighs_by_share():
    assert warmth(halves("#0000ff", "#ffff00")) == pytest.approx((-107.86 + 94.48) / 2, abs=0.15)


def test_warmth_in_a_mask_is_of_the_mask_alone():
    mask = np.hstack([np.ones((30, 40), bool), np.zeros((30, 40), bool)])
    assert warmth(halves("#0000ff", "#ffff00"), mask) == pytest.approx(-107.86, abs=0.15)
    assert warmth(halves("#0000ff", "#ffff00"), ~mask) == pytest.approx(94.48, abs=0.15)


@pytest.mark.parametrize(
    ("kelvin", "xy", "b"),
    [
        ("2856, illuminant A", (0.44758, 0.40745), 62.3),
        ("4500", (0.3621, 0.3709), 25.8),
        ("6504", (0.3127, 0.3290), 0.0),
        ("10000", (0.2788, 0.2920), -21.0),
    ],
)
def test_a_grey_card_in_known_light(kelvin, xy, b):
    """The figures of the module's own text; b* of a card goes with the cube root of its light."""
    x, y = xy
    light = 0.2
    xyz = light * np.array([x / y, 1.0, (1 - x - y) / y])
    to_linear = np.linalg.inv(
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    )
    linear = np.clip(to_linear @ xyz, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    card = np.full((8, 8, 3), np.round(srgb * 255), np.uint8)
    assert warmth(card) == pytest.approx(b * light ** (1 / 3), abs=0.8), kelvin


@pytest.mark.parametrize("name", (*TUNED_ON, *HELD_OUT))
def test_warmer_and_cooler_are_told_apart(name):
    original = photograph(name)
    cooler, warmer = (warmth(edits.grade(original, 1, 1, share)) for share in (-0.1, 0.1))
    assert cooler < warmth(original) - 2 < warmth(original) + 2 < warmer


@pytest.mark.parametrize(
    "measure", [warmth, lambda picture: palette_distance(picture, ["#1b2a4a", "#c8a26a"])]
)
@pytest.mark.parametrize("name", ["pagoda", "chenonceau"])
def test_neither_size_nor_jpeg_matters(measure, name):
    original = photograph(name)
    twice = cv2.resize(original, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    half = cv2.resize(original, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for other in (twice, half, edits.jpeg(original)):
        assert measure(other) == pytest.approx(measure(original), abs=0.6)


@pytest.mark.parametrize(
    ("picture", "colours", "distance"),
    [
        (plain("#ff0000"), ["#ff0000"], 0),
        (plain("#ffffff"), ["#000000"], 100),
        (plain("#808080"), ["#ffffff", "#000000"], 100 - 53.59),
        (halves("#ffffff", "#000000"), ["#000000"], 50),
        (halves("#ffffff", "#000000"), ["#000000", "#ffffff"], 0),
        (halves("#ffffff", "#000000"), ["#000000", "#ffffff", "#ff0000"], 0),  # it need not occur
    ],
)
def test_palette_distances_that_can_be_told_in_advance(picture, colours, distance):
    assert palette_distance(picture, colours) == pytest.approx(distance, abs=0.1)


def test_a_palette_distance_is_that_of_lab():
    expected = np.linalg.norm(np.subtract(LAB["#ff0000"], LAB["#ffff00"]))
    assert palette_distance(plain("#ff0000"), ["#ffff00"]) == pytest.approx(expected, abs=0.3)


@REPEATABLE
@given(
    colour=st.tuples(CHANNEL, CHANNEL, CHANNEL),
    more=st.lists(st.tuples(CHANNEL, CHANNEL, CHANNEL), max_size=3),
)
def test_more_colours_never_take_a_picture_further_away(colour, more):
    first, *others = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (colour, *more)]
    assert palette_distance(plain(first), [first, *others]) == pytest.approx(0, abs=1e-3)
    picture = halves(first, "#336699")
    assert palette_distance(picture, [first, *others]) <= palette_distance(picture, [first]) + 1e-6


@REPEATABLE
@given(colour=st.tuples(CHANNEL, CHANNEL, CHANNEL))
def test_a_grey_is_neutral_and_swapping_red_and_blue_turns_warmth_round(colour):
    grey = plain(f"#{colour[0]:02x}{colour[0]:02x}{colour[0]:02x}")
    assert warmth(grey) == pytest.approx(0, abs=0.1)
    low, _, high = sorted(colour)
    if high - low > 20:
        yellowish, bluish = plain(f"#{high:02x}{low:02x}{low:02x}"), plain(f"#{low:02x}{low:02x}{high:02x}")
        assert warmth(yellowish) > 0 > warmth(bluish)


def test_a_thin_mask_still_counts():
    """A line of one pixel in 2000: at working size no pixel is half covered."""
    picture = np.vstack(
        [np.full((1, 2000, 3), (0, 0, 255)), np.full((600, 2000, 3), (128, 128, 128))]
    ).astype(np.uint8)
    mask = np.zeros(picture.shape[:2], bool)
    mask[0] = True
    assert warmth(picture, mask) < -5
