"""Binary messages of ComfyUI's WebSocket: what the sampler has so far, as a small picture. Pure.

The first four bytes are the kind, big-endian. 1: four bytes that name the format, then a JPEG or PNG file,
which may be of anybody's job. 4, for who asked for it: the length of a JSON object, that object, which names
the job, then the file.
"""

from __future__ import annotations

import json
import struct
from typing import Any

ASKS = {
    "type": "feature_flags",
    "data": {"supports_preview_metadata": True},
}  # a client's first message
METHOD = "latent2rgb"  # for newer servers, which make previews for a job that asks; costs next to nothing
LARGEST = 1 << 21  # bytes; ComfyUI's own are at most 512 px wide, about 50 kB
_PLAIN, _DESCRIBED = 1, 4


def picture_of(message: bytes, prompt_id: str) -> bytes | None:
    """The picture file in a message; None for another kind of message, another job's, or a huge one.

    A picture without a name is taken for ours: whoever asks knows that our job is the one that runs.
    """
    if not 8 < len(message) <= LARGEST:
        return None
    kind, second = struct.unpack(">II", message[:8])
    if kind == _PLAIN:
        return message[8:]
    if kind != _DESCRIBED or second > len(message) - 8:
        return None
    about = _object(message[8 : 8 + second])
    return message[8 + second :] if about.get("prompt_id") == prompt_id else None


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
