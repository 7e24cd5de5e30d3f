"""Values as they stand in a YAML file that a person reads: plain where that is safe, else quoted. Pure.

Every text here is read alike by YAML 1.1 and 1.2, so that editors and other programs see what we see.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 100  # columns, where a text can be broken at all
# A letter first, then nothing that means anything to YAML, neither in a block nor between brackets.
_PLAIN = re.compile(r"[^\W\d_](?:[\w .,;'()/+%?!-]*[\w.')%?!])?")
_PLAIN_BETWEEN_BRACKETS = re.compile(r"[^\W\d_](?:[\w ./+-]*\w)?")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])  # of YAML 1.1, in any case
_UNWRITTEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


def one_line(text: str) -> str:
    """The text in one line, without characters that no YAML file may hold; blanks in a row become one."""
    return " ".join(_UNWRITTEN.sub(" ", text).split())


def value(content: Any, *, between_brackets: bool = False) -> str:
    """A value in one line: a text, a number, true, false, null, a list of these, or a block of them."""
    if isinstance(content, str):
        return _text(content, between_brackets)
    if isinstance(content, Mapping):
        said = {value(key, between_brackets=True): part for key, part in content.items()}
        inner = (f"{key}: {value(part, between_brackets=True)}" for key, part in said.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(content, (list, tuple)):
        return f"[{', '.join(value(part, between_brackets=True) for part in content)}]"
    return json.dumps(content)


def pair(key: str, content: Any, column: int) -> Iterator[str]:
    """The lines of `key: value` whose key begins at `column`; a long text is folded, a block goes below."""
    head = " " * column + value(key, between_brackets=True) + ":"
    first, *more = after_colon(content, column, len(head))
    yield f"{head} {first}" if first else head
    yield from more


def after_colon(content: Any, column: int, used: int = 0) -> list[str]:
    """What follows `key:` in its line, of which `used` columns are taken, and the lines below."""
    if isinstance(content, Mapping):
        return ["", *(line for key, part in content.items() for line in pair(key, part, column + 2))]
    if isinstance(content, str) and used + 1 + len(value(content)) > WIDTH and foldable(content):
        return [">-", *folded(content, column + 2)]
    return [value(content)]


def entry(content: Mapping[str, Any], column: int, offset: int = 2) -> Iterator[str]:
    """The lines of a list's entry: its dash at `column`, its keys `offset` columns further."""
    dash = " " * column + "-" + " " * (offset - 1)
    for key, part in content.items():
        first, *more = pair(key, part, column + offset)
        yield dash + first[column + offset :]
        yield from more
        dash = " " * (column + offset)


def remark(text: str, column: int) -> list[str]:
    """A text as comment lines that begin at `column`; [] for none."""
    indent = " " * column + "# "
    return textwrap.wrap(
        one_line(text),
        max(40, WIDTH),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def folded(text: str, column: int) -> list[str]:
    """A text as the lines below `>-`."""
    indent = " " * column
    return textwrap.wrap(
        text,
        max(column + 40, WIDTH),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def foldable(text: str) -> bool:
    """Whether a text comes back from the lines of `folded` as it was."""
    return bool(text) and one_line(text) == text and not text.startswith("\t")


def _text(text: str, between_brackets: bool) -> str:
    plain = _PLAIN_BETWEEN_BRACKETS if between_brackets else _PLAIN
    if plain.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes. JSON's escapes are YAML's; what only JSON leaves alone is escaped too."""
    escaped = json.dumps(text, ensure_ascii=False)
    return _UNWRITTEN.sub(lambda match: "".join(f"\\u{ord(one):04x}" for one in match[0]), escaped)
