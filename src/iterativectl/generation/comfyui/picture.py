"""A finished picture: fetched in pieces, decoded in full, and proved to be the one that was asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from iterativectl import files
from iterativectl.errors import GenerationError, ImageError, IterativeError
from iterativectl.generation.comfyui import waiting
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.graph import png_texts
from iterativectl.generation.comfyui.replies import ServedImage
from iterativectl.generation.comfyui.transport import Answer, Unreachable
from iterativectl.images.decode import verify_png


class NotThere(Exception):
    """The server does not have the picture (404), or it is another one than asked for."""


class Broken(Exception):
    """What came is not a whole PNG. Worth another try: a picture may be cut on the way."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture that lies at its destination."""

    sha256: str
    width: int
    height: int


def fetch(client: Client, image: ServedImage, destination: Path, prefix: str | None = None) -> Fetched:
    """Download, verify and rename into place; three tries.

    With `prefix`, the picture must carry it in its own `prompt` chunk. Raises NotThere, GenerationError when
    it stays broken, ServerUnavailable.
    """
    pace, clock = client.transport.pace, client.transport.clock
    for delay in (*pace.retries, None):
        try:
            return _once(client, image, destination, prefix)
        except (Unreachable, Broken) as error:
            if delay is None:
                raise _given_up(client, image, error) from error
            waiting.pause(delay, client.attend, clock, pace.attend)
    raise AssertionError("unreachable: the last try returns or raises")


def _given_up(client: Client, image: ServedImage, error: Unreachable | Broken) -> IterativeError:
    if isinstance(error, Unreachable):
        return client.gone(error)
    return GenerationError(
        f"{client.base_url} does not serve a whole picture as {image.filename}: {error}",
        "Look at the file in ComfyUI's output folder; a proxy may cut long answers.",
    )


def accept(path: Path, prefix: str) -> Fetched | None:
    """A picture fetched before (killed just then), if it is whole and carries its ticket; else None."""
    try:
        content = path.read_bytes()
        width, height = _decode(content, path.name)
    except (Broken, FileNotFoundError):
        return None
    return Fetched(hashlib.sha256(content).hexdigest(), width, height) if _carries(content, prefix) else None


def _once(client: Client, image: ServedImage, destination: Path, prefix: str | None) -> Fetched:
    answer, pieces = client.view(image)
    if answer.status >= 500:
        raise Unreachable(f"HTTP {answer.status} at /view", sent=True)
    if answer.status != 200:
        raise NotThere(f"{image.filename} (HTTP {answer.status})")
    digest, size = hashlib.sha256(), (0, 0)

    def verify(partial: Path) -> None:
        nonlocal size
        content = partial.read_bytes()
        size = _decode(content, destination.name)
        if prefix is not None and not _carries(content, prefix):
            raise NotThere(f"{image.filename} does not carry this job's ticket")

    files.write_stream(destination, _filler(answer, pieces, digest.update), verify)
    return Fetched(digest.hexdigest(), *size)


def _filler(
    answer: Answer, pieces: Iterator[bytes], seen: Callable[[bytes], object]
) -> Callable[[BinaryIO], None]:
    """Copies the pieces, and refuses fewer bytes than were announced."""

    def fill(stream: BinaryIO) -> None:
        count = 0
        for piece in pieces:
            stream.write(piece)
            seen(piece)
            count += len(piece)
        announced = answer.headers.get("Content-Length", "")
        if announced.isdigit() and "Content-Encoding" not in answer.headers and count != int(announced):
            raise Broken(f"{count} of {announced} bytes")

    return fill


def _decode(content: bytes, name: str) -> tuple[int, int]:
    """Decode a PNG wholly: only that finds a cut in the middle as well as a missing end."""
    try:
        return verify_png(content, name=name)
    except ImageError as error:
        raise Broken(error.message) from error


def _carries(content: bytes, prefix: str) -> bool:
    """Whether a node of the graph in the picture's `prompt` chunk saves under this prefix."""
    try:
        graph = json.loads(png_texts(content).get("prompt", ""))
    except ValueError:
        return False
    nodes = graph.values() if isinstance(graph, dict) else ()
    return any(
        isinstance(node, dict)
        and isinstance(node.get("inputs"), dict)
        and node["inputs"].get("filename_prefix") == prefix
        for node in nodes
    )
