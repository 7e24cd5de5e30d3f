"""Where the sky, the leaves and the windows are: soft masks, float32 in [0, 1], the picture's height x width.

No model: the sky is what is smooth and sky-coloured and hangs together from the top edge; leaves are what is
greener than anything else; windows are small dark gaps in bright walls. Good on outdoor photographs, and
empty where nothing fits.
"""

from __future__ import annotations

import cv2
import numpy as np

from iterativectl.generation.embedded.pixels import Field, Pixels, blur, luma, smoothstep

_WORK = 320  # masks are searched at this longest side: enough for shapes, quick for any picture
_SMALLEST_SKY = 0.02  # a share of the picture below which "sky" is a white window or a lamp
_GRABCUT_ROUNDS = 3


def sky(picture: Pixels) -> Field:
    """How much of each pixel is sky. All zero where there is none."""
    small = _shrunk(picture)
    seeds = _sky_seeds(small)
    if seeds.mean() < _SMALLEST_SKY:
        return np.zeros(picture.shape[:2], np.float32)
    found = _from_the_top(_grown(small, seeds))
    if found.mean() < _SMALLEST_SKY:
        return np.zeros(picture.shape[:2], np.float32)
    return _fitted(found.astype(np.float32), picture)


def foliage(picture: Pixels) -> Field:
    """How leafy each pixel is: the green channel above the mean of the others, relative to brightness."""
    small = blur(picture, max(picture.shape[:2]) / 800)
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    bright = small.sum(axis=2) + 0.15
    excess = (2.0 * green - red - blue) / bright
    return smoothstep(0.015, 0.16, excess) * smoothstep(-0.02, 0.05, (green - blue) / bright)


def windows(picture: Pixels, elsewhere: Field) -> Field:
    """Small dark gaps in brighter walls, away from `elsewhere` (sky and leaves).

    Only upright or square spots of a window's size count: shadows under roofs are wide, cracks are thin.
    """
    light = luma(picture)
    unit = max(light.shape) / 100
    size = max(3, round(unit * 1.6)) | 1
    closed = cv2.morphologyEx(light, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (size, size)))
    wall = (
        (closed > 0.56) & (np.abs(closed - blur(closed, unit)) < 0.12) & (blur(elsewhere, unit * 1.5) < 0.25)
    )
    gaps = (closed - light > 0.16) & wall
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(gaps.astype(np.uint8), connectivity=4)
    width, height, area = (
        boxes[:, cv2.CC_STAT_WIDTH],
        boxes[:, cv2.CC_STAT_HEIGHT],
        boxes[:, cv2.CC_STAT_AREA],
    )
    fits = (
        (height >= 0.7 * width) & (width <= 2.2 * unit) & (height <= 4 * unit) & (area >= max(3, unit * 0.5))
    )
    fits &= area >= 0.45 * width * height
    fits[0] = False
    return blur(fits[labels].astype(np.float32), 0.5) if count > 1 else np.zeros(light.shape, np.float32)


def _shrunk(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    scale = min(1.0, _WORK / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _sky_seeds(small: Pixels) -> Field:
    """What is surely sky: smooth, blue or bright without colour, above the middle or joined to the top."""
    light = luma(small)
    soft = blur(light, 1.2)
    slope = np.abs(cv2.Sobel(soft, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    smooth = blur(slope, 2.0) < 0.09
    red, green, blue = (blur(small[..., i], 1.2) for i in range(3))
    bluish = (blue > red * 1.06) & (blue >= green * 0.98) & (light > 0.22)
    pale = (light > 0.62) & (blue > red * 0.93) & (np.abs(red - blue) < 0.16)
    return _from_the_top(smooth & (bluish | pale))


def _from_the_top(candidate: Field) -> Field:
    """The parts of a mask that reach the top rows, with small holes filled."""
    rows = max(2, candidate.shape[0] // 40)
    _, labels = cv2.connectedComponents(candidate.astype(np.uint8), connectivity=4)
    names, counts = np.unique(labels[:rows], return_counts=True)
    wide = {int(n) for n, c in zip(names, counts, strict=True) if n and c > rows * candidate.shape[1] * 0.02}
    return np.asarray(np.isin(labels, sorted(wide)))


def _grown(small: Pixels, seeds: Field) -> Field:
    """The seeds grown to the sky's real edge by its colours (GrabCut), with the ground as the other side.

    OpenCV draws GrabCut's first clusters from its own random numbers: seeded here, so that it repeats.
    """
    marks = np.full(seeds.shape, cv2.GC_PR_BGD, np.uint8)
    near = cv2.dilate(seeds.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    marks[near] = cv2.GC_PR_FGD
    marks[cv2.erode(seeds.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = cv2.GC_FGD
    lowest = np.flatnonzero(seeds.any(axis=1)).max()
    marks[min(lowest + seeds.shape[0] // 12, seeds.shape[0] - 1) :] = cv2.GC_BGD
    leafy = foliage(small) > 0.35
    marks[leafy] = cv2.GC_BGD
    if not (marks == cv2.GC_BGD).any():
        return seeds
    cv2.setRNGSeed(1)
    image = np.ascontiguousarray((small[..., ::-1] * 255).round().astype(np.uint8))
    models = np.zeros((2, 1, 65))
    cv2.grabCut(
        image, marks, (0, 0, 1, 1), models[0], models[1], _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK
    )  # no rectangle
    return np.asarray((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD))


def _fitted(found: Field, picture: Pixels) -> Field:
    """A small mask brought to full size along the picture's own edges (guided filter, He et al. 2010)."""
    height, width = picture.shape[:2]
    side = min(1.0, 768 / max(height, width))
    size = (max(8, round(width * side)), max(8, round(height * side)))
    guide = luma(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32))
    rough = cv2.resize(found, size, interpolation=cv2.INTER_LINEAR)
    radius = max(size) / 160
    slope, offset = _guided(guide, rough, radius)
    slope, offset = (cv2.resize(x, (width, height), interpolation=cv2.INTER_LINEAR) for x in (slope, offset))
    fine = slope * luma(picture) + offset
    wide = cv2.resize(blur(cv2.dilate(found, np.ones((3, 3))), 1.0), (width, height))
    return np.asarray(smoothstep(0.25, 0.8, fine) * smoothstep(0.02, 0.3, wide), np.float32)


def _guided(guide: Field, rough: Field, radius: float) -> tuple[Field, Field]:
    mean_guide, mean_rough = blur(guide, radius), blur(rough, radius)
    variance = blur(guide * guide, radius) - mean_guide * mean_guide
    covariance = blur(guide * rough, radius) - mean_guide * mean_rough
    slope = covariance / (variance + 1e-4)
    return blur(slope, radius), blur(mean_rough - slope * mean_guide, radius)
