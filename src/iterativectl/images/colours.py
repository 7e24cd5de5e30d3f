"""Regions of a picture chosen by colour: near a colour, between two, of a name, joined to a point. Pure.

Distances are CIE 1976 delta E in CIE L*a*b* (D65): about 2.3 is the least that people see, 20 is "the same
colour in another light". OpenCV's float conversion gives L in [0, 100] and a, b in about [-127, 127].

A *name* is wider than one shade: it holds for a range of hue, chroma and lightness (CIE LCh). The ranges were
set on the 140 named colours of CSS and looked at on photographs; the eleven basic colour terms are those of
Berlin and Kay (1969), and turquoise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Colour, Pixels
from iterativectl.images.regions import Inside, without_specks

Floats = NDArray[np.float32]

TOLERANCE = 20.0  # delta E where nothing else is said
SPECK = 0.0005  # share of the picture: smaller pieces and holes are noise of a photograph
_GAP = 400  # a gap is closed below one part in so many of the longest side


@dataclass(frozen=True, slots=True, kw_only=True)
class Shades:
    """What a colour's name holds: hue in degrees (from, to; may pass 360), chroma and lightness ranges."""

    hue: tuple[float, float] = (0.0, 360.0)
    chroma: tuple[float, float] = (0.0, 200.0)
    lightness: tuple[float, float] = (0.0, 100.0)


NAMES: Mapping[str, tuple[Shades, ...]] = {
    "black": (Shades(chroma=(0, 12), lightness=(0, 22)), Shades(lightness=(0, 8))),
    "white": (Shades(chroma=(0, 9), lightness=(90, 100.1)),),
    "grey": (Shades(chroma=(0, 10), lightness=(22, 90)),),
    "red": (
        Shades(hue=(12, 48), chroma=(40, 200), lightness=(8, 62)),
        Shades(hue=(30, 48), chroma=(60, 200), lightness=(62, 70)),
    ),
    "orange": (Shades(hue=(48, 77), chroma=(45, 200), lightness=(55, 100)),),
    "brown": (
        Shades(hue=(30, 85), chroma=(10, 45), lightness=(8, 55)),
        Shades(hue=(48, 85), chroma=(45, 200), lightness=(8, 55)),
    ),
    "yellow": (Shades(hue=(77, 112), chroma=(35, 200), lightness=(55, 100.1)),),
    "green": (
        Shades(hue=(112, 180), chroma=(10, 200), lightness=(8, 100.1)),
        Shades(hue=(85, 112), chroma=(10, 200), lightness=(8, 55)),
    ),
    "turquoise": (Shades(hue=(180, 225), chroma=(10, 200), lightness=(8, 100.1)),),
    "blue": (Shades(hue=(225, 306.5), chroma=(10, 200), lightness=(8, 100.1)),),
    "purple": (Shades(hue=(306.5, 345), chroma=(12, 200), lightness=(8, 70)),),
    "pink": (
        Shades(hue=(345, 372), chroma=(12, 200), lightness=(40, 100)),
        Shades(hue=(306.5, 345), chroma=(12, 200), lightness=(70, 100)),
        Shades(hue=(12, 40), chroma=(12, 60), lightness=(62, 100)),
    ),
}
ALSO = {"gray": "grey", "cyan": "turquoise", "teal": "turquoise", "violet": "purple", "magenta": "purple"}


def near(pixels: Pixels, colour: Colour, tolerance: float = TOLERANCE) -> Inside:
    """Where the picture is within `tolerance` delta E of a colour."""
    return np.asarray(_distance(_lab(pixels), _lab_of(colour)) <= tolerance)


def between(pixels: Pixels, first: Colour, second: Colour) -> Inside:
    """Where each channel (red, green, blue) lies between those of two colours, both included."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.asarray(((pixels >= low) & (pixels <= high)).all(axis=2))


def named(pixels: Pixels, name: str) -> Inside:
    """Where the picture has a shade that the name (of NAMES) holds."""
    lab = _lab(pixels)
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    inside = np.zeros(lightness.shape, np.bool_)
    for shades in NAMES[name]:
        start, end = shades.hue
        turned = (hue - start) % 360 < end - start if end - start < 360 else np.True_
        fits = turned & _in(chroma, shades.chroma) & _in(lightness, shades.lightness)
        inside |= fits
    return inside


def joined(pixels: Pixels, at: tuple[int, int], tolerance: float = TOLERANCE) -> Inside:
    """The connected area around the pixel `at` (x, y) of its colour: what a magic wand takes.

    The colour is the median of the 3 x 3 pixels around, so that one noisy pixel does not decide.
    """
    x, y = at
    around = pixels[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].reshape(-1, 3)
    lab = _lab(pixels)
    seed = np.median(_lab(around[None])[0], axis=0)
    fits = (_distance(lab, seed) <= tolerance).astype(np.uint8)
    fits[y, x] = 1
    _, labels = cv2.connectedComponents(fits, connectivity=4)
    return np.asarray(labels == labels[y, x])


def tidied(inside: Inside) -> Inside:
    """Without the specks and pinholes that a choice by colour leaves in a photograph."""
    reach = max(inside.shape) // _GAP
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # With a border of its own: cv2 takes what is beyond the picture's edge for outside when it shrinks back.
    framed = np.pad(inside.astype(np.uint8), 2 * reach, mode="edge")
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, kernel)
    height, width = inside.shape
    whole = closed[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width] > 0
    return without_specks(np.asarray(whole), max(1, round(SPECK * inside.size)))


def _lab(pixels: Pixels) -> Floats:
    lab: Floats = cv2.cvtColor(
        np.ascontiguousarray(pixels).astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB
    )
    return lab


def _lab_of(colour: Colour) -> Floats:
    return np.asarray(_lab(np.array([[colour]], np.uint8))[0, 0])


def _distance(lab: Floats, colour: Floats) -> Floats:
    return np.asarray(np.linalg.norm(lab - np.asarray(colour, np.float32), axis=2), np.float32)


def _in(values: Floats, bounds: tuple[float, float]) -> Inside:
    return np.asarray((values >= bounds[0]) & (values < bounds[1]))
