"""Pictures made for the image tests: small, with known pixels."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

from iterativectl.images import png

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


def corners(width: int = 40, height: int = 20) -> Image.Image:
    """Four quarters: red | green over blue | white; which way is up can be read from it."""
    picture = Image.new("RGB", (width, height), (255, 255, 255))
    half = (width // 2, height // 2)
    picture.paste(RED, (0, 0, *half))
    picture.paste(GREEN, (half[0], 0, width, half[1]))
    picture.paste(BLUE, (0, half[1], half[0], height))
    return picture


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def raw_png(
    width: int, height: int, bit_depth: int, colour_type: int, rows: bytes, extra: bytes = b""
) -> bytes:
    """A PNG from its own parts; `rows` with filter bytes, not packed."""
    header = struct.pack(">IIBBBBB", width, height, bit_depth, colour_type, 0, 0, 0)
    return b"".join(
        [
            png.SIGNATURE,
            chunk(b"IHDR", header),
            extra,
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def oriented(kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    return saved(corners(), kind, exif=exif.tobytes(), **options)


def grey16(values: list[list[int]]) -> bytes:
    rows = b"".join(b"\0" + np.array(row, ">u2").tobytes() for row in values)
    return raw_png(len(values[0]), len(values), 16, 0, rows)


def rgb16(value: tuple[int, int, int]) -> bytes:
    return raw_png(1, 1, 16, 2, b"\0" + np.array(value, ">u2").tobytes())


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (8, 8), (40 * i, 0, 0)) for i in range(3)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


def palette(transparent: bool = False) -> bytes:
    picture = Image.new("P", (2, 1))
    picture.putpalette([*RED, *BLUE])
    picture.putdata([0, 1])
    return saved(picture, transparency=1) if transparent else saved(picture)


def swapped_profile() -> bytes:
    """A sound ICC profile in which the red and the blue primary have changed places: red pixels mean blue."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = plain.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    count = struct.unpack(">I", plain[128:132])[0]
    tags = {renamed[at : at + 4]: at for at in range(132, 132 + 12 * count, 12)}
    swapped = bytearray(renamed)
    for one, other in ((b"rXYZ", b"bXYZ"), (b"bXYZ", b"rXYZ")):
        swapped[tags[one] + 4 : tags[one] + 12] = renamed[tags[other] + 4 : tags[other] + 12]
    return bytes(swapped)


def grey_profile(gamma: float) -> bytes:
    """A sound ICC profile for pictures without colours, with a plain gamma."""
    return icc(b"GRAY", {b"kTRC": gamma_curve(gamma)})


def matrix_profile(columns: list[tuple[float, float, float]], curve: bytes) -> bytes:
    """A sound ICC profile of one curve and the three primaries' XYZ (adapted to D50)."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags = {name: _xyz(column) for name, column in zip(names, columns, strict=True)}
    return icc(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A display profile, version 2, of these tags."""
    text = b"test\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
    } | tags
    entries, body, at = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        entries += struct.pack(">4sII", name, at + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return head + struct.pack(">I", len(tags)) + entries + body


def gamma_curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def table_curve(points: list[int]) -> bytes:
    return b"curv" + bytes(4) + struct.pack(f">I{len(points)}H", len(points), *points)


def parametric_curve(kind: int, *numbers: float) -> bytes:
    fixed = [round(number * 65536) for number in numbers]
    return b"para" + bytes(4) + struct.pack(f">HH{len(fixed)}i", kind, 0, *fixed)


def _xyz(numbers: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(number * 65536) for number in numbers))
