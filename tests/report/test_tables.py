"""JSON and CSV of a run's iterations, and what of this machine stays at home."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tests.report.conftest import FORMULA, HOSTILE

from iterativectl.report.discretion import text_without_places
from iterativectl.report.gathering import Gathered
from iterativectl.report.tables import COLUMNS, as_csv, as_json, cell
from iterativectl.report.tables import FORMULA as STARTS


def rows(run: Gathered) -> list[dict[str, str]]:
    text = "".join(as_csv(run))
    assert text.startswith("\ufeff") and "\r\n" in text
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_row_an_iteration(run: Gathered) -> None:
    first, second = rows(run)
    assert list(first) == [
        *COLUMNS,
        *("verdict:golden", "human:golden", "verdict:same_barn", "human:same_barn"),
    ]
    assert (first["iteration"], first["status"], first["accepted"], first["score"]) == (
        "1",
        "ok",
        "false",
        "50.0",
    )
    assert (second["rank"], second["note"], second["human:golden"]) == ("1", "nearly", "true")
    assert (first["verdict:golden"], first["human:golden"]) == ("failed", "")
    assert float(first["denoise"]) == 0.5 and first["sampler_name"] == "euler"
    assert 0 < float(first["similarity"]) <= 1


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("blanks", ["", "  "])
def test_no_cell_is_a_formula(start: str, blanks: str) -> None:
    said = f"{blanks}{start}1+1"
    assert cell(said) == f"'{said}"


def test_planted_a_formula_without_its_apostrophe_would_be_seen(hostile_run: Gathered) -> None:
    """The prompt is a formula, and no cell of the table begins as one does."""
    assert FORMULA.startswith(STARTS)
    cells = [value for row in rows(hostile_run) for value in row.values()]
    assert f"'{FORMULA}" in cells and not any(value.startswith(STARTS) for value in cells)


@pytest.mark.parametrize(
    "value, shown", [(None, ""), (True, "true"), (-0.5, "-0.5"), (3, "3"), ("a\0b", "ab")]
)
def test_what_stands_in_a_cell(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_json_says_everything(run: Gathered) -> None:
    found = json.loads("".join(as_json(run)))
    assert list(found) == ["format", "made_at", "versions", "run", "began", "ranking", "iterations"]
    assert found["format"] == "report/1" and found["ranking"] == [2, 1]
    assert [each["n"] for each in found["iterations"]] == [1, 2]
    assert found["iterations"][1]["verdicts"]["golden"]["human"] is True
    assert found["iterations"][1]["changes"]["to"] == 1
    assert found["run"]["project"] == "barn" and "iterations" not in found["run"]
    assert not {"holder", "held", "in_flight", "request"} & found["run"].keys()


def test_nothing_says_where_this_machine_keeps_things(hostile_run: Gathered) -> None:
    text = "".join(as_json(hostile_run))
    for secret in ("10.1.2.3", str(hostile_run.project.root), "abcdefghijklmnop", "/home/jane"):
        assert secret not in text
    assert "(address)" in text and "(folder)" in text and "(secret)" in text
    assert json.dumps(HOSTILE, ensure_ascii=False)[1:-1] in text, "else texts stay as they are"


CLEANED = {
    "http://localhost:8188/x": "http://(address)/x",
    "https://user:pass@openrouter.ai/api": "https://openrouter.ai/api",
    "http://gpu-box/x and ws://gpu.lan:1": "http://(address)/x and ws://(address)",
    "http://[::1]:8188/": "http://(address)/",
    "connect to 192.168.0.7:11434 failed": "connect to (address) failed",
    "/srv/w/projects/p/a.png": "(folder)/a.png",
    "/srv/w/projects/pq/a.png": "/srv/w/projects/pq/a.png",
    "tree/srv/w/projects/p": "tree/srv/w/projects/p",
    "/home/jane/ComfyUI/main.py": "(folder)/ComfyUI/main.py",
    r"C:\Users\Jane\x": r"(folder)\x",
    "sk-or-v1-0123456789": "(secret)",
    "a warm room, 3.11.7, at 50 %": "a warm room, 3.11.7, at 50 %",
}


@pytest.mark.parametrize("said", CLEANED)
def test_a_text_is_cleaned(said: str) -> None:
    assert text_without_places(said, ["/srv/w/projects/p"]) == CLEANED[said]
