"""What happens in the camera and the darkroom: colour, tone, grain, edges."""

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

_TONERS = {  # shadows, middle, highlights; picked by eye
    "duotone": ((0.10, 0.07, 0.32), (0.83, 0.24, 0.45), (1.0, 0.89, 0.55)),
    "cyberpunk": ((0.03, 0.03, 0.16), (0.65, 0.10, 0.60), (0.35, 0.98, 1.0)),
    "sepia": ((0.13, 0.08, 0.05), (0.58, 0.44, 0.31), (0.98, 0.93, 0.83)),
    "monochrome": ((0.02, 0.02, 0.02), (0.5, 0.5, 0.5), (0.99, 0.99, 0.99)),
}


def duotone(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Brightness mapped to indigo, rose and cream."""
    return _toned(picture, "duotone", strength)


def cyberpunk(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Brightness mapped to night blue, magenta and cyan, with a neon bloom."""
    toned = _toned(picture, "cyberpunk", min(1.0, strength * 0.85))
    bright = np.clip(toned - 0.5, 0.0, 1.0)
    return screen(toned, blur(bright, scene.unit * 1.5) * np.float32(0.9 * strength))


def sepia(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Browned as an old print."""
    return _toned(picture, "sepia", strength)


def monochrome(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Black and white, with a little more contrast."""
    return _toned(picture, "monochrome", strength)


def vintage(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """A faded print: lifted blacks, yellowed whites, greenish shadows, grain, a light leak."""
    faded = saturate(picture, 1.0 - 0.42 * strength)
    low = np.array([0.11, 0.10, 0.13], np.float32) * strength
    high = 1.0 - np.array([0.02, 0.07, 0.24], np.float32) * strength
    curved = low + (high - low) * (faded + 0.06 * strength * np.sin((faded - 0.25) * 2 * np.pi))
    grain = blur(scene.rng("grain").standard_normal(scene.shape, np.float32), max(0.5, scene.unit * 0.045))
    grain = grain / (grain.std() + 1e-6) * 0.028 * strength
    side = 0.0 if scene.rng("leak").random() < 0.5 else 1.0
    x = np.abs(np.linspace(0.0, 1.0, scene.shape[1], dtype=np.float32) - side)[None, :]
    leak = np.exp(-x / 0.16) * (0.45 + 0.55 * scene.clouds("leak shape", scene.unit * 30)) * 0.42 * strength
    lit = screen(np.asarray(curved, np.float32), leak[..., None] * np.array([1.0, 0.45, 0.18], np.float32))
    return vignette(scene, np.clip(lit + grain[..., None], 0.0, 1.0), 0.45 * strength)


def vignette(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Darker towards the corners."""
    height, width = scene.shape
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    fall = smoothstep(0.45, 1.35, np.hypot(x, y))
    return np.asarray(picture * (1.0 - 0.85 * strength * fall[..., None]), np.float32)


def background_blur(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Everything but the masked subject out of focus; the subject does not bleed into it."""
    if scene.subject is None:
        scene.notes.append("background blur needs a mask that says what the subject is: nothing was blurred")
        return picture
    away = 1.0 - scene.subject
    # Out of focus, lamps win over what is dark beside them; the subject weighs next to nothing.
    weight = (away + 1e-3) * (1.0 + 2.0 * smoothstep(0.75, 1.0, luma(picture)))
    sigma = scene.unit * 1.5 * strength
    soft = _lens(picture * weight[..., None], sigma) / np.maximum(_lens(weight, sigma), 1e-4)[..., None]
    return np.clip(mix(picture, np.asarray(soft, np.float32), away), 0.0, 1.0)


def _lens(values: Field, sigma: float) -> Field:
    """Blur by a round aperture, as a lens does."""
    radius = max(1, round(sigma * 1.6))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0).astype(np.float32)
    return np.asarray(cv2.filter2D(values, cv2.CV_32F, disc / disc.sum(), borderType=cv2.BORDER_REFLECT_101))


def _toned(picture: Pixels, name: str, strength: float) -> Pixels:
    light = np.clip((luma(picture) - 0.5) * 1.12 + 0.5, 0.0, 1.0)
    points = np.array(_TONERS[name])
    toned = np.stack([np.interp(light, (0.0, 0.5, 1.0), points[:, channel]) for channel in range(3)], axis=2)
    return mix(picture, toned.astype(np.float32), min(1.0, strength * 1.15))
