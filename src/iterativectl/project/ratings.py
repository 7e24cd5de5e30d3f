"""A person's stars, favourites and rejects: human/ratings.json. What a judge says is not touched by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iterativectl.project import handwriting
from iterativectl.project.handwriting import refuse
from iterativectl.project.layout import RunPaths

MOST = 5  # stars


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """`ratings`: iteration -> 1 to 5 stars. `others`, `sha256` as for a Ranking."""

    ratings: Mapping[str, int] = field(default_factory=dict)
    favourites: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    updated_at: str = ""
    others: Mapping[str, Any] = field(default_factory=dict)
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What is said of one picture; None leaves that as it was. 0 stars take them away."""

    stars: int | None = None
    favourite: bool | None = None
    rejected: bool | None = None


def read_ratings(path: Path) -> Ratings | None:
    """A person's ratings, None without any. Raises ProjectError naming what is wrong with the file."""
    found = handwriting.read(path)
    if found is None:
        return None
    data, sha256 = found
    stars = data.pop("ratings", None) or {}
    favourites = _listed(path, data.pop("favourites", None), "favourites")
    rejected = _listed(path, data.pop("rejected", None), "rejected")
    updated = data.pop("updated_at", "")
    if not isinstance(stars, dict):
        refuse(path, f"'ratings' must give 1 to {MOST} for iterations")
    for name, number in stars.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST:
            refuse(path, f"the rating of {name} must be 1 to {MOST}, not {number!r:.60}")
    return Ratings(
        ratings=stars,
        favourites=favourites,
        rejected=rejected,
        updated_at=str(updated),
        others=data,
        sha256=sha256,
    )


def rate(run: RunPaths, iteration: int, said: Rated, now: str) -> Ratings:
    """Write what is said of one picture; all else stays as it is.

    `now` is ISO 8601. Raises ProjectError for a damaged file, LockedError while another process writes.
    """
    name = str(iteration)

    def change() -> Ratings:
        old = read_ratings(run.ratings) or Ratings()
        stars = {**old.ratings, **({} if said.stars is None else {name: said.stars})}
        new = replace(
            old,
            ratings={key: number for key, number in stars.items() if number},
            favourites=_with(old.favourites, name, said.favourite),
            rejected=_with(old.rejected, name, said.rejected),
        )
        return old if new == old else _write(run, replace(new, updated_at=now))

    return handwriting.alone(run, now, change)


def _write(run: RunPaths, new: Ratings) -> Ratings:
    body = {
        "ratings": dict(new.ratings),
        "favourites": list(new.favourites),
        "rejected": list(new.rejected),
        "updated_at": new.updated_at,
    }
    return replace(new, sha256=handwriting.write(run.ratings, {**body, **new.others}))


def _with(names: tuple[str, ...], name: str, there: bool | None) -> tuple[str, ...]:
    """The names, with this one or without it; as they are for None."""
    if there is None or there == (name in names):
        return names
    return (*names, name) if there else tuple(other for other in names if other != name)


def _listed(path: Path, value: Any, key: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        refuse(path, f"'{key}' must be a list of iterations")
    return tuple(dict.fromkeys(handwriting.iteration(path, entry, key) for entry in value))
