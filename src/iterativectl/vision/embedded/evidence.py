"""What can be measured on the result, and beside the original: numbers only, no words. Pure.

Pictures are brought to a longest side of WORKING_PX, so that no figure depends on the picture's size. Colours
are HSV with hue in degrees, saturation and value in [0, 1]; luma is BT.601 in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

WORKING_PX = 384
CELL_PX = 24  # structure is compared cell by cell; 16 cells along the longest side
SEARCH_PX = 4  # how far a cell may have moved and still be in its place (about 1 %)
DETAILED = 0.03  # mean absolute Laplacian of luma above which a cell shows something to recognise
NEW_DETAIL = 0.04  # the same for a cell that showed nothing before
TINTED = 0.015  # change of tint above which a place is warmer or colder than it was
SKY_ROUGHNESS = 0.16  # mean Sobel gradient of luma; clouds stay below it
SKY_WARMTH = 0.12  # red minus blue above which a smooth place by day is a wall rather than the sky
LOST = 0.45  # correlation below which a cell's detail is not the same any more
NOTHING_THERE = -2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One picture in figures. All in [0, 1] but warmth ([-1, 1], red minus blue).

    `*_share`: share of pixels. `upper_*`: of the upper 40 %. `haze`: the dark channel, how far the darkest of
    each neighbourhood is lifted towards grey (0 clear - 1 nothing to be seen). `detail`: mean absolute
    Laplacian of luma.
    """

    brightness: float
    contrast: float
    saturation: float
    warmth: float
    green_share: float
    upper_warmth: float
    upper_ember_share: float  # red, orange, yellow or pink with some colour in it
    white_share: float
    haze: float
    detail: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The result beside the original.

    `kept`: mean correlation of the original's detailed cells with the same place in the result, [-1, 1];
    `lost_cells` and `new_cells`: the largest patch of neighbouring cells whose detail is gone, or stands
    where there was none (a cell is CELL_PX wide). `leaf_turned`, `leaf_whitened`: how much of what was green
    is now yellow to red, or whitish. `detail_ratio`: fine detail relative to the original's.
    `brightest_corner`: how much of its brightness the corner has that kept most of it; `middle` the same of
    the middle third. `warmer_share`, `colder_share`: of all places, by the tint of their light. `sky_*`: of
    the original's sky, found by its smoothness from the upper edge down; `sky_still_open`: how much of it is
    smooth in the result too, so that nothing stands in it now.
    """

    kept: float
    lost_cells: int
    new_cells: int
    leaf_share: float
    leaf_turned: float
    leaf_whitened: float
    detail_ratio: float
    same_shape: bool
    brightest_corner: float
    middle: float
    warmer_share: float
    colder_share: float
    sky_share: float
    sky_ember_share: float
    sky_warmth_gain: float
    sky_still_open: float


def look(pixels: Pixels) -> Look:
    """The figures of one picture (height x width x 3, uint8, sRGB)."""
    small = _small(pixels)
    rgb = small.astype(np.float32) / np.float32(255)
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    hue, saturation, value = _hsv(rgb)
    horizon = round(0.4 * rgb.shape[0])
    ember = _ember(hue, saturation, value)
    white = (value > 0.72) & (saturation < 0.14)
    warm = rgb[..., 0] - rgb[..., 2]
    return Look(
        brightness=_mean(luma),
        contrast=float(luma.std()),
        saturation=_mean(_spread(rgb)),
        warmth=_mean(warm),
        green_share=_mean(_green(hue, saturation, value)),
        upper_warmth=_mean(warm[:horizon]),
        upper_ember_share=_mean(ember[:horizon]),
        white_share=_mean(white),
        haze=_haze(rgb),
        detail=_mean(np.abs(cv2.Laplacian(luma, cv2.CV_32F))),
    )


def beside(original: Pixels, result: Pixels) -> Beside:
    """The result held against the original, cell by cell."""
    before = _small(original)
    same_shape = abs(original.shape[1] / original.shape[0] - result.shape[1] / result.shape[0]) < 0.02
    size = (before.shape[1], before.shape[0])
    after = np.asarray(cv2.resize(result, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    kept = _cells_kept(before, after)
    lost = (kept < LOST) & (kept > NOTHING_THERE)
    leaf, sky = _leaf(before), _sky(before)
    tint = _tint(after) - _tint(before)
    corner, middle = _corners(_luma(before), _luma(after))
    hue, saturation, value = _hsv(_unit(after))
    turned = (hue < 50) & (saturation > 0.3)
    whitened = (value > 0.55) & (saturation < 0.2)
    return Beside(
        kept=_mean(kept[kept > NOTHING_THERE]) if (kept > NOTHING_THERE).any() else 1.0,
        lost_cells=_largest_patch(lost),
        new_cells=_largest_patch((kept == NOTHING_THERE) & (_cell_detail(after) > NEW_DETAIL)),
        leaf_share=_mean(leaf),
        leaf_turned=_mean(turned[leaf]) if leaf.any() else 0.0,
        leaf_whitened=_mean(whitened[leaf]) if leaf.any() else 0.0,
        detail_ratio=_detail(after) / max(1e-6, _detail(before)),
        same_shape=same_shape,
        brightest_corner=corner,
        middle=middle,
        warmer_share=_mean(tint > TINTED),
        colder_share=_mean(tint < -TINTED),
        sky_share=_mean(sky),
        sky_ember_share=_mean(_ember(hue, saturation, value)[sky]),
        sky_warmth_gain=_mean(_warmth(after)[sky]) - _mean(_warmth(before)[sky]),
        sky_still_open=_mean((_roughness(after) < 2 * SKY_ROUGHNESS)[sky]),
    )


def _small(pixels: Pixels) -> Pixels:
    scale = WORKING_PX / max(pixels.shape[:2])
    size = (max(CELL_PX, round(pixels.shape[1] * scale)), max(CELL_PX, round(pixels.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.uint8)


def _unit(pixels: Pixels) -> Floats:
    return np.asarray(pixels.astype(np.float32) / np.float32(255))


def _luma(pixels: Pixels) -> Floats:
    return np.asarray(cv2.cvtColor(_unit(pixels), cv2.COLOR_RGB2GRAY), dtype=np.float32)


def _hsv(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """Hue in degrees, saturation and value in [0, 1]."""
    planes = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), dtype=np.float32)
    return planes[..., 0], planes[..., 1], planes[..., 2]


def _mean(values: NDArray[np.generic]) -> float:
    return float(np.asarray(values, dtype=np.float64).mean()) if values.size else 0.0


def _green(hue: Floats, saturation: Floats, value: Floats) -> NDArray[np.bool_]:
    return np.asarray((hue > 55) & (hue < 170) & (saturation > 0.15) & (value > 0.08))


def _ember(hue: Floats, saturation: Floats, value: Floats) -> NDArray[np.bool_]:
    """Red, orange, yellow or pink, with some colour and light in it."""
    return np.asarray(((hue < 55) | (hue > 315)) & (saturation > 0.22) & (value > 0.35))


def _warmth(pixels: Pixels) -> Floats:
    return np.asarray((pixels[..., 0].astype(np.float32) - pixels[..., 2]) / np.float32(255))


def _tint(pixels: Pixels) -> Floats:
    """Red less blue beside all three together: what a change of brightness leaves alone."""
    soft = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 2)
    return np.asarray((soft[..., 0] - soft[..., 2]) / (soft.sum(axis=2) + 12), dtype=np.float32)


def _sky(pixels: Pixels) -> NDArray[np.bool_]:
    """Smooth, bright and not green from the upper edge down to the first thing that stands in the way."""
    reddish = _warmth(pixels) > SKY_WARMTH
    smooth = _roughness(pixels) < SKY_ROUGHNESS
    return np.logical_and.accumulate(smooth & (_luma(pixels) > 0.3) & ~_leaf(pixels) & ~reddish, axis=0)


def _roughness(pixels: Pixels) -> Floats:
    luma = _luma(pixels)
    across, down = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.blur(cv2.magnitude(across, down), (5, 5)), dtype=np.float32)


def _leaf(pixels: Pixels) -> NDArray[np.bool_]:
    hue, saturation, value = _hsv(_unit(pixels))
    return _green(hue, saturation, value)


def _darkest(rgb: Floats) -> Floats:
    """The least of the three channels. By OpenCV: numpy takes ten times as long along a short axis."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.min(red, cv2.min(green, blue)), dtype=np.float32)


def _spread(rgb: Floats) -> Floats:
    return np.asarray(-_darkest(-rgb) - _darkest(rgb), dtype=np.float32)


def _haze(rgb: Floats) -> float:
    """Mean dark channel below the horizon, each colour relative to the light's (He, Sun, Tang 2009).

    The light's colour is the 95th percentile of each channel: a warm light is not taken for clear air.
    """
    light = np.maximum(np.percentile(rgb.reshape(-1, 3), 95, axis=0), 0.25).astype(np.float32)
    darkest = _darkest(rgb / light)
    dark = np.asarray(cv2.erode(darkest, np.ones((15, 15), np.uint8)))
    return min(1.0, _mean(dark[round(0.4 * dark.shape[0]) :]))


def _corners(before: Floats, after: Floats) -> tuple[float, float]:
    """Brightness beside what it was: of the corner that kept most of it, and of the middle third."""
    rows, columns = before.shape[0] // 6, before.shape[1] // 6
    top, bottom, left, right = slice(0, rows), slice(-rows, None), slice(0, columns), slice(-columns, None)
    corners = [_kept_light(before, after, row, column) for row in (top, bottom) for column in (left, right)]
    inner_rows, inner_columns = slice(2 * rows, -2 * rows), slice(2 * columns, -2 * columns)
    return max(corners), _kept_light(before, after, inner_rows, inner_columns)


def _kept_light(before: Floats, after: Floats, rows: slice, columns: slice) -> float:
    return _mean(after[rows, columns]) / max(0.02, _mean(before[rows, columns]))


def _detail(pixels: Pixels) -> float:
    return _mean(np.abs(cv2.Laplacian(_luma(pixels), cv2.CV_32F)))


def _edges(pixels: Pixels) -> Floats:
    """Gradient magnitude relative to its neighbourhood: what a change of light leaves alone."""
    luma = cv2.GaussianBlur(_luma(pixels), (0, 0), 1.0)
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(across, down)
    around = cv2.GaussianBlur(strength, (0, 0), 12.0)
    return np.asarray(strength / (around + np.float32(0.02)), dtype=np.float32)


def _cells_kept(before: Pixels, after: Pixels) -> Floats:
    """Per cell the correlation with the best place within SEARCH_PX; NOTHING_THERE without detail."""
    edges, found_in = _edges(before), _edges(after)
    detailed = _cell_detail(before) > DETAILED
    padded = cv2.copyMakeBorder(found_in, *(SEARCH_PX,) * 4, borderType=cv2.BORDER_REPLICATE)
    kept = np.full(detailed.shape, NOTHING_THERE, np.float32)
    for row, column in np.argwhere(detailed):
        top, left = row * CELL_PX, column * CELL_PX
        around = padded[top : top + CELL_PX + 2 * SEARCH_PX, left : left + CELL_PX + 2 * SEARCH_PX]
        cell = edges[top : top + CELL_PX, left : left + CELL_PX]
        kept[row, column] = float(cv2.matchTemplate(around, cell, cv2.TM_CCOEFF_NORMED).max())
    return kept


def _cell_detail(pixels: Pixels) -> Floats:
    """Mean absolute Laplacian of luma per cell: clouds and haze have little of it. rows x columns."""
    detail = np.abs(cv2.Laplacian(_luma(pixels), cv2.CV_32F))
    rows, columns = detail.shape[0] // CELL_PX, detail.shape[1] // CELL_PX
    cells = detail[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    return np.asarray(cells.mean(axis=(1, 3)), dtype=np.float32)


def _largest_patch(cells: NDArray[np.bool_]) -> int:
    """How many cells the largest patch of neighbours has (by edges or corners)."""
    count, _, sizes, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8), connectivity=8)
    return int(sizes[1:, cv2.CC_STAT_AREA].max()) if count > 1 else 0
