"""New values for a YAML file that people read, in the manner of what stood there before. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from iterativectl.config import yaml_words
from iterativectl.config.yaml_source import KeyPath

Order = Callable[[KeyPath], Sequence[str]]  # the keys of a block in the order in which they are written
_PRINTABLE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]*")


def after_colon(content: Any, column: int, used: int, style: str | None = None) -> list[str]:
    """What follows `key:` in its line, of which `used` columns are taken, and the lines below.

    `column` is that of the key, `style` how a text was written before: ' " | > or None.
    """
    if isinstance(content, str):
        return _text(content, column, used, style)
    if isinstance(content, Mapping) and content and _needs_lines(content, column, used):
        return ["", *(line for key, part in content.items() for line in pair(key, part, column + 2))]
    if _is_entries(content):
        return ["", *entries(content, column + 2)]
    return [yaml_words.value(content)]


def pair(key: str, content: Any, column: int) -> list[str]:
    """The lines of `key: value` whose key begins at `column`."""
    head = " " * column + yaml_words.value(key, between_brackets=True) + ":"
    first, *more = after_colon(content, column, len(head))
    return [f"{head} {first}" if first else head, *more]


def entries(content: Sequence[Mapping[str, Any]], column: int) -> list[str]:
    """The lines of a list of blocks, with an empty line between two."""
    lines: list[str] = []
    for one in content:
        lines += [*([""] if lines else []), *entry(one, column)]
    return lines


def entry(content: Any, column: int, offset: int = 2) -> list[str]:
    """The lines of a list's entry: its dash at `column`, what it holds `offset` columns further."""
    dash = " " * column + "-" + " " * (offset - 1)
    if not isinstance(content, Mapping) or not content:
        return [dash + in_line(content)]
    lines = [line for key, part in content.items() for line in pair(key, part, column + offset)]
    return [dash + lines[0][column + offset :], *lines[1:]]


def in_line(content: Any, style: str | None = None, *, between_brackets: bool = False) -> str:
    """A value in one line; a text in the quotes that it had."""
    if isinstance(content, str) and style == '"':
        return yaml_words.quoted(content)
    if (
        isinstance(content, str)
        and style == "'"
        and _PRINTABLE.fullmatch(content)
        and not {*"\n\t"} & {*content}
    ):
        return "'" + content.replace("'", "''") + "'"
    return yaml_words.value(content, between_brackets=between_brackets)


def ordered(content: Any, order: Order, path: KeyPath = ()) -> Any:
    """The same, blocks with their keys in the order in which they are written."""
    if isinstance(content, Mapping):
        known = [key for key in order(path) if key in content]
        keys = [*known, *(key for key in content if key not in known)]
        return {key: ordered(content[key], order, (*path, key)) for key in keys}
    if isinstance(content, list):
        return [ordered(part, order, (*path, at)) for at, part in enumerate(content)]
    return content


def _text(text: str, column: int, used: int, style: str | None) -> list[str]:
    block = _in_block(text, column, style)
    long = used + 1 + len(yaml_words.value(text)) > yaml_words.WIDTH
    if block and (style in ("|", ">") or "\n" in text or (long and style is None)):
        return block
    return [in_line(text, style)]


def _in_block(text: str, column: int, style: str | None) -> list[str]:
    """A text as the lines of `|` or `>`; [] where it would not come back as it is."""
    body = text.removesuffix("\n")
    chomp = "" if body != text else "-"
    if yaml_words.foldable(body) and style != "|":
        return [f">{chomp}", *yaml_words.folded(body, column + 2)]
    lines = body.split("\n")
    sound = bool(_PRINTABLE.fullmatch(body)) and "\t" not in body and bool(lines[-1]) and bool(lines[0])
    if not sound or lines[0] != lines[0].lstrip(" ") or any(line != line.rstrip() for line in lines):
        return []
    return [f"|{chomp}", *(" " * (column + 2) + line if line else "" for line in lines)]


def _needs_lines(content: Mapping[str, Any], column: int, used: int) -> bool:
    nested = any(isinstance(part, Mapping) for part in content.values()) and column == 0
    entries = any(_is_entries(part) for part in content.values())
    texts = any(isinstance(part, str) and (len(part) > 40 or "\n" in part) for part in content.values())
    return nested or entries or texts or used + 1 + len(yaml_words.value(content)) > yaml_words.WIDTH


def _is_entries(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and all(isinstance(one, Mapping) for one in content)
