"""A picture at an exact size, for models that answer in pixels of what they were shown. Pure."""

from __future__ import annotations

import hashlib
import math

import cv2
import numpy as np

from iterativectl.images.normalise import Pixels, from_pixels
from iterativectl.images.regions import Size
from iterativectl.model import Picture


def to_size(pixels: Pixels, size: Size) -> Picture:
    """The picture scaled to exactly `size` (width, height), as a model is shown it."""
    shrinks = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    same = size == (pixels.shape[1], pixels.shape[0])
    scaled = pixels if same else np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    png = from_pixels(scaled)
    return Picture(png=png, width=size[0], height=size[1], sha256=hashlib.sha256(png).hexdigest())


def fitted(size: Size, *, multiple: int, longest: int, most_pixels: int | None = None) -> Size:
    """The size nearest to `size` whose sides are multiples of `multiple`, within both limits.

    `longest` bounds the longest side, `most_pixels` width times height (None: not bounded). No side is below
    two multiples (one pixel for 1), which is also the least that Qwen's processor takes without scaling.
    """
    scale = min(1.0, longest / max(size))
    if most_pixels is not None:
        scale = min(scale, math.sqrt(most_pixels / (size[0] * size[1])))
    least = 2 * multiple if multiple > 1 else 1
    width, height = (max(least, round(side * scale / multiple) * multiple) for side in size)
    while max(width, height) > least and _too_large(width, height, longest, most_pixels):
        if width >= height:
            width -= multiple
        else:
            height -= multiple
    return width, height


def _too_large(width: int, height: int, longest: int, most_pixels: int | None) -> bool:
    return max(width, height) > longest or (most_pixels is not None and width * height > most_pixels)
