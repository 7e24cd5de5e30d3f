"""What a person says of a run's pictures, iteration by iteration, beside what the judge says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from iterativectl.project import human, ratings
from iterativectl.project.human import Labels, Ranking
from iterativectl.project.layout import RunPaths
from iterativectl.project.ratings import Ratings
from iterativectl.showing.reading import tried
from iterativectl.showing.shelf import Shelf
from iterativectl.showing.values import text

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A run's human/: ranking with its notes, labels, ratings; empty where a file is missing or damaged.

    `sha256` changes when one of the files does; None while there is none.
    """

    ranking: Ranking = Ranking()
    labels: Labels = Labels()
    ratings: Ratings = Ratings()
    sha256: str | None = None
    problems: tuple[str, ...] = field(default=())

    def of(self, number: int) -> dict[str, Any]:
        """`stars` (None or 1 to 5), `favourite`, `rejected`, `note` of an iteration."""
        name = str(number)
        return {
            "stars": self.ratings.ratings.get(name),
            "favourite": name in self.ratings.favourites,
            "rejected": name in self.ratings.rejected,
            "note": text(self.ranking.notes.get(name)),
        }

    def verdicts(self, number: int) -> Mapping[str, bool]:
        """Whether the person finds a criterion met, by field."""
        return self.labels.labels.get(str(number), {})


def person(paths: RunPaths, shelf: Shelf) -> Person:
    """What is said in human/ now. Damaged files are named in `problems`."""
    problems: list[str] = []
    ranking = _kept(shelf, problems, paths.ranking, human.read_ranking)
    labels = _kept(shelf, problems, paths.labels, human.read_labels)
    rated = _kept(shelf, problems, paths.ratings, ratings.read_ratings)
    digests = [found.sha256 or "" for found in (ranking, labels, rated) if found is not None]
    return Person(
        ranking=ranking or Ranking(),
        labels=labels or Labels(),
        ratings=rated or Ratings(),
        sha256=hashlib.sha256("".join(digests).encode()).hexdigest() if digests else None,
        problems=tuple(problems),
    )


def _kept(shelf: Shelf, problems: list[str], path: Path, read: Callable[[Path], Said | None]) -> Said | None:
    return tried(problems, lambda: shelf.of("human", [path], partial(read, path)))
