"""JSON, and text that is nearly JSON: strict decoding, where objects begin and end, cuts, repair. Pure.

Nothing here makes up a value. What a strict reading cannot vouch for becomes an `Unreadable` mark in the
place of the value, so that one bad number costs one field and not the whole reply.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    for token in _tokens(text):
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


def repair(text: str) -> Any:
    """Read broken JSON: commas, quotes, comments. Whatever is doubtful becomes text or Unreadable.

    json_repair never refuses, so two things are settled before and after it: an unquoted value that is not
    exactly a JSON value ("8 out of 10", "true or false") is quoted, and a key given twice is marked.
    """
    import json_repair  # only here: most replies need no repair

    quoted = quote_loose(text)
    value = json_repair.loads(quoted, skip_json_loads=True)
    return _marked(value, _repeated(quoted))


def quote_loose(text: str) -> str:
    """Quote every value that is not exactly one text, number, true, false or null (or Python's words)."""
    out: list[str] = []
    done = 0
    for start, end in _loose(text):
        out += [text[done:start], json.dumps(text[start:end].strip(), ensure_ascii=False)]
        done = end
    return "".join([*out, text[done:]])


# An object's or array's beginning that is worth trying: braces in prose are not.
_BRACE = re.compile(r"\{|\[\s*\{")
_OPENING = re.compile(r"""[{\[]\s*(?:["'\u2018\u201c}{]|\w+\s*[:=])""")
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.|\\\Z)*(?:"|\Z)'  # a string, or one that the end of the text cuts
    r"|//[^\n]*|/\*.*?(?:\*/|\Z)"
    r'|[{}\[\],:=]|[^{}\[\],:="/]+|/',
    re.DOTALL,
)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_PLAIN = frozenset({"true", "false", "null", "True", "False", "None"})
_NEXT_KEY = re.compile(r"""\s*["'\u2018\u201c]?\w[\w -]{0,60}["'\u2019\u201d]?\s{0,20}[:=]""")
_BRACKETS = frozenset("{}[]")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab"
_CLOSING = {"\u2018": "\u2019", "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}


@dataclass(slots=True)
class _Open:
    """An open bracket; `whole` is where the text of its complete members ends."""

    bracket: str
    whole: int
    path: tuple[Any, ...] = ()
    key: Any = None
    keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int

    @property
    def comment(self) -> bool:
        return self.text.startswith(("//", "/*"))


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        yield _Token(match[0], match.start(), match.end())


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
    for token in _tokens(text[start:]):
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


def _loose(text: str) -> Iterator[tuple[int, int]]:
    """Where values stand that are neither exactly a JSON value nor one quoted text."""
    brackets: list[str] = []
    skip = 0
    for token in _tokens(text):
        if token.start < skip:
            continue
        if token.text in _BRACKETS:
            brackets = [*brackets, token.text] if token.text in "{[" else brackets[:-1]
        in_array = brackets[-1:] == ["["]
        if token.text in (":", "=", "[") or (token.text == "," and in_array):
            skip = _run_end(text, token.end, in_array)
            if _doubtful(text[token.end : skip]):
                yield token.end, skip


def _run_end(text: str, start: int, in_array: bool) -> int:
    """Where a scalar value that begins at `start` ends: at a comma, a bracket, a comment or the next key."""
    for match in _TOKEN.finditer(text, start):
        token = match[0]
        if token in _BRACKETS or token.startswith(("//", "/*")):
            return match.start()
        if token == "," and (in_array or not text[match.end() : match.end() + 1].isdigit()):
            return match.start()
        if token[0] == '"' and text[start : match.start()].strip() and _NEXT_KEY.match(text, match.start()):
            return match.start()
        line = token.find("\n") if token[0] != '"' else -1
        if (
            line >= 0
            and text[start : match.start() + line].strip()
            and _NEXT_KEY.match(text, match.start() + line)
        ):
            return match.start() + line
    return len(text)


def _doubtful(run: str) -> bool:
    value = run.strip()
    if not value or _certain(value):
        return False
    closing = value.find(_CLOSING.get(value[0], value[0]), 1) if value[0] in _QUOTES else -1
    if value[0] == '"':
        match = _TOKEN.match(value)
        closing = match.end() - 1 if match else -1
    return value[0] not in _QUOTES or 0 <= closing < len(value) - 1


def _certain(value: str) -> bool:
    if value in _PLAIN:
        return True
    return bool(_NUMBER.fullmatch(value)) and len(value) <= MAX_DIGITS and math.isfinite(float(value))


def _repeated(text: str) -> set[tuple[Any, ...]]:
    """Paths of the keys that an object gives more than once."""
    repeated: set[tuple[Any, ...]] = set()
    frames: list[_Open] = []
    before = ""
    for token in _tokens(text):
        if token.comment or not token.text.strip():
            continue
        if token.text in "{[":
            path = (*frames[-1].path, frames[-1].key) if frames else ()
            frames.append(_Open(bracket=token.text, whole=0, path=path, key=0 if token.text == "[" else None))
        elif token.text in "}]":
            del frames[-1:]
        elif frames:
            _see(frames[-1], token.text, before, repeated)
        before = token.text
    return repeated


def _see(frame: _Open, token: str, before: str, repeated: set[tuple[Any, ...]]) -> None:
    if token in (":", "=") and frame.bracket == "{":
        frame.key = before.strip().strip(_QUOTES)
        if frame.key in frame.keys:
            repeated.add((*frame.path, frame.key))
        frame.keys.add(frame.key)
    elif token == "," and frame.bracket == "[":
        frame.key += 1


def _marked(value: Any, repeated: set[tuple[Any, ...]], path: tuple[Any, ...] = ()) -> Any:
    if path in repeated and path:
        return Unreadable("given twice")
    if isinstance(value, dict):
        return {key: _marked(item, repeated, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, repeated, (*path, index)) for index, item in enumerate(value)]
    return (
        Unreadable("not a finite number") if isinstance(value, float) and not math.isfinite(value) else value
    )
