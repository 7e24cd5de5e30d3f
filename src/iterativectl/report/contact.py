"""The contact sheet of a run: the original and every iteration on one picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from iterativectl.errors import ImageError
from iterativectl.images.normalise import Pixels, from_pixels, to_pixels
from iterativectl.images.sheet import CELL, Cell, Tone, room, sheet, thumbnail
from iterativectl.report.gathering import Facts, Gathered
from iterativectl.report.words import number, verdict

MOST = 240  # pictures: on more a cell is too small to see anything


def contact_sheet(run: Gathered) -> bytes:
    """A PNG file. Of a very long run the best scored are shown, by number."""
    shown = _shown(run)
    original = _pixels_of(run.original, CELL)
    shape = original.shape[0] / original.shape[1] if original is not None else 1.0
    longest = room(len(shown) + 1, shape)
    cells = [_cell(original, "The original", [])]
    for facts in shown:
        place = f", ranked {run.ranking.index(facts['n']) + 1}" if facts["n"] in run.ranking else ""
        cells.append(
            _cell(
                _pixels_of(run.picture(facts["n"]), longest),
                f"{facts['n']}{place}",
                list(_lines(facts)),
                missing=facts["failure"]["message"] if facts["failure"] else "no picture",
                best=facts["n"] == run.best,
            )
        )
    heading = [f"{run.project.name}: {verdict(run.run)}", f"run {run.paths.run_id}"]
    if len(shown) < len(run.lines):
        heading.append(f"the {len(shown)} best of {len(run.lines)} iterations")
    return from_pixels(sheet(cells, heading))


def _shown(run: Gathered) -> list[Facts]:
    if len(run.lines) <= MOST:
        return run.lines
    best = sorted(run.lines, key=lambda facts: -(facts["score"] if facts["score"] is not None else -1))[:MOST]
    return sorted(best, key=lambda facts: int(facts["n"]))


def _cell(
    pixels: Pixels | None,
    name: str,
    lines: Sequence[tuple[str, Tone]],
    missing: str = "not there",
    best: bool = False,
) -> Cell:
    return Cell(pixels=pixels, name=name, lines=tuple(lines), missing=missing, best=best)


def _pixels_of(path: Path | None, longest: int) -> Pixels | None:
    """Small enough to be kept until the sheet is laid; None for a picture that cannot be read."""
    if path is None:
        return None
    try:
        return thumbnail(to_pixels(path.read_bytes(), name=path.name), longest)
    except (ImageError, OSError):
        return None


def _lines(facts: Facts) -> Iterator[tuple[str, Tone]]:
    if facts["status"] != "ok":
        yield "failed", "bad"
        return
    likeness = facts["similarity"] if facts["inside_mask"] is None else facts["inside_mask"]
    told = [] if likeness is None else [f"similarity {likeness:.2f}"]
    if facts["score"] is not None:
        told.insert(0, f"score {number(facts['score'], 1)}")
    yield ", ".join(told), "plain"
    for outcome, tone in (("failed", "bad"), ("unclear", "unsure")):
        names = [field for field, said in facts["verdicts"].items() if said == outcome]
        if names:
            yield f"{outcome}: {', '.join(names)}", tone  # type: ignore[misc]
    if facts["accepted"]:
        yield "accepted", "good"
