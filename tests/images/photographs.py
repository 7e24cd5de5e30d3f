"""The photographs in tests/data/photos as arrays. Their credits stand in CREDITS.md beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from iterativectl.images.normalise import Pixels, to_pixels

FOLDER = Path(__file__).resolve().parents[1] / "data" / "photos"
# Neither similarity nor the embedded judge was tuned on these.
HELD_OUT = tuple(sorted(path.stem for path in (FOLDER / "held_out").glob("*.jpg")))
TUNED_ON = tuple(sorted(path.stem for path in FOLDER.glob("*.jpg")))


@cache
def photograph(name: str) -> Pixels:
    path = FOLDER / ("held_out" if name in HELD_OUT else "") / f"{name}.jpg"
    return to_pixels(path.read_bytes(), name=path.name)
