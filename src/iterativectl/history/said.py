"""What a person said of a run's pictures, read leniently: what cannot be meant is passed over here.

Who edits such a file is told what is wrong with it; a list only counts what is said.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iterativectl.errors import ProjectError
from iterativectl.history.facts import IterationFacts
from iterativectl.project.layout import RunPaths

MOST_BYTES = 20_000_000  # of a file; ours are far smaller, and what is larger was not written by us


@dataclass(slots=True, kw_only=True)
class Said:
    """By iteration: stars 1-5, notes; and which are favourites, rejected, ranked."""

    stars: Mapping[int, int] = field(default_factory=dict)
    favourites: frozenset[int] = frozenset()
    rejected: frozenset[int] = frozenset()
    ranked: frozenset[int] = frozenset()
    notes: Mapping[int, str] = field(default_factory=dict)

    def of(self, one: IterationFacts) -> IterationFacts:
        """An iteration, with what was said of it."""
        n = one.n
        stars, note = self.stars.get(n, 0), self.notes.get(n, "")
        favourite, rejected = n in self.favourites, n in self.rejected
        if not (stars or note or favourite or rejected):
            return one
        return replace(one, stars=stars, note=note, favourite=favourite, rejected=rejected)


def said_of(paths: RunPaths) -> Said:
    """What is said of a run's pictures in human/."""
    ranking, ratings = _lenient(paths.ranking), _lenient(paths.ratings)
    stars, notes = _by_number(ratings.get("ratings")), _by_number(ranking.get("notes"))
    return Said(
        stars={n: value for n, value in stars.items() if type(value) is int and 0 < value <= 5},
        favourites=_numbers(ratings.get("favourites")),
        rejected=_numbers(ratings.get("rejected")),
        ranked=_numbers(ranking.get("ranking")),
        notes={n: writable(value.strip()) for n, value in notes.items() if isinstance(value, str)},
    )


def plain(path: Path) -> bool:
    """Whether there is a file. Raises ProjectError for what is none, or is too large to be ours."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise ProjectError(f"{path} is not a file")
    if found.st_size > MOST_BYTES:
        raise ProjectError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB")
    return True


def writable(text: Any) -> str:
    """Text that can be stored and sent: without halves of characters."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _lenient(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig")) if plain(path) else {}
    except (OSError, ValueError, RecursionError, ProjectError):
        return {}
    return data if isinstance(data, dict) else {}


def _by_number(value: Any) -> dict[int, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {int(name): each for name, each in value.items() if _is_number(name)}


def _numbers(value: Any) -> frozenset[int]:
    if not isinstance(value, list):
        return frozenset()
    return frozenset(int(str(each)) for each in value if _is_number(str(each)))


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 10
