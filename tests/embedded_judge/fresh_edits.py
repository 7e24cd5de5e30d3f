"""Edits written after the judge's thresholds were set, and never used to set one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.embedded_judge.known_edits import hsv, rgb

Pixels = NDArray[np.uint8]


def _clipped(values: NDArray) -> Pixels:
    return np.clip(values, 0, 255).astype(np.uint8)


def _smooth_noise(shape: tuple[int, ...], cells: int = 6) -> NDArray[np.float32]:
    """Clouds of noise, 0-1."""
    coarse = np.random.default_rng(17).random((cells, cells)).astype(np.float32)
    return cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC)


def equalised(picture: Pixels) -> Pixels:
    """Local contrast raised in tiles."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3.0, (6, 6)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def turned_hues(picture: Pixels) -> Pixels:
    hue, saturation, value = hsv(picture)
    return rgb((hue + 40) % 360, saturation, value)


def pale(picture: Pixels) -> Pixels:
    hue, saturation, value = hsv(picture)
    return rgb(hue, saturation * 0.5, value)


def red_sky(picture: Pixels) -> Pixels:
    """Only the upper part, from deep red at the top to pink; the ground keeps its light."""
    share = np.clip(1.1 - 2.4 * np.linspace(0, 1, len(picture)), 0, 0.9)[:, None, None]
    sky = np.linspace((205, 60, 60), (250, 150, 150), len(picture))[:, None, :]
    return _clipped(picture * (1 - share) + sky * share)


def banks_of_fog(picture: Pixels) -> Pixels:
    share = (0.45 + 0.45 * np.clip(_smooth_noise(picture.shape), 0, 1))[..., None]
    return _clipped(picture * (1 - share) + np.array([224, 228, 232.0]) * share)


def thin_haze(picture: Pixels) -> Pixels:
    return _clipped(picture * 0.82 + 225 * 0.18)


def blue_hour(picture: Pixels) -> Pixels:
    """After sundown: what was lit keeps a fifth of its light, most of it blue."""
    return _clipped((picture / 255.0) ** 1.3 * np.array([0.17, 0.22, 0.4]) * 255)


def red_leaves(picture: Pixels) -> Pixels:
    """Greens pushed along CIE a* and b* to a rusty red."""
    lab = cv2.cvtColor(picture.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    hue, saturation, _ = hsv(picture)
    green = cv2.GaussianBlur(((hue > 55) & (hue < 170) & (saturation > 0.12)).astype(np.float32), (0, 0), 1)
    lab[..., 1] += green * 55
    lab[..., 2] += green * 22
    return _clipped(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255)


def snow_cover(picture: Pixels) -> Pixels:
    """Leaves and grass under snow with bluish shadows; flakes in the air."""
    hue, saturation, value = hsv(picture)
    green = cv2.GaussianBlur(((hue > 50) & (hue < 175) & (saturation > 0.1)).astype(np.float32), (0, 0), 1)
    covered = np.dstack([0.62 + 0.36 * value, 0.66 + 0.34 * value, 0.74 + 0.27 * value]) * 255
    result = picture * np.array([0.93, 0.97, 1.03]) * (1 - green[..., None]) + covered * green[..., None]
    flakes = np.random.default_rng(4).random(picture.shape[:2]) > 0.998
    return _clipped(
        np.where(cv2.dilate(flakes.astype(np.uint8), np.ones((2, 2)))[..., None] > 0, 250, result)
    )


def rain(picture: Pixels) -> Pixels:
    """Thin slanting streaks."""
    streaks = (np.random.default_rng(8).random(picture.shape[:2]) > 0.994).astype(np.float32)
    kernel = np.zeros((15, 15), np.float32)
    cv2.line(kernel, (5, 0), (9, 14), 1.0)
    streaks = np.clip(cv2.filter2D(streaks, -1, kernel), 0, 1)[..., None] * 0.35
    return _clipped(picture * 0.9 * (1 - streaks) + 220 * streaks)


def swapped_halves(picture: Pixels) -> Pixels:
    return np.roll(picture, picture.shape[1] // 2, axis=1)


def leaning(picture: Pixels) -> Pixels:
    """In perspective: the upper edge drawn in by 8 % on both sides."""
    height, width = picture.shape[:2]
    source = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    target = np.float32([[0.08 * width, 0], [0.92 * width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(source, target)
    return cv2.warpPerspective(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def tilted(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 4, 1.0)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def four_times(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(np.tile(half, (2, 2, 1)), (width, height))


def copied_part(picture: Pixels) -> Pixels:
    """A quarter by a quarter of the lower left once more on the right."""
    result = picture.copy()
    height, width = picture.shape[:2]
    part = picture[height // 2 : 3 * height // 4, width // 8 : 3 * width // 8]
    top, left = height // 3, 5 * width // 8
    result[top : top + part.shape[0], left : left + part.shape[1]] = part
    return result


def lettering(picture: Pixels) -> Pixels:
    result = np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    result = result.copy()
    scale, thick = width / 130, max(2, width // 60)
    cv2.putText(
        result, "SALE", (width // 12, 3 * height // 5), cv2.FONT_HERSHEY_DUPLEX, scale, (235, 30, 30), thick
    )
    return result


def figure(picture: Pixels) -> Pixels:
    """A dark figure of half the height, standing in the middle."""
    result = picture.copy()
    height, width = picture.shape[:2]
    middle, foot = width // 2, int(0.9 * height)
    cv2.ellipse(
        result, (middle, foot - height // 6), (height // 10, height // 5), 0, 0, 360, (40, 35, 45), -1
    )
    cv2.circle(result, (middle, foot - int(0.42 * height)), height // 14, (190, 150, 130), -1)
    return result


def pixelated(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // 9, height // 9), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def shaken(picture: Pixels) -> Pixels:
    """Motion blur of 4 % of the width."""
    length = max(3, picture.shape[1] // 25)
    return cv2.filter2D(picture, -1, np.full((1, length), 1 / length, np.float32))


def sepia(picture: Pixels) -> Pixels:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] / 255.0
    return _clipped(grey * np.array([1.0, 0.86, 0.66]) * 255)


def line_art(picture: Pixels) -> Pixels:
    """Black contours on white."""
    soft = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    return np.dstack([255 - cv2.Canny(soft, 40, 110)] * 3)


def overexposed(picture: Pixels) -> Pixels:
    return _clipped(picture * 1.6)


def letterbox(picture: Pixels) -> Pixels:
    result = picture.copy()
    bar = len(picture) // 6
    result[:bar] = 0
    result[-bar:] = 0
    return result


def upright_format(picture: Pixels) -> Pixels:
    width = picture.shape[1]
    return np.ascontiguousarray(picture[:, width // 4 : 3 * width // 4])


def dark_above(picture: Pixels) -> Pixels:
    """A graduated filter: the upper third darker."""
    share = np.clip(0.35 + 1.9 * np.linspace(0, 1, len(picture)), 0, 1)[:, None, None]
    return _clipped(picture * share)


def two_dark_corners(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return _clipped(picture * np.clip(0.2 + 1.6 * np.abs(x - y), 0, 1)[..., None])


def half_shuffled(picture: Pixels) -> Pixels:
    """Left half as it is; in the right half the blocks have changed places."""
    result = picture.copy()
    height, width = picture.shape[:2]
    side = width // 10
    places = [(y, x) for y in range(0, height - side, side) for x in range(width // 2, width - side, side)]
    order = np.random.default_rng(2).permutation(len(places))
    for (y, x), source in zip(places, order, strict=True):
        top, left = places[source]
        result[y : y + side, x : x + side] = picture[top : top + side, left : left + side]
    return result
