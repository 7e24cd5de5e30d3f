"""Regions of a picture drawn by shape: boxes, polygons, and what can be done with a region. Pure.

A region is a bool array, height x width, True where the picture may be edited. Coordinates are pixels of the
upright picture, x to the right, y downwards; 0, 0 is its top left corner.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Inside = NDArray[np.bool_]  # height x width
Size = tuple[int, int]  # width, height
Point = tuple[float, float]  # x, y
Combining = Literal["replace", "add", "subtract"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of whole pixels: from `left` and `top` up to, but without, `right` and `bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        return max(0, self.bottom - self.top)

    @property
    def area(self) -> int:
        """In pixels; 0 for one without any."""
        return self.width * self.height

    def within(self, size: Size) -> Box:
        """What of it lies in a picture of `size` (width, height)."""
        width, height = size
        return Box(
            left=min(max(self.left, 0), width),
            top=min(max(self.top, 0), height),
            right=min(max(self.right, 0), width),
            bottom=min(max(self.bottom, 0), height),
        )

    def widened(self, share: float, least: int = 0) -> Box:
        """Wider by a share of its own sides on each of them, at least by `least` pixels."""
        across, down = (max(least, round(side * share)) for side in (self.width, self.height))
        return Box(
            left=self.left - across,
            top=self.top - down,
            right=self.right + across,
            bottom=self.bottom + down,
        )

    def common(self, other: Box) -> float:
        """How much two boxes are the same: common area by the area of both together, 0-1."""
        both = Box(
            left=max(self.left, other.left),
            top=max(self.top, other.top),
            right=min(self.right, other.right),
            bottom=min(self.bottom, other.bottom),
        ).area
        together = self.area + other.area - both
        return both / together if together else 0.0

    def as_list(self) -> list[int]:
        """[x, y, width, height], as people write it."""
        return [self.left, self.top, self.width, self.height]


def box_of(x: float, y: float, width: float, height: float) -> Box:
    """The pixels that a rectangle of any figures covers, to the nearest edge between two pixels."""
    return Box(left=_nearest(x), top=_nearest(y), right=_nearest(x + width), bottom=_nearest(y + height))


def boxes(size: Size, drawn: Sequence[Box]) -> Inside:
    """All pixels of these boxes; what of them lies outside the picture is left out."""
    inside = np.zeros((size[1], size[0]), np.bool_)
    for box in drawn:
        part = box.within(size)
        inside[part.top : part.bottom, part.left : part.right] = True
    return inside


def polygon(size: Size, corners: Sequence[Point]) -> Inside:
    """The pixels whose middle lies in a closed polygon; where it overlaps itself twice, it is outside.

    x, y are places between pixels, as a box's sides are: the pixel (0, 0) goes from 0 to 1, its middle is at
    0.5. Corners may lie outside the picture. Raises ValueError for less than three.
    """
    if len(corners) < 3:
        raise ValueError(f"a polygon has at least 3 corners, not {len(corners)}")
    # Not cv2.fillPoly: it moves corners that lie outside the picture to its edge, and the sides with them.
    width, height = size
    crossed = np.zeros((height, width + 1), np.uint8)
    ends = np.asarray(corners, np.float64)
    for (x1, y1), (x2, y2) in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        first, last = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in sorted((y1, y2)))
        rows = np.arange(first, last)
        across = x1 + (x2 - x1) * (rows + 0.5 - y1) / (y2 - y1) if len(rows) else rows
        crossed[rows, np.clip(np.ceil(across - 0.5), 0, width).astype(np.intp)] ^= 1
    return np.asarray(np.bitwise_xor.accumulate(crossed, axis=1)[:, :width] > 0)


def combined(before: Inside, drawn: Inside, how: Combining) -> Inside:
    """An older region of the same size with a new one put in its place, added or taken away."""
    if how == "add":
        return before | drawn
    return before & ~drawn if how == "subtract" else drawn


def share(inside: Inside) -> float:
    """The region's part of the picture, 0-1."""
    return float(inside.mean()) if inside.size else 0.0


def extent(inside: Inside) -> Box | None:
    """The smallest box around the region; None for one without pixels."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return Box(left=int(columns[0]), top=int(rows[0]), right=int(columns[-1]) + 1, bottom=int(rows[-1]) + 1)


def without_specks(inside: Inside, least: int) -> Inside:
    """Pieces below `least` pixels taken away (8-connected), holes below it filled (4-connected)."""
    kept = _pieces(inside, least, connectivity=8)
    return ~_pieces(~kept, least, connectivity=4)


def to_png(inside: Inside) -> bytes:
    """The region as a mask picture: 8-bit grey PNG, white (255) where it may be edited, else black."""
    buffer = io.BytesIO()
    Image.fromarray(np.where(inside, 255, 0).astype(np.uint8)).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _pieces(inside: Inside, least: int, connectivity: int) -> Inside:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        inside.astype(np.uint8), connectivity=connectivity
    )
    if count <= 1:
        return inside
    large = stats[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    return np.asarray(large[labels])


def _nearest(value: float) -> int:
    """The nearest whole number, halves up (round() would take them to the even one)."""
    return int(np.floor(value + 0.5))
