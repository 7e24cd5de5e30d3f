"""What a high denoise does to what should stay.

A diffusion model that is given a noisy picture back invents anew what the noise has covered: shapes wander,
details smear, and the edit runs over its borders. The painter does the same on purpose, beyond `BEGINS`, so
that too high a denoise has its price here as well.
"""

from __future__ import annotations

import cv2
import numpy as np

from iterativectl.generation.embedded.effects.drawing import kuwahara
from iterativectl.generation.embedded.pixels import Pixels, blur, mix
from iterativectl.generation.embedded.scene import Scene

BEGINS = 0.55  # denoise from which a picture begins to lose itself
_WANDER = 2.6  # how far shapes wander at denoise 1, in hundredths of the longest side
_SMEAR = 1.1  # radius of the smear at denoise 1, likewise
_RUN_OVER = 0.75  # share of the edit that is added once more, spread wide, at denoise 1
_KEPT_AT_MOST = 0.5  # asking for sharp details or straight shapes halves the damage, no more


def excess(denoise: float) -> float:
    """0 up to BEGINS, 1 at denoise 1."""
    return max(0.0, (denoise - BEGINS) / (1.0 - BEGINS))


def drift(scene: Scene, picture: Pixels, amount: float, details: float = 0.0, shapes: float = 0.0) -> Pixels:
    """Let the picture lose itself by `amount` in [0, 1]; details and shapes in [0, 1] are held back."""
    if amount <= 0.0:
        return picture
    edit = blur(np.asarray(picture - scene.original, np.float32), scene.unit * 8)
    picture = np.clip(picture + edit * np.float32(_RUN_OVER * amount), 0.0, 1.0)
    picture = _smeared(scene, picture, amount * (1.0 - _KEPT_AT_MOST * details))
    return _wandered(scene, picture, amount * (1.0 - _KEPT_AT_MOST * shapes))


def _smeared(scene: Scene, picture: Pixels, amount: float) -> Pixels:
    radius = max(1, round(_SMEAR * scene.unit * amount))
    share = min(1.0, 2.5 * amount)
    soft = blur(kuwahara(picture, radius), scene.unit * 0.35 * amount)
    return mix(picture, soft, share)


def _wandered(scene: Scene, picture: Pixels, amount: float) -> Pixels:
    rows, columns = np.indices(scene.shape, np.float32)
    reach = np.float32(_WANDER * scene.unit * amount * 2.0)
    move_x = (blur(scene.clouds("wander x", scene.unit * 12), scene.unit) - 0.5) * reach
    move_y = (blur(scene.clouds("wander y", scene.unit * 12), scene.unit) - 0.5) * reach
    columns += move_x
    rows += move_y
    moved = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.float32)
