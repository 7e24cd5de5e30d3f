"""Where a report's pictures are: in the page itself, made smaller, or full beside it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from iterativectl.errors import ImageError
from iterativectl.images.thumbnail import MEDIA_TYPE, thumbnail


class Pictures(Protocol):
    """`sources` is what the page's policy lets pictures come from."""

    @property
    def sources(self) -> str: ...

    def address(self, path: Path | None, name: str, longest: int) -> str | None:
        """Where a picture is found; None for one that is not there or cannot be read."""


class Embedded:
    """In the page, as JPEG of at most `longest` px."""

    sources = "data:"

    def address(self, path: Path | None, name: str, longest: int) -> str | None:
        if path is None:
            return None
        try:
            small = thumbnail(path.read_bytes(), longest=longest, name=path.name)
        except (ImageError, OSError):
            return None
        return f"data:{MEDIA_TYPE};base64,{base64.b64encode(small).decode('ascii')}"


@dataclass
class Beside:
    """Full, byte for byte, in `folder` beside the page. `wanted` says afterwards which: name -> file."""

    folder: str
    wanted: dict[str, Path] = field(default_factory=dict)
    sources: str = "'self' file:"

    def address(self, path: Path | None, name: str, longest: int) -> str | None:
        if path is None:
            return None
        file = f"{name}.png"
        self.wanted[file] = path
        return f"{quote(self.folder)}/{file}"
