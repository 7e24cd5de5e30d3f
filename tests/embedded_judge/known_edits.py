"""Edits of the kinds that the judge's thresholds were set on, with other photographs: light, leaves, harm."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.images import edits
from tests.images.photographs import HELD_OUT, photograph

Pixels = NDArray[np.uint8]


def hsv(picture: Pixels) -> list[NDArray[np.float32]]:
    """Hue in degrees, saturation and value in 0-1."""
    unit = picture.astype(np.float32) / np.float32(255)
    return list(cv2.split(cv2.cvtColor(unit, cv2.COLOR_RGB2HSV)))


def rgb(hue: NDArray, saturation: NDArray, value: NDArray) -> Pixels:
    merged = cv2.merge([hue, np.clip(saturation, 0, 1), np.clip(value, 0, 1)])
    return (np.clip(cv2.cvtColor(merged, cv2.COLOR_HSV2RGB), 0, 1) * 255).astype(np.uint8)


def rusty_leaves(picture: Pixels) -> Pixels:
    """Greens turned to orange, nothing else."""
    hue, saturation, value = hsv(picture)
    green = (hue > 50) & (hue < 175) & (saturation > 0.1)
    return rgb(
        np.where(green, 25, hue).astype(np.float32), np.where(green, saturation + 0.3, saturation), value
    )


def white_leaves(picture: Pixels) -> Pixels:
    """Greens and what is lit from above turned white, the rest colder."""
    hue, saturation, value = hsv(picture)
    green = (hue > 50) & (hue < 175) & (saturation > 0.1)
    result = rgb(
        hue, np.where(green, saturation * 0.1, saturation), np.where(green, 0.35 * value + 0.62, value)
    )
    return edits.grade(result, 1.0, 1.0, -0.08)


def warmer(picture: Pixels) -> Pixels:
    return edits.grade(picture, 1.0, 1.0, 0.15)


def colder(picture: Pixels) -> Pixels:
    return edits.grade(picture, 1.0, 1.0, -0.15)


def lighter(picture: Pixels) -> Pixels:
    return edits.grade(picture, 0.65, 1.0, 0.0)


def dimmer(picture: Pixels) -> Pixels:
    return edits.grade(picture, 1.5, 1.0, 0.0)


def more_colour(picture: Pixels) -> Pixels:
    hue, saturation, value = hsv(picture)
    return rgb(hue, saturation * 1.7, value)


def dark_corners(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (picture * np.clip(1.25 - 0.55 * (x**2 + y**2), 0, 1)[:, :, None]).astype(np.uint8)


def other_photo(picture: Pixels) -> Pixels:
    """Another held-out photograph altogether, in this one's size."""
    for name in HELD_OUT:
        candidate = photograph(name)
        resized = cv2.resize(candidate, picture.shape[1::-1])
        if np.abs(resized.astype(int) - picture).mean() > 20:
            return resized
    raise AssertionError("all held-out photographs are the same")


def pasted_object(picture: Pixels) -> Pixels:
    """A third of another photograph's width and height, set into the middle."""
    result, other = picture.copy(), other_photo(picture)
    height, width = picture.shape[:2]
    part = other[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    result[height // 2 : height // 2 + part.shape[0], width // 4 : width // 4 + part.shape[1]] = part
    return result


def sky_object(picture: Pixels) -> Pixels:
    """A patterned thing in the upper left, where there was sky or hill."""
    result = picture.copy()
    height, width = picture.shape[:2]
    size = height // 4
    board = (np.indices((size, size)).sum(axis=0) // 9 % 2 * 200 + 25).astype(np.uint8)
    top, left = height // 12, width // 12
    result[top : top + size, left : left + size] = board[:, :, None]
    return result


def removed_object(picture: Pixels) -> Pixels:
    """The middle third painted over smoothly, as an eraser would."""
    result = picture.copy()
    height, width = picture.shape[:2]
    top, left, down, across = height // 3, width // 3, height // 3, width // 3
    smooth = cv2.GaussianBlur(picture, (0, 0), width / 12)
    result[top : top + down, left : left + across] = smooth[top : top + down, left : left + across]
    return result


def warped(picture: Pixels) -> Pixels:
    """Waves of 4 % of the width."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bend = np.float32(0.04 * width) * np.sin(y / height * 9).astype(np.float32)
    return cv2.remap(picture, x + bend, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def far_shift(picture: Pixels) -> Pixels:
    return edits.shift(picture, 0.08)


def upside_down(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(picture[::-1])


def nearly_black(picture: Pixels) -> Pixels:
    return (picture * 0.08).astype(np.uint8)


def all_orange(picture: Pixels) -> Pixels:
    return np.full_like(picture, (240, 140, 50))


def all_white(picture: Pixels) -> Pixels:
    return np.full_like(picture, 252)


def all_grey(picture: Pixels) -> Pixels:
    return np.full_like(picture, 128)


def static(picture: Pixels) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, picture.shape, dtype=np.uint8)


def negative(picture: Pixels) -> Pixels:
    return 255 - picture


def orange_cast(picture: Pixels) -> Pixels:
    """An orange filter over everything, ground and sky alike."""
    return (picture * np.array([1.0, 0.62, 0.25])).astype(np.uint8)


def glow_with_object(picture: Pixels) -> Pixels:
    return pasted_object(edits.glow(picture))


def shapes_of_noise(picture: Pixels) -> Pixels:
    """Strong grain: the large shapes stay, fine detail is noise."""
    return edits.noise(picture, 45)
