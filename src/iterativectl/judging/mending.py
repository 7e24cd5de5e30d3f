"""Mending what is nearly JSON: commas, quotes, comments. Pure.

The last step of a reading, and the least trusted: json_repair never refuses, so what is doubtful is made text
or Unreadable before and after it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from iterativectl.judging.jsontext import MAX_DIGITS, TOKEN, Unreadable, tokens


def repair(text: str) -> Any:
    """Read broken JSON: commas, quotes, comments. Whatever is doubtful becomes text or Unreadable.

    An unquoted value that is not exactly a JSON value ("8 out of 10", "true or false") is quoted before the
    repair, and a key given twice is marked after it.
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


_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_PLAIN = frozenset({"true", "false", "null", "True", "False", "None"})
_NEXT_KEY = re.compile(r"""\s*["'\u2018\u201c]?\w[\w -]{0,60}["'\u2019\u201d]?\s{0,20}[:=]""")
_BRACKETS = frozenset("{}[]")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab"
_CLOSING = {"\u2018": "\u2019", "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}


@dataclass(slots=True)
class _Scope:
    """An open bracket: where it stands, and the names given in it. `key` is an index in an array."""

    bracket: str
    path: tuple[Any, ...]
    key: Any
    keys: set[str] = field(default_factory=set)


def _loose(text: str) -> Iterator[tuple[int, int]]:
    """Where values stand that are neither exactly a JSON value nor one quoted text."""
    brackets: list[str] = []
    skip = 0
    for token in tokens(text):
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
    for match in TOKEN.finditer(text, start):
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
        match = TOKEN.match(value)
        closing = match.end() - 1 if match else -1
    return value[0] not in _QUOTES or 0 <= closing < len(value) - 1


def _certain(value: str) -> bool:
    if value in _PLAIN:
        return True
    return bool(_NUMBER.fullmatch(value)) and len(value) <= MAX_DIGITS and math.isfinite(float(value))


def _repeated(text: str) -> set[tuple[Any, ...]]:
    """Paths of the keys that an object gives more than once."""
    repeated: set[tuple[Any, ...]] = set()
    frames: list[_Scope] = []
    before = ""
    for token in tokens(text):
        if token.comment or not token.text.strip():
            continue
        if token.text in "{[":
            path = (*frames[-1].path, frames[-1].key) if frames else ()
            frames.append(_Scope(bracket=token.text, path=path, key=0 if token.text == "[" else None))
        elif token.text in "}]":
            del frames[-1:]
        elif frames:
            _see(frames[-1], token.text, before, repeated)
        before = token.text
    return repeated


def _see(frame: _Scope, token: str, before: str, repeated: set[tuple[Any, ...]]) -> None:
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
