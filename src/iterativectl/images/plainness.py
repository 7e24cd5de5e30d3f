"""How much of a picture is plain: black, white, one colour, or a sky without a cloud. Pure.

With the longest side brought down to 256 px, a pixel is plain where none of R, G and B varies by more than 10
of 255 levels within 2 pixels around it. So grain and JPEG's blocks are averaged away, a slow gradient is
plain, and anything that is drawn is not. The figures were set on the photographs of the tests.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels
from iterativectl.images.working import brought_down

Mask = NDArray[np.bool_]

WORKING = 256
LEVELS = 10  # of 255
_AROUND = np.ones((5, 5), np.uint8)


def blankness(pixels: Pixels, mask: Mask | None = None) -> float:
    """The plain pixels' share of all, 0-1. In a mask only what lies inside is looked at, edges too."""
    small, inside = brought_down(pixels, mask, WORKING)
    highest, lowest = small, small
    if inside is not None:
        highest = np.where(inside[:, :, None], small, 0).astype(np.uint8)
        lowest = np.where(inside[:, :, None], small, 255).astype(np.uint8)
    spread = cv2.subtract(cv2.dilate(highest, _AROUND), cv2.erode(lowest, _AROUND)).max(axis=2)
    counted = spread if inside is None else spread[inside]
    return float((counted <= LEVELS).mean()) if counted.size else 0.0
