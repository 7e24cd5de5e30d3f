"""Contact sheets: where every picture is, that texts fit, and that any number and shape of them does."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from iterativectl.images.sheet import LONGEST, Cell, outlined, sheet, thumbnail

RED, GREEN, BLUE, GOLD, GREY = (200, 30, 30), (30, 180, 30), (30, 30, 200), (255, 196, 0), (70, 74, 82)


def plain(colour: tuple[int, int, int], width: int = 300, height: int = 200) -> Any:
    return np.full((height, width, 3), colour, np.uint8)


def cell(colour: tuple[int, int, int] | None, name: str = "one", **more: Any) -> Cell:
    return Cell(pixels=plain(colour) if colour else None, name=name, **more)


def where(page: Any, colour: tuple[int, int, int], near: int = 6) -> tuple[int, int, int, int] | None:
    """The box of a colour on the page: left, top, right, bottom. Edges of letters are too little for one."""
    found = np.abs(page.astype(int) - colour).max(axis=2) <= near
    rows, columns = (np.flatnonzero(found.sum(axis=axis) >= 10) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def ink(page: Any, box: tuple[int, int, int, int]) -> int:
    """How many bright pixels (letters) are in a box."""
    left, top, right, bottom = box
    return int((page[top:bottom, left:right].max(axis=2) > 120).sum())


def test_pictures_stand_in_their_order_row_by_row() -> None:
    page = sheet([cell(RED), cell(GREEN), cell(BLUE), cell(None, missing="no")], ["heading"])
    red, green, blue, grey = (where(page, colour) for colour in (RED, GREEN, BLUE, GREY))
    assert red and green and blue and grey
    assert red[1] == green[1] and green[0] > red[2]
    assert blue[0] == red[0] and blue[1] > red[3]
    assert grey[1] == blue[1] and grey[0] == green[0]


def test_each_has_its_words_below_it() -> None:
    with_words = sheet([cell(RED, "a name", lines=(("score 50", "plain"), ("failed: suit", "bad")))], [])
    without = sheet([cell(RED, "")], [])
    box = where(with_words, RED)
    assert box
    below = (box[0], box[3] + 2, box[2], with_words.shape[0])
    assert ink(with_words, below) > 200
    blank = where(without, RED)
    assert blank and ink(without, (blank[0], blank[3] + 2, blank[2], without.shape[0])) == 0


def test_the_heading_is_above_all() -> None:
    page = sheet([cell(RED)], ["project: 6 variants", "prompt: a red house"])
    box = where(page, RED)
    assert box and ink(page, (0, 0, page.shape[1], box[1])) > 200
    bare = sheet([cell(RED)], [])
    bare_box = where(bare, RED)
    assert bare_box and ink(bare, (0, 0, bare.shape[1], bare_box[1])) == 0


def test_only_the_best_is_framed() -> None:
    assert where(sheet([cell(RED), cell(GREEN)], []), GOLD) is None
    page = sheet([cell(RED), cell(GREEN, best=True)], [])
    frame, green, red = where(page, GOLD), where(page, GREEN), where(page, RED)
    assert frame and green and red
    assert frame[0] < green[0] and frame[2] > green[2] and frame[1] < green[1] and frame[3] > green[3]
    assert frame[0] > red[2]


def test_the_reason_stands_where_a_picture_is_missing() -> None:
    words = "node 3 KSampler: mat1 and mat2 shapes cannot be multiplied (256x4096 and 768x320)"
    page = sheet([cell(RED), cell(None, missing=words)], [])
    empty = sheet([cell(RED), cell(None)], [])
    hole = where(empty, GREY)
    assert hole and ink(empty, hole) == 0 and ink(page, hole) > 300


@pytest.mark.parametrize("number", [1, 2, 3, 4, 7, 12, 25, 65])
def test_any_number_fits_and_stays_readable(number: int) -> None:
    lines = (("score 50, similarity 0.61", "plain"), ("failed: suit, face", "bad"))
    page = sheet([cell(RED, f"{n}. denoise 0.5, cfg 7", lines=lines) for n in range(number)], ["h"])
    assert max(page.shape[:2]) <= LONGEST
    box = where(page, RED)
    assert box is not None
    assert 0.4 < page.shape[1] / page.shape[0] < 3.5
    rows = np.abs(page.astype(int) - RED).max(axis=2) <= 6
    widths = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], rows[box[1] + 2].astype(int), [0]]))))[::2]
    assert widths.min() >= 160 and len(widths) * (number // len(widths)) <= number


@pytest.mark.parametrize("size", [(4000, 100), (100, 4000), (5, 5), (24, 18), (2000, 2000)])
def test_any_shape_of_picture_fits(size: tuple[int, int]) -> None:
    picture = thumbnail(plain(RED, *size))
    page = sheet([Cell(pixels=picture, name="x"), Cell(pixels=picture, name="y")], [])
    assert max(page.shape[:2]) <= LONGEST and where(page, RED, near=40) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 100_000,
        "word " * 20_000,
        "\x1b[31mred\x00\x07",
        "line\nline\r\nline\u2028line",
        "\u202egnp.exe",
        "кот 猫 🐈 ‏עברית",
        "a\ud800b",
    ],
)
def test_any_text_is_drawn_within_its_cell(text: str) -> None:
    began = time.monotonic()
    cells = [
        cell(RED, text, lines=((text, "bad"), (text, "good"))),
        cell(None, text, missing=text),
        cell(GREEN, "right"),
    ]
    page = sheet(cells, [text, text])
    assert max(page.shape[:2]) <= LONGEST and where(page, GREEN) is not None
    assert time.monotonic() - began < 3


def test_the_same_cells_give_the_same_pixels() -> None:
    cells = [cell(RED, "a", best=True), cell(None, "b", missing="no")]
    assert sheet(cells, ["h"]).tobytes() == sheet(cells, ["h"]).tobytes()


def test_a_sheet_of_nothing_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one cell"):
        sheet([], ["h"])


def test_a_thumbnail_keeps_the_shape_and_small_ones_as_they_are() -> None:
    assert thumbnail(plain(RED, 1000, 500), 480).shape == (240, 480, 3)
    small = plain(RED, 100, 50)
    assert thumbnail(small, 480) is small


def test_the_edge_of_a_region_is_drawn_and_nothing_else() -> None:
    picture = plain(BLUE, 120, 80)
    inside = np.zeros((160, 240), bool)
    inside[40:120, 60:180] = True
    drawn = outlined(picture, inside)
    assert (picture == BLUE).all()
    frame = where(drawn, GOLD, near=30)
    assert frame and np.abs(np.subtract(frame, (30, 20, 90, 60))).max() <= 3
    assert (drawn[30:50, 40:80] == BLUE).all() and (drawn[:10] == BLUE).all()
