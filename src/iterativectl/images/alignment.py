"""Whether a graph moved, scaled or cropped the picture, seen in what lies outside the mask. Pure.

What the program puts back lies where it always lay; what a graph has moved does not fit into it any more, and
a person must be told. Both pictures' luma is brought to WORKING pixels and normalised locally (less its mean,
divided by its deviation), so that colours and light do not matter. A coarse search over scales and shifts
(phase correlation) gives the start, an affine fit refines it (enhanced correlation coefficient, Evangelidis
and Psarakis 2008), and it counts only if the kept pixels, taken back by it, correlate clearly better with the
original's than before, in most places of the picture and not in a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float32]  # 2 x 3: a point of the original -> the same point in the result

MOVED_PX, SCALED = 0.75, 0.005  # what is worth a word: pixels of the picture, and a share of its size
WORKING, COARSE = 640, 160  # longest side, pixels
_KEPT = 0.05  # share of the picture that must lie outside the mask
_SCALES = tuple(1.02**step for step in range(-14, 15))  # 0.76-1.32
_AFTER = 0.55  # correlation that the kept pixels must reach when taken back
_GAIN = 0.03  # by how much it must be above that of before
_BLOCKS, _AGREE = 8, 0.75  # of 8 x 8 places with texture, the share that must have gained
_TURN = 0.01  # shear and turn (radians) above which this is no shift or scale
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacement:
    """`right`, `down`: pixels that the picture's centre moved; `wider`, `taller`: its scale, 1 unchanged.

    `before`, `after`: correlation of the kept pixels with the original's as they came, and taken back.
    """

    right: float
    down: float
    wider: float
    taller: float
    before: float
    after: float

    def in_words(self) -> str:
        """For people: "the workflow moves the picture by 3 px right and 2 px up"."""
        shifts = [
            f"{abs(pixels):.{0 if abs(pixels) >= 2 else 1}f} px {there if pixels > 0 else back}"
            for pixels, there, back in ((self.right, "right", "left"), (self.down, "down", "up"))
            if abs(pixels) >= MOVED_PX
        ]
        parts = [f"moves the picture by {' and '.join(shifts)}"] if shifts else []
        if max(abs(self.wider - 1), abs(self.taller - 1)) >= SCALED:
            parts.append(f"scales {'it' if parts else 'the picture'} by {self._scale()}")
        return f"the workflow {' and '.join(parts)}"

    def _scale(self) -> str:
        if abs(self.wider - self.taller) < SCALED:
            return f"{(self.wider + self.taller) / 2:.3g}"
        return f"{self.wider:.3g} across and {self.taller:.3g} down"


def displacement(original: Pixels, result: Pixels, keep: Mask) -> Displacement | None:
    """How the result (of the original's size, uint8 RGB) lies, judged by the pixels where `keep` is True.

    None where nothing moved by MOVED_PX or scaled by SCALED, or where there is no reliable evidence: too
    little is kept, it has no texture, or it is another picture. Raises ValueError for other sizes.
    """
    if not original.shape[:2] == result.shape[:2] == keep.shape:
        raise ValueError(f"sizes differ: {original.shape}, {result.shape}, {keep.shape}")
    if keep.mean() < _KEPT or min(keep.shape) < 32 or np.array_equal(original, result):
        return None
    start = _start(*_shrunk(original, result, keep, COARSE))
    was, now, kept = _shrunk(original, result, keep, WORKING)
    scale = was.shape[1] / original.shape[1]
    fitted = _refined(was, now, kept, _rescaled(start, WORKING / COARSE))
    if fitted is None:
        return None
    before, after = _gain(was, now, kept, fitted)
    return _said(fitted, was.shape, scale, (before, after))


def _said(
    matrix: Matrix, shape: tuple[int, ...], scale: float, correlations: tuple[float, float]
) -> Displacement | None:
    """The displacement in pixels of the picture, None where it is not worth a word or not to be relied on."""
    before, after = correlations
    if after < _AFTER or after - before < _GAIN:
        return None
    if abs(matrix[0, 1]) > _TURN or abs(matrix[1, 0]) > _TURN:
        return None
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1])
    right, down = (matrix @ centre - centre[:2]) / scale
    wider, taller = float(matrix[0, 0]), float(matrix[1, 1])
    if max(abs(right), abs(down)) < MOVED_PX and max(abs(wider - 1), abs(taller - 1)) < SCALED:
        return None
    return Displacement(
        right=round(float(right), 2),
        down=round(float(down), 2),
        wider=round(wider, 4),
        taller=round(taller, 4),
        before=round(before, 3),
        after=round(after, 3),
    )


def _shrunk(original: Pixels, result: Pixels, keep: Mask, longest: int) -> tuple[Floats, Floats, Mask]:
    """Normalised luma of both, and where it is kept, with the longest side at `longest` (or larger)."""
    height, width = keep.shape
    share = longest / max(height, width)
    size = max(16, round(width * share)), max(16, round(height * share))
    kind = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    was, now = (
        _normalised(np.asarray(cv2.resize(each, size, interpolation=kind), np.uint8))
        for each in (original, result)
    )
    kept = cv2.resize(keep.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    return was, now, np.asarray(kept)


def _normalised(picture: Pixels) -> Floats:
    """Luma less its local mean, divided by its local deviation; plain areas become 0."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 6)
    deviation = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 8))
    return np.asarray(cv2.GaussianBlur(detail / (deviation + 6), (0, 0), 1), np.float32)


def _start(was: Floats, now: Floats, kept: Mask) -> Matrix:
    """The best of all coarse scales and shifts: where the kept pixels correlate best."""
    return max(_tries(was, now, kept), key=lambda matrix: _correlation(was, _back(now, matrix), kept))


def _tries(was: Floats, now: Floats, kept: Mask) -> Iterator[Matrix]:
    window = np.where(kept, was, 0).astype(np.float32)
    centre = np.array([(was.shape[1] - 1) / 2, (was.shape[0] - 1) / 2])
    yield _matrix(1, np.zeros(2), centre)
    for scale in _SCALES:
        back = _back(now, _matrix(scale, np.zeros(2), centre))
        shift, _ = cv2.phaseCorrelate(window, np.where(kept, back, 0).astype(np.float32))
        yield _matrix(scale, np.array(shift) * scale, centre)


def _matrix(scale: float, shift: NDArray[np.float64], centre: NDArray[np.float64]) -> Matrix:
    move = centre * (1 - scale) + shift
    return np.array([[scale, 0, move[0]], [0, scale, move[1]]], np.float32)


def _rescaled(matrix: Matrix, factor: float) -> Matrix:
    """For pictures `factor` times as large, measured from pixel centres."""
    linear = matrix[:, :2]
    half = np.array([(factor - 1) / 2] * 2)
    move = matrix[:, 2] * factor + half - linear @ half
    return np.column_stack([linear, move]).astype(np.float32)


def _refined(was: Floats, now: Floats, kept: Mask, start: Matrix) -> Matrix | None:
    """The affine map that fits best; None where the fit runs away."""
    inside = np.where(kept, 255, 0).astype(np.uint8)
    try:
        _, found = cv2.findTransformECC(was, now, start.copy(), cv2.MOTION_AFFINE, _STOP, inside, 5)
    except cv2.error:
        return None
    return np.asarray(found, np.float32)


def _gain(was: Floats, now: Floats, kept: Mask, matrix: Matrix) -> tuple[float, float]:
    """Correlation of the kept pixels before and after being taken back; (1, 0) where few places gained."""
    back = _back(now, matrix)
    reached = kept & (_back(np.ones_like(now), matrix) > 0.99)
    gained = [
        _correlation(was[block], back[block], reached[block])
        > _correlation(was[block], now[block], reached[block])
        for block in _blocks(was.shape)
        if reached[block].mean() > 0.3 and was[block].std() > 0.2
    ]
    if len(gained) < 4 or np.mean(gained) < _AGREE:
        return 1.0, 0.0
    return _correlation(was, now, reached), _correlation(was, back, reached)


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    rows, columns = (np.linspace(0, side, _BLOCKS + 1).astype(int) for side in shape[:2])
    for row, column in np.ndindex(_BLOCKS, _BLOCKS):
        yield slice(rows[row], rows[row + 1]), slice(columns[column], columns[column + 1])


def _back(picture: Floats, matrix: Matrix) -> Floats:
    """The result as it would lie had it not been moved."""
    size = picture.shape[1], picture.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=flags), np.float32)


def _correlation(one: Floats, other: Floats, where: Mask) -> float:
    """-1 to 1; 0 where there is nothing to correlate."""
    was, now = one[where], other[where]
    if was.size < 16:
        return 0.0
    was, now = was - was.mean(), now - now.mean()
    scale = float(np.linalg.norm(was) * np.linalg.norm(now))
    return float(was @ now) / scale if scale > 1e-6 else 0.0
