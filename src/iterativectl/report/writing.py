"""Putting a report on the disk: the file, and full pictures beside a page that wants them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from iterativectl import files
from iterativectl.errors import UsageError
from iterativectl.report.gathering import Gathered
from iterativectl.report.kinds import KINDS, html, name_of
from iterativectl.report.pictures import Beside

PICTURES = "_pictures"  # the folder beside PAGE.html is PAGE_pictures/


def write(run: Gathered, kind: str, out: Path, *, beside: bool = False) -> list[Path]:
    """Write a report of `kind` to `out`, a file or a folder; the files that were written, the report first.

    A file's name without an ending gets that of the kind.

    `beside`: the full pictures go into a folder beside the page, which is written last. Raises UsageError for
    a place that is none, StorageError.
    """
    path = out / name_of(run, kind) if out.is_dir() else out
    if not path.suffix:
        path = path.with_name(f"{path.name}.{KINDS[kind].ending.rpartition('.')[2]}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", "Make it, or choose another one with --out.")
    if not beside:
        _stream(path, KINDS[kind].make(run))
        return [path]
    pictures = Beside(path.stem + PICTURES)
    content = list(html(run, pictures))  # the text alone: its pictures are not in it
    written = [path]
    for name, source in pictures.wanted.items():
        files.copy(source, path.parent / pictures.folder / name)
        written.append(path.parent / pictures.folder / name)
    _stream(path, content)
    return written


def _stream(path: Path, pieces: Iterable[bytes]) -> None:
    def fill(stream: BinaryIO) -> None:
        for piece in pieces:
            stream.write(piece)

    files.write_stream(path, fill, lambda partial: None)
