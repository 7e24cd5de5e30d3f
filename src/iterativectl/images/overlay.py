"""A mask shown on its picture, for a person to look at: what may change, what fades, what stays. Pure.

Inside the mask the picture is as it is, under a thin tint; outside it is darkened. Lines are drawn where the
mask ends as it was drawn, where it ends after growing, and where the feather band ends: from there on every
pixel is the source's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from iterativectl.images.normalise import Colour, Pixels
from iterativectl.images.regions import Inside, Size

Floats = NDArray[np.float32]
Edge = NDArray[Any]  # length x 2, whole numbers: x, y
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

LONGEST = 1600  # pixels of the overlay's longest side
SMALL = 800  # a picture below this is enlarged by a whole number, or the lines would hide it
DRAWN: Colour = (255, 214, 10)
GROWN: Colour = (64, 224, 255)
FEATHER: Colour = (255, 92, 205)
_TINT = 0.10  # of the colour over what may change
_BAND_TINT = 0.45  # of the feather's colour where it begins to fade
_DARK = 0.38  # of the brightness that is left outside
_GROUND: Colour = (24, 26, 30)
_TEXT: Colour = (236, 238, 240)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """What is drawn: bool arrays and weights of the picture's height x width, and lines of text below.

    `drawn` is the mask as it is in its file, `grown` after growing or shrinking, `weights` in [0, 1] after
    feathering.
    """

    drawn: Inside
    grown: Inside
    weights: Floats
    title: str = ""


def overlay(pixels: Pixels, shown: Shown, *, longest: int = LONGEST) -> Pixels:
    """The picture with the mask on it and a legend below it; as wide as the picture, at most `longest`."""
    size = _display_size((pixels.shape[1], pixels.shape[0]), longest)
    drawn, grown, weights = (_scaled(part, size) for part in (shown.drawn, shown.grown, shown.weights))
    picture = _toned(_scaled_picture(pixels, size), grown, weights)
    width = max(1, round(max(size) / 640))
    lines = [(drawn > 0.5, DRAWN, 0)]
    if (shown.drawn != shown.grown).any():
        lines.insert(0, (grown > 0.5, GROWN, 8))
    if ((shown.weights > 0) & (shown.weights < 1)).any():
        lines.insert(0, (weights > _EDGE, FEATHER, 4))
    for inside, colour, dash in lines:
        _outline(picture, inside, colour, width, dash * width)
    return _with_legend(picture, shown, [colour for _, colour, _ in reversed(lines)])


_EDGE = 1 / 255  # a weight below this changes no 8-bit pixel


def _toned(picture: Pixels, grown: Floats, weights: Floats) -> Pixels:
    """Darker outside, tinted inside, the band in its own tint, stronger where more may change."""
    colours = picture.astype(np.float32)
    grey = colours.mean(axis=2, keepdims=True)
    outside = (0.5 * colours + 0.5 * grey) * _DARK
    inside = (1 - _TINT) * colours + _TINT * np.asarray(DRAWN, np.float32)
    band = (1 - _BAND_TINT) * colours + _BAND_TINT * np.asarray(FEATHER, np.float32)
    core, fading = np.minimum(grown, weights)[..., None], weights[..., None]
    mixed = core * inside + (fading - core) * band + (1 - fading) * outside
    return np.asarray(np.clip(np.round(mixed), 0, 255), np.uint8)


def _outline(picture: Pixels, inside: Inside, colour: Colour, width: int, dash: int) -> None:
    """Draw a region's edge, dashed for dash > 0; a whole one on a dark casing, to be seen on any picture."""
    edges, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    pieces = [piece for edge in edges for piece in _dashes(edge[:, 0, :], dash)]
    if not dash:
        cv2.polylines(picture, pieces, True, (0, 0, 0), width + 2, cv2.LINE_AA)
    cv2.polylines(picture, pieces, not dash, colour, width, cv2.LINE_AA)


def _dashes(edge: Edge, dash: int) -> Iterator[Edge]:
    """An edge's pixels in runs of `dash` with as long gaps; the whole of it for 0."""
    if not dash:
        yield edge
        return
    for start in range(0, len(edge), 2 * dash):
        yield edge[start : start + dash]


def _with_legend(picture: Pixels, shown: Shown, colours: Sequence[Colour]) -> Pixels:
    """The picture above a strip that says what its lines mean."""
    meanings = {DRAWN: "the mask as drawn", GROWN: "after grow", FEATHER: "end of the feather band"}
    entries: list[tuple[Colour | None, str]] = [(None, shown.title)] if shown.title else []
    entries += [(colour, meanings[colour]) for colour in colours]
    entries.append((None, "dark: every pixel stays"))
    height, width = picture.shape[:2]
    text = max(11, round(max(width, height) / 60))
    font = ImageFont.load_default(text)
    rows = _rows(entries, width, text, font)
    strip = Image.new("RGB", (width, round((1.7 * len(rows) + 0.6) * text)), _GROUND)
    pen = ImageDraw.Draw(strip)
    for number, row in enumerate(rows):
        for left, colour, words in row:
            middle = round((1.15 + 1.7 * number) * text)
            if colour is not None:
                pen.rectangle((left, middle - text // 8, left + text, middle + text // 8), fill=colour)
            pen.text(
                (left + (1.5 * text if colour is not None else 0), middle),
                words,
                fill=_TEXT,
                font=font,
                anchor="lm",
            )
    return np.concatenate([picture, np.asarray(strip)])


def _rows(
    entries: Sequence[tuple[Colour | None, str]], width: int, text: int, font: Font
) -> list[list[tuple[int, Colour | None, str]]]:
    """The legend's entries with where they begin, as many on a row as fit."""
    rows: list[list[tuple[int, Colour | None, str]]] = [[]]
    left = text
    for colour, words in entries:
        long = round(font.getlength(words) + (1.5 * text if colour is not None else 0))
        if rows[-1] and left + long > width - text:
            rows.append([])
            left = text
        rows[-1].append((left, colour, words))
        left += long + 2 * text
    return rows


def _display_size(size: Size, longest: int) -> Size:
    side = max(size)
    factor = longest / side if side > longest else longest // side if side < SMALL else 1
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _scaled_picture(pixels: Pixels, size: Size) -> Pixels:
    smaller = size[0] < pixels.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how), np.uint8)


def _scaled(part: NDArray[np.generic], size: Size) -> Floats:
    how = cv2.INTER_AREA if size[0] < part.shape[1] else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(part.astype(np.float32), size, interpolation=how), np.float32)
