"""What the wire formats have in common: labels, base64, reading small things out of a body. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from iterativectl.model import Picture
from iterativectl.ports import VisionRequest

MAX_TOKENS = 2048  # of a reply; a model that never stops (endless blanks) is cut here


def bound(request: VisionRequest) -> int:
    """The most tokens that the reply may have."""
    return request.max_tokens or MAX_TOKENS


def labels(images: Sequence[tuple[str, Picture]]) -> tuple[str, ...]:
    """What each picture is, in order: "Image 1: the ORIGINAL"."""
    return tuple(f"Image {number}: {label}" for number, (label, _) in enumerate(images, start=1))


def in_base64(picture: Picture) -> str:
    """The PNG as bare base64."""
    return base64.b64encode(picture.png).decode("ascii")


def is_json_object(text: Any) -> bool:
    """Whether a text is one whole JSON object."""
    if not isinstance(text, str) or not text.strip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def token_count(value: Any) -> int:
    """A token count; 0 for anything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
