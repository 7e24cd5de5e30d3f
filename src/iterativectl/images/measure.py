"""What pixels can say of a picture without a model: the metrics of `measure:` in rules.yaml. Pure.

| metric     | unit and range                                                                              |
|------------|---------------------------------------------------------------------------------------------|
| similarity | 0 a different picture - 1 identical, against the original (images/similarity.py)           |
| brightness | mean luma, 0 black - 1 white                                                                |
| contrast   | standard deviation of luma, 0 flat - 0.5 half black, half white (RMS contrast)              |
| saturation | mean colourfulness of a pixel, (max - min) of its R, G, B: 0 grey - 1 pure colours          |
| sharpness  | standard deviation of the Laplacian of luma at 512 px, 0 blurred; photographs: 0.03 to 0.4  |
| warmth     | mean b* of CIE Lab, below 0 bluish - above 0 yellowish (images/tints.py)                    |
| palette    | mean delta E to the nearest given colour, 0 only these colours (images/tints.py)            |
| blankness  | share that is plain, 0 nothing - 1 all of it (images/plainness.py)                          |
| text       | share covered by lines of letters, 0 none - 1 all of it (images/lettering.py)               |
| faces      | how many (images/faces.py)                                                                  |
| size       | megapixels: width x height / 1 000 000 (in a region: its pixels)                            |
| width, height, aspect | px; width / height. Of the whole picture                                         |

Luma is 0.299 R + 0.587 G + 0.114 B of sRGB values scaled to 0-1 (ITU-R BT.601). Sharpness is measured with
the longest side brought down to 512 px, so that it does not depend on the picture's size above that.

A box is cut out and measured as a picture of its own; a mask and a border leave the picture as it is, and
count what lies in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.config.metrics import MASKED, METRICS, REGIONS
from iterativectl.config.types import Measure
from iterativectl.images.faces import count_faces
from iterativectl.images.lettering import text_share
from iterativectl.images.normalise import Pixels
from iterativectl.images.plainness import blankness
from iterativectl.images.similarity import similarity
from iterativectl.images.tints import palette_distance, warmth
from iterativectl.model import Similarity

Mask = NDArray[np.bool_]  # height x width, True inside
Floats = NDArray[np.float32]
Key = tuple[str, str]  # Measure.key: (metric, region)

SHARPNESS_PX = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subjects:
    """What is measured, for the measures that criteria ask for.

    `original` and `face_model` (the bytes of YuNet's ONNX file) are called only when a measure needs them.
    `mask`, where one is in play, has the result's size.
    """

    original: Callable[[], Pixels]
    result: Pixels
    face_model: Callable[[], bytes]
    mask: Mask | None = None


def measurements(
    original: Pixels, result: Pixels, mask: Mask | None = None, alike: Similarity | None = None
) -> dict[Key, float]:
    """The metrics that are recorded of every `result`, by (metric, region); similarity is that to `original`.

    Arrays are height x width x 3, uint8, sRGB (images.to_pixels). `mask` has the result's size; without one
    there is only the region "whole". A region without pixels is left out. `alike` is the similarity of the
    two (with the same mask) where it was measured already.
    """
    values = {(metric, "whole"): value for metric, value in _cheap(result, None).items()}
    for region, part in _regions(mask):
        values |= {(metric, region): value for metric, value in _cheap(result, part).items()}
    alike = alike or similarity(original, result, mask)
    for region, value in zip(REGIONS, (alike.measured, alike.inside_mask, alike.outside_mask), strict=True):
        if value is not None:
            values["similarity", region] = value
    return {key: values[key] for key in sorted(values)}


def asked_for(measures: Iterable[Measure], subjects: Subjects, known: dict[Key, float]) -> dict[Key, float]:
    """What `measures` need beyond what is `known`: by Measure.value_key, and by Measure.key for a change.

    What has no value (a mask's region without pixels, or without a mask) is left out.
    """
    values: dict[Key, float] = {}
    for measure in measures:
        value = {**known, **values}.get(measure.value_key)
        if value is None:
            value = _value(measure, subjects, subjects.result)
        if value is None:
            continue
        if measure.value_key not in known:
            values[measure.value_key] = value
        if measure.relative and measure.key not in values:
            before = _value(measure, subjects, subjects.original())
            if before is not None:
                values[measure.key] = _rounded(value - before)
    return values


def _value(measure: Measure, subjects: Subjects, pixels: Pixels) -> float | None:
    """Of the result, or of the original: of the same part of it."""
    part = part_of(pixels, measure, subjects.mask)
    if part is None:
        return None
    cut, mask = part
    if measure.metric == "similarity":
        return _likeness(measure, subjects)
    if measure.metric == "palette":
        return _rounded(palette_distance(cut, measure.colors, mask))
    if measure.metric == "faces":
        return float(count_faces(cut, subjects.face_model(), mask))
    return _rounded(_PLAIN[measure.metric](cut, mask))


def _likeness(measure: Measure, subjects: Subjects) -> float | None:
    """A box is compared with the same box of the original, cut out of both."""
    before, after = (part_of(p, measure, subjects.mask) for p in (subjects.original(), subjects.result))
    if before is None or after is None:
        return None
    found = similarity(before[0], after[0], after[1])
    return found.measured if after[1] is None else found.inside_mask


def part_of(pixels: Pixels, measure: Measure, mask: Mask | None) -> tuple[Pixels, Mask | None] | None:
    """(what is looked at, where in it): None for all of it. None alone where the region holds nothing.

    `mask` is the one in play; it is stretched where the picture has another size.
    """
    if measure.box is not None:
        return _cut(pixels, measure.box), None
    if measure.border is not None:
        return pixels, _frame(pixels, measure.border)
    if measure.region not in MASKED:
        return pixels, None
    if mask is None:
        return None
    if mask.shape != pixels.shape[:2]:
        size = (pixels.shape[1], pixels.shape[0])
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    inside = mask if measure.region == "inside_mask" else ~mask
    return (pixels, inside) if inside.any() else None


def _cut(pixels: Pixels, box: tuple[float, float, float, float]) -> Pixels:
    """A box in per cent, at least one pixel."""
    height, width = pixels.shape[:2]
    left, top = min(round(box[0] * width / 100), width - 1), min(round(box[1] * height / 100), height - 1)
    right = max(left + 1, round((box[0] + box[2]) * width / 100))
    bottom = max(top + 1, round((box[1] + box[3]) * height / 100))
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _frame(pixels: Pixels, border: float) -> Mask:
    """A frame along the edges, `border` per cent of the shorter side wide, at least one pixel."""
    wide = max(1, round(border * min(pixels.shape[:2]) / 100))
    frame = np.ones(pixels.shape[:2], np.bool_)
    frame[wide:-wide, wide:-wide] = False
    return frame


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


def width(pixels: Pixels, mask: Mask | None = None) -> float:
    """Pixels across, of the whole picture."""
    return float(pixels.shape[1])


def height(pixels: Pixels, mask: Mask | None = None) -> float:
    """Pixels down, of the whole picture."""
    return float(pixels.shape[0])


def aspect(pixels: Pixels, mask: Mask | None = None) -> float:
    """Width / height of the whole picture: above 1 lying, below 1 standing."""
    return _rounded(pixels.shape[1] / pixels.shape[0])


def luma(pixels: Pixels) -> Floats:
    """BT.601 luma of every pixel, float32, 0-1."""
    grey: Floats = _grey(pixels).astype(np.float32) / np.float32(255)
    return grey


_PLAIN: dict[str, Callable[[Pixels, Mask | None], float]] = {
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "sharpness": sharpness,
    "warmth": warmth,
    "blankness": blankness,
    "text": text_share,
    "size": size,
    "width": width,
    "height": height,
    "aspect": aspect,
}


def _cheap(pixels: Pixels, mask: Mask | None) -> dict[str, float]:
    return {
        metric: _rounded(function(pixels, mask))
        for metric, function in _PLAIN.items()
        if METRICS[metric].always and not (mask is not None and METRICS[metric].whole_only)
    }


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
