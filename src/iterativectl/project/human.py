"""What a person says of a run's pictures: human/ranking.json and human/labels.json.

Their ratings are in `ratings`; how such files are read and written, in `handwriting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iterativectl.project import handwriting
from iterativectl.project.handwriting import Overtaken, alone, refuse
from iterativectl.project.layout import RunPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Iterations by a person's liking, best first; `notes` by iteration.

    `others` are keys that are not ours, kept when the file is written again. `sha256` is that of the file's
    bytes, None where there is no file.
    """

    ranking: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    updated_at: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)
    sha256: str | None = None

    def known(self, iterations: Sequence[int]) -> tuple[int, ...]:
        """Those that the run has, best first."""
        return tuple(number for number in dict.fromkeys(iterations_in(self.ranking)) if number in iterations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Whether a person finds a criterion met: iteration -> field -> yes or no. The rest as for Ranking."""

    labels: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    updated_at: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)
    sha256: str | None = None


def iterations_in(names: Sequence[str]) -> tuple[int, ...]:
    """The names that are an iteration's number, as numbers."""
    return tuple(int(name) for name in names if name.isascii() and name.isdecimal() and len(name) < 10)


def read_ranking(path: Path) -> Ranking | None:
    """A person's ranking, None without one. Raises ProjectError naming what is wrong with the file."""
    found = handwriting.read(path)
    if found is None:
        return None
    data, sha256 = found
    order = data.pop("ranking", None)
    notes = data.pop("notes", None) or {}
    updated = data.pop("updated_at", "")
    if not isinstance(order, list):
        refuse(path, "'ranking' must be a list of iterations, best first")
    ranking = tuple(handwriting.iteration(path, entry, "ranking") for entry in order)
    twice = next((name for name in ranking if ranking.count(name) > 1), None)
    if twice is not None:
        refuse(path, f"'ranking' names {twice} twice")
    if not _texts(notes):
        refuse(path, "'notes' must give a text for an iteration")
    return Ranking(ranking=ranking, notes=notes, updated_at=str(updated), others=data, sha256=sha256)


def read_labels(path: Path) -> Labels | None:
    """A person's labels, None without any. Raises ProjectError naming what is wrong with the file."""
    found = handwriting.read(path)
    if found is None:
        return None
    data, sha256 = found
    labels = data.pop("labels", None)
    updated = data.pop("updated_at", "")
    if not isinstance(labels, dict):
        refuse(path, "'labels' must give fields for iterations")
    for name, said in labels.items():
        if not isinstance(said, dict):
            refuse(path, f"'labels' of {name} must give true or false for fields")
        wrong = next((entry for entry, value in said.items() if not isinstance(value, bool)), None)
        if wrong is not None:
            refuse(path, f"the label {wrong} of {name} must be true or false, not {said[wrong]!r:.60}")
    return Labels(labels=labels, updated_at=str(updated), others=data, sha256=sha256)


def rank(run: RunPaths, iterations: Sequence[int], known: Sequence[int], now: str) -> Ranking:
    """Write a ranking, best first. Its notes stay, and so do entries that are none of the run's iterations.

    `known` are those of the run; `now` is ISO 8601. Raises ProjectError for a damaged file, LockedError while
    another process writes.
    """

    def change() -> Ranking:
        old = read_ranking(run.ranking) or Ranking()
        return _write_ranking(run, replace(old, ranking=_order(old, iterations, known), updated_at=now))

    return alone(run, now, change)


def save_ranking(
    run: RunPaths, wanted: Ranking, based_on: str | None, known: Sequence[int], now: str
) -> Ranking:
    """Write the order and the notes of `wanted` if the file is still the one they were made from.

    `based_on` is that file's sha256, None if there was none. Entries and notes that belong to none of the
    run's iterations (`known`) stay. A file that says the same already is no conflict: a page may ask again
    when it never heard the answer. Raises Overtaken when the file is another one, else as `rank` does.
    """

    def change() -> Ranking:
        old = read_ranking(run.ranking) or Ranking()
        ours = {str(number) for number in known}
        notes = {name: text for name, text in old.notes.items() if name not in ours}
        notes |= {name: text for name, text in wanted.notes.items() if text}
        ranking = _order(old, iterations_in(wanted.ranking), known)
        if (ranking, notes) == (old.ranking, dict(old.notes)):
            return old
        if old.sha256 != based_on:
            raise Overtaken(f"{run.ranking.name} has been written since")
        return _write_ranking(run, replace(old, ranking=ranking, notes=notes, updated_at=now))

    return alone(run, now, change)


def note(run: RunPaths, iteration: int, text: str, based_on: str, now: str) -> Ranking:
    """Write one note; the empty text takes it away. The ranking and all other notes stay as they are.

    `based_on` is the note that the writer saw, "" for none. Raises as `save_ranking` does.
    """

    def change() -> Ranking:
        old = read_ranking(run.ranking) or Ranking()
        there = old.notes.get(str(iteration), "")
        if there == text:
            return old
        if there != based_on:
            raise Overtaken(f"the note of iteration {iteration} has been written since")
        notes = {name: said for name, said in {**old.notes, str(iteration): text}.items() if said}
        return _write_ranking(run, replace(old, notes=notes, updated_at=now))

    return alone(run, now, change)


def label(run: RunPaths, iteration: int, said: Mapping[str, bool | None], now: str) -> Labels:
    """Write labels of one iteration; None takes one back, and all others stay as they are.

    Raises as `rank` does.
    """

    def change() -> Labels:
        old = read_labels(run.labels) or Labels()
        merged = {**old.labels.get(str(iteration), {}), **said}
        kept = {name: value for name, value in merged.items() if value is not None}
        labels = {**old.labels, str(iteration): kept}
        if not kept:
            del labels[str(iteration)]
        sha256 = handwriting.write(run.labels, {"labels": labels, "updated_at": now, **old.others})
        return replace(old, labels=labels, updated_at=now, sha256=sha256)

    return alone(run, now, change)


def _order(old: Ranking, iterations: Sequence[int], known: Sequence[int]) -> tuple[str, ...]:
    """The iterations as they are to stand, then what else the ranking names."""
    ours = {*known, *iterations}
    strangers = tuple(name for name in old.ranking if not set(iterations_in([name])) & ours)
    return tuple(str(number) for number in iterations) + strangers


def _write_ranking(run: RunPaths, new: Ranking) -> Ranking:
    body = {"ranking": list(new.ranking), "notes": dict(new.notes), "updated_at": new.updated_at}
    return replace(new, sha256=handwriting.write(run.ranking, {**body, **new.others}))


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
