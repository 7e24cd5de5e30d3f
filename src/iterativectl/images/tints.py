"""Colour as people set limits for it: how warm a picture is, and how far from given colours. Pure.

warmth   the mean of b*, the yellow-blue axis of CIE L*a*b* (CIE 15): below 0 bluish, 0 neutral, above 0
         yellowish. A white card, not corrected, has +62 in the light of a bulb (CIE illuminant A, 2856 K),
         +26 in daylight of 4500 K, -21 in the shade at 10000 K (CIE daylight).
palette  the mean over the pixels of the distance to the nearest of the given colours, in CIE 1976 delta E:
         what has a large share of the picture weighs as much. 0: nothing but these colours; 2.3 is the least
         that people see (Mahy, Van Eycken and Oosterlinck 1994).

Correlated colour temperature in kelvin (McCamy 1992) was left aside: it is a fit to the light of lamps. For
the mean colour of a picture it turns round outside that range: plain blue would be 1670 K, warmer than any
bulb, and plain red would be cooler than orange.

Both are measured with the longest side brought down to 256 px, so that neither grain nor size matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels
from iterativectl.images.working import brought_down

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

WORKING = 256


def warmth(pixels: Pixels, mask: Mask | None = None) -> float:
    """Mean b*, -128 (blue) to 128 (yellow); 0 where the mask leaves nothing."""
    colours = _lab_pixels(pixels, mask)
    return float(colours[:, 2].mean(dtype=np.float64)) if len(colours) else 0.0


def palette_distance(pixels: Pixels, colours: Sequence[str], mask: Mask | None = None) -> float:
    """Mean delta E to the nearest of `colours` (#rrggbb, at least one); 0 where the mask leaves nothing."""
    found = _lab_pixels(pixels, mask)
    if not len(found):
        return 0.0
    wanted = [_lab_of(colour) for colour in colours]
    nearest = np.min([np.linalg.norm(found - colour, axis=1) for colour in wanted], axis=0)
    return float(nearest.mean(dtype=np.float64))


def _lab_pixels(pixels: Pixels, mask: Mask | None) -> Floats:
    """The picture's colours at working size, one a row: L in [0, 100], a, b in about [-128, 128]."""
    small, inside = brought_down(pixels, mask, WORKING)
    lab = _lab(small)
    return lab.reshape(-1, 3) if inside is None else lab[inside]


def _lab_of(colour: str) -> Floats:
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    found: Floats = _lab(np.array([[channels]], np.uint8))[0, 0]
    return found


def _lab(pixels: Pixels) -> Floats:
    lab: Floats = cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return lab
