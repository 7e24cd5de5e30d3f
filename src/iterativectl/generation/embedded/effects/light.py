"""Plain changes of light and colour."""

from __future__ import annotations

import numpy as np

from iterativectl.generation.embedded.pixels import Pixels, blur, saturate
from iterativectl.generation.embedded.scene import Scene


def warm(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Towards orange, brightness kept."""
    return np.asarray(
        np.clip(picture * (1.0 + np.array([0.13, 0.0, -0.21], np.float32) * strength), 0.0, 1.0), np.float32
    )


def cool(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Towards blue, brightness kept."""
    return np.asarray(
        np.clip(picture * (1.0 + np.array([-0.26, -0.01, 0.22], np.float32) * strength), 0.0, 1.0), np.float32
    )


def bright(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Lighter, most in the middle tones."""
    return np.asarray(np.clip(picture, 0.0, 1.0) ** np.float32(1.0 - 0.5 * min(strength, 1.2)), np.float32)


def dark(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Darker, most in the middle tones."""
    deep = np.clip(picture, 0.0, 1.0) ** np.float32(1.0 + 0.9 * strength)
    return np.asarray(deep * (1.0 - 0.15 * strength), np.float32)


def vivid(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Stronger colours and contrast."""
    rich = saturate(picture, 1.0 + 0.6 * strength)
    return np.asarray(np.clip((rich - 0.5) * (1.0 + 0.18 * strength) + 0.5, 0.0, 1.0), np.float32)


def muted(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Paler colours, less contrast."""
    pale = saturate(picture, 1.0 - 0.65 * min(strength, 1.2))
    return np.asarray(np.clip((pale - 0.5) * (1.0 - 0.15 * strength) + 0.5, 0.0, 1.0), np.float32)


def soft(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """A soft-focus glow over everything."""
    glow = blur(picture, scene.unit * 0.8)
    return np.asarray(
        np.clip(picture + (np.maximum(glow, picture) * 0.55 + glow * 0.45 - picture) * strength, 0.0, 1.0),
        np.float32,
    )


def crisp(scene: Scene, picture: Pixels, strength: float) -> Pixels:
    """Sharper edges (unsharp mask)."""
    return np.asarray(
        np.clip(picture + (picture - blur(picture, scene.unit * 0.15)) * (0.9 * strength), 0.0, 1.0),
        np.float32,
    )
