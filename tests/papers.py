"""Reading README.md and docs/*.md: sections, tables, links, words in `code`, command lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PROMISES = ROOT / "docs" / "promises.md"
FAULTS = ROOT / "docs" / "faults.md"
PAPERS = sorted([README, *(ROOT / "docs").glob("*.md")])


def text_of(paper: Path) -> str:
    return paper.read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """A section with its subsections, by its heading's words."""
    level = 0
    found: list[str] = []
    for line in text.splitlines():
        mark = re.match(r"(#+) (.*)", line)
        if mark and level and len(mark[1]) <= level:
            break
        if mark and mark[2].strip() == heading:
            level = len(mark[1])
        if level:
            found.append(line)
    assert found, f"there is no heading {heading!r}"
    return "\n".join(found)


def code_words(text: str) -> set[str]:
    """Every word in `code`; of a dotted one also its last part, of a list each part."""
    words: set[str] = set()
    for code in re.findall(r"`([^`\n]+)`", text):
        for word in re.findall(r"[A-Za-z_][A-Za-z0-9_.\[\]]*", code):
            words |= {word, *re.split(r"[.\[\]]+", word)}
    return words


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """Every table as a list of rows by column."""
    for block in re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE):
        cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.splitlines()]
        yield [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shell_lines(text: str) -> Iterator[str]:
    """Commands of this program, from code blocks and from `code`."""
    for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def not_named(text: str, names: Sequence[str]) -> list[str]:
    """Which of these names stand nowhere in `code`."""
    return sorted(set(names) - code_words(text))


def marked_rows(files: Sequence[Path] | None = None) -> dict[str, list[str]]:
    """Row of docs/faults.md -> node ids of the tests that are marked with it, in the order of the files."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")) if files is None else files:
        for node in ast.parse(text_of(file)).body:
            for row in _rows(node) if isinstance(node, ast.FunctionDef) else ():
                name = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name
                found.setdefault(row, []).append(f"{name}::{node.name}")
    return found


def _rows(function: ast.FunctionDef) -> Iterator[str]:
    """The arguments of `@pytest.mark.row(...)`."""
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.row":
            yield from (ast.literal_eval(argument) for argument in mark.args)
