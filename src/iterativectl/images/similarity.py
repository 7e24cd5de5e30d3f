"""How much of a picture is left in another: 0 a different picture - 1 identical, without a model. Pure.

Both pictures are brought to a square of 160 pixels and cut into 10 x 10 cells. A cell's *structure* is the
best normalised correlation (zero mean, OpenCV's TM_CCOEFF_NORMED) of its luma with the other picture within
5 pixels around: small shifts and crops cost little. Its *colour* is the distance of the two mean CIE L*a*b*
colours (CIE 1976 delta E). Structure weighs by contrast, so that an empty sky does not vote.

    similarity = tie(structure) * (floor + (1 - floor) * exp(-colour / 25))

`tie` and the floor of 0.45 were set on 32 photographs and 18 edits of each (benchmarks/similarity.py prints
such a table): other photographs have a structure of 0.19-0.39, edits that keep the place of things 0.60-1.
Hence above 0.85: hardly an edit; below 0.3: another picture. Colours alone never make another picture of one
whose structure is the same; where there is no structure to compare (plain areas) the floor vanishes and
colour decides.

Known limits: a zoom of 25 % or a mirror image reads as nearly or wholly different; an edit of a few per cent
of the area reads as "hardly an edit" of the whole picture (that is what a mask's inside figure is for).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from iterativectl.images.normalise import Pixels
from iterativectl.model import Similarity

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

CELLS = 10  # per side
CELL_PX = 16
SIDE = CELLS * CELL_PX
REACH = 5  # pixels of search: 3 % of a side
TOO_SIMILAR = 0.85
DIFFERENT = 0.3
CHANGED = 0.25  # a cell's own change above this counts as changed; JPEG and noise stay below 0.2
_FLOOR = 0.45
_COLOUR_SCALE = 25.0  # delta E at which colour has lost 63 % of its say
_PLAIN = 4.0  # luma deviation (0-255) below which a cell's correlation counts less and less
_LOUD = 15.0  # luma deviation above which more contrast gives no more weight
_TIE_AT = (0.0, 0.25, 0.42, 0.60, 0.75, 0.90, 1.0)
_TIE = (0.0, 0.04, 0.24, 0.70, 0.86, 0.96, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Change by place: `cells` is 10 x 10, float32, rows from the top; 0 as before - 1 nothing left."""

    similarity: float
    share: float  # of cells above CHANGED, 0-1
    cells: Floats


def similarity(original: Pixels, result: Pixels, mask: Mask | None = None) -> Similarity:
    """The measured similarity of two pictures (uint8 RGB arrays of any sizes).

    `mask` (height x width, True inside, any size) adds the figures inside and outside it; None for a region
    without pixels. `changed_share` is of the whole picture.
    """
    whole = change(original, result)
    inside = outside = None
    if mask is not None:
        inside, outside = (_figure(original, result, part) for part in _split(mask))
    return Similarity(
        measured=whole.similarity,
        inside_mask=inside,
        outside_mask=outside,
        changed_share=whole.share,
    )


def working_size(picture: Pixels) -> Pixels:
    """The picture as every comparison begins with it (160 x 160): one that is compared often is kept so."""
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def change_map(original: Pixels, result: Pixels) -> Floats:
    """Where the picture changed, for display: 10 x 10, float32, 0 as before - 1 nothing left."""
    return change(original, result).cells


def change(original: Pixels, result: Pixels, region: Mask | None = None) -> Change:
    """Compare two pictures, or only a region of them: 160 x 160, at least one pixel."""
    before, after = working_size(original), working_size(result)
    share = np.ones((CELLS, CELLS), np.float32)
    if region is not None:
        share = _cell_means(region.astype(np.float32))
        ground = before[region].mean(axis=0).astype(np.uint8)
        before, after = (_only(region, picture, ground) for picture in (before, after))
    structure, contrast = _structure(before, after)
    colour = _colour_distance(before, after, share)
    return _combined(structure, contrast, colour, share)


def _figure(original: Pixels, result: Pixels, region: Mask) -> float | None:
    return change(original, result, region).similarity if region.any() else None


def _combined(structure: Floats, contrast: Floats, colour: Floats, share: Floats) -> Change:
    """One figure from the cells. A plain cell's correlation is mostly noise, so it is drawn towards 1."""
    trust = np.clip(contrast / _PLAIN, 0, 1)
    believed = 1 - (1 - structure) * trust
    cells = 1 - _alike(believed, colour, trust)
    counted = share > 0.05
    weights = np.minimum(contrast, _LOUD)[counted] * share[counted] + 1e-6
    area = share[counted]
    figure = _alike(
        np.average(believed[counted], weights=weights),
        np.average(colour[counted], weights=area),
        np.average(trust[counted], weights=area),
    )
    changed = np.average(cells[counted] > CHANGED, weights=area)
    return Change(
        similarity=round(float(figure), 4),
        share=round(float(changed), 4),
        cells=np.where(counted, cells, 0).astype(np.float32),
    )


def _alike(structure: ArrayLike, colour: ArrayLike, trust: ArrayLike) -> Floats:
    # The floor needs only a little structure: a third of the cells with some contrast is enough.
    floor = _FLOOR * np.clip(np.multiply(trust, 3), 0, 1)
    tied = np.interp(np.asarray(structure), _TIE_AT, _TIE)
    alike = tied * (floor + (1 - floor) * np.exp(np.divide(colour, -_COLOUR_SCALE)))
    return np.asarray(alike, dtype=np.float32)


def _structure(before: Pixels, after: Pixels) -> tuple[Floats, Floats]:
    """Per cell: best correlation 0-1, and the higher of the two luma deviations."""
    old = cv2.cvtColor(before, cv2.COLOR_RGB2GRAY).astype(np.float32)
    new = cv2.cvtColor(after, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = cv2.copyMakeBorder(new, REACH, REACH, REACH, REACH, cv2.BORDER_REFLECT)
    old_spread, new_spread = _cell_deviations(old), _cell_deviations(new)
    found = np.zeros((CELLS, CELLS), np.float32)
    for row, column in np.ndindex(CELLS, CELLS):
        top, left = row * CELL_PX, column * CELL_PX
        if old_spread[row, column] < 0.5 or new_spread[row, column] < 0.5:
            # Without any contrast there is no correlation: alike only if neither has any.
            found[row, column] = float(max(old_spread[row, column], new_spread[row, column]) < 0.5)
            continue
        cell = old[top : top + CELL_PX, left : left + CELL_PX]
        field = around[top : top + CELL_PX + 2 * REACH, left : left + CELL_PX + 2 * REACH]
        found[row, column] = cv2.matchTemplate(field, cell, cv2.TM_CCOEFF_NORMED).max()
    return np.clip(found, 0, 1), np.maximum(old_spread, new_spread)


def _colour_distance(before: Pixels, after: Pixels, share: Floats) -> Floats:
    """Delta E of the cells' mean colours. What a region leaves out is equal in both: it is divided out."""
    difference = _lab(before) - _lab(after)
    means = np.dstack([_cell_means(difference[:, :, channel]) for channel in range(3)])
    distance: Floats = np.sqrt((means**2).sum(axis=2)) / np.maximum(share, 0.05)
    return distance


def _lab(picture: Pixels) -> Floats:
    lab: Floats = cv2.cvtColor(picture.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return lab


def _only(region: Mask, picture: Pixels, ground: NDArray[np.uint8]) -> Pixels:
    return np.where(region[:, :, None], picture, ground).astype(np.uint8)


def _split(mask: Mask) -> tuple[Mask, Mask]:
    """Inside and outside at working size. A pixel that the mask only touches belongs inside."""
    coverage = cv2.resize(mask.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    touched = np.asarray(coverage > 0)
    return touched, ~touched


def _cells(values: Floats) -> Floats:
    return values.reshape(CELLS, CELL_PX, CELLS, CELL_PX)


def _cell_means(values: Floats) -> Floats:
    means: Floats = _cells(values).mean(axis=(1, 3))
    return means


def _cell_deviations(values: Floats) -> Floats:
    deviations: Floats = _cells(values).std(axis=(1, 3))
    return deviations
