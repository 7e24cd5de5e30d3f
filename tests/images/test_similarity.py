"""Similarity keeps what the thresholds mean, on photographs that it was not set on."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from tests.images import edits
from tests.images.photographs import HELD_OUT, photograph

from iterativectl.images import similarity as subject
from iterativectl.images.similarity import change_map, similarity

# edit: (least, most) similarity on any held-out photograph
EXPECTED = {
    "unchanged": (1.0, 1.0),
    "jpeg": (0.95, 1.0),
    "noise": (0.95, 1.0),
    "mild": (0.85, 1.0),
    "shift": (0.80, 0.97),
    "crop": (0.85, 0.98),
    "small_paste": (0.85, 0.99),
    "paste": (0.60, 0.95),
    "medium": (0.65, 0.86),
    "strong": (0.5, 0.8),
    "monochrome": (0.45, 0.95),
    "veil": (0.4, 0.85),
    "darker": (0.4, 0.7),
    "glow": (0.35, 0.75),
    "drawing": (0.3, 0.65),
    "flatten": (0.7, 0.95),
    "blur": (0.65, 0.98),
}


@pytest.mark.parametrize("name", HELD_OUT)
@pytest.mark.parametrize("edit", EXPECTED)
def test_an_edit_is_what_it_is(name, edit):
    original = photograph(name)
    least, most = EXPECTED[edit]
    assert least <= similarity(original, edits.EDITS[edit](original)).measured <= most


@pytest.mark.parametrize("name", HELD_OUT)
def test_other_photographs_are_different_pictures(name):
    for other in HELD_OUT:
        if other != name:
            assert similarity(photograph(name), photograph(other)).measured < subject.DIFFERENT


def test_plain_pixel_correlation_would_not_do():
    """The planted-bug twin: without the search, a shift of 2 % counts as more change than a strong grade."""
    original = photograph(HELD_OUT[0])

    def plain(result):
        small = [cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (160, 160)) for p in (original, result)]
        return np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1]

    assert plain(edits.shift(original)) < plain(edits.strong(original))
    ours = [similarity(original, change(original)).measured for change in (edits.shift, edits.strong)]
    assert ours[0] > ours[1]


def test_a_blank_picture_is_a_different_picture():
    original = photograph(HELD_OUT[0])
    for grey in (0, 128, 255):
        assert similarity(original, np.full_like(original, grey)).measured < 0.1


def test_plain_colours_are_compared_by_colour():
    plain = [
        np.full((64, 64, 3), colour, np.uint8) for colour in ((250, 250, 250), (249, 250, 250), (10, 0, 0))
    ]
    assert similarity(plain[0], plain[1]).measured > 0.95
    assert similarity(plain[0], plain[2]).measured < 0.1


def test_inside_and_outside_a_mask_are_told_apart():
    original = photograph(HELD_OUT[1])
    mask = np.zeros(original.shape[:2], bool)
    mask[100:300, 200:450] = True
    result = np.where(mask[:, :, None], edits.drawing(original), original).astype(np.uint8)
    found = similarity(original, result, mask)
    assert found.outside_mask == 1.0
    assert found.inside_mask < 0.7
    assert found.steering == found.inside_mask
    assert found.inside_mask < found.measured < 1.0
    inverse = similarity(original, result, ~mask)
    assert inverse.outside_mask < 0.75 and inverse.inside_mask > 0.97


@pytest.mark.parametrize(("value", "inside", "outside"), [(True, 1.0, None), (False, None, 1.0)])
def test_a_region_without_pixels_has_no_figure(value, inside, outside):
    original = photograph(HELD_OUT[0])
    found = similarity(original, original, np.full(original.shape[:2], value))
    assert (found.inside_mask, found.outside_mask) == (inside, outside)


def test_the_map_shows_where():
    original = photograph(HELD_OUT[0])
    result = original.copy()
    height, width = original.shape[:2]
    result[: height // 2, : width // 2] = (200, 20, 200)
    cells = change_map(original, result)
    assert cells.shape == (10, 10)
    assert cells[:5, :5].min() > 0.5
    assert cells[6:, 6:].max() < 0.05
    assert similarity(original, result).changed_share == pytest.approx(0.25, abs=0.1)


def test_sizes_may_differ():
    original = photograph(HELD_OUT[0])
    half = cv2.resize(original, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert similarity(original, half).measured > 0.95
    assert similarity(original[:1, :1], half).measured <= 1


def test_it_is_quick_and_repeatable():
    original = photograph(HELD_OUT[0])
    result = edits.strong(original)
    first = similarity(original, result)
    started = time.process_time()
    assert all(similarity(original, result) == first for _ in range(5))
    assert (time.process_time() - started) / 5 < 0.1
