"""What was made of files, kept for as long as they stay as they are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

Made = TypeVar("Made")
Stamp = tuple[int, int, int] | None
MOST = 5_000  # entries; one of an iteration takes about 2 kB


class Shelf:
    """A bounded memory: what is asked for least lately goes first. May be used from several threads.

    A file counts as unchanged while its time, size and inode are: files are replaced as a whole here, and
    what is appended to grows.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[tuple[Stamp, ...], Any]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, what: Hashable, paths: Sequence[Path], make: Callable[[], Made]) -> Made:
        """What `make` makes of these files; `what` names it. Made anew when one of them has changed.

        The files are looked at before they are read: what changes meanwhile is read again the next time.
        What `make` raises is not kept.
        """
        key = (what, *paths)
        stamps = tuple(stamp(path) for path in paths)
        with self._lock:
            found = self._kept.get(key)
            if found is not None and found[0] == stamps:
                self._kept.move_to_end(key)
                made: Made = found[1]
                return made
        made = make()
        with self._lock:
            self._kept[key] = (stamps, made)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._kept)


def stamp(path: Path) -> Stamp:
    """When it was written, its size and inode; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
