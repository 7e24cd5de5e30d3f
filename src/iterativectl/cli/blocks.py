"""What is to be shown, before it is known how: lines and tables, with a tone instead of a colour.

Texts come from models, servers and files. `clean` takes away what could move a terminal's cursor or send it
commands; every Line and Cell is cleaned when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "head", "good", "bad", "unsure", "quiet"]
# C0 and C1 controls, and the marks that turn the writing direction around.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def clean(text: str) -> str:
    """The text in one line, without control characters."""
    return _CONTROLS.sub(" ", text)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. `indent` in steps of two columns; `whole`: never wrapped, as paths must be."""

    text: str
    tone: Tone = "plain"
    indent: int = 0
    whole: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    tone: Tone = "plain"

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names (all empty: no head). The last column holds sentences and may be wrapped."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    indent: int = 1

    @property
    def headed(self) -> bool:
        """Whether the columns have names."""
        return any(self.columns)


Block = Line | Table


def count(number: int, what: str) -> str:
    """`1 iteration`, `2 iterations`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell | str]]) -> Table:
    """A Table from cells and plain texts. A column with nothing in it is left out."""
    cells = [tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows]
    used = [index for index in range(len(columns)) if any(row[index].text for row in cells)]
    return Table(tuple(columns[i] for i in used), tuple(tuple(row[i] for i in used) for row in cells))


def plain(block: Block) -> list[str]:
    """A block as lines of text, columns lined up by spaces."""
    if isinstance(block, Line):
        return ["  " * block.indent + block.text]
    head = [block.columns] if block.headed else []
    texts = [*head, *[tuple(cell.text for cell in row) for row in block.rows]]
    widths = [max((len(row[index]) for row in texts), default=0) for index in range(len(block.columns))]
    return ["  " * block.indent + _aligned(row, widths) for row in texts]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
