"""Where a generator's picture belongs on the original: the same place, whatever size it comes in. Pure.

The picture goes out padded (composite.prepared). What comes back may be that size, the original's, scaled, or
cut off around its centre: ComfyUI's VAE encoders crop to a multiple of 8 that way (the left and upper offset
is the remainder halved), others of 16, 32 or 64. A size alone cannot tell a crop from a picture scaled to a
multiple, nor whether the padding was still there, so the pixels that should not have changed decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.exact import Values

Size = tuple[int, int]  # width, height

ASPECT = 0.01  # how far the ratio of sides may be off before it is said
_CROPS = (8, 16, 32, 64)
_WORKING = 256  # longest side at which two placings are compared
_FEWEST = 64  # pixels outside the mask, at that size, that are evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """`values` cover the rectangle `at` (x, y) of the original, in the result's own depth and channels.

    `note` says for people what was done where the result was of another size, else "".
    """

    values: Values
    at: tuple[int, int]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What a result is placed on: the original, what should be unchanged, and the padding's step."""

    values: Values
    unchanged: NDArray[np.bool_]
    multiple: int

    @property
    def size(self) -> Size:
        return self.values.shape[1], self.values.shape[0]

    @property
    def padded(self) -> Size:
        width, height = self.size
        return -(-width // self.multiple) * self.multiple, -(-height // self.multiple) * self.multiple


def placed(result: Values, ground: Ground) -> Placed:
    """A result (height x width x 3 or 4) at its place on the original."""
    size = (result.shape[1], result.shape[0])
    if size == ground.size:
        return Placed(values=result, at=(0, 0), note="")
    if size == ground.padded:
        return Placed(values=_cut(result, (0, 0), ground.size)[0], at=(0, 0), note="")
    tried = [_cropped(result, offset, ground) for offset in _offsets(size, ground)]
    tried += [_stretched(result, whole, ground) for whole in dict.fromkeys((ground.padded, ground.size))]
    return tried[0] if len(tried) == 1 else min(tried, key=partial(_strangeness, ground))


def resized(values: Values, size: Size) -> Values:
    """Scaled to `size` (width, height): by area when shrinking, by Lanczos (8 x 8) when enlarging.

    Colours count by their alpha, so that what is hidden under transparent pixels does not bleed.
    """
    height, width = values.shape[:2]
    if (width, height) == size:
        return values
    kind = cv2.INTER_AREA if size[0] * size[1] < width * height else cv2.INTER_LANCZOS4
    if values.shape[2] == 3:
        return np.asarray(cv2.resize(values, size, interpolation=kind), values.dtype)
    most = np.iinfo(values.dtype).max
    alpha = values[:, :, 3:].astype(np.float32) / most
    weighed = np.dstack([values[:, :, :3] * alpha, alpha * most]).astype(np.float32)
    scaled: Values = cv2.resize(weighed, size, interpolation=kind)
    share = np.clip(scaled[:, :, 3:] / most, 1e-6, 1)
    scaled[:, :, :3] /= share
    return np.asarray(np.clip(np.rint(scaled), 0, most), values.dtype)


def _offsets(size: Size, ground: Ground) -> list[tuple[int, int]]:
    """Where the result's upper left corner lies on the original, if it is a centre crop; best guess first."""
    found = []
    for whole in (ground.padded, ground.size):
        if any((whole[0] // step * step, whole[1] // step * step) == size for step in _CROPS):
            found.append(((whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2))
    return list(dict.fromkeys(found))


def _cut(values: Values, at: tuple[int, int], size: Size) -> tuple[Values, tuple[int, int]]:
    """What of the values, laid at `at`, lies on a picture of `size`; and where that begins."""
    width, height = min(values.shape[1], size[0] - at[0]), min(values.shape[0], size[1] - at[1])
    return values[:height, :width], at


def _cropped(result: Values, at: tuple[int, int], ground: Ground) -> Placed:
    values, at = _cut(result, at, ground.size)
    note = _returned(result, ground) + "its border was cut off, and stays as it was in the original"
    return Placed(values=values, at=at, note=note)


def _stretched(result: Values, whole: Size, ground: Ground) -> Placed:
    values, at = _cut(resized(result, whole), (0, 0), ground.size)
    wide = result.shape[1] / result.shape[0]
    off = min(abs(wide * side[1] / side[0] - 1) for side in (ground.size, ground.padded))
    done = "stretched to fit, since its sides have another ratio" if off > ASPECT else "scaled to fit"
    return Placed(values=values, at=at, note=f"{_returned(result, ground)}it was {done}")


def _returned(result: Values, ground: Ground) -> str:
    came, asked = (result.shape[1], result.shape[0]), ground.size
    return f"the workflow returned {came[0]} x {came[1]} for a picture of {asked[0]} x {asked[1]}: "


def _strangeness(ground: Ground, tried: Placed) -> float:
    """How unlike the original what should be unchanged looks there: 1 - correlation of luma, 0-2.

    Correlation does not mind colours that were shifted everywhere. Without evidence all are alike: 1.
    """
    (left, top), (height, width) = tried.at, tried.values.shape[:2]
    here = slice(top, top + height), slice(left, left + width)
    step = max(1, max(height, width) // _WORKING)
    counted = ground.unchanged[here][::step, ::step]
    if int(counted.sum()) < _FEWEST:
        return 1.0
    was, now = (_luma(values)[::step, ::step][counted] for values in (ground.values[here], tried.values))
    was, now = was - was.mean(), now - now.mean()
    scale = float(np.linalg.norm(was) * np.linalg.norm(now))
    return 1.0 if scale < 1e-6 else 1 - float(was @ now) / scale


def _luma(values: Values) -> NDArray[np.float32]:
    grey = cv2.cvtColor(np.ascontiguousarray(values[:, :, :3]), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.float32)
