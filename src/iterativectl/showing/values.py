"""Values out of files that people and other programs may have changed: of one kind, or nothing. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

LONGEST = 100_000  # characters of one text; a prompt has a thousand
DEEPEST = 30  # objects in objects
SAFE = 2**53 - 1  # the largest whole number that a page's script knows exactly
CUT = " … (cut off here)"


def within(data: Any, *keys: str) -> Any:
    """What stands under these keys, one inside the other; None where one of them is not there."""
    for key in keys:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def number(value: Any) -> float | int | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -SAFE <= value <= SAFE else None


def whole(value: Any) -> int | None:
    """A whole number."""
    return value if isinstance(value, int) and number(value) is not None else None


def exact(value: Any) -> int | str | None:
    """A whole number, as text where a page's script would not know it exactly: seeds go up to 2**64."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) <= SAFE else f"{value}" if abs(value) < 2**64 else None


def text(value: Any) -> str:
    """A text, cut off where it is too long; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value if len(value) <= LONGEST else value[:LONGEST] + CUT


def word(value: Any) -> str | None:
    """A text, None for anything else and for an empty one."""
    return text(value) or None


def texts(value: Any) -> list[str]:
    """A list's texts."""
    return [text(entry) for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def table(value: Any) -> dict[str, Any]:
    """An object; an empty one for anything else."""
    return {str(key): entry for key, entry in value.items()} if isinstance(value, Mapping) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """A list's objects."""
    return [table(entry) for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def one_of(value: Any, known: Sequence[str]) -> str | None:
    """The value, if it is one of these words."""
    return value if isinstance(value, str) and value in known else None


def numbers(value: Any, make: Callable[[Any], Any] = number) -> dict[str, Any]:
    """An object of numbers, without what is none."""
    found = {key: make(entry) for key, entry in table(value).items()}
    return {key: entry for key, entry in found.items() if entry is not None}


def plain(value: Any, depth: int = 0) -> Any:
    """Any JSON value as it may be sent to a page: bounded in depth and in the length of its texts."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return exact(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= DEEPEST:
        return CUT.strip()
    if isinstance(value, Mapping):
        return {str(key): plain(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry, depth + 1) for entry in value]
    return text(str(value))
