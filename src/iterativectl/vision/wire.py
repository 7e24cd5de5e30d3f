"""What the wire formats have in common: labels, base64, reading small things out of a body. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from iterativectl.model import Picture
from iterativectl.ports import Usage, VisionRequest

MAX_TOKENS = 2048  # of a reply; a model that never stops (endless blanks) is cut here


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The text of an answer and what came with it. `finish` is "stop" for a whole answer."""

    text: str
    usage: Usage
    served_by: str
    finish: str = "stop"


# Of samples after the first: at 0 each of them would be the same answer, whatever its seed. Majorities of
# repeated answers were studied at 0.5 to 0.7 (self-consistency, arXiv 2203.11171).
REPEATED_TEMPERATURE = 0.7


def temperature(request: VisionRequest) -> float:
    """0 for the likeliest answer; what is asked again is sampled."""
    return REPEATED_TEMPERATURE if request.sample else 0


def bound(request: VisionRequest) -> int:
    """The most tokens that the reply may have."""
    return request.max_tokens or MAX_TOKENS


def labels(images: Sequence[tuple[str, Picture]]) -> tuple[str, ...]:
    """What each picture is, in order: "Image 1: the ORIGINAL"."""
    return tuple(f"Image {number}: {label}" for number, (label, _) in enumerate(images, start=1))


class Verbatim(str):
    """ASCII text without a character that JSON would escape: megabytes of base64 need no second look."""


def in_base64(picture: Picture) -> Verbatim:
    """The PNG as bare base64."""
    return _encoded(picture.png)


@lru_cache(maxsize=2)
def _encoded(png: bytes) -> Verbatim:
    """The two pictures of an iteration stand in several of its requests."""
    return Verbatim(base64.b64encode(png).decode("ascii"))


def to_json_bytes(body: Any) -> bytes:
    """A request's body (keys are texts) as UTF-8 JSON: what json.dumps gives, a good deal sooner."""
    return b"".join(_pieces(body))


def _pieces(value: Any) -> Iterator[bytes]:
    if isinstance(value, Verbatim):
        yield from (b'"', value.encode("ascii"), b'"')
    elif not _holds_verbatim(value):
        yield json.dumps(value).encode("ascii")
    elif isinstance(value, Mapping):
        for number, (key, entry) in enumerate(value.items()):
            yield (b", " if number else b"{") + json.dumps(key).encode("ascii") + b": "
            yield from _pieces(entry)
        yield b"}"
    else:
        for number, entry in enumerate(value):
            yield b", " if number else b"["
            yield from _pieces(entry)
        yield b"]"


def _holds_verbatim(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_verbatim, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_verbatim, value))
    return isinstance(value, Verbatim)


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
