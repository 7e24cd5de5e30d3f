"""A run in words: blocks, the moving line, and texts that must not reach a terminal as they are."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import Shell

from iterativectl.cli.blocks import Block, Cell, Line, clean, count, plain, table
from iterativectl.cli.console import reporting
from iterativectl.cli.live import Activity, after, duration, line
from iterativectl.cli.logs import log_event, logging_to
from iterativectl.cli.narrative import Narrator
from iterativectl.cli.scrub import scrubber
from iterativectl.events import Event


def plan(**changes: Any) -> dict[str, Any]:
    parameters = {"denoise": 0.5, "cfg": 7.0, "steps": 25, "sampler_name": "euler", "scheduler": "normal"}
    parameters.update({name: value for name, value in changes.items() if name in parameters})
    return {
        "strategy": "img2img",
        "source": "input",
        "seed": changes.get("seed", 1),
        "parameters": parameters,
        "prompts": {"positive": changes.get("positive", "barn"), "negative": "blurry"},
        "reasons": changes.get("reasons", ["first try"]),
    }


def verdict(field: str, outcome: str, reason: str = "") -> dict[str, Any]:
    return {"field": field, "verdict": outcome, "reason": reason}


def started(**changes: Any) -> Event:
    data = {
        "run_id": "R",
        "resumed": False,
        "iterations_done": 0,
        "max_iterations": 9,
        "engine": "e",
        "judge": "j",
    }
    return Event(type="run_started", data={**data, "notes": [], **changes})


def told(narrator: Narrator, *events: Event) -> list[str]:
    blocks: list[Block] = [block for event in events for block in narrator(event)]
    return [text.strip() for block in blocks for text in plain(block)]


def test_how_a_run_begins() -> None:
    assert told(Narrator(), started())[0] == "Run R begins, at most 9 iterations"
    resumed = told(Narrator(), started(resumed=True, iterations_done=3, notes=["embedded engine"]))
    assert resumed[0] == "Run R goes on after iteration 3, at most 9 iterations"
    assert resumed[2] == "note: embedded engine"


def test_what_a_plan_changes_and_why() -> None:
    narrator = Narrator()
    first = told(narrator, started(), Event(type="iteration_planned", iteration=1, data={"plan": plan()}))
    assert "denoise 0.50  cfg 7.0  steps 25  sampler_name euler  scheduler normal" in first
    assert "why: first try" in first
    changed = plan(denoise=0.55, positive="barn, sunset", reasons=["too similar (0.91)"])
    second = told(narrator, Event(type="iteration_planned", iteration=2, data={"plan": changed}))
    assert second == [
        "",
        "Iteration 2 of 9",
        "denoise 0.50 -> 0.55",
        "positive prompt: + sunset",
        "why: too similar (0.91)",
    ]
    third = told(
        narrator, Event(type="iteration_planned", iteration=3, data={"plan": {**changed, "seed": 2}})
    )
    assert "the same settings with another seed" in third


def test_verdicts_and_what_changed() -> None:
    narrator = Narrator()

    def iteration(number: int, *verdicts: dict[str, Any]) -> list[str]:
        return told(
            narrator,
            Event(type="iteration_planned", iteration=number, data={"plan": plan()}),
            Event(type="verdicts_done", iteration=number, data={"verdicts": list(verdicts), "score": 50}),
            Event(
                type="iteration_committed",
                iteration=number,
                data={"score": 50.0, "best": 1, "best_score": 50.0, "similarity": 0.812, "cost_usd": 0.01},
            ),
        )

    iteration(1, verdict("sky", "failed", "grey"), verdict("barn", "passed", "the same"))
    second = iteration(2, verdict("sky", "passed", "golden"), verdict("barn", "passed", "the same"))
    assert "sky        passed   was failed  golden" in second
    assert "barn       passed" in second, "why it still passes is no news"
    assert second[-1] == "score 50, best 50 in iteration 1, similarity to the original 0.81, 0.0100 USD"


def test_a_failed_iteration_and_a_warning_said_once() -> None:
    narrator = Narrator()
    failure = {"code": "job_lost", "message": "the job is lost", "hint": "Look at the server."}
    warning = Event(type="warning", data={"message": "server gone"})
    lines = told(
        narrator, Event(type="iteration_failed", iteration=2, data={"failure": failure}), warning, warning
    )
    assert lines == ["Iteration 2 failed: the job is lost", "Look at the server.", "warning: server gone"]


def test_a_place_in_the_queue_is_said_once() -> None:
    narrator = Narrator()
    events = [
        Event(
            type="generation_queued", iteration=1, data={"ticket": "t", "host": "gpu:8188", "position": ahead}
        )
        for ahead in (3, 2, 0)
    ]
    assert told(narrator, *events) == ["queued at gpu:8188, 3 jobs ahead, ticket t"]


def test_quiet_tells_nothing() -> None:
    assert told(Narrator(-1), started(), Event(type="run_held", data={"why": "pause"})) == []


def test_an_unknown_event_is_passed_over() -> None:
    assert told(Narrator(), Event(type="run_finished", data={})) == []


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\rb", "a\nb", "a\u202eb", "a\x9bb"])
def test_control_characters_are_taken_out(text: str) -> None:
    assert len(clean(text)) <= len(text)
    assert not set(clean(text)) & set("\x1b\r\n\u202e\x9b")
    assert Line(text).text == Cell(text).text == clean(text)


def test_tables_line_up_and_lose_empty_columns() -> None:
    shown = plain(table(("a", "b", "c"), [("1", "", "x"), ("long", "", "y")]))
    assert shown == ["  a     c", "  1     x", "  long  y"]
    assert plain(table(("", ""), [("ok", "fine")])) == ["  ok  fine"]


def test_counting() -> None:
    assert [count(number, "thing") for number in (0, 1, 2)] == ["0 things", "1 thing", "2 things"]


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (65, "1:05"), (7384, "2:03:04")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_moving_line() -> None:
    activity = after(Activity(), started(), 100.0)
    activity = after(activity, Event(type="iteration_planned", iteration=1, data={}), 101.0)
    activity = after(activity, Event(type="generation_queued", iteration=1, data={"position": 3}), 102.0)
    assert "waiting behind 3 other jobs" in line(activity, 102.0)
    progress = Event(type="generation_progress", iteration=1, data={"value": 6, "max": 12, "node": "3"})
    activity = after(activity, progress, 103.0)
    assert "━━━━━━━━━━━━──────────── 6/12" in line(activity, 110.0)
    assert line(activity, 110.0).split("  ·  ")[3] == "7 s", "the wait in the queue is not counted"
    assert "iteration 1 of 9" in line(activity, 110.0) and line(activity, 110.0).endswith("run 10 s")
    activity = after(
        activity, Event(type="judging", iteration=1, data={"purpose": "evaluate_criteria"}), 111.0
    )
    assert (
        "the judge decides the criteria" in line(activity, 112.0) and "12" not in line(activity, 112.0)[-8:-5]
    )
    spent = {"requests": 3, "input_tokens": 900, "output_tokens": 60, "cost_usd": 0.02}
    activity = after(activity, Event(type="request_done", data={"usage": spent}), 112.0)
    assert "the judge decides the criteria" in line(activity, 112.0)
    assert line(activity, 112.0).endswith("3 requests, 960 tokens, 0.0200 USD")
    activity = after(activity, Event(type="iteration_committed", iteration=1, data={}), 113.0)
    assert line(activity, 113.0).endswith("0.0200 USD")


def test_a_fault_in_showing_does_not_reach_the_run(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    with reporting(shell.env(), 0) as report:
        report(Event(type="run_started", data={}))
    assert "could not be shown" in caplog.text


def test_scrubbing() -> None:
    scrub = scrubber({"MY_TOKEN": "tok-12345678", "HOME": "/home/somebody", "KEY": "1"})
    assert scrub("a tok-12345678 b") == "a (secret) b"
    assert scrub("/home/somebody 1") == "/home/somebody 1"
    assert scrub("Authorization: Bearer abcdefghij.klm") == "Authorization: Bearer (secret)"
    assert scrub("http://me:word@host/x") == "http://(secret)@host/x"


def test_the_log_rotates_and_keeps_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logs" / "app.log"
    with logging_to(path, {"API_KEY": "very-secret-1"}, verbose=False):
        assert not path.exists(), "made with the first record"
        logging.getLogger("iterativectl.x").info("a %s", "very-secret-1")
        log_event(Event(type="generation_progress", iteration=1, data={"value": 1}))
        for _ in range(30):
            logging.getLogger("iterativectl.x").info("b" * 50_000)
    logs = sorted(entry.name for entry in path.parent.iterdir())
    assert logs == ["app.log", "app.log.1"]
    text = "".join((path.parent / name).read_text() for name in logs)
    assert "a (secret)" in text and "very-secret-1" not in text
    assert "generation_progress" not in text
    assert logging.getLogger("iterativectl").handlers == []


def test_a_log_that_cannot_be_written_disturbs_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    with logging_to(tmp_path / "logs" / "app.log", {}, verbose=True):
        logging.getLogger("iterativectl.x").info("text")
    assert capsys.readouterr() == ("", "")
