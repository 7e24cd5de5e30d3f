"""Every way to store a picture, with the pixels that it holds, told without our own reader.

KINDS: name -> (file, height x width x 3 or 4 values, upright, in the file's own depth).
"""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.images import samples as s

Values = NDArray[np.generic]

EXIF_TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.fliplr(np.rot90(a, -1)),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.fliplr(np.rot90(a, 1)),
    8: lambda a: np.rot90(a, 1),
}


def random_values(width: int, height: int, channels: int, dtype: type = np.uint8, seed: int = 1) -> Values:
    most = int(np.iinfo(dtype).max)
    return np.random.default_rng(seed).integers(0, most + 1, (height, width, channels)).astype(dtype)


def png(values: Values, extra: bytes = b"") -> bytes:
    """8 or 16 bits; 1 channel grey, 2 grey + alpha, 3 RGB, 4 RGBA."""
    height, width, channels = values.shape
    depth = 8 * values.dtype.itemsize
    rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in values)
    return s.raw_png(width, height, depth, {1: 0, 2: 4, 3: 2, 4: 6}[channels], rows, extra)


def packed_grey(levels: Values, bits: int, extra: bytes = b"") -> bytes:
    """Grey of 1, 2 or 4 bits; `levels` height x width, 0 to 2**bits - 1."""
    height, width = levels.shape
    each = np.unpackbits(levels.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - bits :]
    rows = b"".join(b"\0" + np.packbits(row.reshape(-1)).tobytes() for row in each)
    return s.raw_png(width, height, bits, 0, rows, extra)


def exif(orientation: int) -> bytes:
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def exif_chunk(orientation: int) -> bytes:
    return s.chunk(b"eXIf", exif(orientation).removeprefix(b"Exif\0\0"))


def grey_as_colours(values: Values) -> Values:
    """1 or 2 channels as 3 or 4."""
    return np.dstack([values[:, :, 0]] * 3 + [values[:, :, channel] for channel in range(1, values.shape[2])])


def keyed(values: Values, key: tuple[int, ...]) -> Values:
    most = np.iinfo(values.dtype).max
    clear = (values == np.array(key, values.dtype)).all(axis=2)
    return np.dstack([values, np.where(clear, 0, most).astype(values.dtype)])


def pillow(data: bytes, mode: str = "RGB") -> Values:
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def opened(data: bytes) -> Values:
    """A PNG of 3 or 4 channels, 8 or 16 bits, as it is stored."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert values.ndim == 3 and values.shape[2] in (3, 4)
    return values[:, :, [2, 1, 0, 3][: values.shape[2]]]


def _kinds() -> dict[str, tuple[bytes, Values]]:
    wide, high = 23, 17
    eight = {channels: random_values(wide, high, channels) for channels in (1, 2, 3, 4)}
    deep = {channels: random_values(wide, high, channels, np.uint16) for channels in (1, 2, 3, 4)}
    eight[4][:, ::2, 3], deep[4][:, ::2, 3] = 0, 0  # colours hidden under alpha 0
    found = {
        "RGB": (png(eight[3]), eight[3]),
        "RGBA, hidden colours": (png(eight[4]), eight[4]),
        "grey": (png(eight[1]), grey_as_colours(eight[1])),
        "grey with alpha": (png(eight[2]), grey_as_colours(eight[2])),
        "16-bit grey": (png(deep[1]), grey_as_colours(deep[1])),
        "16-bit grey with alpha": (png(deep[2]), grey_as_colours(deep[2])),
        "16-bit RGB": (png(deep[3]), deep[3]),
        "16-bit RGBA": (png(deep[4]), deep[4]),
        "ICC": (s.saved(Image.fromarray(eight[3]), icc_profile=s.swapped_profile()), eight[3]),
        "WEBP": (s.saved(Image.fromarray(eight[3]), "WEBP", lossless=True), eight[3]),
        "BMP": (s.saved(Image.fromarray(eight[3]), "BMP"), eight[3]),
    }
    return (
        found | _few_colours(wide, high) | _colour_keys(eight[3], deep) | _turned(deep[4]) | _lossy(eight[3])
    )


def _few_colours(wide: int, high: int) -> dict[str, tuple[bytes, Values]]:
    found = {}
    rng = np.random.default_rng(2)
    for bits in (1, 2, 4):
        levels = rng.integers(0, 2**bits, (high, wide))
        colours = grey_as_colours((levels * (255 // (2**bits - 1))).astype(np.uint8)[:, :, None])
        found[f"{bits}-bit grey"] = (packed_grey(levels, bits), colours)
        key = s.chunk(b"tRNS", struct.pack(">H", 1))
        clear = np.where(levels == 1, 0, 255).astype(np.uint8)
        found[f"{bits}-bit grey, one clear"] = (packed_grey(levels, bits, key), np.dstack([colours, clear]))
    table, index = rng.integers(0, 256, (40, 3)).astype(np.uint8), rng.integers(0, 40, (high, wide))
    picture = Image.fromarray(index.astype(np.uint8), "L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    picture.putpalette(table.tobytes())
    alphas = rng.integers(0, 256, 40).astype(np.uint8)
    found["palette"] = (s.saved(picture), table[index])
    found["palette with alpha"] = (
        s.saved(picture, transparency=alphas.tobytes()),
        np.dstack([table[index], alphas[index]]),
    )
    return found


def _colour_keys(eight: Values, deep: dict[int, Values]) -> dict[str, tuple[bytes, Values]]:
    found = {}
    for name, values in (("RGB", eight), ("16-bit RGB", deep[3]), ("16-bit grey", deep[1])):
        key = tuple(int(value) for value in values[3, 4])
        chunk = s.chunk(b"tRNS", struct.pack(f">{len(key)}H", *key))
        colours = values if values.shape[2] == 3 else grey_as_colours(values)
        found[f"{name}, one clear"] = (png(values, chunk), keyed(colours, (key * 3)[:3]))
    return found


def _turned(deep: Values) -> dict[str, tuple[bytes, Values]]:
    stored = {"PNG": random_values(9, 5, 3), "16-bit PNG": random_values(9, 5, 4, np.uint16)}
    return {
        f"{name}, EXIF {turn}": (png(values, exif_chunk(turn)), EXIF_TURNS[turn](values))
        for name, values in stored.items()
        for turn in (2, 3, 4, 5, 6, 7, 8)
    }


def _lossy(values: Values) -> dict[str, tuple[bytes, Values]]:
    plain = Image.fromarray(values)
    turned = s.saved(plain, "JPEG", quality=90, exif=exif(6))
    cmyk = s.saved(plain.convert("CMYK"), "JPEG", quality=90)
    grey = s.saved(plain.convert("L"), "JPEG", quality=90)
    return {
        "JPEG, EXIF 6": (turned, EXIF_TURNS[6](pillow(turned))),
        "JPEG, CMYK": (cmyk, pillow(cmyk)),
        "JPEG, grey": (grey, pillow(grey)),
    }


KINDS = _kinds()
SIZES = {f"{w} x {h}": (w, h) for w, h in ((1, 1), (7, 5), (8, 8), (64, 1), (1, 9), (641, 479))}
KINDS |= {name: (png(random_values(*size, 3)), random_values(*size, 3)) for name, size in SIZES.items()}
