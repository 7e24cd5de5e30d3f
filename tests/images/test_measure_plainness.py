"""Blankness on pictures whose plain share is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.images import edits
from tests.images.photographs import HELD_OUT, TUNED_ON, photograph

from iterativectl.images.plainness import blankness

REPEATABLE = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def plain(width, height, colour=(128, 90, 40)):
    return np.full((height, width, 3), colour, np.uint8)


def chequered(width, height, side=2):
    rows, columns = np.indices((height, width)) // side
    return np.dstack([((rows + columns) % 2 * 255).astype(np.uint8)] * 3)


def ramp(width, height, levels):
    line = np.linspace(0, levels, width)
    return np.dstack([np.tile(line, (height, 1)).astype(np.uint8)] * 3)


@pytest.mark.parametrize(
    ("picture", "share"),
    [
        (plain(256, 200), 1),
        (plain(1, 1), 1),
        (plain(3000, 20), 1),
        (chequered(256, 200), 0),
        (np.hstack([plain(128, 200), chequered(128, 200)]), 0.5),
        (np.vstack([plain(256, 60), chequered(256, 180)]), 0.25),
        (ramp(256, 200, 255), 1),  # one level a pixel: a sky
        (ramp(64, 50, 255), 2 / 64),  # four levels a pixel: a slope, but for its two ends
    ],
)
def test_known_shares(picture, share):
    assert blankness(picture) == pytest.approx(share, abs=0.02)


def test_a_colour_without_brightness_is_not_plain():
    """Red and green of one luma: a grey picture of it would be blank."""
    red, green = (200, 0, 0), (0, 102, 0)
    mixed = chequered(200, 200)
    mixed = np.where(mixed > 0, red, green).astype(np.uint8)
    assert blankness(mixed) == 0


def test_a_mask_is_looked_at_by_itself():
    picture = np.hstack([plain(100, 100), chequered(100, 100)])
    mask = np.hstack([np.ones((100, 100), bool), np.zeros((100, 100), bool)])
    assert blankness(picture, mask) == 1, "what lies beyond its edge does not count"
    assert blankness(picture, ~mask) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("name", (*TUNED_ON, *HELD_OUT))
def test_a_photograph_is_neither_blank_nor_without_any_plain_place(name):
    assert 0.05 < blankness(photograph(name)) < 0.6


@pytest.mark.parametrize("name", ["pagoda", "chambord"])
def test_size_jpeg_and_grain_hardly_matter(name):
    original = photograph(name)
    twice = cv2.resize(original, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    for other in (twice, edits.jpeg(original), edits.noise(original, 4)):
        assert blankness(other) == pytest.approx(blankness(original), abs=0.06)


def test_a_blank_page_stays_blank_as_a_grainy_jpeg():
    assert blankness(edits.jpeg(edits.noise(plain(1024, 768, (250, 250, 250)), 6))) > 0.97


@REPEATABLE
@given(share=st.floats(0.1, 0.9), colour=st.tuples(*[st.integers(0, 255)] * 3))
def test_the_plain_share_is_what_is_measured(share, colour):
    rows = round(200 * share)
    picture = np.vstack([plain(256, rows, colour), chequered(256, 200 - rows)])
    assert blankness(picture) == pytest.approx(share, abs=0.03)
