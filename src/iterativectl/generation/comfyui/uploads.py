"""Our pictures on a server: each content goes there once, under a name made of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from iterativectl.generation.comfyui.client import Client
from iterativectl.images import masks, png

_KEPT = 16  # digests of files that are remembered: pictures, masks and control pictures of a few jobs at once
_HEADER_BYTES = 33  # a PNG's signature and its first chunk, which says the size
_FileState = tuple[Path, int, int, int]


class Uploads:
    """The names under which one server has our pictures. Two threads may at worst send the same one twice."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # content -> the server's name for it
        self._digests: dict[_FileState, str] = {}

    def forget(self) -> None:
        """The server has lost something: send everything anew."""
        self._names.clear()

    def file(self, client: Client, path: Path) -> str:
        """The server's name for a picture file."""
        return self._name(client, self._digest(path), lambda: path)

    def with_hole(self, client: Client, picture: Path, mask: Path | None) -> str:
        """... for a picture that is transparent where it may be edited: everywhere without a mask."""
        key = f"hole {self._digest(picture)} {self._digest(mask) if mask else 'all'}"

        def holed() -> bytes:
            hole = mask.read_bytes() if mask else _white(size(picture))
            return masks.with_hole(picture.read_bytes(), hole)

        return self._name(client, key, holed)

    def white(self, client: Client, width: int, height: int) -> str:
        """... for a mask of this size that lets everything be edited."""
        return self._name(client, f"white {width}x{height}", lambda: _white((width, height)))

    def _name(self, client: Client, key: str, content: Callable[[], Path | bytes]) -> str:
        if key not in self._names:
            self._names[key] = client.upload(content())
        return self._names[key]

    def _digest(self, path: Path) -> str:
        """Of a file's bytes; taken again only when the file has changed."""
        at = path.stat()
        key = (path, at.st_ino, at.st_mtime_ns, at.st_size)
        digests = self._digests
        if key not in digests:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self._digests = digests = {**dict(list(digests.items())[1 - _KEPT :]), key: digest}
        return digests[key]


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG file, in pixels. Raises ImageError."""
    with picture.open("rb") as stream:
        head = png.header(stream.read(_HEADER_BYTES), name=picture.name)
    return head.width, head.height


def _white(extent: tuple[int, int]) -> bytes:
    """A mask as the runner prepares one: white, and transparent where it is white."""
    out = io.BytesIO()
    Image.new("RGBA", extent, (255, 255, 255, 0)).save(out, "PNG")
    return out.getvalue()
