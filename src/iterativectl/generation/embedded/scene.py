"""What the effects share: the original picture, what is where in it, and the seeded dice."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from iterativectl.generation.embedded import masks
from iterativectl.generation.embedded.pixels import Field, Pixels, clouds, luma, smoothstep

_NO_SKY_HORIZON = 0.4  # share of the height: where the eye puts a horizon that cannot be seen


@dataclass
class Scene:
    """The picture that is edited. `octaves` (1-8) is how fine clouds, fog and brushwork become.

    `subject` is what a mask marked (1 inside), None without a mask. `notes` collects sentences for people.
    """

    original: Pixels
    seed: int
    octaves: int
    subject: Field | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.original.shape[0], self.original.shape[1]

    @property
    def unit(self) -> float:
        """A hundredth of the longest side, in pixels: sizes of blurs and brushes are multiples of it."""
        return max(self.shape) / 100.0

    def rng(self, name: str) -> np.random.Generator:
        """Dice of its own for each effect: adding one effect does not move another's clouds."""
        return np.random.Generator(np.random.PCG64([self.seed % 2**64, zlib.crc32(name.encode())]))

    def clouds(self, name: str, scale: float, long: float = 1.0) -> Field:
        """Seeded fractal noise; `scale` is the largest blobs' height in pixels, `long` width over height."""
        return clouds(self.rng(name), self.shape, scale, self.octaves, long)

    @cached_property
    def sky(self) -> Field:
        """How much of each pixel is sky."""
        return masks.sky(self.original)

    @cached_property
    def has_sky(self) -> bool:
        """Whether there is enough sky to paint one."""
        return float(self.sky.mean()) > 0.02

    @cached_property
    def foliage(self) -> Field:
        """How leafy each pixel is; the sky is not."""
        return np.asarray(masks.foliage(self.original) * (1.0 - self.sky), np.float32)

    @cached_property
    def windows(self) -> Field:
        """Small dark gaps in bright walls."""
        return masks.windows(self.original, np.maximum(self.sky, self.foliage))

    @cached_property
    def horizon(self) -> float:
        """The row where the sky ends, on average over the columns that see the sky deepest."""
        if not self.has_sky:
            return self.shape[0] * _NO_SKY_HORIZON
        is_sky = self.sky > 0.5
        depth = np.where(is_sky.any(axis=0), self.shape[0] - np.argmax(is_sky[::-1], axis=0), 0)
        return float(np.percentile(depth[depth > 0], 75))

    @cached_property
    def distance(self) -> Field:
        """How far away each pixel is, 0 near - 1 far, guessed: the sky is far, the bottom edge is near."""
        height, width = self.shape
        rows = np.arange(height, dtype=np.float32)[:, None]
        ramp = np.clip((height - rows) / max(height - self.horizon, 1.0), 0.0, 1.0)
        near = np.repeat(ramp**1.6, width, axis=1) * (1.0 - 0.25 * smoothstep(0.5, 0.1, luma(self.original)))
        return np.asarray(np.maximum(near, self.sky), np.float32)
