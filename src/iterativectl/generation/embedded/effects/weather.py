"""Fog and rain."""

from __future__ import annotations

import cv2
import numpy as np

from iterativectl.generation.embedded.pixels import Field, Pixels, blur, luma, mix, saturate, screen
from iterativectl.generation.embedded.scene import Scene

_DENSITY = 2.7  # optical depth of full fog at the horizon; Koschmieder: what is left is exp(-depth)


def fog(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Banks of fog that swallow what is far away and leave what is near."""
    height, width = scene.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    low = np.exp(-(((rows - scene.horizon * 1.12) / (0.16 * height)) ** 2))
    banks = scene.clouds("fog banks", scene.unit * 11, long=3.5)
    depth = 0.12 + 0.62 * scene.distance * (1.0 - 0.45 * scene.sky) + 0.5 * low * banks
    depth = depth * (0.55 + 0.9 * banks) * _DENSITY * strength
    colour = _fog_colour(scene, picture)
    calm = saturate(picture, 1.0 - 0.35 * strength)
    return mix(calm, np.broadcast_to(colour, picture.shape), np.asarray(1.0 - np.exp(-depth), np.float32))


def rain(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Overcast light, wet air, and streaks in three distances."""
    grey = saturate(picture, 1.0 - 0.5 * strength) * np.float32(1.0 - 0.30 * strength)
    cool = grey * np.array([0.95, 0.99, 1.06], np.float32)
    lid = np.array([0.50, 0.54, 0.60], np.float32)
    cover = 0.62 + 0.5 * (scene.clouds("rain clouds", scene.unit * 12, long=2.6) - 0.5)
    overcast = mix(cool, lid * cover[..., None], scene.sky * min(1.0, 1.2 * strength))
    veil = mix(overcast, np.broadcast_to(lid, picture.shape), scene.distance * 0.32 * strength)
    streaks = _streaks(scene, strength)
    return screen(veil, streaks[..., None] * np.array([0.80, 0.86, 0.95], np.float32))


def _fog_colour(scene: Scene, picture: Pixels) -> Field:
    """The light that the fog scatters: the sky's as it is painted now near the horizon, paler."""
    height = scene.shape[0]
    rows = slice(max(0, int(scene.horizon - 0.12 * height)), max(1, int(scene.horizon)))
    weight = scene.sky[rows].astype(np.float64) + 1e-3
    mean = (picture[rows] * weight[..., None]).sum(axis=(0, 1)) / weight.sum()
    bright = max(float(mean.max()), 0.15)
    pale = 0.55 * mean + 0.45 * bright
    return np.asarray(np.clip(pale * (0.88 + 0.04 / bright), 0.0, 0.93), np.float32)


def _streaks(scene: Scene, strength: float) -> Field:
    """Falling drops, blurred along their seeded slant by the exposure time."""
    rng = scene.rng("rain")
    slant = rng.uniform(-0.22, 0.22)
    total = np.zeros(scene.shape, np.float32)
    for share, length, light in ((0.0055, 3.0, 0.30), (0.0022, 5.5, 0.40), (0.0006, 10.0, 0.55)):
        drops = (rng.random(scene.shape, np.float32) < share * strength * min(1.0, 8.0 / scene.unit)).astype(
            np.float32
        )
        total += cv2.filter2D(drops, cv2.CV_32F, _line(length * scene.unit, slant)) * np.float32(light)
    near = 1.0 - 0.3 * luma(scene.original)
    return np.asarray(
        np.clip(blur(total, 0.45 + scene.unit * 0.02) * near * min(1.0, 1.4 * strength), 0.0, 0.75)
    )


def _line(length: float, slant: float) -> Field:
    """A slanted line as a kernel, its ends fading; its peak is 1."""
    half = max(2, round(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    shift = slant * half
    cv2.line(kernel, (round(half - shift), 0), (round(half + shift), 2 * half), 1.0, 1, cv2.LINE_AA)
    fade = np.sin(np.linspace(0.0, np.pi, 2 * half + 1, dtype=np.float32))[:, None]
    return np.asarray(kernel * fade, np.float32)
