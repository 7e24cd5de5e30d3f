"""working/RUN_ID/preview.jpg|png|webp: what the sampler had of its picture a moment ago.

For whoever watches. Nothing depends on it: it is written without waiting for the disk, and removed when the
iteration's picture is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from iterativectl import files
from iterativectl.project.layout import RunPaths

Kind = Literal["jpg", "png", "webp"]
KINDS: tuple[Kind, ...] = ("jpg", "png", "webp")


def path_of(paths: RunPaths, kind: Kind) -> Path:
    """Where a preview of this kind lies."""
    return paths.root / f"preview.{kind}"


def found(paths: RunPaths) -> Path | None:
    """The newest preview, None without one."""
    there: list[tuple[int, Path]] = []
    for kind in KINDS:
        try:
            there.append((path_of(paths, kind).stat().st_mtime_ns, path_of(paths, kind)))
        except OSError:
            continue
    return max(there)[1] if there else None


def write(paths: RunPaths, kind: Kind, content: bytes) -> None:
    """Replace the preview; others, of another kind, are removed. Raises StorageError."""
    files.write_fleeting(path_of(paths, kind), content)
    for other in KINDS:
        if other != kind:
            files.remove(path_of(paths, other), durable=False)


def remove(paths: RunPaths) -> None:
    """There is none any more. Raises StorageError."""
    for kind in KINDS:
        files.remove(path_of(paths, kind), durable=False)
