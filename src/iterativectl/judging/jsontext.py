"""JSON in a text: strict decoding, where objects begin and end, and what is left of a cut one. Pure.

Nothing here makes up a value. What a strict reading cannot vouch for becomes an `Unreadable` mark in the
place of the value, so that one bad number costs one field and not the whole reply.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

MAX_CHARS = 100_000  # a judge's reply has a few thousand characters; more is a flood
MAX_DEPTH = 64  # our shapes are four deep; Python's decoder gives up at about a thousand
MAX_DIGITS = 20  # more than any figure in a judgement; int() refuses more than 4300 (CVE-2020-10735)

Without = frozenset[str]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands where a value stood that must not be used; `why` says so in words."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One object or array found in a text. `value` is set only where it decoded strictly ("good")."""

    state: Literal["good", "broken", "cut"]
    text: str
    end: int
    value: Any = None


def decode(text: str, start: int = 0, without: Without = frozenset()) -> tuple[Any, int]:
    """Decode the one JSON value that begins at `start`; (value, end).

    NaN, infinities (also 1e999), numbers of more than MAX_DIGITS digits and keys given twice become
    Unreadable. Raw line breaks inside strings are let through. Raises json.JSONDecodeError.
    """
    return _decoder(without).raw_decode(text, start)


def depth(text: str) -> int:
    """How deep brackets nest, counted without regard to strings: an upper bound."""
    level = deepest = 0
    for match in re.finditer(r"[\[{\]}]", text):
        level = level + 1 if match[0] in "[{" else max(0, level - 1)
        deepest = max(deepest, level)
    return deepest


def spans(text: str, without: Without = frozenset()) -> list[Span]:
    """Every outermost object, and every array of objects, in order. Nothing nested is offered by itself.

    A part of an object that was cut or broken must not be taken for the whole; only the last span can be cut.
    """
    found: list[Span] = []
    position = 0
    while match := _BRACE.search(text, position):
        start = match.start()
        span = _good(text, start, without) or _bad(text, start)
        if span is None:
            position = start + 1
            continue
        found.append(span)
        position = span.end
    return found


def close_cut(text: str) -> str:
    """A cut object, taken back to the last value that is certainly whole, and closed.

    A value is whole when a comma or a closing bracket follows it. The last value before the cut is dropped,
    and so is an array that is still open: some of its elements are missing.
    """
    frames: list[_Open] = []
    for token in tokens(text):
        if token.text in "{[":
            frames.append(_Open(bracket=token.text, whole=token.end))
        elif token.text in "}]" and frames:
            frames.pop()
            if not frames:
                return text[: token.end]
            frames[-1].whole = token.end
        elif token.text == "," and frames:
            frames[-1].whole = token.start
    objects = frames[: next((i for i, frame in enumerate(frames) if frame.bracket == "["), len(frames))]
    return text[: objects[-1].whole] + "}" * len(objects) if objects else ""


# An object's or array's beginning that is worth trying: braces in prose are not.
_BRACE = re.compile(r"\{|\[\s*\{")
_OPENING = re.compile(r"""[{\[]\s*(?:["'\u2018\u201c}{]|\w+\s*[:=])""")
TOKEN = re.compile(
    r'"(?:[^"\\]|\\.|\\\Z)*(?:"|\Z)'  # a string, or one that the end of the text cuts
    r"|//[^\n]*|/\*.*?(?:\*/|\Z)"
    r'|[{}\[\],:=]|[^{}\[\],:="/]+|/',
    re.DOTALL,
)


@dataclass(slots=True)
class _Open:
    """An open bracket; `whole` is where the text of its complete members ends."""

    bracket: str
    whole: int


@dataclass(frozen=True, slots=True)
class Token:
    """A string, a bracket, a comma, a colon, an equals sign, a comment, or a run of anything else."""

    text: str
    start: int
    end: int

    @property
    def comment(self) -> bool:
        """Whether it is a comment as JavaScript has them."""
        return self.text.startswith(("//", "/*"))


def tokens(text: str) -> Iterator[Token]:
    """The text in pieces. A string that is never closed runs to the end."""
    for match in TOKEN.finditer(text):
        yield Token(match[0], match.start(), match.end())


def _good(text: str, start: int, without: Without) -> Span | None:
    try:
        value, end = decode(text, start, without)
    except json.JSONDecodeError:
        return None
    return Span(state="good", text=text[start:end], end=end, value=value)


def _bad(text: str, start: int) -> Span | None:
    """A broken object (it ends), a cut one (the text ends first), or None for a brace in prose."""
    end = _end(text, start)
    if end is not None:
        return Span(state="broken", text=text[start:end], end=end)
    if _OPENING.match(text, start):
        return Span(state="cut", text=text[start:], end=len(text))
    return None


def _end(text: str, start: int) -> int | None:
    level = 0
    for token in tokens(text[start:]):
        if token.text in "{[":
            level += 1
        elif token.text in "}]":
            level -= 1
            if level == 0:
                return start + token.end
    return None


def _decoder(without: Without) -> json.JSONDecoder:
    hooks: dict[str, Callable[..., Any]] = {}
    if "nonfinite" not in without:
        hooks |= {"parse_constant": lambda word: Unreadable(f"{word} is no number"), "parse_float": _float}
    if "digits" not in without:
        hooks["parse_int"] = _int
    if "duplicates" not in without:
        hooks["object_pairs_hook"] = _pairs
    return json.JSONDecoder(strict=False, **hooks)


def _float(digits: str) -> float | Unreadable:
    number = float(digits)
    return number if math.isfinite(number) else Unreadable("a number beyond all bounds")


def _int(digits: str) -> int | Unreadable:
    return int(digits) if len(digits) <= MAX_DIGITS else Unreadable(f"a number of {len(digits)} digits")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        result[key] = Unreadable("given twice") if key in result else value
    return result
