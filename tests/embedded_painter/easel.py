"""Small photographs, and a painting in one call."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from iterativectl.generation.embedded.painting import Painted, edits, paint
from iterativectl.model import Parameters, Prompts

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = {
    "neuschwanstein": ROOT / "projects/example/input/input.png",
    "pagoda": ROOT / "tests/data/photos/pagoda.jpg",
    "great_wall": ROOT / "tests/data/photos/great_wall.jpg",
}
SIDE = 320


@cache
def photo(name: str) -> np.ndarray:
    """A photograph with a longest side of 320 pixels, RGB."""
    with Image.open(PHOTOS[name]) as picture:
        small = picture.convert("RGB")
        small.thumbnail((SIDE, SIDE))
        return np.asarray(small)


def parameters(denoise: float = 0.55, cfg: float = 7.0, steps: int = 20) -> Parameters:
    return Parameters(denoise=denoise, cfg=cfg, steps=steps, sampler_name="dpmpp_2m", scheduler="karras")


def painted(
    prompt: str,
    name: str = "neuschwanstein",
    negative: str = "",
    seed: int = 1,
    mask: np.ndarray | None = None,
    **figures: float,
) -> Painted:
    """Paint a small photograph: `painted("night", denoise=0.5)`. The way to try the painter by hand, too."""
    what = edits(Prompts(positive=prompt, negative=negative), parameters(**figures))
    return paint(photo(name), what, seed, mask)
