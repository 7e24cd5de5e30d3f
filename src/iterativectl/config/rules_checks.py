"""What must hold in rules.yaml beyond the shape that the schema describes.

Every function takes the document after the schema passed it, so types can be relied on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iterativectl.config.measure_checks import measure_problems
from iterativectl.config.wording import did_you_mean, shown
from iterativectl.config.yaml_source import Document
from iterativectl.errors import Problem

_TYPE_OF: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def semantic_problems(document: Document) -> Iterator[Problem]:
    """Everything wrong with the rules as rules: names, ranges, dependencies, measures, questions."""
    criteria: list[dict[str, Any]] = document.data["acceptance_criteria"]
    questions: list[dict[str, Any]] = document.data.get("questions") or []
    yield from _duplicates(document, "acceptance_criteria", criteria)
    yield from _duplicates(document, "questions", questions)
    yield from _mask_duplicates(document)
    for index, criterion in enumerate(criteria):
        spot = _Spot(document, ("acceptance_criteria", index))
        yield from _source(spot, criterion)
        yield from _bounds(spot, criterion)
    yield from _dependencies(document, criteria)
    for index, question in enumerate(questions):
        yield from _question(_Spot(document, ("questions", index)), question)


class _Spot:
    """One entry of the document, to name problems at its keys."""

    def __init__(self, document: Document, path: tuple[str | int, ...]) -> None:
        self.document = document
        self.path = path

    def problem(self, key: str | Sequence[str | int], message: str, severity: str = "error") -> Problem:
        keys = (key,) if isinstance(key, str) else tuple(key)
        return self.document.problem((*self.path, *keys), message, severity)


def _duplicates(document: Document, block: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        name = entry["field"]
        if name in first:
            earlier = document.line((block, first[name], "field"))
            where = f" (first in line {earlier})" if earlier else ""
            yield document.problem((block, index, "field"), f"'{name}' is used twice{where}")
        first.setdefault(name, index)


def _mask_duplicates(document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, mask in enumerate((document.data.get("masking") or {}).get("masks") or ()):
        if mask["name"] in seen:
            yield document.problem(("masking", "masks", index, "name"), f"'{mask['name']}' is used twice")
        seen.add(mask["name"])


def _source(spot: _Spot, criterion: Mapping[str, Any]) -> Iterator[Problem]:
    """A criterion is decided by a question or by a measure, never by both or neither."""
    measure = criterion.get("measure")
    if measure is None:
        if not criterion.get("question"):
            yield spot.problem((), "the criterion needs a 'question' (or a 'measure')")
        if criterion.get("gate"):
            yield spot.problem("gate", "a gate is decided before any model is asked: it needs a 'measure'")
        return
    for key in ("question", "type", "min", "max"):
        if criterion.get(key) is not None:
            cure = "put it inside" if key in ("min", "max") else "remove it"
            yield spot.problem(key, f"is not used beside 'measure': {cure}")
    yield from measure_problems(spot.problem, measure)


def _bounds(spot: _Spot, criterion: Mapping[str, Any]) -> Iterator[Problem]:
    if criterion.get("measure") is not None:
        return
    low, high = criterion.get("min"), criterion.get("max")
    if criterion.get("type", "boolean") == "boolean":
        for key in ("min", "max"):
            if criterion.get(key) not in (None, 0, 1):
                yield spot.problem(key, f"must be 0 or 1 for a boolean (got {criterion[key]})")
    elif low is None and high is None:
        yield spot.problem(
            (), f"type {criterion['type']} needs 'min' or 'max': without them everything passes"
        )
    if low is not None and high is not None and low > high:
        yield spot.problem("min", f"min {low} is above max {high}: nothing would pass")


def _dependencies(document: Document, criteria: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    known = {entry["field"]: entry for entry in criteria}
    for index, entry in enumerate(criteria):
        spot = _Spot(document, ("acceptance_criteria", index))
        for at, parent in enumerate(entry.get("depends_on") or ()):
            if parent == entry["field"]:
                yield spot.problem(("depends_on", at), "a criterion cannot depend on itself")
            elif parent not in known:
                guess = did_you_mean(parent, known)
                yield spot.problem(("depends_on", at), f"there is no criterion '{parent}'.{guess}")
            elif entry.get("gate") and known[parent].get("measure") is None:
                message = f"a gate is decided before any model is asked, '{parent}' after"
                yield spot.problem(("depends_on", at), message)
    graph = {name: [p for p in entry.get("depends_on") or () if p in known] for name, entry in known.items()}
    for index, entry in enumerate(criteria):
        cycle = _cycle(graph, entry["field"])
        if cycle and entry["field"] == min(cycle):  # once per cycle, at the name that sorts first
            path = ("acceptance_criteria", index, "depends_on")
            yield document.problem(path, f"criteria depend on each other: {' -> '.join((*cycle, cycle[0]))}")


def _cycle(graph: Mapping[str, Sequence[str]], start: str) -> tuple[str, ...]:
    """The way from `start` back to itself, () if there is none. Loops of one are reported elsewhere."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        for parent in graph[node]:
            if parent == start and node != start:
                way = [node]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if parent not in came_from and parent != start:
                came_from[parent] = node
                waiting.append(parent)
    return ()


def _question(spot: _Spot, question: Mapping[str, Any]) -> Iterator[Problem]:
    kind = question.get("type", "string")
    low, high = question.get("min"), question.get("max")
    for key in ("min", "max"):
        if question.get(key) is not None and kind not in ("integer", "number"):
            yield spot.problem(key, f"has no meaning for type {kind}, ignored", "warning")
    if low is not None and high is not None and low > high:
        yield spot.problem("min", f"min {low} is above max {high}: no answer would fit")
    if kind == "array":
        if question.get("enum"):
            yield spot.problem("enum", "for type array the allowed elements go into 'items': items: [a, b]")
        yield from _items(spot, question.get("items"))
    elif question.get("items") is not None:
        yield spot.problem("items", f"is for type array only, not for {kind}")
    elif question.get("enum"):
        yield from _fits(spot, ("enum",), question["enum"], kind)


def _items(spot: _Spot, items: Any) -> Iterator[Problem]:
    if isinstance(items, dict) and items.get("enum"):
        yield from _fits(spot, ("items", "enum"), items["enum"], items.get("type"))


def _fits(spot: _Spot, path: tuple[str, ...], allowed: Sequence[Any], kind: str | None) -> Iterator[Problem]:
    """Whether allowed answers are of the type that is asked for."""
    if kind is None:
        return
    for at, value in enumerate(allowed):
        wanted = _TYPE_OF[kind]
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
            quotes = ": put it in quotes" if kind == "string" else ""
            yield spot.problem((*path, at), f"{shown(value)} is not of type {kind}{quotes}")
