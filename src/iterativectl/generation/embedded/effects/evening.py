"""Sunset and golden hour: another sky, and the light that would come from it."""

from __future__ import annotations

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

# From the zenith down to the horizon; picked by eye.
_SKY = np.array(
    [[0.22, 0.22, 0.44], [0.47, 0.32, 0.52], [0.86, 0.46, 0.43], [1.0, 0.64, 0.32], [1.0, 0.84, 0.52]],
    np.float32,
)
_SKY_AT = (0.0, 0.35, 0.62, 0.84, 1.0)
_LIT = np.array([1.0, 0.62, 0.40], np.float32)  # clouds near the sun, from below
_SHADED = np.array([0.42, 0.30, 0.46], np.float32)  # clouds far from it
_SUNLIGHT = np.array([1.0, 0.74, 0.42], np.float32)


def sunset(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """A low sun: the sky is painted anew, the ground gets warm light and violet shadows."""
    across = scene.rng("sun").uniform(0.2, 0.8)
    sun = _sun_glow(scene, across)
    ground = _low_light(picture, sun, strength)
    if not scene.has_sky:
        scene.notes.append("no sky was found: only the light is a sunset's")
        return ground
    share = scene.sky * smoothstep(0.0, 0.72, np.float32(strength))
    whole = mix(ground, _evening_sky(scene, sun, across), share)
    spill = blur(scene.sky * sun, scene.unit * 2.2) * (1.0 - scene.sky) * strength
    return screen(whole, spill[..., None] * _SUNLIGHT * 0.55)


def _sun_glow(scene: Scene, across: float) -> Field:
    """Closeness to the sun, which stands on the horizon at `across` of the width."""
    height, width = scene.shape
    y = (np.arange(height, dtype=np.float32)[:, None] - scene.horizon) / height
    x = (np.arange(width, dtype=np.float32)[None, :] - across * width) / width
    return np.asarray(np.exp(-(x * x / 0.10 + y * y / 0.045)), np.float32)


def _evening_sky(scene: Scene, sun: Field, across: float) -> Pixels:
    height, width = scene.shape
    down = np.clip(np.arange(height, dtype=np.float32) / max(scene.horizon, 1.0), 0.0, 1.0)
    column = np.stack([np.interp(down, _SKY_AT, _SKY[:, channel]) for channel in range(3)], axis=1)
    base = np.repeat(column[:, None, :], width, axis=1).astype(np.float32)
    base = screen(base, (sun * 0.45)[..., None] * _SUNLIGHT)
    deck = _cloud_deck(scene, down)
    beneath = deck - np.roll(blur(deck, scene.unit * 0.5), -max(1, round(scene.unit * 0.8)), axis=0)
    lit = np.clip(0.2 + 0.9 * sun + 0.3 * down[:, None] + 0.9 * beneath, 0.0, 1.0)
    colour = mix(np.broadcast_to(_SHADED, base.shape), np.broadcast_to(_LIT, base.shape), lit)
    sky = mix(base, np.asarray(colour, np.float32), deck * 0.85)
    disc = np.exp(-((_distance_to_sun(scene, across) / (scene.unit * 3.0)) ** 2))
    return screen(
        sky, np.asarray(disc * (1.0 - 0.6 * deck), np.float32)[..., None] * _SUNLIGHT * np.float32(0.9)
    )


def _distance_to_sun(scene: Scene, across: float) -> Field:
    height, width = scene.shape
    y = np.arange(height, dtype=np.float32)[:, None] - (scene.horizon - scene.unit * 2.5)
    x = np.arange(width, dtype=np.float32)[None, :] - across * width
    return np.asarray(np.hypot(x, y), np.float32)


def _cloud_deck(scene: Scene, down: Field) -> Field:
    """Long clouds, flatter towards the horizon, with the original clouds showing through a little."""
    height = scene.shape[0]
    flat = scene.clouds("cloud deck", scene.unit * 13, long=3.2)
    rows = ((1.0 - (1.0 - down) ** 0.6) * (height - 1) * 0.999).astype(int)
    own = luma(scene.original)
    relief = own - blur(own, scene.unit * 8)
    return smoothstep(0.44, 0.74, flat[rows] + 0.4 * relief + 0.05 * down[:, None])


def _low_light(picture: Pixels, sun: Field, strength: float) -> Pixels:
    """Split toning: highlights towards orange, shadows towards violet, and somewhat darker."""
    light = luma(picture)[..., None]
    green = np.clip(picture[..., 1:2] - picture[..., 0:1], 0.0, 1.0)
    turned = picture + green * np.array([0.55, -0.12, -0.1], np.float32)
    warm = turned * np.array([1.10, 0.86, 0.58], np.float32)
    shade = np.array([0.055, 0.02, 0.075], np.float32) * (1.0 - light)
    graded = saturate(np.asarray(warm * 0.92 + shade, np.float32), 1.12)
    glow = screen(graded, (sun * light[..., 0] * 0.5)[..., None] * _SUNLIGHT)
    return np.clip(mix(picture, glow, strength), 0.0, 1.0)
