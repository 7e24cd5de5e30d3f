"""Lines of letters in a picture: watermarks, captions, signs. They are found, not read. Pure.

Marks are what a top-hat and a black-hat leave (thin and lighter, or thin and darker, than what is around).
Marks are letters where five or more stand in a row: of like height, tone and stroke, close together, on one
straight line that is nearly level. That is looked for at six strengths of contrast, at 1024 and at 448 px on
the longest side. A line counts where two strengths agree on it: rows of leaves or windows seldom do.

All limits were set by trials: the words "Sample Watermark 2026" in 12 to 100 px of 1024, light and dark, on
the photographs of the tests, and the same photographs without (docs/measures.md: what is found and missed).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels
from iterativectl.images.working import brought_down

Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Figures = NDArray[np.float64]

WORKING = (1024, 448)  # px: letters of 6 to 60 px at either
STRENGTHS = (28, 38, 50, 66, 88, 118)  # luma levels of 255 between a mark and what is around it
AGREE = 2
LETTERS = 5
_STROKE = np.ones((13, 13), np.uint8)  # wider strokes are found at the smaller size
_TONE = 24.0  # luma levels between neighbours
_HEIGHTS, _STROKES = 1.7, 1.6  # ratios: a capital to a small letter, a bold stem to a hairline
_SLOPE = 0.25  # of a line


@dataclass(frozen=True, slots=True)
class _Marks:
    """Letters perhaps, from left to right. Sizes in px, tone in luma levels, stroke: about its width."""

    left: Figures
    right: Figures
    bottom: Figures
    height: Figures
    tone: Figures
    stroke: Figures

    def at(self, where: NDArray[np.intp] | slice) -> _Marks:
        return _Marks(*(getattr(self, each.name)[where] for each in fields(self)))

    def __len__(self) -> int:
        return len(self.left)


def text_share(pixels: Pixels, mask: Mask | None = None) -> float:
    """How much of the picture, or of the mask, lines of letters cover: 0 none - 1 all of it."""
    covered = lettered(pixels)
    counted = covered if mask is None else covered[mask]
    return float(counted.mean()) if counted.size else 0.0


def lettered(pixels: Pixels) -> Mask:
    """Where the lines of letters are: the boxes around them, in the picture's own size."""
    found = np.zeros(pixels.shape[:2], np.bool_)
    done: tuple[int, ...] = ()
    for longest in WORKING:
        small, _ = brought_down(pixels, None, longest)
        if small.shape[:2] == done:
            break
        done = small.shape[:2]
        _paint(found, _lines(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)), done)
    return found


def _paint(found: Mask, boxes: list[tuple[int, int, int, int]], size: tuple[int, ...]) -> None:
    down, across = found.shape[0] / size[0], found.shape[1] / size[1]
    for left, top, right, bottom in boxes:
        rows = slice(round(top * down), round(bottom * down))
        found[rows, round(left * across) : round(right * across)] = True


def _lines(grey: Bytes) -> list[tuple[int, int, int, int]]:
    """(left, top, right, bottom) of every line that enough strengths agree on."""
    boxes = []
    for how in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        marks = cv2.morphologyEx(grey, how, _STROKE)
        votes = np.zeros(grey.shape, np.uint8)
        for strength in STRENGTHS:
            votes += _rows(grey, (marks > strength).astype(np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats((votes >= AGREE).astype(np.uint8))
        for left, top, width, height, _ in stats[1:].tolist():
            if width >= 2 * height and height >= 5:
                boxes.append((left, top, left + width, top + height))
    return boxes


def _rows(grey: Bytes, ink: Bytes) -> Bytes:
    """1 in the boxes around rows of letters, 0 elsewhere."""
    painted = np.zeros(grey.shape, np.uint8)
    marks = _marks(grey, ink)
    for chain in _chains(_next(marks)):
        row = marks.at(chain)
        if _is_line(row):
            top = int((row.bottom - row.height).min())
            painted[top : int(row.bottom.max()), int(row.left.min()) : int(row.right.max())] = 1
    return painted


def _marks(grey: Bytes, ink: Bytes) -> _Marks:
    """What has the size and the fill of a letter; i and l are narrow, m and w wide."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    left, top, width, height, area = stats.T.astype(np.float64)
    fill = area / (width * height)
    shaped = (height >= 6) & (height <= 60) & (width >= 2) & (width <= 3 * height)
    solid = (fill >= 0.15) & (fill <= 0.95) & (area >= 12)
    flat = labels.ravel()
    tone = np.bincount(flat, weights=grey.ravel(), minlength=count) / area
    rim = ink - cv2.erode(ink, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    around = np.bincount(flat, weights=rim.ravel(), minlength=count)
    everything = _Marks(left, left + width, top + height, height, tone, 2 * area / np.maximum(around, 1))
    kept = np.flatnonzero(shaped & solid & (np.arange(count) > 0))
    return everything.at(kept[np.argsort(left[kept], kind="stable")])


def _next(marks: _Marks) -> NDArray[np.intp]:
    """Of every mark the nearest one to its right that may be the next letter; -1 without any."""
    following = np.full(len(marks), -1, np.intp)
    for step in range(1, len(marks)):
        one, other = marks.at(slice(None, -step)), marks.at(slice(step, None))
        near = other.left - one.right <= 1.7 * np.maximum(one.height, 8)
        if not near.any():
            break
        free = following[:-step] < 0
        fits = np.flatnonzero(near & free & _alike(one, other))
        following[fits] = fits + step
    return following


def _alike(one: _Marks, other: _Marks) -> Mask:
    tall = np.maximum(one.height, other.height)
    beside = (other.left - one.right <= tall) & (other.left >= (one.left + one.right) / 2)
    level = np.abs(one.bottom - other.bottom) <= 0.25 * tall
    same_size = tall <= _HEIGHTS * np.minimum(one.height, other.height)
    same_tone = np.abs(one.tone - other.tone) <= _TONE
    thick = np.maximum(one.stroke, other.stroke)
    same_stroke = thick <= _STROKES * np.minimum(one.stroke, other.stroke)
    return np.asarray(beside & level & same_size & same_tone & same_stroke)


def _chains(following: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Rows of marks, each mark in one of them; only the long ones."""
    used: set[int] = set()
    chains = []
    for start in range(len(following)):
        chain: list[int] = []
        mark = start
        while mark >= 0 and mark not in used:
            chain.append(mark)
            used.add(mark)
            mark = int(following[mark])
        if len(chain) >= LETTERS:
            chains.append(np.array(chain))
    return chains


def _is_line(row: _Marks) -> bool:
    """Whether the feet of the letters stand on one straight line that is nearly level."""
    middle, height = (row.left + row.right) / 2, row.height.mean()
    slope, base = np.polyfit(middle, row.bottom, 1)
    off = np.median(np.abs(row.bottom - (slope * middle + base)))
    long_enough = row.right.max() - row.left.min() >= 2.5 * height
    return bool(long_enough and off <= 0.12 * height and abs(slope) <= _SLOPE)
