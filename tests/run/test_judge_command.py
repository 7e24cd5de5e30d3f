"""Judging pictures without a run: asked and ruled as in one, paid for once, masks and votes as there."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.fakes.judge_server import Asked, Canned
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, from_picture, never, scenery

from iterativectl import compose_bench, judgement
from iterativectl.bench import Doing
from iterativectl.compose_bench import Wish
from iterativectl.errors import ConfigError, ImageError, ProjectError, UsageError
from iterativectl.images.normalise import from_pixels
from iterativectl.judgement import Judged, Session

MEASURED = """\
project: {name: attire}
acceptance_criteria:
  - {field: alike, measure: {metric: similarity, min: 0.5}}
"""
GATED = """\
project: {name: attire}
acceptance_criteria:
  - {field: alike, gate: true, measure: {metric: similarity, min: 0.5}}
  - {field: suit, question: "Is it a dark suit?"}
"""
MASKED = """\
project: {name: attire}
acceptance_criteria:
  - {field: suit, question: "Is it a dark suit?"}
  - {field: face, question: "Is it the same face?", intent: preserve}
  - {field: around, measure: {metric: similarity, region: outside_mask, min: 0.9}}
masking:
  masks: [{name: left, active_criteria: [suit, around]}]
"""


def pictures(stage: Stage, *seeds: int) -> list[tuple[str, Path]]:
    """Pictures on disk, one a seed."""
    found = []
    for seed in seeds:
        path = stage.root / f"picture{seed}.png"
        path.write_bytes(from_pixels(scenery(seed=seed)))
        found.append((path.name, path))
    return found


def judge(
    stage: Stage, files: Sequence[tuple[str, Path]], askings: int = 1, **wish: Any
) -> tuple[Session, list[Any]]:
    """`iterativectl judge`, and what was told meanwhile."""
    told: list[Any] = []
    laid = compose_bench.of_project(stage.workspace, stage.project, Wish(**wish), stage.world)
    return judgement.judge_all(laid.bench, files, askings, told.append), told


def verdicts(judged: Judged) -> dict[str, str]:
    return {verdict.field: verdict.verdict for verdict in judged.verdicts}


def asked_for(critic: Critic) -> list[str]:
    """What was asked, in order."""
    keys = {
        "answers": "questions",
        "criteria": "criteria",
        "similarity": "comparison",
        "comparison": "comparison",
    }
    kinds = []
    for asked in critic.asked:
        properties = asked.schema["properties"] if asked.schema else {}
        kinds.append("+".join(name for key, name in keys.items() if key in properties) or "description")
    return kinds


def test_every_picture_is_judged_as_in_a_run(stage: Stage, critic: Critic) -> None:
    session, _ = judge(stage, pictures(stage, 1, 2))
    first, second = session.pictures
    assert verdicts(first) == {"suit": "failed", "face": "passed"}
    assert (first.score, first.passed) == (50, False)
    assert verdicts(second) == {"suit": "passed", "face": "passed"}
    assert (second.score, second.passed) == (100, True)
    # No comparison in words and no advice: nobody would read them.
    assert asked_for(critic)[:3] == ["description", "questions", "criteria"]
    assert "comparison" not in asked_for(critic) and "description" not in asked_for(critic)[1:]
    assert critic.of("positive") == []


def test_a_runs_own_picture_gets_the_runs_own_verdicts(stage: Stage, critic: Critic) -> None:
    ended = stage.run()
    assert ended.accepted
    asked = len(critic.asked)
    run = [("one", stage.paths.image(1)), ("two", stage.paths.image(2))]
    session, _ = judge(stage, run)
    assert [judged.passed for judged in session.pictures] == [False, True]
    for number, judged in enumerate(session.pictures, 1):
        recorded = stage.metadata(number)
        assert verdicts(judged) == {n: v["verdict"] for n, v in recorded["verdicts"].items()}
        assert judged.score == recorded["evaluation"]["overall_score"]
        assert judged.similarity is not None
        assert judged.similarity.measured == recorded["similarity"]["measured"]
    # The description was there, and the requests were the same word for word.
    again = critic.asked[asked:]
    assert "description" not in asked_for(critic)[asked:]
    before = {(one.prompt, one.images) for one in critic.asked[:asked]}
    firsts = [one for one in again if (one.prompt, one.images) in before]
    assert len(firsts) >= 2 * len(run)


def test_the_same_again_asks_nothing(stage: Stage, ollama: FakeOllama) -> None:
    first, _ = judge(stage, pictures(stage, 1, 2))
    asked = ollama.asked_count
    second, _ = judge(stage, pictures(stage, 1, 2))
    assert ollama.asked_count == asked > 0
    assert [verdicts(j) for j in second.pictures] == [verdicts(j) for j in first.pictures]
    assert [judged.usage["requests"] for judged in second.pictures] == [0, 0]
    assert sum(judged.usage["requests"] for judged in first.pictures) == asked
    assert len(list((stage.project.judged / "answers").glob("*.json"))) >= 4


def test_another_picture_other_rules_or_fresh_ask_anew(stage: Stage, ollama: FakeOllama) -> None:
    def asks(**wish: Any) -> int:
        before = ollama.asked_count
        judge(stage, files, **wish)
        return ollama.asked_count - before

    files = pictures(stage, 1)
    assert asks() > 0 and asks() == 0
    assert asks(fresh=True) > 0
    assert asks() == 0
    stage.rules(None, ("Is it a dark suit?", "Is it a black suit?"))
    assert asks() > 0
    files = pictures(stage, 2)
    assert asks() > 0


def test_a_picture_that_is_there_twice_is_paid_for_once_even_if_fresh(
    stage: Stage, ollama: FakeOllama
) -> None:
    files = pictures(stage, 2)
    judge(stage, files, fresh=True)
    once = ollama.asked_count
    judge(stage, [*files, *files], fresh=True)
    assert ollama.asked_count <= 2 * once


def test_what_pixels_decide_asks_nobody(stage: Stage, ollama: FakeOllama) -> None:
    stage.rules(MEASURED)
    stage.aivis(None, (ollama.url, "http://127.0.0.1:1"))  # nobody is there
    session, _ = judge(stage, pictures(stage, 1))
    assert verdicts(session.pictures[0]) == {"alike": "passed"}
    assert (session.stopped, ollama.requests) == (None, [])


def test_a_failed_gate_asks_nobody(stage: Stage, critic: Critic) -> None:
    stage.rules(GATED)
    noise = stage.root / "noise.png"
    noise.write_bytes(from_pixels(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)))
    session, _ = judge(stage, [("noise.png", noise), *pictures(stage, 1)], askings=3)
    gated, open_one = session.pictures
    assert verdicts(gated) == {"alike": "failed", "suit": "failed"}
    assert gated.verdicts[1].by == "gate:alike"
    assert len(gated.askings) == 1  # nothing to repeat
    assert len(open_one.askings) == 3
    assert all(asked.images[-1] != noise.read_bytes() for asked in critic.asked)


# -- what is wrong with pictures and judges


def test_the_others_are_judged_all_the_same(stage: Stage) -> None:
    (stage.root / "broken.png").write_bytes(from_pixels(scenery())[:200])
    (stage.root / "text.png").write_text("<html>not found</html>")
    (stage.root / "empty.png").touch()
    (stage.root / "folder.png").mkdir()
    names = ("broken.png", "text.png", "empty.png", "folder.png", "none.png")
    files = [(name, stage.root / name) for name in names]
    session, _ = judge(stage, [*files[:2], *pictures(stage, 1), *files[2:], *pictures(stage, 2)])
    faults = {judged.name: judged.fault.message for judged in session.pictures if judged.fault}
    assert list(faults) == list(names)
    assert all(message.startswith(name) for name, message in faults.items())
    assert "no such file" in faults["none.png"] and "empty" in faults["empty.png"]
    assert [judged.name for judged in session.pictures if judged.fault is None] == [
        "picture1.png",
        "picture2.png",
    ]


def test_a_huge_picture_is_named_before_its_pixels_are_read(stage: Stage) -> None:
    plain = from_pixels(scenery())
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    huge = stage.root / "huge.png"
    huge.write_bytes(plain[:12] + head + struct.pack(">I", zlib.crc32(head)) + plain[33:])
    session, _ = judge(stage, [("huge.png", huge)])
    fault = session.pictures[0].fault
    assert fault is not None and "too large" in fault.message


def test_a_judge_that_is_gone_leaves_the_rest_unjudged(stage: Stage, ollama: FakeOllama) -> None:
    files = pictures(stage, 1, 2, 3)
    stage.aivis(None, ("retries: 2", "retries: 0"))
    judge(stage, files[:1])
    ollama.script.extend([Canned(status=401, body={"error": "unauthorized"})] * 9)
    session, told = judge(stage, files)
    assert session.stopped is not None and session.stopped.exit_code == 4
    assert [judged.fault is None for judged in session.pictures] == [True, False, False]
    assert all(judged.fault.message.startswith("not judged: ") for judged in session.pictures if judged.fault)
    assert len([one for one in told if isinstance(one, Judged)]) == 3


def test_nobody_to_ask_is_said_before_anything_is_asked(stage: Stage) -> None:
    stage.aivis(None, ("qwen3-vl:4b", "no-such-model"))
    session, _ = judge(stage, pictures(stage, 1))
    assert session.stopped is not None and "no-such-model" in session.stopped.message


def test_a_limit_holds_for_one_command(stage: Stage, ollama: FakeOllama) -> None:
    stage.aivis(None, ("retries: 2", "limits: {max_requests: 4}"))
    files = pictures(stage, 1, 2, 3)
    session, _ = judge(stage, files)
    assert session.stopped is not None and session.stopped.code == "limit_reached"
    assert ollama.asked_count == 4
    session, _ = judge(stage, files)  # the next command has a limit of its own, and goes on
    assert ollama.asked_count == 7  # one description, and two questions about each
    assert session.stopped is None and not any(judged.fault for judged in session.pictures)


def test_no_original_and_a_broken_one(stage: Stage) -> None:
    stage.project.input.write_bytes(b"nothing")
    with pytest.raises(ImageError, match=r"input\.png"):
        judge(stage, pictures(stage, 1))
    stage.project.input.unlink()
    with pytest.raises(ProjectError, match="no "):
        judge(stage, pictures(stage, 1))


def test_another_original(stage: Stage, critic: Critic) -> None:
    original = stage.root / "other.jpg"
    cv2.imwrite(str(original), scenery(80, 60, seed=9))
    session, _ = judge(stage, pictures(stage, 1), original=original)
    assert session.pictures[0].similarity is not None and session.pictures[0].similarity.measured < 1
    shown = cv2.imdecode(np.frombuffer(critic.of("criteria")[0].images[0], np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (60, 80, 3)


# -- asked again


class Moody(Critic):
    """Says yes to the suit in four of five askings about a picture; the face always stays."""

    def __init__(self) -> None:
        super().__init__(lambda field, nth: "yes")
        self.times = 0

    def __call__(self, asked: Asked) -> str:
        if asked.schema and "criteria" in asked.schema["properties"]:
            self.times += 1
            no = self.times % 5 == 0
            self.says = lambda field, nth: "no" if field == "suit" and no else "yes"
        return super().__call__(asked)


class TestAskedAgain:
    @pytest.fixture
    def critic(self) -> Critic:
        return Moody()

    def test_the_majority_and_every_asking(self, stage: Stage, critic: Critic) -> None:
        session, told = judge(stage, pictures(stage, 1), askings=5)
        (judged,) = session.pictures
        said = [{v.field: v.verdict for v in asking}["suit"] for asking in judged.askings]
        assert said == ["passed", "passed", "passed", "passed", "failed"]
        suit = judged.verdicts[0]
        assert (suit.verdict, suit.confidence, judged.passed) == ("passed", 0.8, True)
        assert asked_for(critic) == ["description", "questions", *["criteria"] * 5]
        askings = [d.asking for d in told if isinstance(d, Doing) and d.purpose == "evaluate_criteria"]
        assert askings == [1, 2, 3, 4, 5]

    def test_every_asking_is_a_sample_of_its_own_and_kept(self, stage: Stage, ollama: FakeOllama) -> None:
        judge(stage, pictures(stage, 1), askings=3)
        criteria = [
            r.body["options"]["seed"]
            for r in ollama.requests
            if r.body and "criteria" in json.dumps(r.body.get("format"))
        ]
        assert len(set(criteria)) == len(criteria) == 3
        asked = ollama.asked_count
        judge(stage, pictures(stage, 1), askings=3)
        assert ollama.asked_count == asked
        judge(stage, pictures(stage, 1), askings=5)
        assert ollama.asked_count == asked + 2

    def test_no_majority_is_unclear(self, stage: Stage) -> None:
        stage.rules(None)
        session, _ = judge(stage, pictures(stage, 1), askings=5)
        said = session.pictures[0].askings
        even = judgement.combined([said[0], said[4]])
        assert even[0].verdict == "unclear" and even[0].reason == "no majority: 1 passed, 1 failed"
        assert even[1].verdict == "passed"


# -- the judge as AIVis.yaml describes it


def test_votes_confirm_here_too(stage: Stage, critic: Critic) -> None:
    stage.aivis(None, ("retries: 2", "votes: 3"))
    critic.says = from_picture(1)
    session, _ = judge(stage, pictures(stage, 1))
    assert session.pictures[0].passed
    assert len(critic.of("criteria")) > 1  # a picture that would be accepted is asked about again


def test_a_refused_picture_is_not_confirmed(stage: Stage, critic: Critic) -> None:
    stage.aivis(None, ("retries: 2", "votes: 3"))
    critic.says = lambda field, nth: "no"
    judge(stage, pictures(stage, 1))
    assert len(critic.of("criteria")) == 1


def test_all_in_one_request(stage: Stage, critic: Critic) -> None:
    stage.aivis(None, ("retries: 2", "calls: merged"))
    critic.says = from_picture(1)
    session, _ = judge(stage, pictures(stage, 1), askings=2)
    assert verdicts(session.pictures[0]) == {"suit": "passed", "face": "passed"}
    assert asked_for(critic) == ["description", *["questions+criteria+comparison"] * 2]


def test_a_second_opinion_is_asked_as_well(stage: Stage, critic: Critic, ollama: FakeOllama) -> None:
    second = f"ensemble: [{{provider: ollama, model: second:4b, base_url: '{ollama.url}'}}]"
    ollama.models["second:4b"] = ollama.models["qwen3-vl:4b"]
    stage.aivis(None, ("retries: 2", second))
    critic.says = from_picture(1)
    session, _ = judge(stage, pictures(stage, 1), askings=2)
    assert session.pictures[0].passed
    assert [asked.model for asked in critic.of("criteria")] == ["qwen3-vl:4b", "second:4b"] * 2


def test_a_second_opinion_that_cannot_be_had_is_said(
    stage: Stage, critic: Critic, ollama: FakeOllama
) -> None:
    second = f"ensemble: [{{provider: ollama, model: absent:4b, base_url: '{ollama.url}'}}]"
    stage.aivis(None, ("retries: 2", second))
    critic.says = from_picture(1)
    session, told = judge(stage, pictures(stage, 1))
    assert session.stopped is None and session.pictures[0].verdicts
    assert any(isinstance(note, str) and "second opinion" in note for note in told)


# -- masks


def drawn(stage: Stage, name: str, left: bool = True) -> None:
    stage.project.masks.mkdir(exist_ok=True)
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[:, :32] = 255 * left
    mask[:, 32:] = 255 * (not left)
    stage.project.mask(name).write_bytes(from_pixels(mask))


def changed_on(left: bool) -> bytes:
    """The scenery with one half made another one."""
    picture, other = scenery(), 255 - scenery()
    half = np.s_[:, :32] if left else np.s_[:, 32:]
    picture[half] = other[half]
    return from_pixels(picture)


def test_a_mask_brings_its_criteria_and_its_region(stage: Stage, critic: Critic) -> None:
    drawn(stage, "left")
    stage.rules(MASKED)
    critic.says = from_picture(1)
    files = []
    for name, left in (("inside", True), ("outside", False)):
        path = stage.root / f"{name}.png"
        path.write_bytes(changed_on(left))
        files.append((name, path))
    session, _ = judge(stage, files, mask="left")
    inside, outside = session.pictures
    assert verdicts(inside) == {"suit": "passed", "around": "passed"}
    assert verdicts(outside) == {"suit": "passed", "around": "failed"}
    with pytest.raises(ConfigError, match="no mask is in play"):
        judge(stage, files)
    with pytest.raises(ConfigError, match="no mask 'right'"):
        judge(stage, files, mask="right")


def test_a_mask_lies_on_another_original(stage: Stage, critic: Critic) -> None:
    drawn(stage, "left")
    stage.rules(MASKED)
    critic.says = from_picture(1)
    larger = stage.root / "larger.png"
    larger.write_bytes(from_pixels(cv2.resize(scenery(), (128, 96), interpolation=cv2.INTER_NEAREST)))
    result = stage.root / "result.png"
    result.write_bytes(changed_on(True))
    session, _ = judge(stage, [("result", result)], mask="left", original=larger)
    assert verdicts(session.pictures[0])["around"] == "passed"


# -- who judges


def test_another_judge_than_the_projects(stage: Stage, critic: Critic) -> None:
    session, _ = judge(stage, pictures(stage, 1), judge="embedded")
    assert critic.asked == []
    assert session.pictures[0].verdicts[0].by.startswith("embedded/")
    with pytest.raises(UsageError, match="no model"):
        judge(stage, pictures(stage, 1), judge="ollama")
    with pytest.raises(ConfigError, match="olama"):
        judge(stage, pictures(stage, 1), judge="olama/x")


def test_another_judge_takes_address_and_key_only_of_its_own(stage: Stage) -> None:
    from iterativectl.config.aivis import parse_aivis

    text = "provider: openrouter\nmodel: a\napi_key: sk-or-secret\nbase_url: https://gate.example/v1\n"
    text += "votes: 3\nprices: {input: 1.0, output: 2.0}\n"
    own, _ = parse_aivis(text)
    same = compose_bench.other_judge(own, "openrouter/b")
    assert (same.api_key, same.base_url, same.model) == ("sk-or-secret", "https://gate.example/v1", "b")
    assert same.prices.input is None and same.votes == 3
    assert compose_bench.other_judge(own, "openrouter/a").prices.input == 1.0
    other = compose_bench.other_judge(own, "anthropic/c")
    assert (other.api_key, other.base_url) == ("", None)
    assert compose_bench.other_judge(own, None) is own


# -- without a project


def test_rules_alone(stage: Stage, critic: Critic, tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    folder.mkdir()
    (folder / "look.yaml").write_text(stage.project.rules.read_text())
    (folder / "AIVis.yaml").write_text(stage.project.aivis.read_text())
    files = pictures(stage, 1)
    wish = Wish(original=stage.project.input)
    laid = compose_bench.of_rules(folder / "look.yaml", None, wish, stage.world)
    session = judgement.judge_all(laid.bench, files, 1, lambda told: None)
    assert verdicts(session.pictures[0]) == {"suit": "failed", "face": "passed"}
    kept = folder / ".iterative" / "judged"
    assert list((kept / "usage").glob("*.jsonl")) and list((kept / "descriptions").glob("*.json"))
    assert sorted(p.name for p in folder.iterdir()) == [".iterative", "AIVis.yaml", "look.yaml"]
    with pytest.raises(UsageError, match="compared with"):
        compose_bench.of_rules(folder / "look.yaml", None, Wish(), stage.world)
    with pytest.raises(UsageError, match="mask of a project"):
        compose_bench.of_rules(
            folder / "look.yaml", None, Wish(mask="left", original=files[0][1]), stage.world
        )
    (folder / "masked.yaml").write_text(MASKED)
    with pytest.raises(ConfigError, match="no mask is in play"):
        compose_bench.of_rules(folder / "masked.yaml", None, wish, stage.world)


def test_a_damaged_answer_is_named(stage: Stage) -> None:
    judge(stage, pictures(stage, 1))
    damaged = sorted((stage.project.judged / "answers").glob("*.json"))
    for path in damaged:
        path.write_text("{")
    with pytest.raises(ProjectError, match="damaged") as caught:
        judge(stage, pictures(stage, 1))
    assert caught.value.hint.startswith("Delete that file")
    judge(stage, pictures(stage, 1), fresh=True)


def test_nothing_of_a_run_is_touched(stage: Stage, critic: Critic) -> None:
    from tests.run.stage import tree

    critic.says = never
    stage.run(max_iterations=1)
    before = tree(stage.project.working)
    judge(stage, pictures(stage, 1, 2))
    after = tree(stage.project.working)
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("judged/") for name in after.keys() - before.keys())
