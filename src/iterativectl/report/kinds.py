"""What can be had of a run: kind -> name of the file, what it is, and how its bytes are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from iterativectl.report.archive import archive
from iterativectl.report.contact import contact_sheet
from iterativectl.report.gathering import Gathered
from iterativectl.report.page import page
from iterativectl.report.pictures import Embedded, Pictures
from iterativectl.report.tables import as_csv, as_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`ending` of the file, `words` for people, `media_type`, and `make`: the file's bytes in pieces."""

    ending: str
    words: str
    media_type: str
    make: Callable[[Gathered], Iterator[bytes]]


def html(run: Gathered, pictures: Pictures) -> Iterator[bytes]:
    """The page with its pictures in it or beside it."""
    return _encoded(page(run, pictures))


def name_of(run: Gathered, kind: str) -> str:
    """A file's name that says what it is; letters, digits, - and _ only."""
    return f"{run.project.name}_{run.paths.run_id}{KINDS[kind].ending}"


def _encoded(texts: Iterable[str]) -> Iterator[bytes]:
    for text in texts:
        yield text.encode("utf-8", "replace")


def _sheet(run: Gathered) -> Iterator[bytes]:
    yield contact_sheet(run)


KINDS: Mapping[str, Kind] = {
    "html": Kind(
        ending=".html",
        words="Report: one page with its pictures in it, to read, to print, to hand on",
        media_type="text/html",
        make=lambda run: html(run, Embedded()),
    ),
    "png": Kind(
        ending="_sheet.png",
        words="Contact sheet: all pictures on one",
        media_type="image/png",
        make=_sheet,
    ),
    "zip": Kind(
        ending=".zip",
        words="Everything: report, pictures, workflows, tables and the run's own files",
        media_type="application/zip",
        make=archive,
    ),
    "json": Kind(
        ending=".json",
        words="Data: the run and every iteration in full (JSON)",
        media_type="application/json",
        make=lambda run: _encoded(as_json(run)),
    ),
    "csv": Kind(
        ending=".csv",
        words="Table: a row an iteration (CSV)",
        media_type="text/csv",
        make=lambda run: _encoded(as_csv(run)),
    ),
}
