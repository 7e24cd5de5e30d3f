"""Small pictures, made once and in the background, kept in WORKSPACE/.iterative/thumbnails/.

What is wanted last is made first: it is what a person looks at now. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from concurrent.futures import Future
from pathlib import Path

from iterativectl import files
from iterativectl.errors import IterativeError, StorageError
from iterativectl.images.thumbnail import LONGEST, kind_of, thumbnail

MAKERS = 2  # threads
MOST_WAITING = 256  # pictures; the oldest wish is forgotten then
MOST_BROKEN = 1024  # pictures whose fault is remembered
_VERSION = 1  # of what a thumbnail looks like: part of its name

_log = logging.getLogger("iterativectl.web")


class Busy(Exception):
    """Too many newer ones are wanted."""


class Thumbnails:
    """The thumbnails of a workspace. Safe to be used from several threads."""

    def __init__(self, folder: Path, makers: int = MAKERS) -> None:
        self._folder = folder
        self._makers = makers
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, tuple[Path, Future[bytes]]] = OrderedDict()
        self._wanted: dict[str, Future[bytes]] = {}  # waiting, and being made
        self._broken: OrderedDict[str, IterativeError] = OrderedDict()
        self._working = 0

    def get(self, source: Path) -> Future[bytes]:
        """A JPEG file's bytes, at once where it was made before.

        It ends in ImageError for what is no picture that is read, Busy when it was put off too long, OSError
        when the picture is gone.
        """
        key = key_of(source)
        made = self._made(key)
        if made is not None:
            found: Future[bytes] = Future()
            found.set_result(made)
            return found
        return self._want(key, source)

    def prepare(self, source: Path) -> None:
        """See to it that it will be there soon. Nothing happens where it is there, or cannot be."""
        try:
            key = key_of(source)
        except OSError:
            return
        if not self._path(key).exists():
            self._want(key, source)

    def waiting(self) -> int:
        """How many nobody works on yet."""
        with self._lock:
            return len(self._waiting)

    def _want(self, key: str, source: Path) -> Future[bytes]:
        with self._lock:
            broken = self._broken.get(key)
            if broken is not None:
                refused: Future[bytes] = Future()
                refused.set_exception(broken)
                return refused
            wanted = self._wanted.get(key)
            if wanted is None:
                wanted = self._wanted[key] = Future()
                self._waiting[key] = (source, wanted)
                self._forget_the_oldest()
            if key in self._waiting:
                self._waiting.move_to_end(key)
            if self._working < self._makers:
                self._working += 1
                threading.Thread(target=self._work, name="thumbnails", daemon=True).start()
            return wanted

    def _forget_the_oldest(self) -> None:
        while len(self._waiting) > MOST_WAITING:
            key, (_, wanted) = self._waiting.popitem(last=False)
            del self._wanted[key]
            wanted.set_exception(Busy())

    def _work(self) -> None:
        """Make what is wanted until nothing is: a thread lives no longer than its work."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._working -= 1
                    return
                key, (source, wanted) = self._waiting.popitem()
            self._finish(key, source, wanted)

    def _finish(self, key: str, source: Path, wanted: Future[bytes]) -> None:
        try:
            made = self._make(key, source)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            with self._lock:
                del self._wanted[key]
                if isinstance(error, IterativeError):
                    self._remember(key, error)
            wanted.set_exception(error)
        else:
            with self._lock:
                del self._wanted[key]
            wanted.set_result(made)

    def _make(self, key: str, source: Path) -> bytes:
        made = thumbnail(source.read_bytes(), name=source.name)
        try:
            files.write_bytes(self._path(key), made, durable=False)
        except (StorageError, FileExistsError) as error:  # it is shown all the same, and made again next time
            _log.warning("a thumbnail was not kept: %s", error)
        return made

    def _remember(self, key: str, error: IterativeError) -> None:
        self._broken[key] = error
        while len(self._broken) > MOST_BROKEN:
            self._broken.popitem(last=False)

    def _made(self, key: str) -> bytes | None:
        try:
            made = self._path(key).read_bytes()
        except OSError:
            return None
        return made if kind_of(made[:12]) == "JPEG" else None

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.jpg"


def key_of(source: Path) -> str:
    """What a picture's thumbnail is called: by where it lies, its size and its time. Raises OSError."""
    state = source.stat()
    text = f"{_VERSION}\0{LONGEST}\0{source}\0{state.st_size}\0{state.st_mtime_ns}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:40]
