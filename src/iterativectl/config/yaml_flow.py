"""What stands between brackets, [a list] or {a: block}, with other data; what stays keeps quotes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from iterativectl.config import yaml_writing
from iterativectl.config.yaml_insert import NoPlace
from iterativectl.config.yaml_lists import Origins, origins_of, same
from iterativectl.config.yaml_parts import Edit, Hints, Part
from iterativectl.config.yaml_source import KeyPath
from iterativectl.config.yaml_tokens import Source, apply

_COMMA = re.compile(r"\s*,[ \t]*")


class Change(Protocol):
    """What changes all of the file, and goes inside where a value stays what it is (config.yaml_change)."""

    source: Source
    hints: Hints

    def can_go_inside(self, part: Part, new: Any) -> bool:
        """Whether a value stays a block or list, with something of it in it."""

    def inside(self, part: Part, new: Any) -> Iterator[Edit]:
        """What changes in it."""

    def pairs(self, part: Part) -> dict[str, tuple[yaml.Node, Part]]:
        """The keys of a block."""

    def ordered(self, new: Any, path: KeyPath) -> Any:
        """A new value with its keys in the order in which they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """text[start:end] between commas; `value` is what stands behind its key, or all of it."""

    start: int
    end: int
    value: Part
    key: str | None


def changes(change: Change, part: Part, new: Any) -> Iterator[Edit]:
    """The edits that make it say `new`. Raises NoPlace where a remark stands in the way."""
    text = change.source.text
    entries = _entries(change, part)
    origins, wanted = _matched(change, part, entries, new)
    edits = [
        edit
        for at, (_, value) in zip(origins, wanted, strict=True)
        if at is not None and not same(entries[at].value.data, value)
        for edit in _changed(change, entries[at], value)
    ]
    fresh = [
        _written(key, change.ordered(value, (*part.path, 0 if key is None else key))) for key, value in wanted
    ]
    kept = [at for at in origins if at is not None]
    if kept and kept == sorted(kept):
        yield from edits
        yield from _taken_out(text, entries, kept)
        yield from _put_in(entries, origins, fresh)
        return
    start, end = int(part.node.start_mark.index) + 1, int(part.node.end_mark.index) - 1
    if "#" in text[start:end]:
        raise NoPlace("remarks stand in the way")
    said = [
        new_text if at is None else _slice(text, entries[at], edits)
        for at, new_text in zip(origins, fresh, strict=True)
    ]
    yield start, end, ", ".join(said)


def _entries(change: Change, part: Part) -> list[_Entry]:
    source = change.source
    if isinstance(part.node, yaml.MappingNode):
        if any(key.value == "<<" for key, _ in part.node.value):
            raise NoPlace("a block is merged in")
        return [
            _Entry(start=int(key.start_mark.index), end=source.end_before(value.limit), value=value, key=name)
            for name, (key, value) in change.pairs(part).items()
        ]
    commas = [*source.commas(part.node), int(part.node.end_mark.index) - 1]
    after = int(part.node.start_mark.index) + 1
    found = []
    for at, node in enumerate(part.node.value):
        end = source.end_before(commas[at])
        value = Part(node=node, data=part.data[at], path=(*part.path, at), after=after, limit=commas[at])
        start = source.start_after(after)
        found.append(_Entry(start=start, end=end, value=value, key=None))
        after = commas[at] + 1
    return found


def _matched(
    change: Change, part: Part, entries: Sequence[_Entry], new: Any
) -> tuple[Origins, list[tuple[str | None, Any]]]:
    """For each wanted entry the one it was, and key and value of each."""
    if isinstance(new, Mapping):
        ordered = change.ordered(new, part.path)
        names = [entry.key for entry in entries]
        keys = [*(key for key in names if key in new), *(key for key in ordered if key not in names)]
        return [names.index(key) if key in names else None for key in keys], [(key, new[key]) for key in keys]
    origins = change.hints.origins.get(part.path) or origins_of(part.data, new)
    return origins, [(None, one) for one in new]


def _changed(change: Change, entry: _Entry, new: Any) -> Iterator[Edit]:
    value = entry.value
    if change.can_go_inside(value, new):
        yield from change.inside(value, new)
        return
    said = yaml_writing.in_line(change.ordered(new, value.path), value.style, between_brackets=True)
    if entry.key is None:
        yield entry.start, entry.end, said
    else:
        yield value.after, max(entry.end, value.after), f": {said}"


def _written(key: str | None, value: Any) -> str:
    said = yaml_writing.in_line(value, between_brackets=True)
    return said if key is None else f"{yaml_writing.in_line(key, between_brackets=True)}: {said}"


def _slice(text: str, entry: _Entry, edits: Sequence[Edit]) -> str:
    inside = [edit for edit in edits if entry.start <= edit[0] and edit[1] <= entry.end]
    return apply(text, inside, entry.start, entry.end)


def _put_in(entries: Sequence[_Entry], origins: Origins, fresh: Sequence[str]) -> Iterator[Edit]:
    """New entries, behind the one that they follow or before the first that stays."""
    last: int | None = None
    first: list[str] = []
    for at, new in zip(origins, fresh, strict=True):
        if at is None and last is None:
            first.append(f"{new}, ")
        elif at is None and last is not None:
            yield entries[last].end, entries[last].end, f", {new}"
        elif at is not None:
            if first:
                yield entries[at].start, entries[at].start, "".join(first)
            first, last = [], at


def _taken_out(text: str, entries: Sequence[_Entry], kept: Sequence[int]) -> Iterator[Edit]:
    last = kept[-1]
    for at, entry in enumerate(entries[:last]):
        if at in kept:
            continue
        behind = entries[at + 1].start
        comma = _COMMA.match(text, entry.end)
        yield entry.start, comma.end() if comma and "#" in text[entry.end : behind] else behind, ""
    if last + 1 < len(entries):
        if "#" in text[entries[last].end : entries[-1].end]:
            raise NoPlace("remarks stand in the way")
        yield entries[last].end, entries[-1].end, ""
