"""Small pictures for lists, and which kind of picture some bytes are. Pure."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from iterativectl.images import exact, png, profiles
from iterativectl.images.decode import RESULT_FORMATS, decode
from iterativectl.images.normalise import Colour, to_pixels

LONGEST = 320  # px
GROUND: Colour = (150, 150, 150)  # behind transparency; seen on a light page and on a dark one
MEDIA_TYPE = "image/jpeg"
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_QUALITY = 86  # JPEG's scale; without colour subsampling, for small pictures are all edges
_AT_ONCE = ("L", "RGB", "RGBA")  # modes that can be scaled before anything else is done


def kind_of(start: bytes) -> str | None:
    """PNG, JPEG or WEBP by a file's first 12 bytes, None for anything else."""
    if start.startswith(png.SIGNATURE):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    return "WEBP" if start[:4] == b"RIFF" and start[8:12] == b"WEBP" else None


def thumbnail(data: bytes, *, longest: int = LONGEST, name: str = "picture") -> bytes:
    """A JPEG file of the picture: upright, sRGB, its longest side at most `longest` px, never enlarged.

    16 bits are scaled to 8, transparency lies on GROUND. Only PNG, JPEG and WebP are read. Raises ImageError.
    """
    picture = decode(data, name=name, formats=RESULT_FORMATS)
    if picture.mode in _AT_ONCE and "transparency" not in picture.info:
        small = _coloured(_scaled(picture, longest), picture)
    else:
        small = _scaled(Image.fromarray(to_pixels(data, background=GROUND, name=name)), longest)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=_QUALITY, subsampling=0)
    return buffer.getvalue()


def _scaled(picture: Image.Image, longest: int) -> Image.Image:
    """Within `longest`. A large one is halved first, which is quick and cannot be seen at that size."""
    factor = min(1.0, longest / max(picture.size))
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return (
        picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0) if size != picture.size else picture
    )


def _coloured(small: Image.Image, original: Image.Image) -> Image.Image:
    """What was scaled as it lay in the file: in sRGB, on its ground, upright."""
    values = np.asarray(small.convert("RGB") if small.mode == "L" else small)
    shown = Image.fromarray(profiles.to_srgb(values, original.info.get("icc_profile")))
    if shown.mode == "RGBA":
        ground = Image.new("RGBA", shown.size, (*GROUND, 255))
        shown = Image.alpha_composite(ground, shown).convert("RGB")
    return Image.fromarray(np.ascontiguousarray(exact.turned(np.asarray(shown), exact.orientation(original))))
