"""A contact sheet: pictures side by side, each with its name and what was found of it below. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from iterativectl.images.normalise import Colour, Pixels

Tone = Literal["plain", "quiet", "good", "bad", "unsure"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

LONGEST = 4800  # pixels of the sheet's longest side at most
CELL = 480  # pixels of a cell's width where there is room
SMALLEST = 160
_ROWS = 2  # of the name, and of each line below it
_LONGEST_TEXT = 400  # characters that are looked at: more never fits
_SHAPE = 1.5  # the sheet's width : height that is aimed at: that of a screen
_TALLEST, _WIDEST = 1.5, 0.4  # height : width of the place for a picture
_GROUND: Colour = (24, 26, 30)
_CARD: Colour = (36, 39, 45)
_EMPTY: Colour = (70, 74, 82)
_BEST: Colour = (255, 196, 0)
_TONES: dict[Tone, Colour] = {
    "plain": (236, 238, 240),
    "quiet": (158, 164, 172),
    "good": (120, 214, 130),
    "bad": (255, 128, 118),
    "unsure": (240, 200, 90),
}
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """One picture and what is written below it. Without a picture a grey place with `missing` on it.

    The name and each of `lines` may take two rows; what is longer is cut. `best`: framed, and said.
    """

    pixels: Pixels | None
    name: str
    lines: tuple[tuple[str, Tone], ...] = ()
    missing: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sizes in pixels. `place` is where a picture goes, `text` the height of small letters.

    `rows` of text are below every picture: of the name, and of all else.
    """

    columns: int
    place: tuple[int, int]
    text: int
    rows: tuple[int, int] = (2, 4)

    @property
    def gap(self) -> int:
        return max(6, self.text // 2)

    @property
    def name_text(self) -> int:
        return round(self.text * 1.2)

    @property
    def caption(self) -> int:
        """Height of all that is written below a picture."""
        return round(self.rows[0] * 1.25 * self.name_text + self.rows[1] * 1.35 * self.text + 1.5 * self.gap)

    @property
    def cell(self) -> tuple[int, int]:
        return self.place[0] + 2 * self.gap, self.place[1] + self.gap + self.caption

    def size(self, cells: int) -> tuple[int, int]:
        """Width and height of so many cells with the gaps between them, without a heading."""
        rows = math.ceil(cells / self.columns)
        width, height = self.cell
        return self.gap + self.columns * (width + self.gap), self.gap + rows * (height + self.gap)


def thumbnail(pixels: Pixels, longest: int = CELL) -> Pixels:
    """The picture within `longest` pixels each way; smaller ones as they are."""
    height, width = pixels.shape[:2]
    if max(width, height) <= longest:
        return pixels
    factor = longest / max(width, height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.LANCZOS))


def outlined(pixels: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """The picture with the edge of a region drawn on it. `inside`: the region, of any size."""
    height, width = pixels.shape[:2]
    region = cv2.resize(inside.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
    edges, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.ascontiguousarray(pixels).copy()
    thin = max(2, round(max(width, height) / 240))
    cv2.polylines(drawn, edges, True, (0, 0, 0), thin + 2, cv2.LINE_AA)
    cv2.polylines(drawn, edges, True, _BEST, thin, cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)


def sheet(cells: Sequence[Cell], heading: Sequence[str]) -> Pixels:
    """All cells on one picture, row by row, below the lines of the heading. Raises ValueError for no cell."""
    if not cells:
        raise ValueError("a sheet needs at least one cell")
    layout = _layout(cells)
    width, height = layout.size(len(cells))
    head = _heading(heading, width, layout)
    page = Image.new("RGB", (width, head.height + height), _GROUND)
    page.paste(head, (0, 0))
    for number, cell in enumerate(cells):
        row, column = divmod(number, layout.columns)
        left = layout.gap + column * (layout.cell[0] + layout.gap)
        top = head.height + layout.gap + row * (layout.cell[1] + layout.gap)
        page.paste(_card(cell, layout), (left, top))
    page.thumbnail((LONGEST, LONGEST))
    return np.asarray(page)


def room(pictures: int, shape: float) -> int:
    """Pixels of the longest side of so many pictures on one sheet; `shape` is their height / width.

    Nothing is lost when they are scaled to it before they are kept for the sheet. From 160 to 720.
    """
    return max(_grid(pictures, shape).place)


def _layout(cells: Sequence[Cell]) -> _Layout:
    """Where everything goes, by the shape of the first picture that there is."""
    shapes = [c.pixels.shape[0] / c.pixels.shape[1] for c in cells if c.pixels is not None] or [0.75]
    layout = _grid(len(cells), shapes[0])
    return replace(layout, rows=_rows(cells, layout))


def _grid(number: int, shape: float) -> _Layout:
    """The number of columns that brings the sheet nearest to a screen's shape, and how large cells can be."""
    shape = min(max(shape, _WIDEST), _TALLEST)

    def laid(columns: int, width: int) -> _Layout:
        return _Layout(columns, (width, max(1, round(width * shape))), max(11, round(width / 26)))

    def badness(columns: int) -> float:
        width, height = laid(columns, CELL).size(number)
        empty = columns * math.ceil(number / columns) - number
        return abs(math.log(width / height / _SHAPE)) + 0.6 * empty / columns

    columns = min(range(1, number + 1), key=badness)
    width = CELL
    while width > SMALLEST and max(laid(columns, width).size(number)) > LONGEST * 0.95:
        width -= 16
    return laid(columns, width)


def _rows(cells: Sequence[Cell], layout: _Layout) -> tuple[int, int]:
    """How many rows of text the cell with the most of them needs."""
    rows = [(len(_name(cell, layout)), len(_lines(cell, layout))) for cell in cells]
    return max(names for names, _ in rows), max(lines for _, lines in rows)


def _name(cell: Cell, layout: _Layout) -> list[str]:
    return _wrapped(_clean(cell.name), _font(layout.name_text), layout.place[0], _ROWS)


def _lines(cell: Cell, layout: _Layout) -> list[tuple[str, Tone]]:
    font = _font(layout.text)
    return [
        (row, tone)
        for text, tone in cell.lines
        for row in _wrapped(_clean(text), font, layout.place[0], _ROWS)
    ]


def _heading(lines: Sequence[str], width: int, layout: _Layout) -> Image.Image:
    """The lines of the heading, the first one larger; long ones are cut."""
    if not lines:
        return Image.new("RGB", (width, 0), _GROUND)
    letters = layout.text * max(1.0, math.sqrt(layout.columns / 3))  # wide sheets are looked at from afar
    sizes = [round(letters * 1.6), *[round(letters * 1.2)] * (len(lines) - 1)]
    strip = Image.new("RGB", (width, round(sum(1.4 * size for size in sizes) + layout.gap)), _GROUND)
    pen, top = ImageDraw.Draw(strip), float(layout.gap)
    for number, (text, size) in enumerate(zip(lines, sizes, strict=True)):
        font = _font(size)
        fill = _TONES["plain" if number == 0 else "quiet"]
        pen.text(
            (2 * layout.gap, top), _cut(_clean(text), font, width - 4 * layout.gap), fill=fill, font=font
        )
        top += 1.4 * size
    return strip


def _card(cell: Cell, layout: _Layout) -> Image.Image:
    card = Image.new("RGB", layout.cell, _CARD)
    pen = ImageDraw.Draw(card)
    gap, (width, height) = layout.gap, layout.place
    if cell.pixels is None:
        pen.rectangle((gap, gap, gap + width - 1, gap + height - 1), fill=_EMPTY)
        _missing(pen, cell.missing, layout)
    else:
        picture = _fitted(cell.pixels, layout.place)
        card.paste(picture, (gap + (width - picture.width) // 2, gap + (height - picture.height) // 2))
    if cell.best:
        _mark(pen, layout)
    _write(pen, cell, layout)
    return card


def _fitted(pixels: Pixels, place: tuple[int, int]) -> Image.Image:
    """As large as the place allows, but at most four times its own size."""
    height, width = pixels.shape[:2]
    factor = min(place[0] / width, place[1] / height, 4.0)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return picture.resize(size, Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.BICUBIC)


def _missing(pen: ImageDraw.ImageDraw, why: str, layout: _Layout) -> None:
    """The reason, in the middle of where the picture would be."""
    font = _font(layout.text)
    width, height = layout.place
    rows = max(1, int(height / (1.35 * layout.text)) - 1)
    lines = _wrapped(_clean(why), font, width - 4 * layout.gap, rows)
    top = layout.gap + height / 2 - 1.35 * layout.text * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        at = (layout.gap + width / 2, top + 1.35 * layout.text * number)
        pen.text(at, line, fill=_TONES["plain"], font=font, anchor="mm")


def _mark(pen: ImageDraw.ImageDraw, layout: _Layout) -> None:
    """A frame around the best, and the word on its picture."""
    width, height = layout.cell
    pen.rectangle((0, 0, width - 1, height - 1), outline=_BEST, width=max(3, layout.gap // 2))
    font = _font(layout.name_text)
    left = top = 2 * layout.gap
    right, bottom = left + round(font.getlength("best")) + 2 * layout.gap, top + round(1.6 * layout.name_text)
    pen.rounded_rectangle((left, top, right, bottom), radius=layout.gap // 2, fill=_BEST)
    pen.text(((left + right) / 2, (top + bottom) / 2), "best", fill=_GROUND, font=font, anchor="mm")


def _write(pen: ImageDraw.ImageDraw, cell: Cell, layout: _Layout) -> None:
    """Name and lines below the picture."""
    top = layout.place[1] + 1.6 * layout.gap
    font = _font(layout.name_text)
    for line in _name(cell, layout):
        pen.text((layout.gap, top), line, fill=_TONES["plain"], font=font)
        top += 1.25 * layout.name_text
    font = _font(layout.text)
    for text, tone in _lines(cell, layout):
        pen.text((layout.gap, top), text, fill=_TONES[tone], font=font)
        top += 1.35 * layout.text


@cache
def _font(size: int) -> Font:
    """Letters of this height in pixels; reading the font takes longer than writing a line with it."""
    return ImageFont.load_default(size)


def _clean(text: str) -> str:
    """In one line, without characters that have no picture."""
    return " ".join(_UNPRINTABLE.sub(" ", text[:_LONGEST_TEXT]).split())


def _wrapped(text: str, font: Font, width: float, rows: int) -> list[str]:
    """The text in at most so many rows, broken between words, the last one cut."""
    lines: list[str] = []
    words = text.split(" ")
    while words and len(lines) < rows:
        if len(lines) == rows - 1:
            return [*lines, _cut(" ".join(words), font, width)]
        taken = 1
        while taken < len(words) and font.getlength(" ".join(words[: taken + 1])) <= width:
            taken += 1
        lines.append(_cut(" ".join(words[:taken]), font, width))
        words = words[taken:]
    return lines


def _cut(text: str, font: Font, width: float) -> str:
    """As much of the text as fits, with three dots for the rest."""
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle].rstrip() + "...") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "..."
