"""The only writer of files in this program.

Durability order (docs/promises.md, promise 1): write the temporary file beside the target, fsync it,
rename it over the target, fsync the directory. A reader sees the old file or the new one, never a half.
"""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from iterativectl.errors import StorageError

TEMPORARY_SUFFIX = ".partial"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file atomically. Raises StorageError naming the path and the need.

    `durable`: a power cut from now on leaves the new file; False: the old one or the new one, whole as ever.
    """
    partial = partial_path(path)
    with _translated(path, len(content)):
        make_dir(path.parent)
        _write_partial(partial, content)
        partial.replace(path)
        if durable:
            _sync_dir(path.parent)


def write_private(path: Path, content: bytes) -> None:
    """Like write_bytes, but nobody else on this machine may read the file, at no moment."""
    partial = partial_path(path)
    with _translated(path, len(content)):
        make_dir(path.parent)
        partial.unlink(missing_ok=True)  # one that was left behind would keep its own permissions
        _write_partial(partial, content, os.O_EXCL, 0o600)
        partial.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically and durably."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Write two-space indented UTF-8 JSON with a final newline, keys in the order given; as write_bytes."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, text.encode("utf-8"), durable=durable)


def create_bytes(path: Path, content: bytes) -> None:
    """Like write_bytes, but an existing file is never replaced: raises FileExistsError."""
    partial = partial_path(path)
    with _translated(path, len(content)):
        make_dir(path.parent)
        _write_partial(partial, content)
        try:
            os.link(partial, path)
        finally:
            partial.unlink()
        _sync_dir(path.parent)


def write_fleeting(path: Path, content: bytes) -> None:
    """Replace a file that nothing depends on, at once: readers see the old one or the new one.

    Nothing is waited for, so a power cut may leave it torn. Its folder must be there. Raises StorageError.
    """
    partial = partial_path(path)
    with _translated(path, len(content)):
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def append_line(path: Path, line: str, *, durable: bool = True) -> None:
    """Append one line. A torn last line, left by a kill, is cut off first.

    `durable`: on the disk when this returns; False for what a power cut may take, such as a log's last lines.
    """
    content = line.rstrip("\n").encode("utf-8") + b"\n"
    with _translated(path, len(content)):
        make_dir(path.parent)
        fresh = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            end = _end_of_whole_lines(descriptor)
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            try:
                _write_all(descriptor, content)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if fresh and durable:
            _sync_dir(path.parent)


def write_stream(path: Path, fill: Callable[[BinaryIO], None], verify: Callable[[Path], None]) -> None:
    """Fill `path.partial` through `fill`, fsync, let `verify` look at it (it raises to refuse), then rename.

    The partial file is removed when anything fails, so that nothing half there is ever found.
    """
    partial = partial_path(path)
    with _translated(path, 0):
        make_dir(path.parent)
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            try:
                fill(cast(BinaryIO, _Sink(descriptor)))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            verify(partial)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_dir(path.parent)


class _Sink(io.RawIOBase):
    """A stream onto an open descriptor: writes are whole, and errors come at once instead of at the close."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        _write_all(self._descriptor, content)
        return len(content)


def make_dir(path: Path) -> None:
    """Make a directory and its parents, durably."""
    if path.is_dir():
        return
    with _translated(path, 0):
        make_dir(path.parent)
        path.mkdir(exist_ok=True)
        _sync_dir(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one file system, durably; parents of the target are made."""
    with _translated(target, 0):
        make_dir(target.parent)
        source.replace(target)
        _sync_dir(target.parent)
        _sync_dir(source.parent)


def remove(path: Path, *, durable: bool = True) -> None:
    """Delete a file if it is there; `durable` as in write_bytes."""
    with _translated(path, 0):
        path.unlink(missing_ok=True)
        if durable:
            _sync_dir(path.parent)


def remove_empty_dir(path: Path) -> None:
    """Delete a directory if it is there and empty, durably."""
    if not path.is_dir() or any(path.iterdir()):
        return
    with _translated(path, 0):
        path.rmdir()
        _sync_dir(path.parent)


def copy(source: Path, target: Path) -> None:
    """Copy a file's bytes, atomically and durably."""
    write_bytes(target, source.read_bytes())


def remove_partials(directory: Path) -> None:
    """Delete `*.partial` files that a kill left below a directory."""
    for leftover in sorted(directory.rglob(f"*{TEMPORARY_SUFFIX}")):
        leftover.unlink(missing_ok=True)


def partial_path(path: Path) -> Path:
    """Where a file is written before it is renamed: beside it, so that the rename is atomic."""
    return path.with_name(path.name + TEMPORARY_SUFFIX)


def free_bytes(path: Path) -> int:
    """Free disk space where `path` is or would be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def _write_partial(partial: Path, content: bytes, flag: int = os.O_TRUNC, mode: int = 0o644) -> None:
    """A whole temporary file on the disk."""
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | flag, mode)
    try:
        _write_all(descriptor, content)
        os.fsync(descriptor)
    except OSError:  # a full disk: what is half there only takes more of it
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _end_of_whole_lines(descriptor: int) -> int:
    """The offset just after the last newline, read backwards in blocks."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    block_end = end
    while block_end > 0:
        start = max(0, block_end - 4096)
        cut = os.pread(descriptor, block_end - start, start).rfind(b"\n")
        if cut >= 0:
            return start + cut + 1
        block_end = start
    return 0


def _sync_dir(path: Path) -> None:
    """Make a rename durable. Some file systems refuse fsync on a directory: then there is nothing to do."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


@contextmanager
def _translated(path: Path, size: int) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        need = f" ({size} bytes)" if size else ""
        if error.errno in _FULL:
            raise StorageError(
                f"the disk is full: {path}{need} could not be written",
                "Free some space and run the same command again: it goes on where it stopped.",
            ) from error
        raise StorageError(
            f"{path}{need} could not be written: {error.strerror or error}",
            "Check the disk and the folder's permissions, then run the same command again.",
        ) from error


def lock(path: Path, content: str) -> int | None:
    """Take an exclusive kernel lock and write who holds it. None when another process has it.

    The descriptor is closed on exec, so that children do not inherit the lock.
    """
    with _translated(path, len(content)):
        make_dir(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _taken(descriptor):
            os.close(descriptor)
            return None
        try:
            os.ftruncate(descriptor, 0)
            _write_all(descriptor, content.encode("utf-8"))
        except OSError:
            os.close(descriptor)
            raise
    return descriptor


def _taken(descriptor: int) -> bool:
    """Take the lock; a look by is_locked holds it for a moment, so one refusal is not yet an answer."""
    for pause in (0.02, 0.05, 0.1, None):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pause is not None:
                time.sleep(pause)
        else:
            return True
    return False


def unlock(descriptor: int) -> None:
    """Give a lock back; the file stays."""
    os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock on this file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
