"""A picture as it is: upright, in its own bit depth and its own colours, and back to a PNG. Pure.

Pillow has no 48-bit RGB and takes the upper byte of such a PNG without a word; OpenCV has, but reads neither
colour keys nor profiles nor which way is up. So: Pillow checks every file first (images/decode.py: kind,
size, checksums, all rows there), and only then are the pixels of a 16-bit PNG, and of no other kind, unpacked
by OpenCV, from its header and its rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from iterativectl.errors import ImageError
from iterativectl.images import png, profiles
from iterativectl.images.decode import REMEMBERED_PIXELS, decode

Values = NDArray[Any]  # height x width x 3 or 4 (R, G, B, A), uint8 or uint16

_ORIENTATION = 0x0112  # EXIF tag
_RESAVE = "Open it in an image editor and save it as an 8-bit RGB PNG."
_ALPHA_MODES = ("P", "PA", "LA", "La", "RGBA", "RGBa")
_PLAIN_MODES = ("1", "L", "RGB", "RGBX", *_ALPHA_MODES)
_DEEP_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exact:
    """`values`: height x width x 3 or 4 (R, G, B, A), uint8 or uint16, upright, read-only.

    A palette is looked up, grey stands in R, G and B, a colour key is alpha 0. `profile` is the ICC profile
    that the numbers are meant in, None for sRGB.
    """

    values: Values
    profile: bytes | None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.values.shape[1], self.values.shape[0]

    @property
    def has_alpha(self) -> bool:
        return bool(self.values.shape[2] == 4)

    @property
    def deep(self) -> bool:
        """16 bits a channel."""
        return bool(self.values.dtype == np.uint16)


def read(data: bytes, *, name: str = "picture") -> Exact:
    """Any picture that decode() reads. Raises ImageError.

    The same bytes asked for twice running are read once.
    """
    seen = _read(data, name)
    if seen.values.shape[0] * seen.values.shape[1] > REMEMBERED_PIXELS:
        _read.cache_clear()
    return seen


@lru_cache(maxsize=1)
def _read(data: bytes, name: str) -> Exact:
    picture = decode(data, name=name)
    profile = picture.info.get("icc_profile") or None
    if png.is_png(data) and png.header(data).bit_depth == 16:
        values = _deep_png(data, name)
    elif picture.mode in _DEEP_MODES:
        values = _deep_grey(picture, name)
    elif picture.mode in _PLAIN_MODES:
        values = _plain(picture, data)
    else:
        values, profile = _foreign(picture, profile, name), None
    values = np.ascontiguousarray(turned(values, orientation(picture)))
    values.flags.writeable = False
    return Exact(values=values, profile=profile)


def eight_bits(values: Values) -> NDArray[np.uint8]:
    """16 bits scaled to 8: 65535 becomes 255 (divided by 257, rounded). 8 bits stay as they are."""
    if values.dtype == np.uint8:
        return values
    # (v + 128) // 257 is v / 257 rounded: 257 is odd, so that no value lies halfway.
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def encoded(values: Values) -> bytes:
    """PNG bytes of 3 or 4 channels, 8 or 16 bits: the pixels alone, the same bytes for the same pixels.

    OpenCV's own setting (runs of equal bytes at level 1): 28 ms for 1024 x 1024, 11 % more bytes than
    Pillow's level 4, which takes 110 ms.
    """
    swap = cv2.COLOR_RGBA2BGRA if values.shape[2] == 4 else cv2.COLOR_RGB2BGR
    whole, packed = cv2.imencode(".png", cv2.cvtColor(np.ascontiguousarray(values), swap))
    if not whole:
        raise ImageError("the picture cannot be packed as PNG", "It may be too large: scale it down.")
    return bytes(packed.tobytes())


def orientation(picture: Image.Image) -> int:
    """EXIF orientation 1-8; 1 (upright) where the camera data says none or cannot be read."""
    try:
        found = int(picture.getexif().get(_ORIENTATION, 1))
    except (SyntaxError, ValueError, TypeError, KeyError, OSError):
        return 1  # the pixels are sound all the same
    return found if 1 <= found <= 8 else 1


def turned(values: Values, orientation: int) -> Values:
    """As it should be seen (EXIF 2.3, tag 0x0112)."""
    if orientation >= 5:
        values = values.transpose(1, 0, 2)  # 5: first row and first column change places
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def _deep_png(data: bytes, name: str) -> Values:
    """The rows of a checked 16-bit PNG. Everything beside header and rows is kept from OpenCV."""
    kept = (entry for entry in png.chunks(data, name=name) if entry[0] in (b"IHDR", b"IDAT", b"IEND"))
    bare = png.joined(kept)
    values = cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        raise ImageError(f"{name} is damaged: its 16-bit pixels cannot be unpacked", _RESAVE)
    if values.ndim == 3:
        swap = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
        values = cv2.cvtColor(values, swap)
    return _keyed(_coloured(values), data)


def _deep_grey(picture: Image.Image, name: str) -> Values:
    values = np.asarray(picture)
    if values.min() < 0 or values.max() > 65535:
        raise ImageError(f"{name} has pixels of more than 16 bits, whose range is not known", _RESAVE)
    return _coloured(values.astype(np.uint16))


def _plain(picture: Image.Image, data: bytes) -> Values:
    if picture.mode in _ALPHA_MODES:
        solid = picture.mode == "P" and "transparency" not in picture.info
        return np.asarray(picture.convert("RGB" if solid else "RGBA"))
    if png.is_png(data):
        grey = picture.convert("L") if picture.mode == "1" else picture
        return _keyed(_coloured(np.asarray(grey)), data)
    return np.asarray(picture.convert("RGBA" if "transparency" in picture.info else "RGB"))


def _foreign(picture: Image.Image, profile: bytes | None, name: str) -> Values:
    """CMYK and the like, brought to sRGB."""
    if picture.mode == "F":
        raise ImageError(f"{name} has pixels of more than 16 bits, whose range is not known", _RESAVE)
    known = profiles.parsed(profile)
    converted = profiles.picture_to_srgb(picture, known) if known is not None else None
    try:
        return np.asarray(converted if converted is not None else picture.convert("RGB"))
    except ValueError as error:
        raise ImageError(f"{name} has colours that cannot be read ({picture.mode})", _RESAVE) from error


def _coloured(values: Values) -> Values:
    return cv2.cvtColor(values, cv2.COLOR_GRAY2RGB) if values.ndim == 2 else values


def _keyed(values: Values, data: bytes) -> Values:
    """The one colour that a PNG's tRNS chunk makes clear, as alpha 0 (specification, 11.3.2.1).

    Done here since Pillow 13 compares it, unscaled, with greys of 2 and 4 bits that it has scaled to 8.
    """
    key = next((bytes(content) for kind, content in png.chunks(data) if kind == b"tRNS"), None)
    if key is None or values.shape[2] == 4 or len(key) not in (2, 6):
        return values
    depth = png.header(data).bit_depth
    most = np.iinfo(values.dtype).max
    colour = np.frombuffer(key, ">u2").astype(np.uint32) * (most // (2**depth - 1))
    clear = (values == colour).all(axis=2)
    alpha = np.where(clear, 0, most).astype(values.dtype)
    return np.dstack([values, alpha])
