"""Edits of photographs for calibrating and testing, independent of the painter: each from one picture to one.

Used by the tests of similarity, by benchmarks/similarity.py and by the embedded judge's confusion table.
All random choices come from a fixed seed, so that every run sees the same pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def jpeg(picture: Pixels, quality: int = 60) -> Pixels:
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def noise(picture: Pixels, deviation: float = 8) -> Pixels:
    grain = np.random.default_rng(5).normal(0, deviation, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def shift(picture: Pixels, share: float = 0.02) -> Pixels:
    height, width = picture.shape[:2]
    matrix = np.float32([[1, 0, width * share], [0, 1, height * share]])
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def crop(picture: Pixels, share: float = 0.02) -> Pixels:
    height, width = picture.shape[:2]
    top, left = int(height * share), int(width * share)
    return cv2.resize(picture[top : height - top, left : width - left], (width, height))


def zoom(picture: Pixels) -> Pixels:
    return crop(picture, 0.1)


def mirror(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(picture[:, ::-1])


def grade(picture: Pixels, gamma: float, contrast: float, warmth: float) -> Pixels:
    values = ((picture / 255.0) ** gamma - 0.5) * contrast + 0.5
    return _bytes(values * np.array([1 + warmth, 1, 1 - warmth]))


def mild(picture: Pixels) -> Pixels:
    return grade(picture, 0.9, 1.08, 0.03)


def medium(picture: Pixels) -> Pixels:
    return grade(picture, 0.8, 1.1, 0.1)


def strong(picture: Pixels) -> Pixels:
    return grade(picture, 1.5, 1.3, 0.25)


def darker(picture: Pixels) -> Pixels:
    """Night by a simple curve: a third of the light, bluish."""
    return _bytes(grade(picture, 1.6, 1, -0.25) / 255.0 * 0.35)


def veil(picture: Pixels) -> Pixels:
    """Fog by a grey veil, thicker at the top."""
    share = np.linspace(0.8, 0.35, len(picture))[:, None, None]
    return _bytes((picture * (1 - share) + 215 * share) / 255.0)


def glow(picture: Pixels) -> Pixels:
    """Sunset by a warm grade and an orange gradient from the top."""
    share = np.clip(1.4 - 2.5 * np.linspace(0, 1, len(picture)), 0, 0.85)[:, None, None]
    warm = grade(picture, 1.2, 1.05, 0.3) * (1 - share) + np.array([250, 140, 70.0]) * share
    return _bytes(warm / 255.0)


def drawing(picture: Pixels) -> Pixels:
    """Pencil by colour dodge of the blurred negative."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    softened = cv2.GaussianBlur(255 - grey, (0, 0), 8)
    return _grey(np.clip(grey / (256.0 - softened) * 255, 0, 255).astype(np.uint8))


def monochrome(picture: Pixels) -> Pixels:
    return _grey(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def blur(picture: Pixels) -> Pixels:
    return cv2.GaussianBlur(picture, (0, 0), picture.shape[1] / 80)


def flatten(picture: Pixels) -> Pixels:
    """Paint-like: median, then few tones."""
    return np.minimum(cv2.medianBlur(picture, 9) // 24 * 24 + 8, 255).astype(np.uint8)


def paste(picture: Pixels, side: float = 0.32) -> Pixels:
    """A plain block of `side` x `side` of the picture, a tenth of its area, in one loud colour."""
    height, width = picture.shape[:2]
    result = picture.copy()
    top, left = height // 3, width // 3
    result[top : top + int(height * side), left : left + int(width * side)] = (210, 30, 160)
    return result


def small_paste(picture: Pixels) -> Pixels:
    return paste(picture, 0.17)


def unchanged(picture: Pixels) -> Pixels:
    return picture.copy()


EDITS: dict[str, Callable[[Pixels], Pixels]] = {
    function.__name__: function
    for function in (
        unchanged,
        jpeg,
        noise,
        shift,
        crop,
        mild,
        medium,
        strong,
        small_paste,
        paste,
        blur,
        flatten,
        monochrome,
        veil,
        darker,
        glow,
        drawing,
        zoom,
        mirror,
    )
}


def _bytes(values: NDArray[np.float64]) -> Pixels:
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def _grey(values: Pixels) -> Pixels:
    return np.dstack([values] * 3)
