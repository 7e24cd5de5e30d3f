"""ICC profiles: colours of a picture to sRGB and back, 8 bits a channel. Pure.

Done by LittleCMS (Pillow's ImageCms) with its default intent (perceptual). A profile that is broken, or says
sRGB in its own name, changes nothing.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Eight = NDArray[np.uint8]


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


def _transformed(picture: Image.Image, source: Any, target: Any) -> Image.Image | None:
    try:
        return ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, ValueError):
        return None


def _with_alpha_of(values: Eight, colours: Image.Image) -> Eight:
    found = np.asarray(colours)
    return found if values.shape[2] == 3 else np.dstack([found, values[:, :, 3]])
