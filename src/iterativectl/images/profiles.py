"""ICC profiles: colours of a picture to sRGB and back. Pure.

8 bits a channel are done by LittleCMS (Pillow's ImageCms) with its default intent (perceptual). Pillow cannot
hand it 16 bits of colour, so that these are done here, for profiles made of curves and a matrix (Display P3,
Adobe RGB, ProPhoto, nearly all that cameras and editors write; ICC.1:2022, annex F.3) and for grey ones.
A profile that is broken, or says sRGB in its own name, changes nothing.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Eight = NDArray[np.uint8]
Sixteen = NDArray[np.uint16]
Curve = NDArray[np.float32]  # 65536 values 0-1

_ROWS = 256  # converted at a time
_MOST = 65535
# sRGB's primaries, adapted to ICC's D50 (IEC 61966-2-1 with the Bradford transform), as columns.
_SRGB_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
# Numbers of parameters of ICC's parametric curves 0-4 (10.18, table 68).
_PARAMETERS = (1, 3, 4, 5, 7)


def parsed(raw: bytes | None) -> ImageCms.ImageCmsProfile | None:
    """The profile, None where there is none, it is broken, or it is sRGB anyway."""
    if not raw:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(raw))
        name = ImageCms.getProfileDescription(profile)
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    return None if "srgb" in name.lower() else profile


def is_grey(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether it describes pictures without colours: such a one cannot stand in an RGB file."""
    return str(profile.profile.xcolor_space).strip() == "GRAY"


def picture_to_srgb(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image | None:
    """A picture without alpha (CMYK, L, RGB) as RGB; None where the profile is of another kind of picture."""
    return _transformed(picture, profile, ImageCms.createProfile("sRGB"))


def to_srgb(values: Eight, raw: bytes | None) -> Eight:
    """Colours (height x width x 3 or 4, alpha untouched) to sRGB; as they are where nothing can be done."""
    profile = parsed(raw)
    if profile is None:
        return values
    colours = values[:, :, 0] if is_grey(profile) else values[:, :, :3]
    result = picture_to_srgb(Image.fromarray(np.ascontiguousarray(colours)), profile)
    return values if result is None else _with_alpha_of(values, result)


def from_srgb(values: Eight, raw: bytes | None) -> Eight:
    """The way back: sRGB colours (3 or 4 channels) in the profile's own numbers."""
    profile = parsed(raw)
    if profile is None or is_grey(profile):
        return values
    colours = Image.fromarray(np.ascontiguousarray(values[:, :, :3]))
    result = _transformed(colours, ImageCms.createProfile("sRGB"), profile)
    return values if result is None else _with_alpha_of(values, result)


def deep_to_srgb(values: Sixteen, raw: bytes | None) -> Sixteen | None:
    """16-bit colours (3 or 4 channels) to sRGB, clipped to its gamut.

    None where the profile is made of tables, or of another kind of picture: nothing can be done here.
    """
    if raw is None or parsed(raw) is None:
        return values
    try:
        curves, matrix = _shaper(raw)
    except (struct.error, KeyError, ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
        return None
    result: Sixteen = values.copy()
    for top in range(0, len(values), _ROWS):
        rows = values[top : top + _ROWS]
        linear = np.stack([curve[rows[:, :, channel]] for channel, curve in enumerate(curves)], axis=2)
        result[top : top + _ROWS, :, :3] = np.rint(_encoded(linear @ matrix.T) * _MOST)
    return result


def _transformed(picture: Image.Image, source: Any, target: Any) -> Image.Image | None:
    try:
        return ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, ValueError):
        return None


def _with_alpha_of(values: Eight, colours: Image.Image) -> Eight:
    found = np.asarray(colours)
    return found if values.shape[2] == 3 else np.dstack([found, values[:, :, 3]])


def _shaper(raw: bytes) -> tuple[tuple[Curve, ...], NDArray[np.float32]]:
    """Three curves to linear light, and the matrix from there to linear sRGB.

    Raises KeyError, ValueError and the like for a profile of another make.
    """
    tags, space = _tags(raw), raw[16:20]
    if space == b"GRAY":
        return (_curve(tags[b"kTRC"]),) * 3, np.eye(3, dtype=np.float32)
    if space != b"RGB " or raw[20:24] != b"XYZ " or b"A2B0" in tags:
        raise ValueError("not a profile of curves and a matrix")
    columns = [_numbers(tags[name], 8, 3) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    curves = tuple(_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    return curves, (np.linalg.inv(_SRGB_D50) @ np.array(columns).T).astype(np.float32)


def _tags(raw: bytes) -> dict[bytes, bytes]:
    count = min(struct.unpack_from(">I", raw, 128)[0], 1000)
    entries = (struct.unpack_from(">4sII", raw, 132 + 12 * number) for number in range(count))
    return {name: raw[start : start + length] for name, start, length in entries}


def _numbers(tag: bytes, start: int, count: int) -> tuple[float, ...]:
    """s15Fixed16Number (4.6)."""
    return tuple(number / 65536 for number in struct.unpack_from(f">{count}i", tag, start))


def _curve(tag: bytes) -> Curve:
    """The tone curve for every 16-bit value: curveType (10.6) or parametricCurveType (10.18)."""
    x = np.arange(_MOST + 1) / _MOST
    if tag[:4] == b"para":
        return _parametric(x, struct.unpack_from(">H", tag, 8)[0], tag)
    if tag[:4] != b"curv":
        raise ValueError("not a tone curve")
    count = struct.unpack_from(">I", tag, 8)[0]
    if count == 0:
        return x.astype(np.float32)
    points = np.array(struct.unpack_from(f">{count}H", tag, 12))
    if count == 1:
        return np.asarray(x ** (points[0] / 256), np.float32)
    return np.interp(x, np.linspace(0, 1, count), points / _MOST).astype(np.float32)


def _parametric(x: NDArray[np.float64], kind: int, tag: bytes) -> Curve:
    g, a, b, c, d, e, f = (*_numbers(tag, 12, _PARAMETERS[kind]), *[0.0] * 6)[:7]
    if kind == 0:
        a = 1.0
    elif kind in (1, 2):  # one piece above -b / a, and below it a constant
        c, d, e, f = 0.0, -b / a, c, c
    power = np.clip(a * x + b, 0, None) ** g + e
    return np.clip(np.where(x >= d, power, c * x + f), 0, 1).astype(np.float32)


def _encoded(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear light to sRGB's numbers (IEC 61966-2-1), both 0-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
