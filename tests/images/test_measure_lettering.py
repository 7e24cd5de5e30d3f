"""Lines of letters: those drawn are found where they are, and photographs without any have next to none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.images import edits
from tests.images.photographs import HELD_OUT, TUNED_ON, photograph

from iterativectl.images.lettering import lettered, text_share

PHRASE = "Sample Watermark 2026"


def ground(level=90, width=800, height=500):
    return np.full((height, width, 3), level, np.uint8)


def written(picture, place, height=28, level=255, text=PHRASE, angle=0):
    """The picture with a line of text, and its box (left, top, right, bottom)."""
    layer = Image.new("L", picture.shape[1::-1], 0)
    pen, font = ImageDraw.Draw(layer), ImageFont.load_default(height)
    pen.text(place, text, font=font, fill=255)
    box = tuple(round(side) for side in pen.textbbox(place, text, font=font))
    layer = layer.rotate(angle, center=place)
    share = np.asarray(layer)[:, :, None] / 255
    return (picture * (1 - share) + level * share).astype(np.uint8), box


def covered(mask, box):
    left, top, right, bottom = box
    return mask[top:bottom, left:right].mean()


@pytest.mark.parametrize("height", [12, 20, 40, 80])
@pytest.mark.parametrize("level", [255, 0])
def test_a_line_is_found_where_it_stands(height, level):
    picture, box = written(ground(), (30, 200), height, level)
    mask = lettered(picture)
    assert covered(mask, box) > 0.5
    grown = np.zeros_like(mask)
    reach = 4 + height // 3
    grown[max(box[1] - reach, 0) : box[3] + reach, max(box[0] - reach, 0) : box[2] + reach] = True
    assert not (mask & ~grown).any(), "and nowhere else"


def test_the_share_is_that_of_the_box_around_the_line():
    picture, (left, top, right, bottom) = written(ground(), (30, 200), 40)
    share = (right - left) * (bottom - top) / (800 * 500)
    assert text_share(picture) == pytest.approx(share, rel=0.35)
    assert text_share(ground()) == 0


def test_in_a_mask_only_what_stands_in_it_counts():
    picture, _ = written(ground(), (30, 440), 24)
    lower = np.zeros(picture.shape[:2], bool)
    lower[400:] = True
    assert text_share(picture, lower) > 0.05
    assert text_share(picture, ~lower) == 0


def test_two_lines_of_many_sizes_are_both_found():
    picture, first = written(ground(), (20, 20), 16)
    picture, second = written(picture, (300, 380), 60, 10)
    mask = lettered(picture)
    assert min(covered(mask, first), covered(mask, second)) > 0.6


@pytest.mark.parametrize("factor", [0.6, 2, 4])
def test_size_does_not_matter(factor):
    picture, _ = written(ground(), (30, 200), 40)
    other = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    assert text_share(other) == pytest.approx(text_share(picture), rel=0.3)


def test_jpeg_and_grain_do_not_hide_it():
    picture, box = written(ground(), (30, 200), 40)
    for other in (edits.jpeg(picture), edits.noise(picture)):
        assert covered(lettered(other), box) > 0.6


@pytest.mark.parametrize("name", [name for name in (*TUNED_ON, *HELD_OUT) if name != "pagoda"])
def test_photographs_have_next_to_none(name):
    assert text_share(photograph(name)) < 0.02


@pytest.mark.parametrize("name", HELD_OUT[:2])
def test_a_caption_on_a_photograph_is_found(name):
    picture = photograph(name)
    captioned = picture.copy()
    captioned[-60:] = 20
    captioned, box = written(captioned, (30, picture.shape[0] - 46), 28)
    assert covered(lettered(captioned), box) > 0.6
    assert text_share(captioned) > text_share(picture) + 0.01


@pytest.mark.parametrize(
    "drawn",
    [
        written(ground(), (30, 200), text="Abcd")[0],  # four letters could be anything
        written(ground(), (200, 400), 40, angle=60)[0],  # not level
        written(ground(250), (30, 200), 40, 255)[0],  # nobody can see it
    ],
)
def test_the_limits_that_the_docs_state(drawn):
    assert text_share(drawn) == 0


def test_lines_and_boxes_are_no_letters():
    picture = ground()
    for at in range(40, 760, 60):
        cv2.line(picture, (at, 0), (at, 499), (255, 255, 255), 3)
        cv2.rectangle(picture, (at + 8, 100), (at + 48, 400), (0, 0, 0), 2)
    assert text_share(picture) == 0
