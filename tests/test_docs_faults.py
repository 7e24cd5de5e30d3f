"""docs/faults.md and the tests name each other: every known fault is proved to be dealt with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.papers import FAULTS, marked_rows, tables, text_of

# How many faults each section knows: 1 of ComfyUI, 2 of vision models. All of them concern a client.
KNOWN = {"1.1": (1, 10), "1.2": (11, 26), "1.3": (27, 33), "1.4": (34, 36), "1.5": (37, 44), "2": (1, 20)}
ROWS = [f"{section}/{row}" for section, (first, last) in KNOWN.items() for row in range(first, last + 1)]


def disagreements(text: str, marked: Mapping[str, Sequence[str]]) -> list[str]:
    """Where the tables and the marks do not say the same; rows without a test."""
    wrong = []
    told = {row["row"]: row["proved by"] for table in tables(text) for row in table}
    for row in sorted(set(ROWS) | set(told) | set(marked)):
        if row not in ROWS or row not in told:
            wrong.append(f"{row}: not a row of the tables")
            continue
        named = set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", told[row]))
        wrong += [f"{row}: {test} is not marked so" for test in sorted(named - set(marked.get(row, ())))]
        wrong += [f"{row}: {test} is not named" for test in sorted(set(marked.get(row, ())) - named)]
        if not named:
            wrong.append(f"{row}: no test")
    return wrong


def test_every_fault_has_its_tests_and_they_say_so() -> None:
    assert disagreements(text_of(FAULTS), marked_rows()) == []


def test_rows_stand_once_and_in_their_order() -> None:
    told = [row["row"] for table in tables(text_of(FAULTS)) for row in table]
    assert told == ROWS


def test_a_disagreement_is_noticed(tmp_path: Path) -> None:
    right, wrong = text_of(FAULTS), "tests/comfyui/test_comfyui_socket.py::test_no_such"
    marked = marked_rows()
    assert (
        disagreements(right.replace("| 1.1/2 |", "| 1.9/2 |"), marked)[0] == "1.1/2: not a row of the tables"
    )
    test = marked["1.4/36"][0]
    assert disagreements(right, {**marked, "1.4/36": marked["1.4/36"][1:]}) == [
        f"1.4/36: {test} is not marked so"
    ]
    assert disagreements(right, {**marked, "1.4/36": [*marked["1.4/36"], wrong]}) == [
        f"1.4/36: {wrong} is not named"
    ]
    bare = re.sub(r"`tests/[^`]*`", "", right)
    assert [line for line in disagreements(bare, {}) if "no test" in line] == [
        f"{r}: no test" for r in sorted(ROWS)
    ]


def test_marks_are_read(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(
        '@pytest.mark.row("1.1/1", "1.1/2")\n@pytest.mark.slow\ndef test_a(): pass\ndef test_b(): pass\n'
    )
    assert marked_rows([file]) == {"1.1/1": ["test_x.py::test_a"], "1.1/2": ["test_x.py::test_a"]}
