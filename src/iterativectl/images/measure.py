"""What pixels can say of a picture without a model: the metrics of `measure:` in rules.yaml. Pure.

| metric     | unit and range                                                                              |
|------------|---------------------------------------------------------------------------------------------|
| similarity | 0 a different picture - 1 identical, against the original (images/similarity.py)           |
| brightness | mean luma, 0 black - 1 white                                                                |
| contrast   | standard deviation of luma, 0 flat - 0.5 half black, half white (RMS contrast)              |
| saturation | mean colourfulness of a pixel, (max - min) of its R, G, B: 0 grey - 1 pure colours          |
| sharpness  | standard deviation of the Laplacian of luma at 512 px, 0 blurred; photographs: 0.03 to 0.4  |
| size       | megapixels: width x height / 1 000 000 (in a region: its pixels)                            |

Luma is 0.299 R + 0.587 G + 0.114 B of sRGB values scaled to 0-1 (ITU-R BT.601). Sharpness is measured with
the longest side brought down to 512 px, so that it does not depend on the picture's size above that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels
from iterativectl.images.similarity import similarity
from iterativectl.model import Similarity

Mask = NDArray[np.bool_]  # height x width, True inside
Floats = NDArray[np.float32]

METRICS = ("similarity", "brightness", "contrast", "saturation", "sharpness", "size")
REGIONS = ("whole", "inside_mask", "outside_mask")
SHARPNESS_PX = 512


def measurements(
    original: Pixels, result: Pixels, mask: Mask | None = None, alike: Similarity | None = None
) -> dict[tuple[str, str], float]:
    """Every metric of `result` by (metric, region); similarity is that to `original`.

    Arrays are height x width x 3, uint8, sRGB (images.to_pixels). `mask` has the result's size; without one
    there is only the region "whole". A region without pixels is left out. `alike` is the similarity of the
    two (with the same mask) where it was measured already.
    """
    values = {(metric, "whole"): value for metric, value in _plain(result, None).items()}
    for region, part in _regions(mask):
        values |= {(metric, region): value for metric, value in _plain(result, part).items()}
    alike = alike or similarity(original, result, mask)
    for region, value in zip(REGIONS, (alike.measured, alike.inside_mask, alike.outside_mask), strict=True):
        if value is not None:
            values["similarity", region] = value
    return {key: values[key] for key in sorted(values)}


def brightness(pixels: Pixels, mask: Mask | None = None) -> float:
    """Mean luma, 0-1."""
    return _rounded(_mean_and_deviation(_grey(pixels), mask)[0] / 255)


def contrast(pixels: Pixels, mask: Mask | None = None) -> float:
    """Standard deviation of luma, 0-0.5."""
    return _rounded(_mean_and_deviation(_grey(pixels), mask)[1] / 255)


def saturation(pixels: Pixels, mask: Mask | None = None) -> float:
    """Mean of (max - min) of R, G, B, 0-1. Not HSV's S: that calls noise in the dark colourful."""
    red, green, blue = cv2.split(pixels)
    spread = cv2.subtract(cv2.max(red, cv2.max(green, blue)), cv2.min(red, cv2.min(green, blue)))
    return _rounded(_mean_and_deviation(spread, mask)[0] / 255)


def sharpness(pixels: Pixels, mask: Mask | None = None) -> float:
    """Standard deviation of the Laplacian of luma, longest side at most 512 px."""
    grey, scale = luma(pixels), SHARPNESS_PX / max(pixels.shape[:2])
    if scale < 1:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
        if mask is not None:
            mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    edges = cv2.Laplacian(grey, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE)
    return _rounded(_mean_and_deviation(edges, mask)[1])


def size(pixels: Pixels, mask: Mask | None = None) -> float:
    """Megapixels."""
    return _rounded((pixels.shape[0] * pixels.shape[1] if mask is None else int(mask.sum())) / 1e6)


def luma(pixels: Pixels) -> Floats:
    """BT.601 luma of every pixel, float32, 0-1."""
    grey: Floats = _grey(pixels).astype(np.float32) / np.float32(255)
    return grey


_PLAIN: dict[str, Callable[[Pixels, Mask | None], float]] = {
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "sharpness": sharpness,
    "size": size,
}


def _plain(pixels: Pixels, mask: Mask | None) -> dict[str, float]:
    return {metric: function(pixels, mask) for metric, function in _PLAIN.items()}


def _regions(mask: Mask | None) -> list[tuple[str, Mask]]:
    if mask is None:
        return []
    return [(name, part) for name, part in (("inside_mask", mask), ("outside_mask", ~mask)) if part.any()]


def _grey(pixels: Pixels) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _mean_and_deviation(values: NDArray[Any], mask: Mask | None) -> tuple[float, float]:
    """Of one channel, summed in float64; (0, 0) where the mask leaves nothing."""
    inside = None if mask is None else mask.astype(np.uint8)
    mean, deviation = cv2.meanStdDev(values, mask=inside)
    return float(mean[0, 0]), float(deviation[0, 0])


def _rounded(value: float | np.floating[Any]) -> float:
    """Six digits: more would be noise of the processor's summing."""
    return round(float(value), 6)
