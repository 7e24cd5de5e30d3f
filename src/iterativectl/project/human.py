"""What a person says of a run's pictures: human/ranking.json and human/labels.json.

People write these files by hand too, and other programs may: what is not known here is kept as it is, what
cannot be meant is named and never written over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from iterativectl import files
from iterativectl.errors import LockedError, ProjectError
from iterativectl.project.layout import RunPaths

MAX_BYTES = 5_000_000  # a label for each of ten thousand pictures is less
Written = TypeVar("Written")
CURE = "Nothing was changed. Mend the file, or move it away and say it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Iterations by a person's liking, best first; `notes` by iteration.

    `others` are keys that are not ours, kept when the file is written again.
    """

    ranking: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    updated_at: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)

    def known(self, iterations: Sequence[int]) -> tuple[int, ...]:
        """Those that the run has, best first."""
        return tuple(number for number in dict.fromkeys(iterations_in(self.ranking)) if number in iterations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Whether a person finds a criterion met: iteration -> field -> yes or no. `others` as for Ranking."""

    labels: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    updated_at: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)


def iterations_in(names: Sequence[str]) -> tuple[int, ...]:
    """The names that are an iteration's number, as numbers."""
    return tuple(int(name) for name in names if name.isascii() and name.isdecimal() and len(name) < 10)


def read_ranking(path: Path) -> Ranking | None:
    """A person's ranking, None without one. Raises ProjectError naming what is wrong with the file."""
    data = _read(path)
    if data is None:
        return None
    order = data.pop("ranking", None)
    notes = data.pop("notes", None) or {}
    updated = data.pop("updated_at", "")
    if not isinstance(order, list):
        _refuse(path, "'ranking' must be a list of iterations, best first")
    ranking = tuple(_iteration(path, entry) for entry in order)
    twice = next((name for name in ranking if ranking.count(name) > 1), None)
    if twice is not None:
        _refuse(path, f"'ranking' names {twice} twice")
    if not _texts(notes):
        _refuse(path, "'notes' must give a text for an iteration")
    return Ranking(ranking=ranking, notes=notes, updated_at=str(updated), others=data)


def read_labels(path: Path) -> Labels | None:
    """A person's labels, None without any. Raises ProjectError naming what is wrong with the file."""
    data = _read(path)
    if data is None:
        return None
    labels = data.pop("labels", None)
    updated = data.pop("updated_at", "")
    if not isinstance(labels, dict):
        _refuse(path, "'labels' must give fields for iterations")
    for name, said in labels.items():
        if not isinstance(said, dict):
            _refuse(path, f"'labels' of {name} must give true or false for fields")
        wrong = next((entry for entry, value in said.items() if not isinstance(value, bool)), None)
        if wrong is not None:
            _refuse(path, f"the label {wrong} of {name} must be true or false, not {said[wrong]!r:.60}")
    return Labels(labels=labels, updated_at=str(updated), others=data)


def rank(run: RunPaths, iterations: Sequence[int], known: Sequence[int], now: str) -> Ranking:
    """Write a ranking, best first. Its notes stay, and so do entries that are none of the run's iterations.

    `known` are those of the run; `now` is ISO 8601. Raises ProjectError for a damaged file, LockedError while
    another process writes.
    """

    def change() -> Ranking:
        old = read_ranking(run.ranking) or Ranking()
        ours = tuple(str(number) for number in iterations)
        strangers = tuple(
            name for name in old.ranking if not set(iterations_in([name])) & {*known, *iterations}
        )
        ranking = Ranking(ranking=ours + strangers, notes=old.notes, updated_at=now, others=old.others)
        body = {"ranking": list(ranking.ranking), "notes": dict(ranking.notes), "updated_at": now}
        files.write_json(run.ranking, {**body, **ranking.others})
        return ranking

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
        files.write_json(run.labels, {"labels": labels, "updated_at": now, **old.others})
        return Labels(labels=labels, updated_at=now, others=old.others)

    return alone(run, now, change)


def alone(run: RunPaths, now: str, change: Callable[[], Written]) -> Written:
    """Make a change to a file in human/ as its only writer: it begins with what the file says.

    `now` is ISO 8601. Raises LockedError while another process writes.
    """
    path = run.human / "human.lock"
    descriptor = files.lock(path, now)
    if descriptor is None:
        raise LockedError(f"another process is writing in {run.human}", "Try again in a moment.")
    try:
        return change()
    finally:
        files.unlock(descriptor)


def _read(path: Path) -> dict[str, Any] | None:
    """The file's object; None where there is none."""
    try:
        if not path.exists():
            return None
        if not path.is_file():
            _refuse(path, "it is not a file")
        if path.stat().st_size > MAX_BYTES:
            _refuse(path, f"it is larger than {MAX_BYTES // 1_000_000} MB")
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode("utf-8")  # halves of characters cannot be written again
    except OSError as error:
        _refuse(path, f"it cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        _refuse(path, f"it is not JSON ({str(error):.200})")
    if not isinstance(data, dict):
        _refuse(path, "it is not a JSON object")
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _iteration(path: Path, entry: Any) -> str:
    """An entry of a ranking; people write 3 for "3"."""
    if isinstance(entry, bool) or not isinstance(entry, str | int):
        _refuse(path, f"{entry!r:.60} in 'ranking' is no iteration")
    return str(entry)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _refuse(path: Path, why: str) -> NoReturn:
    raise ProjectError(f"{path} cannot be used: {why}", CURE)
