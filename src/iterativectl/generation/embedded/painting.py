"""A picture painted after a prompt: which effects, how strong, in passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from iterativectl.generation.embedded import drift
from iterativectl.generation.embedded.effects import BACKGROUND_BLUR, DISTORTION, EFFECTS, film
from iterativectl.generation.embedded.pixels import Field, Pixels, blur, mix, smoothstep
from iterativectl.generation.embedded.reading import Wishes, wishes
from iterativectl.generation.embedded.scene import Scene
from iterativectl.model import Parameters, Prompts

Bytes = npt.NDArray[np.uint8]
Watch = Callable[[int, int, str], None]  # passes done, passes in all, what comes next

_FULL_AT = 0.75  # denoise at which an effect named outright is there in full
_STRONGEST = 1.2
_STEPS_PER_OCTAVE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What is going to be done. `strengths` by effect, in the order of painting; all in [0, 1.2].

    `octaves` in 1-8 is the fineness that the steps allow; `drift` in [0, 1] is the loss at a high denoise.
    """

    strengths: Mapping[str, float]
    drift: float
    details: float
    shapes: float
    octaves: int
    unknown: tuple[str, ...] = ()
    unknown_negative: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the record: what was done, and how strongly."""
        return {
            "strengths": dict(self.strengths),
            "drift": self.drift,
            "kept": {"details": self.details, "shapes": self.shapes},
            "octaves": self.octaves,
            "not_understood": [*self.unknown, *self.unknown_negative],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """The picture (height x width x 3, RGB, 8 bits) and sentences for people."""

    pixels: Bytes
    notes: tuple[str, ...]


def edits(prompts: Prompts, parameters: Parameters) -> Edits:
    """Which effects these words and figures ask for.

    denoise: strength of everything, and from `drift.BEGINS` on, the loss of what should stay. cfg: how firmly
    words are followed that only suggest an effect. steps: fineness of clouds, fog and brushwork, one
    octave of detail for each 4, at most 8. sampler and scheduler: nothing.
    """
    wish = wishes(prompts, parameters.cfg)
    strength = parameters.denoise / _FULL_AT
    asked = 0.3 * strength * wish.effects.get(DISTORTION, 0.0)
    return Edits(
        strengths=_strengths(wish, strength),
        drift=round(min(1.0, drift.excess(parameters.denoise) + asked), 4),
        details=round(wish.details, 4),
        shapes=round(wish.shapes, 4),
        octaves=min(max(1 + parameters.steps // _STEPS_PER_OCTAVE, 1), 8),
        unknown=wish.unknown,
        unknown_negative=wish.unknown_negative,
    )


def paint(
    source: Bytes, what: Edits, seed: int, mask: Field | None = None, watch: Watch | None = None
) -> Painted:
    """Paint. The same source, edits, seed and mask make the same bytes, whatever the number of threads.

    `mask` (height x width, 0 - 1) limits the edits to where it is 1; a background blur works outside it.
    `watch` is called before each pass and may raise to end it all.
    """
    watch = watch or (lambda done, total, name: None)
    original: Pixels = source.astype(np.float32) / np.float32(255.0)
    scene = Scene(original=original, seed=seed, octaves=what.octaves, subject=mask)
    picture = original
    passes = [name for name in what.strengths if name in EFFECTS]
    total = len(passes) + (what.drift > 0) + (BACKGROUND_BLUR in what.strengths)
    for done, name in enumerate(passes):
        watch(done, total, name)
        picture = EFFECTS[name](scene, picture, what.strengths[name])
    if what.drift > 0:
        watch(len(passes), total, "drift")
        picture = drift.drift(scene, picture, what.drift, what.details, what.shapes)
    picture = _limited(original, picture, mask)
    if BACKGROUND_BLUR in what.strengths:
        watch(total - 1, total, BACKGROUND_BLUR)
        picture = film.background_blur(scene, picture, what.strengths[BACKGROUND_BLUR])
    watch(total, total, "")
    return Painted(pixels=_eight_bits(picture), notes=tuple(scene.notes))


def _strengths(wish: Wishes, strength: float) -> dict[str, float]:
    found = {}
    for name in (*EFFECTS, BACKGROUND_BLUR):
        weight = wish.effects.get(name, 0.0)
        amount = round(min(weight * strength, weight, _STRONGEST), 4)
        if amount > 0:
            found[name] = amount
    return found


def _limited(original: Pixels, picture: Pixels, mask: Field | None) -> Pixels:
    """The edit inside the mask only, fading in from its border inwards: outside, no pixel changes."""
    if mask is None:
        return picture
    sigma = max(original.shape[:2]) / 250
    share = np.minimum(mask, smoothstep(0.5, 1.0, blur(mask, sigma)))
    return np.asarray(np.where(share[..., None] > 0, mix(original, picture, share), original), np.float32)


def _eight_bits(picture: Pixels) -> Bytes:
    return np.asarray(np.clip(np.rint(picture * 255.0), 0, 255), np.uint8)
