"""Reading a picture from bytes that nobody vouches for. Pure.

The dangers and the rules are those of Pillow's own behaviour (seen with 13.0): `load()` passes a PNG without
IEND, `open()` guesses dozens of formats from the bytes, and a header of 200 bytes may ask for gigabytes.
So: few formats, size before pixels, `verify()` and a second opening, every pixel loaded, one kind of error.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from PIL import Image, UnidentifiedImageError

from iterativectl.errors import ImageError
from iterativectl.images import png

RESULT_FORMATS = ("PNG", "JPEG", "WEBP")  # what servers send
INPUT_FORMATS = (*RESULT_FORMATS, "GIF", "BMP", "TIFF")  # what people bring
MAX_PIXELS = 80_000_000  # below Pillow's own alarm (89 478 485); 8 bits RGBA of this are 320 MB
MAX_BYTES = 512 * 1024 * 1024
REMEMBERED_PIXELS = 4_000_000  # the last picture decoded is kept at hand up to this size: 16 MB at most
# What Pillow's decoders raise on broken bytes; anything else is a bug and stays one.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_AGAIN = "Take a fresh copy of the file, or open it in an image editor and save it again as PNG."


def decode(
    data: bytes,
    *,
    name: str = "picture",
    formats: tuple[str, ...] = INPUT_FORMATS,
    max_pixels: int = MAX_PIXELS,
) -> Image.Image:
    """The picture, completely loaded, as it is stored (not turned upright; see `normalise`).

    `name` is what messages call it, usually the file's name. A palette, 16 bits, CMYK and the like come as
    they are. Raises ImageError: not one of `formats`, broken, cut off, animated, above `max_pixels`.
    The same bytes asked for twice running are decoded once: the picture is shared, not to be drawn on.
    """
    _check_length(data, name)
    wanted = ("PNG",) if png.is_png(data) and "PNG" in formats else formats
    with _translated(name, formats):
        picture = _loaded(data, name, wanted, max_pixels)
    if picture.width * picture.height > REMEMBERED_PIXELS:
        _loaded.cache_clear()
    return picture


@lru_cache(maxsize=1)
def _loaded(data: bytes, name: str, formats: tuple[str, ...], max_pixels: int) -> Image.Image:
    """A result is looked at several times running (whole? what does it measure? what is sent?)."""
    if formats == ("PNG",) and png.is_png(data):
        clean = png.without_text(data, name=name, types=png.TEXT_TYPES)
        return _loaded_png(clean, name, max_pixels)
    picture = Image.open(io.BytesIO(data), formats=formats)
    _check_size(picture.size, name, max_pixels)
    _check_still(picture, name)
    picture.load()
    return picture


def _loaded_png(data: bytes, name: str, max_pixels: int) -> Image.Image:
    head = png.header(data, name=name)
    _check_size((head.width, head.height), name, max_pixels)
    if head.interlaced:
        png.check_pixels(data, name=name)
    picture = Image.open(io.BytesIO(data), formats=("PNG",))
    _check_still(picture, name)
    picture.verify()  # uses the picture up
    picture = Image.open(io.BytesIO(data), formats=("PNG",))
    picture.load()
    if not head.interlaced and not _ends_in_pixels(picture):
        png.check_pixels(data, name=name)
    return picture


def verify_png(data: bytes, *, name: str = "picture", max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Make sure that this is a whole PNG whose every pixel decodes; returns (width, height).

    For artefacts: a download counts as a picture only after this. Raises ImageError.
    """
    if not png.is_png(data):
        raise ImageError(
            f"{name} is not a PNG file{_looks_like(data)}", "Have the workflow save PNG pictures."
        )
    size: tuple[int, int] = decode(data, name=name, formats=("PNG",), max_pixels=max_pixels).size
    return size


def _check_length(data: bytes, name: str) -> None:
    if not data:
        raise ImageError(f"{name} is empty (0 bytes)", _AGAIN)
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 2**20:.0f} MB"
        raise ImageError(
            f"{name} is too large: {size}, at most {MAX_BYTES // 2**20} MB are read", "Scale it down first."
        )


def _ends_in_pixels(picture: Image.Image) -> bool:
    """Whether the lowest row shows that all rows came: Pillow leaves the ones that are missing at zero.

    False says nothing: the row may be black.
    """
    row = picture.crop((0, picture.height - 1, picture.width, picture.height))
    return any(row.tobytes())


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels ({width} x {height})", _AGAIN)
    if width * height > max_pixels:
        asked, most = width * height / 1e6, max_pixels / 1e6
        raise ImageError(
            f"{name} is too large: {width} x {height} is {asked:.0f} megapixels, at most {most:.0f} are read",
            "Scale the picture down first.",
        )


def _check_still(picture: Image.Image, name: str) -> None:
    """An animation is refused: judging its first frame alone would say nothing of the others.

    A JPEG with a second picture behind it (MPO, as telephones write) counts as its first: that is the photo.
    """
    frames = getattr(picture, "n_frames", 1)
    if frames > 1 and picture.format != "MPO":
        raise ImageError(
            f"{name} holds {frames} pictures (an animation or several pages)",
            "Save the one that you mean as a PNG of its own.",
        )


@contextmanager
def _translated(name: str, formats: tuple[str, ...]) -> Iterator[None]:
    """Pillow's errors and warnings as one ImageError for people."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except UnidentifiedImageError as error:
        kinds = ", ".join(formats)
        raise ImageError(
            f"{name} is not a picture that can be read here", f"It must be one of {kinds}."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"{name} is too large to be read safely", "Scale the picture down first.") from error
    except _BROKEN as error:
        raise ImageError(f"{name} is damaged: {error}", _AGAIN) from error


def _looks_like(data: bytes) -> str:
    """A hint on what the bytes are instead: an error page is the usual guest."""
    start = data[:256].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return " but a web page"
    if start.startswith((b"{", b"[")):
        return " but JSON text"
    return " but a JPEG" if data.startswith(b"\xff\xd8\xff") else ""
