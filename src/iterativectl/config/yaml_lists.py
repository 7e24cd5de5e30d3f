"""Lists whose entries come, go and change places: what belonged to what, and which lines that makes. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from iterativectl.config.yaml_tokens import Source, is_blank

Origins = Sequence[int | None]
_EMPTY_LINES = re.compile(r"\A(?:[ \t]*\r?\n)+")
NAMES = ("field", "name")  # by which an entry is known
ALIKE = 0.5  # share of equal values at which two entries without a name in common are one that was changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """An entry with its remarks, as whole lines text[start:end]; `text` is what it becomes."""

    start: int
    end: int
    text: str
    kind: Any


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same: 1 and 1.0 do, 1 and true do not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def origins_of(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """For each new entry the index of the one it was, None for a new one: the same, of one name, or alike."""
    found: list[int | None] = [None] * len(new)
    for matches in (same, _of_one_name, _alike):
        free = [at for at in range(len(old)) if at not in found]
        for at, entry in enumerate(new):
            match = next((i for i in free if matches(old[i], entry)), None) if found[at] is None else None
            if match is not None:
                found[at] = match
                free.remove(match)
    return found


def _of_one_name(old: Any, new: Any) -> bool:
    both = isinstance(old, dict) and isinstance(new, dict)
    return both and any(key in old and key in new and same(old[key], new[key]) for key in NAMES)


def _alike(old: Any, new: Any) -> bool:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return False
    equal = sum(key in old and same(old[key], new[key]) for key in new)
    return equal >= ALIKE * max(len(old), len(new), 1)


def staying(origins: Origins) -> set[int]:
    """The longest row of entries that keep their order: all others were moved."""
    ends: list[int] = []  # the smallest last entry of a row of each length
    before: dict[int, int | None] = {}
    for at in origins:
        if at is None:
            continue
        length = bisect_left(ends, at)
        before[at] = ends[length - 1] if length else None
        ends[length : length + 1] = [at]
    row: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        row.add(last)
        last = before[last]
    return row


def arranged(
    source: Source,
    chunks: Sequence[Chunk],
    origins: Origins,
    fresh: Sequence[str | None],
    kinds: Sequence[Any],
) -> str:
    """The lines of a block list in another order, without the break that ends the last.

    Entries keep their remarks. Headings, remarks that an empty line parts from the entry below, keep their
    place between the entries that were not moved. `fresh` are the lines of entries that are new.
    """
    old = [_ended(chunk.text, source.eol) for chunk in chunks]
    between = [source.text[a.end : b.start] for a, b in zip(chunks, chunks[1:], strict=False)]
    fillers = ["", *between, ""]
    row = staying(origins)
    parts = _Parts(fillers=fillers, apart=_usual(source, chunks[0].start, between))
    moved: list[tuple[str, Any]] = []
    last = -1
    for at, lines, kind in zip(origins, fresh, kinds, strict=True):
        text = lines if at is None else old[at]
        if at in row and at is not None:
            parts.add(moved, last, at, (chunks[last].kind if last >= 0 else None, kind))
            parts.stay(str(text), bool(moved), last, at)
            moved, last = [], at
        else:
            moved.append((str(text), kind))
    parts.add(moved, last, len(chunks), (chunks[last].kind if last >= 0 else None, None))
    return parts.text.removesuffix("\n").removesuffix("\r")


class _Parts:
    """The new lines as they grow."""

    def __init__(self, *, fillers: Sequence[str], apart: str) -> None:
        self.fillers = fillers
        self.apart = apart
        self.text = ""
        self._headed = True  # nothing needs to part the next entry from what is above it

    def _entry(self, lines: str) -> None:
        self.text += lines if self._headed else self.apart + lines
        self._headed = False

    def add(self, moved: Sequence[tuple[str, Any]], last: int, at: int, kinds: tuple[Any, Any]) -> None:
        """What stands between two entries that stayed: entries that came there, and headings that were."""
        headings = [text for text in self.fillers[last + 1 : at + 1] if not is_blank(text)]
        before, after = kinds
        late = len(moved)
        while headings and late and moved[late - 1][1] == after != before:
            late -= 1
        for lines, _ in moved[:late]:
            self._entry(lines)
        for heading in headings:
            self.text += heading if self.text else _EMPTY_LINES.sub("", heading)
            self._headed = True
        for lines, _ in moved[late:]:
            self._entry(lines)

    def stay(self, lines: str, behind_others: bool, last: int, at: int) -> None:
        """An entry that stayed, behind what stood above it if that still does."""
        if not self._headed and is_blank(self.fillers[at]) and not (behind_others and not self.fillers[at]):
            self.text += self.fillers[at]
            self._headed = True
        self._entry(lines)


def _usual(source: Source, start: int, between: Sequence[str]) -> str:
    """What parts the entries of this list."""
    blanks = Counter(text for text in between if is_blank(text))
    if blanks:
        return blanks.most_common(1)[0][0]
    above = source.text[:start].splitlines()[-1:]
    return source.eol if between or (above and not above[0].strip()) else ""


def _ended(lines: str, eol: str) -> str:
    return lines if lines.endswith("\n") else lines + eol
