"""A picture and its mask at a working size, where a measure must not depend on size or grain. Pure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels

Mask = NDArray[np.bool_]


def brought_down(pixels: Pixels, mask: Mask | None, longest: int) -> tuple[Pixels, Mask | None]:
    """Both with the longest side at most `longest` px; smaller pictures stay as they are.

    A pixel belongs to the mask when half of it does; a mask too thin for that keeps whatever it touches.
    """
    scale = longest / max(pixels.shape[:2])
    if scale >= 1:
        return pixels, mask
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if mask is None:
        return small, None
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inside = np.asarray(share >= 0.5)
    return small, inside if inside.any() else np.asarray(share > 0)
