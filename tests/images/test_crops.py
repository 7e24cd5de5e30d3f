"""The region of a mask, cut out and enlarged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iterativectl.images.crops import LEAST_MARGIN, MOST_ENLARGED, USEFUL_PX, cropped, region_box
from iterativectl.images.normalise import to_pixels
from iterativectl.images.regions import Box


def mask(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Any:
    inside = np.zeros(size[::-1], np.bool_)
    for x, y, width, height in boxes:
        inside[y : y + height, x : x + width] = True
    return inside


def test_the_box_has_a_margin_and_stays_in_the_picture() -> None:
    assert region_box(mask((800, 600), (300, 200, 100, 200))) == Box(left=285, top=170, right=415, bottom=430)
    small = region_box(mask((800, 600), (0, 590, 10, 10)))
    assert small == Box(left=0, top=590 - LEAST_MARGIN, right=10 + LEAST_MARGIN, bottom=600)


def test_one_box_around_all_that_is_masked() -> None:
    found = region_box(mask((800, 600), (100, 100, 20, 20), (400, 300, 20, 20)))
    assert found is not None and (found.left, found.top) < (100, 100) and found.right > 420


@pytest.mark.parametrize(
    ("drawn", "shown"),
    [
        ((0, 0, 800, 600), False),
        ((100, 100, 500, 300), False),  # with its margin more than three quarters of the width
        ((100, 100, 400, 300), True),
        ((300, 0, 50, 600), True),  # as high as the picture, and yet a fraction of it
    ],
)
def test_a_region_that_is_nearly_all_of_the_picture_is_not_shown_again(
    drawn: tuple[int, int, int, int], shown: bool
) -> None:
    assert (region_box(mask((800, 600), drawn)) is not None) is shown


def test_an_empty_mask_has_no_region() -> None:
    assert region_box(mask((80, 60))) is None


@pytest.mark.parametrize(
    ("box", "max_px", "size"),
    [
        ((0, 0, 100, 50), 1024, (400, 200)),  # at most four times
        ((0, 0, 384, 192), 1024, (USEFUL_PX, USEFUL_PX // 2)),
        ((0, 0, 384, 192), 512, (512, 256)),
        ((0, 0, 1000, 500), 1024, (1000, 500)),  # as it is
        ((0, 0, 1000, 500), 512, (512, 256)),
    ],
)
def test_how_large_it_is_shown(box: tuple[int, int, int, int], max_px: int, size: tuple[int, int]) -> None:
    left, top, right, bottom = box
    pixels = np.zeros((600, 1200, 3), np.uint8)
    shown = cropped(pixels, Box(left=left, top=top, right=right, bottom=bottom), (1200, 600), max_px)
    assert (shown.width, shown.height) == size
    assert to_pixels(shown.png).shape == (*size[::-1], 3)
    assert max(size) <= max_px and size[0] <= MOST_ENLARGED * (right - left)


def test_what_is_cut_out_is_what_is_there() -> None:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[10:20, 30:50] = (200, 10, 10)
    box = Box(left=30, top=10, right=50, bottom=20)
    assert (to_pixels(cropped(pixels, box, (80, 60), 1024).png) == (200, 10, 10)).all()


def test_a_result_of_another_size_shows_the_same_place() -> None:
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[20:40, 60:100] = (10, 200, 10)
    box = Box(left=30, top=10, right=50, bottom=20)
    shown = to_pixels(cropped(pixels, box, (80, 60), 1024).png)
    assert (shown == (10, 200, 10)).all()


def test_a_tiny_result_still_has_a_pixel_there() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    shown = cropped(pixels, Box(left=790, top=590, right=800, bottom=600), (800, 600), 1024)
    assert shown.width >= 1 and shown.height >= 1
