"""Does a model see pictures at all? Two tiny pictures of one colour each, and the question which.

Servers exist that take a picture, drop it without a word, and answer all the same (ollama#13549): the only
proof is an answer that cannot be given without having looked. Costs one request.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib

from iterativectl.errors import IterativeError
from iterativectl.model import Finding, Picture
from iterativectl.ports import VisionModel, VisionRequest

SIDE = 128  # pixels; some models refuse pictures smaller than one patch group
# Not what a model guesses that sees nothing ("red" and "blue"), and far apart for one that sees badly.
COLOURS = {"yellow": (250, 220, 0), "green": (0, 140, 50)}
PROMPT = (
    "You are shown two pictures. Each is filled with a single colour. "
    "Name the colour of the first picture, then the colour of the second one, with one word for each. "
    "If you cannot see the pictures, answer: none."
)


def canary(model: VisionModel) -> Finding:
    """Ask, and judge the answer. A provider's failure is the finding, not an exception.

    Give it a provider as vision.build makes it: a Router would answer from its cache.
    """
    images = tuple(
        (f"picture {number}", plain_picture(colour))
        for number, colour in enumerate(COLOURS.values(), start=1)
    )
    request = VisionRequest(kind="describe_image", prompt=PROMPT, images=images)
    try:
        answer = model.ask(request).text
    except IterativeError as error:
        return Finding(
            status="error", what=f"{model.model} did not answer", why=error.message, todo=error.hint
        )
    return _finding(model.model, answer)


def _finding(model: str, answer: str) -> Finding:
    seen = [word for word in re.findall(r"[a-z]+", answer.lower()) if word in COLOURS]
    if list(dict.fromkeys(seen)) == list(COLOURS):
        return Finding(status="ok", what=f"{model} sees pictures, and tells the first from the second")
    said = f"shown a yellow and a green picture, it said: {' '.join(answer.split())[:120]!r}"
    if seen:
        return Finding(
            status="error",
            what=f"{model} does not see both pictures rightly",
            why=said,
            todo="Choose a model that takes two pictures: the original and the result are judged together.",
        )
    return Finding(
        status="error",
        what=f"{model} does not see pictures",
        why=said,
        todo="Choose a model with vision; with Ollama, update it and pull the model again.",
    )


def plain_picture(colour: tuple[int, int, int], side: int = SIDE) -> Picture:
    """A square RGB PNG of one colour (PNG specification: one zero filter byte before each row)."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * side) * side
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)
    return Picture(png=png, width=side, height=side, sha256=hashlib.sha256(png).hexdigest())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
