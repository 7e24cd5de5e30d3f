"""Small operations on float pictures, and seeded noise.

A picture here is float32, height x width x 3, RGB, sRGB values in [0, 1]; a field is one such plane.
Blurs are Gaussian: OpenCV's give the same bits however many threads it uses.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
Field = npt.NDArray[Any]


def luma(picture: Pixels) -> Field:
    """Brightness of each pixel, in [0, 1]: Rec. 709 weights, applied to sRGB values."""
    return np.asarray(
        picture[..., 0] * np.float32(0.2126)
        + picture[..., 1] * np.float32(0.7152)
        + picture[..., 2] * np.float32(0.0722)
    )


def blur(values: Field, sigma: float) -> Field:
    """Gaussian blur; sigma in pixels. A wide one is done at a smaller size: nobody sees it."""
    if sigma < 0.3:
        return values
    if sigma <= 6:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))
    height, width = values.shape[:2]
    factor = min(sigma / 4, min(height, width) / 8)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(sigma / factor, 0.3), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def smoothstep(low: float, high: float, values: Field) -> Field:
    """0 at `low`, 1 at `high`, a smooth ramp between; `low` may be the larger one."""
    ramp = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), np.float32)


def mix(one: Field, other: Field, share: Field | float) -> Field:
    """`one` where share is 0, `other` where it is 1. A plane of shares serves all three colours."""
    if isinstance(share, np.ndarray) and share.ndim == 2 and one.ndim == 3:
        share = share[..., None]
    return np.asarray(one + (other - one) * share, np.float32)


def screen(one: Pixels, light: Field) -> Pixels:
    """Add light as two projectors on one wall do: never beyond white."""
    return np.asarray(1.0 - (1.0 - one) * (1.0 - np.clip(light, 0.0, 1.0)), np.float32)


def saturate(picture: Pixels, factor: float) -> Pixels:
    """Move colours away from grey (factor above 1) or towards it."""
    grey = luma(picture)[..., None]
    return np.asarray(grey + (picture - grey) * np.float32(factor), np.float32)


def clouds(
    rng: np.random.Generator, shape: tuple[int, int], scale: float, octaves: int, long: float = 1.0
) -> Field:
    """Fractal noise in about [0, 1], mean 0.5: each octave twice as fine and half as strong.

    `scale` is the height of the largest blobs in pixels, `long` their width over height. All octaves up to 8
    are drawn whether they are used or not, so that more octaves refine the same clouds, not make others.
    """
    height, width = shape
    total = np.zeros(shape, np.float32)
    weight = 0.0
    for octave in range(8):
        cell = scale / 2**octave
        rows, columns = (
            max(2, round(height / max(cell, 1)) + 3),
            max(2, round(width / max(cell * long, 1)) + 3),
        )
        rows, columns = min(rows, 512), min(columns, 512)
        values = rng.random((rows, columns), np.float32)
        if octave and (octave >= octaves or cell < 1.5):
            continue
        layer = cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC)
        total += layer * np.float32(0.5**octave)
        weight += 0.5**octave
    return np.asarray((total / weight - 0.5) * 1.6 + 0.5, np.float32)
