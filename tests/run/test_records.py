"""What a run writes, to the letter: golden files, in which only times, hashes, sizes and tickets are names.

A difference here is a changed format: people have such files.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.run.stage import Critic, Stage, never, read

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "run"
NUMBERS = {"timestamp", "seconds", "generate", "judge", "advise", "input", "output", "input_tokens"} | {
    "output_tokens",
    "measured",
    "similarity_score",
    "changed_share",
    "similarity",
}
TIMES = {"at", "updated_at", "sent_at", "started_at"}
FILES = ["plan", "metadata", "questions", "evaluation", "comparison", "advice"]


def named(value: Any, key: str = "") -> Any:
    """The value, with what differs between two runs replaced by what it is."""
    if isinstance(value, dict):
        return {name: named(entry, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [named(entry, key) for entry in value]
    if key in TIMES:
        return "TIME" if isinstance(value, str) and "T" in value else f"no time: {value!r}"
    if key in NUMBERS and isinstance(value, (int, float)):
        return "NUMBER"
    if isinstance(value, float) and "/" in key:
        return "NUMBER"  # measured values, by METRIC/REGION
    if isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef"):
        return "SHA256"
    if isinstance(value, str) and len(value) == 36 and value.count("-") == 4:
        return "TICKET"
    return value


def golden(path: Path, found: Any) -> None:
    """Compare with the golden file, key order included."""
    text = json.dumps(named(found), indent=2, ensure_ascii=False) + "\n"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_an_iteration(stage: Stage, comfyui: FakeComfyUI, critic: Critic, name: str) -> None:
    critic.says = never
    stage.run_until("iteration_planned", 2)
    found = json.loads(getattr(stage.paths, name)(1).read_text().replace(comfyui.url, "URL"))
    golden(GOLDEN / f"iteration_1_{name}.json", found)


def test_the_tickets_of_an_iteration(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.run(max_iterations=1)
    path = stage.paths.tickets(1)
    golden(GOLDEN / "iteration_1_tickets.json", json.loads(path.read_text().replace(comfyui.url, "URL")))
    (ticket,) = read(path)["tickets"]
    assert ticket["ticket"] in json.dumps(read(stage.paths.graph(1))), "the SaveImage prefix carries it"
    assert stage.metadata(1)["generation"]["ticket"] == ticket["ticket"]


def test_a_failed_iteration(stage: Stage, comfyui: FakeComfyUI) -> None:
    comfyui.switches.set("server", "errorx1")
    stage.run(max_iterations=1)
    found = json.loads(stage.paths.metadata(1).read_text().replace(comfyui.url, "URL"))
    golden(GOLDEN / "iteration_1_metadata_failed.json", found)


def test_the_checkpoint(stage: Stage) -> None:
    stage.run()
    golden(GOLDEN / "checkpoint.json", stage.checkpoint)


def test_what_is_in_flight_stands_in_the_checkpoint(stage: Stage, comfyui: FakeComfyUI) -> None:
    seen: dict[str, Any] = {}
    for moment in ("generation_queued", "answers_done", "advice_done"):
        stage.at(moment, 1, lambda moment=moment: seen.update({moment: stage.checkpoint["in_flight"]}))
    stage.run(max_iterations=2)
    (ticket,) = read(stage.paths.tickets(1))["tickets"]
    assert seen == {
        "generation_queued": [{"iteration": 1, "step": "generate", "ticket": ticket["ticket"]}],
        "answers_done": [{"iteration": 1, "step": "judge", "ticket": None}],
        "advice_done": [{"iteration": 1, "step": "advise", "ticket": None}],
    }
    assert stage.checkpoint["in_flight"] == []


def test_the_specified_fields_of_the_metadata(stage: Stage) -> None:
    """Names, order and meaning that the specification fixes."""
    stage.run()
    told = stage.metadata(1)
    fixed = ["iteration", "timestamp", "image_path", "parameters_used", "questions", "evaluation"]
    fixed += ["comparison", "aivis_metadata", "prompts_used"]
    assert [name for name in told if name in fixed] == fixed
    assert told["image_path"] == f"working/{stage.run_ids[-1]}/images/iteration_1.png"
    assert list(told["parameters_used"]) == ["denoise", "cfg", "steps", "seed", "sampler_name", "scheduler"]
    assert list(told["evaluation"]) == ["overall_score", "criteria_results"]
    assert list(told["comparison"]) == ["similarity_score", "differences", "analysis"]
    aivis = ["provider", "model", "using_fallback", "success", "attempts", "error"]
    assert list(told["aivis_metadata"]) == aivis
    assert list(told["prompts_used"]) == ["positive", "negative"]
    assert told["timestamp"] == pytest.approx(stage.clock.began.timestamp(), abs=60)
    assert told["evaluation"] == {"overall_score": 50, "criteria_results": {"suit": False, "face": True}}
    assert told["comparison"]["similarity_score"] == told["similarity"]["measured"]


def test_the_files_that_are_named_are_there_with_these_bytes(stage: Stage) -> None:
    stage.run()
    for number in stage.committed:
        hashes = stage.metadata(number)["files"]
        assert len(hashes) >= 7
        for name, digest in hashes.items():
            content = (stage.project.root / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest, name
    assert (
        stage.metadata(1)["generation"]["sha256"]
        == hashlib.sha256(stage.paths.image(1).read_bytes()).hexdigest()
    )


def test_every_json_file_names_its_format_first(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.run()
    files = [path for path in stage.project.root.rglob("*.json") if path.parent.name != "workflow"]
    assert len(files) > 15
    for path in files:
        assert next(iter(read(path))) == "format", path
        assert path.read_text().endswith("}\n") and "\n  " in path.read_text()


def test_no_file_holds_a_secret_or_a_path_of_this_machine(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.environ.update(COMFY="Bearer of-a-secret", OLLAMA_API_KEY="of-a-secret")
    stage.aigen(None, ("wait_seconds: 30", 'headers: {Authorization: "env:COMFY", X-Api-Key: of-a-secret}'))
    stage.aivis(None, ("retries: 2", "retries: 2\napi_key: sk-of-a-secret"))
    stage.run()
    config = stage.project.config
    for path in stage.project.root.rglob("*"):
        if path.is_file() and config not in path.parents and path.suffix != ".png":
            content = path.read_bytes()
            assert b"of-a-secret" not in content, path
            assert str(stage.root).encode() not in content, path
