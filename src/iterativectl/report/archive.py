"""All of a run in one zip file, made piece by piece: what to look at, and what to go on with.

In it: the report, the sheet, the tables and the original; and in a folder named as the run its own files: the
pictures byte for byte (ComfyUI reads its graph from them), and what was planned, sent, asked and found. That
folder can be put into another project's working/ and looked at there. Not in it: logs, events, the journal of
costs, replies as they were stored, tickets and locks. These name servers, processes and folders of this
machine, and nobody needs them. In what is packed such names are replaced (`discretion`); the settings say
nothing of servers.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from iterativectl.project.layout import RunPaths
from iterativectl.report import discretion
from iterativectl.report.contact import contact_sheet
from iterativectl.report.gathering import Gathered, places
from iterativectl.report.page import page
from iterativectl.report.pictures import Embedded
from iterativectl.report.tables import as_csv, as_json

CHUNK = 1 << 20  # bytes of a file that are read at a time
LARGEST_JSON = 30_000_000
NOWHERE = "https://address.invalid"
OLDEST = 1980  # a zip file knows no earlier year
README = """\
A run of iterativectl: {project}, {run}.

report.html        open this first; it needs nothing else
contact_sheet.png  all pictures on one
iterations.csv     a row an iteration; report.json says more
original.png       the picture that was edited
{run}/
    the run's own files, the pictures in images/ (*.raw.png: as the generator made it, before the
    original was put back around the mask); put the folder into a project's working/ to look at it there

Addresses of servers and folders of the machine that made it were left out.
"""
Piece = Callable[[], Iterable[bytes]]


def archive(run: Gathered) -> Iterator[bytes]:
    """The zip file in pieces. A picture that cannot be read any more is left out."""
    out = _Pieces()
    top = f"{run.project.name}_{run.paths.run_id}"
    with zipfile.ZipFile(cast(io.BufferedIOBase, out), "w") as packed:
        for name, piece in _members(run):
            info = zipfile.ZipInfo(f"{top}/{name}", _time(run.made_at))
            info.external_attr = 0o644 << 16
            stored = name.endswith(".png")  # which are deflated already
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            with packed.open(info, "w", force_zip64=True) as member:
                for content in piece():
                    member.write(content)
                    yield from out.taken()
            yield from out.taken()
    yield from out.taken()


def _members(run: Gathered) -> Iterator[tuple[str, Piece]]:
    """Names below the top folder, made of what we chose ourselves, and what is in them."""
    yield "README.txt", lambda: [README.format(project=run.project.name, run=run.paths.run_id).encode()]
    yield "report.html", lambda: _encoded(page(run, Embedded()))
    yield "report.json", lambda: _encoded(as_json(run))
    yield "iterations.csv", lambda: _encoded(as_csv(run))
    yield "contact_sheet.png", lambda: [contact_sheet(run)]
    if run.original is not None:
        yield "original.png", _file(run.original)
    for line in run.lines:
        number = line["n"]
        for path in (run.paths.image(number), run.paths.raw_image(number)):
            if path.is_file() and run.inside(path):
                yield f"{run.paths.run_id}/images/{path.name}", _file(path)
    for path in _own_files(run):
        relative = f"{run.paths.run_id}/{path.relative_to(run.paths.root).as_posix()}"
        content = _cleaned(run, path)
        if content is not None:
            yield relative, lambda content=content: [content]  # type: ignore[misc]


def _own_files(run: Gathered) -> Iterator[Path]:
    """The run's JSON files that make it what it is, those of its pictures aside."""
    paths = run.paths
    yield paths.run_json
    for line in run.lines:
        yield from _steps(paths, line["n"])
    yield from (paths.ranking, paths.labels, paths.ratings)


def _steps(paths: RunPaths, number: int) -> Iterator[Path]:
    yield paths.plan(number)
    yield paths.graph(number)
    yield paths.questions(number)
    yield paths.evaluation(number)
    yield paths.comparison(number)
    yield paths.advice(number)
    yield paths.metadata(number)


def _cleaned(run: Gathered, path: Path) -> bytes | None:
    """A JSON file without what is this machine's own; None for one that is not there or no JSON."""
    if not path.is_file() or not run.inside(path) or path.stat().st_size > LARGEST_JSON:
        return None
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        return None
    if path == run.paths.run_json and isinstance(value, dict):
        value = _without_servers(value)
    cleaned = discretion.without_places(value, places(run.project))
    return (json.dumps(cleaned, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _without_servers(record: dict[str, Any]) -> dict[str, Any]:
    """run.json without where its servers are; a reader takes what is not there as it is by default."""
    told = record.get("judge")
    elsewhere = isinstance(told, dict) and told.get("base_url") is not None
    for key in ("settings", "judge"):
        if isinstance(record.get(key), dict):
            record[key] = {**discretion.without_settings(record[key])}
    if isinstance(record.get("settings"), dict):
        record["settings"].pop("comfyui", None)
    judge = record.get("judge")
    if isinstance(judge, dict) and elsewhere:
        judge["base_url"] = NOWHERE  # some providers have no address by default
    if isinstance(judge, dict) and isinstance(judge.get("ensemble"), list):
        judge["ensemble"] = [
            discretion.without_settings(entry) if isinstance(entry, dict) else entry
            for entry in judge["ensemble"]
        ]
    return record


def _file(path: Path) -> Piece:
    def pieces() -> Iterator[bytes]:
        with path.open("rb") as stream:
            while content := stream.read(CHUNK):
                yield content

    return pieces


def _encoded(texts: Iterable[str]) -> Iterator[bytes]:
    for text in texts:
        yield text.encode("utf-8", "replace")


def _time(at: datetime) -> tuple[int, int, int, int, int, int]:
    return (max(at.year, OLDEST), at.month, at.day, at.hour, at.minute, at.second)


class _Pieces(io.RawIOBase):
    """A stream that cannot be gone back in: what is written is taken from its other end."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._written.append(bytes(content))
        return len(content)

    def taken(self) -> Iterator[bytes]:
        """What was written since this was asked before."""
        written, self._written = self._written, []
        yield from written
