"""Blocks as a page of Markdown: what a terminal shows, in a file that a person keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from iterativectl.cli.blocks import Block, Cell, Line, Table

# Signs that Markdown or its HTML would take for their own. Inside a word `_` means nothing.
_MEANING = re.compile(r"([\\`*{}\[\]<>#|~]|(?<!\w)_|_(?!\w))")


def markdown(title: str, blocks: Sequence[Block]) -> str:
    """The page. A line of the tone `head` becomes a heading; what models and people wrote stays text."""
    lines = [f"# {escaped(title)}", ""]
    for block in blocks:
        lines += _line(block) if isinstance(block, Line) else [*_table(block), ""]
    text = "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def escaped(text: str) -> str:
    """The text without any meaning to Markdown; code between backquotes stays code, where they pair."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _MEANING.sub(r"\\\1", text)
    return "".join(
        f"`{part}`" if index % 2 else _MEANING.sub(r"\\\1", part) for index, part in enumerate(parts)
    )


def _line(line: Line) -> list[str]:
    text = escaped(line.text)
    if not text:
        return [""]
    if line.tone == "head" and not line.indent:
        return ["", f"## {text}", ""]
    return [f"- {text}"] if line.indent else [text, ""]


def _table(table: Table) -> Iterator[str]:
    yield ""
    yield _row(tuple(Cell(name) for name in table.columns))
    yield _row(tuple(Cell("---") for _ in table.columns))
    yield from (_row(row) for row in table.rows)


def _row(cells: Sequence[Cell]) -> str:
    return f"| {' | '.join(escaped(cell.text) for cell in cells)} |"
