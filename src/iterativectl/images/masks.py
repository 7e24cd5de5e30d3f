"""Masks: which part of a picture may be edited, read from any mask picture; grown, feathered, sent. Pure.

White is what may be edited. What people have is of four kinds, told apart by looking at the pixels:

negative  alpha that is the negative of the colours (what `sent_mask` makes): both say the same
opaque    no alpha, or an alpha of 250 and more everywhere: light is edited, black stays
drawing   strokes on a transparent layer: opaque and light is edited, what is transparent stays
hole      a picture with a hole in its alpha, as ComfyUI's mask editor and clipspace save it: what is
          transparent is edited, whatever its colour

A drawing and a picture differ in their colours. A drawing has few, under its transparent pixels too: DRAWN of
the pixels are in its FEW commonest colours, or all are greys that run softly into each other (a soft brush).
A photograph has many, and grain, also in black and white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.errors import ImageError
from iterativectl.images import exact

Mask = NDArray[np.bool_]  # height x width, True: may be edited
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

NEGATIVE, OPAQUE, DRAWING, HOLE = "negative", "opaque", "drawing", "hole"
ASPECT = 0.02  # how far a mask's ratio of sides may be from the picture's before it is said
DRAWN, FEW = 0.97, 4
_OPAQUE_FROM = 250  # editors leave 254 here and there
_WORKING = 512  # longest side at which colours are counted
_SOFT = 0.04  # share of pixels with grain up to which greys are a brush's; photographs: see the tests
_GRAIN = 3  # levels (0-255) from the median of the 3 x 3 around
_NEUTRAL = 12  # of a grey's channels, largest less smallest
_HINT = "White is what may be edited, black is what stays: paint the part that may change white."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskPicture:
    """What was read. `inside` is None where everything may change: no mask is in force.

    `understood` is one of NEGATIVE, OPAQUE, DRAWING, HOLE; `notes` are sentences for people.
    """

    inside: Mask | None
    understood: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Where a picture may change, and how far.

    `inside`: bool, height x width, after growing. `weights`: float32, 1 inside, falling to 0 outside it.
    """

    inside: Mask
    weights: Floats

    @property
    def support(self) -> Mask:
        """Every pixel that may change at all: the weights above 0."""
        return self.weights > 0

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The smallest (x, y, width, height) around the support."""
        rows, columns = np.flatnonzero(self.support.any(axis=1)), np.flatnonzero(self.support.any(axis=0))
        left, top = int(columns[0]), int(rows[0])
        return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def read_mask(data: bytes, size: tuple[int, int], *, name: str = "mask") -> MaskPicture:
    """A mask picture of any kind, for a picture of `size` (width, height).

    Another size is scaled smoothly and cut at half, so that edges stay clean. Raises ImageError for a picture
    that cannot be read, is black everywhere, or is transparent everywhere.
    """
    seen = exact.read(data, name=name)
    pixels = exact.eight_bits(seen.values)
    understood = _understood(pixels, name)
    light = _light(pixels, understood)
    if not (light > 0.5).any():
        raise ImageError(f"nothing may be edited: {name} is all black", _HINT)
    inside = _scaled(light, size) > 0.5
    if not inside.any():
        raise ImageError(
            f"nothing may be edited: nothing white is left of {name} at {size[0]} x {size[1]}",
            "Paint a larger part white, or grow the mask.",
        )
    notes = _notes(light, seen.size, size, name)
    return MaskPicture(inside=None if inside.all() else inside, understood=understood, notes=notes)


def region(inside: Mask, *, grow: int, feather: int) -> Region:
    """The mask grown by `grow` pixels (negative: shrunk) with a soft border of `feather` pixels around it.

    Distances are Euclidean, from pixel centre to pixel centre. A pixel is inside when one of the mask is at
    most `grow` away; when shrinking, when none outside the mask is at most -grow away (the picture's own
    border is not outside). At distance d the weight is max(0, 1 - d / (feather + 1)): along a straight edge
    exactly `feather` pixels lie between 1 and 0. Raises ImageError where nothing is left; ValueError for a
    feather below 0.
    """
    if feather < 0:
        raise ValueError(f"feather must be 0 or more, not {feather}")
    grown = _grown(np.asarray(inside, np.bool_), grow)
    if not grown.any():
        raise ImageError(
            f"nothing may be edited: shrunk by {-grow} pixels, nothing is left of the mask"
            if grow < 0
            else "nothing may be edited: the mask is empty",
            "Shrink it by less (masking.grow)." if grow < 0 else _HINT,
        )
    distance = _distance_to(grown)
    weights = np.clip(1 - distance / np.float32(feather + 1), 0, 1)
    weights[distance > feather + 1 - 1e-3] = 0
    return Region(inside=grown, weights=weights.astype(np.float32))


def weights_png(weights: Floats) -> bytes:
    """Weights (0-1, height x width) as an 8-bit grey PNG to look at: 255 is 1, rounded, and 0 is 0."""
    whole, packed = cv2.imencode(".png", np.rint(weights * 255).astype(np.uint8))
    if not whole:
        raise ImageError("the mask cannot be packed as PNG", "It may be too large: scale it down.")
    return bytes(packed.tobytes())


def sent_mask(support: Mask) -> bytes:
    """The PNG that is sent to ComfyUI: white in R, G and B where edited, alpha its negative.

    So LoadImage's picture (alpha dropped), LoadImage's mask (1 - alpha) and LoadImageMask on red, green, blue
    (as it is) or alpha (1 - alpha) all give the same mask.
    """
    light = np.where(support, 255, 0).astype(np.uint8)
    return exact.encoded(np.dstack([light, light, light, 255 - light]))


def with_hole(picture: bytes, mask: bytes) -> bytes:
    """The picture as an RGBA PNG whose alpha is 0 where the mask is white; colours are kept under the hole.

    For graphs that take the mask from the alpha of the picture they load. Raises ImageError.
    """
    seen = exact.read(picture)
    most = np.iinfo(seen.values.dtype).max
    alpha = np.where(_hole(mask, seen.size), 0, most).astype(seen.values.dtype)
    return exact.encoded(np.dstack([seen.values[:, :, :3], alpha]))


def _hole(mask: bytes, size: tuple[int, int]) -> Mask:
    pixels = exact.eight_bits(exact.read(mask).values)
    if pixels.shape[2] == 4 and _is_negative(pixels):
        return _scaled(_light(pixels, NEGATIVE), size) > 0.5  # ours: white everywhere is meant so
    inside = read_mask(mask, size).inside
    return np.ones(size[::-1], np.bool_) if inside is None else inside


def _grown(inside: Mask, grow: int) -> Mask:
    if grow == 0:
        return inside
    if grow > 0:
        return np.asarray(_distance_to(inside) <= grow + 1e-3)
    return np.asarray(_distance_to(~inside) > -grow + 1e-3)


def _distance_to(goal: Mask) -> Floats:
    """Of every pixel to the nearest of the goal, exact; endless where there is none.

    OpenCV's DIST_MASK_PRECISE (Felzenszwalb and Huttenlocher 2012) is exact up to float32's rounding: squared
    distances are whole numbers, so that a thousandth of a pixel decides no comparison below 500 pixels.
    """
    if not goal.any():
        return np.full(goal.shape, np.inf, np.float32)
    away = np.where(goal, 0, 1).astype(np.uint8)
    found = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(found, np.float32)


def _understood(pixels: Bytes, name: str) -> str:
    if pixels.shape[2] == 3 or pixels[:, :, 3].min() >= _OPAQUE_FROM:
        return OPAQUE
    if pixels[:, :, 3].max() < 128:
        raise ImageError(f"{name} is transparent everywhere: it does not say what may be edited", _HINT)
    if _is_negative(pixels):
        return NEGATIVE
    small = _small(pixels)
    return HOLE if _varied(small, small[:, :, 3] >= 128) or _varied(small, small[:, :, 3] < 128) else DRAWING


def _is_negative(pixels: Bytes) -> bool:
    return bool(np.abs(_grey(pixels).astype(np.int16) + pixels[:, :, 3] - 255).max() <= 2)


def _varied(pixels: Bytes, where: Mask) -> bool:
    """Whether these pixels are a photograph's rather than strokes."""
    colours = pixels[:, :, :3][where]
    if len(colours) == 0:
        return False
    coarse = (colours >> 4).astype(np.int32) @ np.array([256, 16, 1])
    counts = np.sort(np.bincount(coarse, minlength=4096))[::-1]
    if counts[:FEW].sum() >= DRAWN * len(colours):
        return False
    spread = colours.max(axis=1) - colours.min(axis=1)
    if (spread > _NEUTRAL).mean() > 1 - DRAWN:
        return True
    grey = _grey(pixels)
    grain = cv2.absdiff(grey, cv2.medianBlur(grey, 3))  # a slope, however steep, has none
    solid = cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return bool(solid.any() and (grain[solid] > _GRAIN).mean() > _SOFT)


def _small(pixels: Bytes) -> Bytes:
    """At most _WORKING on the longest side, by leaving pixels out: mixing would make new colours."""
    step = -(-max(pixels.shape[:2]) // _WORKING)
    return np.ascontiguousarray(pixels[::step, ::step])


def _light(pixels: Bytes, understood: str) -> Floats:
    """How much of each pixel is edited, 0-1."""
    if understood == HOLE:
        return np.asarray(1 - pixels[:, :, 3].astype(np.float32) / 255, np.float32)
    if understood == DRAWING:
        # The largest channel, so that red strokes count: on transparency nothing else can be meant.
        strokes = pixels[:, :, :3].max(axis=2).astype(np.float32) / 255
        return np.asarray(strokes * pixels[:, :, 3] / 255, np.float32)
    return np.asarray(_grey(pixels).astype(np.float32) / 255, np.float32)


def _grey(pixels: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[:, :, :3]), cv2.COLOR_RGB2GRAY), np.uint8)


def _scaled(light: Floats, size: tuple[int, int]) -> Floats:
    height, width = light.shape
    if (width, height) == size:
        return light
    shrinks = size[0] * size[1] < width * height
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(light, size, interpolation=kind), np.float32)


def _notes(light: Floats, own: tuple[int, int], size: tuple[int, int], name: str) -> tuple[str, ...]:
    notes = []
    ratio = (own[0] * size[1]) / (own[1] * size[0])
    if abs(ratio - 1) > ASPECT:
        notes.append(
            f"{name} is {own[0]} x {own[1]} for a picture of {size[0]} x {size[1]}: it was stretched to fit"
        )
    between: Any = (light > 0.2) & (light < 0.8)
    if between.mean() > 0.3:
        notes.append(
            f"{between.mean():.0%} of {name} is neither black nor white: "
            "what is lighter than half was taken as white"
        )
    return tuple(notes)
