"""What a run tells while it works: every type, with the fields that docs/formats.md names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, from_picture, never

from iterativectl.errors import JudgeUnavailable
from iterativectl.events import EventType

PAPER = Path(__file__).resolve().parents[2] / "docs" / "formats.md"


def documented() -> dict[str, list[str]]:
    """Type -> fields, from the table in docs/formats.md."""
    table = PAPER.read_text(encoding="utf-8").split("**events.jsonl**")[1].split("**superseded/TIME/**")[0]
    rows = re.findall(r"^\| (`.+?) \| (.*?) ?\|$", table, re.MULTILINE)
    return {
        kind: re.findall(r"`(\w+)`", re.sub(r"\(.*?\)|;.*", "", fields))
        for kinds, fields in rows
        for kind in re.findall(r"`(\w+)`", kinds)
    }


def everything_that_happens(
    stage: Stage, comfyui: FakeComfyUI, ollama: FakeOllama
) -> list[Mapping[str, object]]:
    """A picture fails, a person pauses, goes on and edits, and the judge goes away and comes back."""
    stage.at("iteration_planned", 1, lambda: comfyui.switches.set("server", "errorx1"))
    stage.at("iteration_planned", 2, lambda: stage.ask_for("pause"))
    stage.clock.meanwhile = lambda waited: stage.ask_for("resume")
    stage.at("iteration_committed", 2, lambda: stage.edit(("seed: null", "seed: 4711")))
    stage.at("iteration_committed", 3, lambda: stage.edit(("denoise: ", "denoise: very ")))
    models = dict(ollama.models)
    stage.at("generation_done", 4, ollama.models.clear)
    with pytest.raises(JudgeUnavailable):
        stage.run()
    ollama.models.update(models)
    stage.run()
    return stage.lines(stage.paths.events)


def test_every_type_is_told_as_it_is_documented(
    stage: Stage, comfyui: FakeComfyUI, ollama: FakeOllama, critic: Critic
) -> None:
    critic.says = never
    lines = everything_that_happens(stage, comfyui, ollama)
    papers = documented()
    assert set(papers) == set(get_args(EventType))
    assert {line["type"] for line in lines} == set(papers), "each of them came"
    head = ["format", "at", "run_id", "iteration", "type"]
    for line in lines:
        assert list(line)[:5] == head and line["format"] == "event/1"
        assert line["run_id"] == stage.run_ids[-1]
        told = [name for name in line if name not in head]
        assert sorted(told) == sorted(papers[str(line["type"])]), line["type"]


def test_the_file_holds_what_was_reported(stage: Stage) -> None:
    stage.run()
    lines = [line for line in stage.lines(stage.paths.events) if line["type"] != "generation_progress"]
    told = [event for event in stage.events if event.type != "generation_progress"]
    assert [(line["type"], line["iteration"]) for line in lines] == [(e.type, e.iteration) for e in told]
    for line, event in zip(lines, told, strict=True):
        assert json.loads(json.dumps(dict(event.data))).items() <= line.items()


def test_the_order_of_an_iteration(stage: Stage) -> None:
    stage.run()
    kinds = [e.type for e in stage.events if e.iteration == 1 and e.type not in ("judging", "warning")]
    assert [kind for kind in kinds if kind != "generation_progress"] == [
        "iteration_planned",
        "generation_queued",
        "generation_done",
        "answers_done",
        "verdicts_done",
        "comparison_done",
        "advice_done",
        "iteration_committed",
    ]
    assert [e.data["purpose"] for e in stage.told("judging")][:5] == [
        "describe_image",
        "ask_questions",
        "evaluate_criteria",
        "compare_images",
        "improve_prompts",
    ]
    assert stage.events[0].type == "run_started" and stage.events[-1].type == "run_finished"


def test_a_torn_last_line_is_dropped(stage: Stage, critic: Critic) -> None:
    stage.run_until("iteration_committed", 1)
    whole = stage.paths.events.read_bytes()
    stage.paths.events.write_bytes(whole + b'{"format": "event/1", "at": "2026')
    usage = stage.paths.usage.read_bytes()
    stage.paths.usage.write_bytes(usage + b'{"format": "usage/1", "id"')
    assert stage.run().status == "passed"
    assert stage.paths.events.read_bytes().startswith(whole)
    assert stage.paths.usage.read_bytes().startswith(usage)
    assert len(stage.lines(stage.paths.events)) > whole.count(b"\n")
    assert stage.output["usage"]["unknown"] == 0


def test_a_request_whose_end_nobody_knows_counts(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    orphan = {"format": "usage/1", "at": "x", "id": "o", "event": "reserved", "purpose": "ask_questions"}
    orphan |= {"provider": "p", "model": "m", "worst_cost_usd": 0.5}  # type: ignore[dict-item]
    with stage.paths.usage.open("a") as stream:
        stream.write(json.dumps(orphan) + "\n")
    ended = stage.run()
    assert ended.usage["unknown"] == 1 and ended.usage["cost_usd"] == 0.5


def test_the_news_of_an_iteration_carry_the_best_so_far(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(2)
    stage.run()
    news = [
        (e.iteration, e.data["score"], e.data["best"], e.data["best_score"])
        for e in stage.told("iteration_committed")
    ]
    assert news == [(1, 50, 1, 50), (2, 100, 2, 100)]
