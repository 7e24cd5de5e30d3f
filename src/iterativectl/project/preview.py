"""working/RUN_ID/preview.jpg|png|webp: what the sampler had of its picture a moment ago.

For whoever watches. Nothing depends on it, and nothing waits for it: it is not forced to the disk, a disk
that refuses it is no fault, and it is gone when the iteration's picture is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from iterativectl import files
from iterativectl.errors import ImageError, StorageError
from iterativectl.project.layout import RunPaths

KINDS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
MOST_PIXELS = 1 << 22
LARGEST = 1 << 21  # bytes

_log = logging.getLogger(__name__)


def paths_of(paths: RunPaths) -> dict[str, Path]:
    """Where previews lie, by kind of picture."""
    return {kind: paths.root / f"preview.{ending}" for kind, ending in KINDS.items()}


def found(paths: RunPaths) -> Path | None:
    """The newest preview, None without one."""
    there: list[tuple[int, Path]] = []
    for path in paths_of(paths).values():
        try:
            there.append((path.stat().st_mtime_ns, path))
        except OSError:
            continue
    return max(there)[1] if there else None


@contextmanager
def shown(paths: RunPaths, wanted: bool) -> Iterator[Callable[[bytes], None] | None]:
    """What a generator may show while it makes a picture; None where nobody wants to see it.

    There is no preview before and after.
    """
    if not wanted:
        yield None
        return
    _remove(paths, keep="")
    try:
        yield partial(show, paths)
    finally:
        _remove(paths, keep="")


def show(paths: RunPaths, content: bytes) -> None:
    """Replace the preview, if the bytes are a small PNG, JPEG or WebP picture. Never raises for bad ones."""
    from iterativectl.images.decode import decode  # slow to import, and most runs need none of it
    from iterativectl.images.thumbnail import kind_of

    kind = kind_of(content[:12])
    if kind is None or len(content) > LARGEST:
        return
    try:
        decode(content, name="the preview", formats=(kind,), max_pixels=MOST_PIXELS)
        files.write_fleeting(paths_of(paths)[kind], content)
    except (ImageError, StorageError) as error:
        _log.debug("a preview was not kept: %s", error.message)
        return
    _remove(paths, keep=kind)


def _remove(paths: RunPaths, keep: str) -> None:
    for kind, path in paths_of(paths).items():
        try:
            if kind != keep:
                files.remove(path, durable=False)
        except StorageError as error:
            _log.debug("a preview was not removed: %s", error.message)
