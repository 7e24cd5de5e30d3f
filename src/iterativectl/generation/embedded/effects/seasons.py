"""Autumn and winter."""

from __future__ import annotations

import cv2
import numpy as np

from iterativectl.generation.embedded.pixels import (
    Field,
    Pixels,
    blur,
    luma,
    mix,
    saturate,
    screen,
    smoothstep,
)
from iterativectl.generation.embedded.scene import Scene

# From green towards bare: yellow, orange, red, brown; relative to the leaf's own brightness. Picked by eye.
_LEAVES = np.array(
    [[1.25, 1.0, 0.28], [1.45, 0.80, 0.22], [1.45, 0.52, 0.24], [0.95, 0.62, 0.36]], np.float32
)
_SNOW = np.array([0.93, 0.96, 1.0], np.float32)
_SNOW_SHADE = np.array([0.58, 0.67, 0.82], np.float32)
_WINTER_SKY = np.array([0.80, 0.84, 0.89], np.float32)
_FLAKES = ((0.0026, 0.10, 0.55), (0.0011, 0.20, 0.7), (0.00022, 0.42, 0.8))  # share of pixels, size, light


def autumn(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Leaves turn yellow to red, tree by tree; the light gets a little warmer."""
    turn = 0.62 * scene.clouds("autumn trees", scene.unit * 9) + 0.38 * scene.clouds(
        "autumn leaves", scene.unit * 2
    )
    light = luma(picture)
    rough = blur(np.abs(light - blur(light, scene.unit * 0.4)), scene.unit * 1.5)
    crowns = smoothstep(0.028, 0.06, rough)  # meadows are smooth: they fade, they do not turn red
    place = smoothstep(0.25, 0.8, turn) * (0.25 + 0.75 * crowns) * (len(_LEAVES) - 1.001)
    lower = np.floor(place).astype(int)
    tint = mix(_LEAVES[lower], _LEAVES[lower + 1], np.asarray(place - lower, np.float32))
    leaves = np.clip(light[..., None] * tint * 1.2, 0.0, 1.0)
    leaves = mix(leaves, np.asarray(picture * np.array([1.05, 0.95, 0.8], np.float32)), 0.12)
    warm = picture * np.array([1.0 + 0.05 * strength, 1.0, 1.0 - 0.10 * strength], np.float32)
    if scene.foliage.mean() < 0.02:
        scene.notes.append("hardly any green was found: autumn has few leaves to colour")
    return np.clip(mix(warm, leaves, scene.foliage * min(1.0, 1.15 * strength)), 0.0, 1.0)


def winter(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Snow on leaves, roofs and ledges, a pale sky, falling flakes, cold light."""
    cold = saturate(picture, 1.0 - 0.45 * strength)
    cold = cold * np.array([1.0 - 0.07 * strength, 1.0 - 0.02 * strength, 1.0 + 0.04 * strength], np.float32)
    cover = np.clip(_snow_cover(scene) * smoothstep(0.0, 0.85, np.float32(strength)), 0.0, 1.0)
    white = mix(cold, _snow(scene), cover)
    haze = 0.35 + 0.65 * scene.clouds("snow clouds", scene.unit * 14, long=2.0)
    white = mix(
        white, _WINTER_SKY * (0.88 + 0.12 * haze[..., None]), scene.sky * min(1.0, 1.1 * strength) * 0.9
    )
    white = mix(white, np.broadcast_to(_WINTER_SKY, picture.shape), scene.distance * 0.18 * strength)
    return screen(white, _falling(scene, strength)[..., None])


def _snow_cover(scene: Scene) -> Field:
    """Where snow would lie: on leaves and meadows, and on what is lit from above over something darker."""
    light = blur(luma(scene.original), scene.unit * 0.12)
    below = np.roll(light, -max(1, round(scene.unit * 0.35)), axis=0)
    above = np.roll(light, max(1, round(scene.unit * 0.25)), axis=0)
    ledges = smoothstep(0.03, 0.16, light - below) + 0.8 * smoothstep(0.06, 0.2, np.abs(above - light))
    skyline = smoothstep(0.1, 0.6, np.roll(scene.sky, max(1, round(scene.unit * 0.8)), axis=0))
    ground = 1.0 - scene.sky
    patches = 0.72 + 0.5 * scene.clouds("snow", scene.unit * 6)
    lit = 0.45 + 0.55 * smoothstep(0.05, 0.4, light)
    return np.asarray((scene.foliage * patches * lit + 0.42 * ledges + 0.5 * skyline) * ground, np.float32)


def _snow(scene: Scene) -> Pixels:
    """Snow as bright as what it lies on lets it be: the shapes below stay readable."""
    light = luma(scene.original)
    local = blur(light, scene.unit * 1.2)
    relief = np.clip(0.5 + 2.2 * (light - local), 0.0, 1.0)
    tone = np.clip(0.30 + 0.55 * relief + 0.35 * local, 0.0, 1.0)
    shape = (*scene.shape, 3)
    return mix(
        np.broadcast_to(_SNOW_SHADE, shape), np.broadcast_to(_SNOW, shape), np.asarray(tone, np.float32)
    )


def _falling(scene: Scene, strength: float) -> Field:
    """Flakes in three distances, blown along one seeded direction."""
    rng = scene.rng("flakes")
    drift = rng.uniform(-0.5, 0.5)
    total = np.zeros(scene.shape, np.float32)
    for share, size, light in _FLAKES:
        sigma = max(0.5, size * scene.unit)
        amount = share * strength * min(1.0, 7.68 / scene.unit) ** 2
        flakes = (rng.random(scene.shape, np.float32) < amount).astype(np.float32)
        soft = blur(flakes, sigma) * np.float32(2.0 * np.pi * sigma * sigma)
        moved = cv2.filter2D(soft, cv2.CV_32F, _gust(sigma, drift))
        total += np.clip(moved, 0.0, 1.0) * np.float32(light)
    return np.clip(total, 0.0, 0.92)


def _gust(sigma: float, drift: float) -> Field:
    """The path of a flake while the shutter is open, as a kernel that keeps the sum of light."""
    half = max(1, round(sigma))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    cv2.line(
        kernel, (round(half - drift * half), 0), (round(half + drift * half), 2 * half), 1.0, 1, cv2.LINE_AA
    )
    return np.asarray(kernel / kernel.sum() * 1.4, np.float32)
