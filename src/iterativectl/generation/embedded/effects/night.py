"""Night: darkness, stars, a moon, and light behind the windows."""

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

_ZENITH = np.array([0.012, 0.022, 0.075], np.float32)
_HORIZON = np.array([0.07, 0.12, 0.24], np.float32)
_LAMP = np.array([1.0, 0.72, 0.34], np.float32)
_MOON = np.array([0.95, 0.95, 0.88], np.float32)
_STARS_PER_UNIT_AREA = 0.085  # stars per hundredth of the longest side, squared
_LIT_WINDOWS = 0.6  # share of the windows behind which somebody is awake


def night(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Day for night: darker and bluer, stars where the sky is, lamps in about half of the windows."""
    dark = _moonlit(picture, strength)
    if scene.has_sky:
        dark = mix(dark, _night_sky(scene), scene.sky * smoothstep(0.0, 0.75, np.float32(strength)))
    else:
        scene.notes.append("no sky was found: the night has no stars")
    lamps = _lamps(scene) * smoothstep(0.2, 0.8, np.float32(strength))
    glow = blur(lamps, scene.unit * 0.5) * 1.0 + blur(lamps, scene.unit * 2.0) * 1.6
    return screen(dark, (np.clip(lamps * 1.1 + glow, 0.0, 1.0))[..., None] * _LAMP)


def moon(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """A full moon with its halo, somewhere free in the upper sky."""
    if not scene.has_sky:
        scene.notes.append("no sky was found: there is no place for a moon")
        return picture
    y, x = _free_place(scene)
    height, width = scene.shape
    away = np.hypot(np.arange(height)[:, None] - y, np.arange(width)[None, :] - x).astype(np.float32)
    radius = scene.unit * 2.6
    seas = 0.45 + 0.85 * scene.clouds("moon", radius * 0.6)
    disc = smoothstep(radius + 0.8, radius - 0.8, away) * np.clip(seas, 0.0, 1.0)
    halo = np.exp(-away / (radius * 2.6)) * 0.42
    light = (disc + halo * (1.0 - disc)) * scene.sky * strength
    return screen(picture, light[..., None] * _MOON)


def _moonlit(picture: Pixels, strength: float) -> Pixels:
    light = luma(picture)
    flat = 0.5 * picture + 0.5 * blur(picture, 1.0)
    dim = saturate(np.asarray(flat**1.25, np.float32), 0.5)
    blue = dim * np.array([0.20, 0.27, 0.44], np.float32) + np.array([0.008, 0.014, 0.036], np.float32)
    silver = smoothstep(0.55, 1.0, light)[..., None] * np.array([0.03, 0.05, 0.08], np.float32)
    return mix(picture, np.asarray(blue + silver, np.float32), min(1.0, strength * 1.12))


def _night_sky(scene: Scene) -> Pixels:
    height, width = scene.shape
    down = np.clip(np.arange(height, dtype=np.float32) / max(scene.horizon, 1.0), 0.0, 1.0) ** 1.5
    base = mix(
        np.broadcast_to(_ZENITH, (height, width, 3)),
        np.broadcast_to(_HORIZON, (height, width, 3)),
        np.repeat(down[:, None], width, axis=1),
    )
    return screen(base, _stars(scene) + _milky_way(scene))


def _stars(scene: Scene) -> Pixels:
    """Points of seeded place, size and tint; most are faint, as in the real sky."""
    rng = scene.rng("stars")
    height, width = scene.shape
    count = int(height * width / scene.unit**2 * _STARS_PER_UNIT_AREA)
    rows, columns = rng.integers(0, height, count), rng.integers(0, width, count)
    bright = rng.random(count, np.float32) ** 4
    tint = 1.0 - rng.random((count, 3), np.float32) * np.array([0.25, 0.12, 0.0], np.float32)
    sky = np.zeros((height, width, 3), np.float32)
    sky[rows, columns] = (0.35 + 0.65 * bright)[:, None] * tint
    big = np.zeros_like(sky)
    chosen = bright > 0.55
    big[rows[chosen], columns[chosen]] = tint[chosen]
    size = max(0.45, scene.unit * 0.07)
    points = blur(sky, size) * np.float32(1.0 + 5.0 * size * size)
    return np.asarray(points + blur(big, size * 2.2) * np.float32(14.0 * size * size), np.float32)


def _milky_way(scene: Scene) -> Pixels:
    """A faint slanted band of dust."""
    rng = scene.rng("milky way")
    height, width = scene.shape
    angle, offset = rng.uniform(0.35, 0.8), rng.uniform(0.2, 0.8)
    y, x = np.indices(scene.shape, np.float32)
    across = ((x / width - offset) * np.cos(angle) + (y / height - 0.2) * np.sin(angle)).astype(np.float32)
    dust = np.exp(-((across / 0.11) ** 2)) * smoothstep(0.35, 0.9, scene.clouds("dust", scene.unit * 12))
    return np.asarray(dust[..., None] * np.array([0.11, 0.12, 0.19], np.float32), np.float32)


def _lamps(scene: Scene) -> Field:
    """Whole windows lit or dark: each is one spot, and the dice are thrown per spot."""
    count, spots = cv2.connectedComponents((scene.windows > 0.35).astype(np.uint8))
    dice = scene.rng("lamps").random(max(count, 1), np.float32)
    power = np.where(dice < _LIT_WINDOWS, 0.6 + 0.4 * dice / _LIT_WINDOWS, 0.0).astype(np.float32)
    power[0] = 0.0
    return blur(power[spots], 0.4)


def _free_place(scene: Scene) -> tuple[float, float]:
    """A seeded point of the upper sky with sky all around it."""
    clear = blur(scene.sky, scene.unit * 4)
    rng = scene.rng("moon place")
    top = max(2.0, scene.horizon * 0.75)
    places = [(rng.uniform(0.1, 1.0) * top, rng.uniform(0.08, 0.92) * scene.shape[1]) for _ in range(24)]
    return max(places, key=lambda place: float(clear[int(place[0]), int(place[1])] > 0.97))
