"""Measured criteria in whole runs: gates of every kind save the requests; what was measured is recorded."""

from __future__ import annotations

import pytest
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, never, read

from iterativectl.errors import ConfigError

HEAD = "project: {name: attire, max_iterations: 1}\nacceptance_criteria:\n"
SUIT = '  - {field: suit, question: "Is it a dark suit?", intent: change, must_include: [dark suit]}\n'
# Each fails on what the embedded painter makes of the stage's scenery.
GATES = {
    "faces": "{metric: faces, min: 1}",
    "letters": "{metric: text, region: {border: 10}, min: 0.5}",
    "a box": "{metric: brightness, region: {box: [25, 25, 50, 50]}, min: 0.99}",
    "likeness of a box": "{metric: similarity, region: {box: [0, 0, 50, 50]}, max: 0.01}",
    "a change": "{metric: brightness, relative: true, min: 0.9}",
    "colours": '{metric: palette, colors: ["#ff00ff"], max: 1}',
    "warmth": "{metric: warmth, max: -100}",
    "blankness": "{metric: blankness, min: 1}",
    "width": "{metric: width, min: 4000}",
    "aspect": "{metric: aspect, min: 9}",
}


def rules(measure: str, gate: bool = True) -> str:
    return f"{HEAD}  - {{field: it, measure: {measure}, intent: preserve, gate: {str(gate).lower()}}}\n{SUIT}"


@pytest.mark.parametrize("measure", GATES.values(), ids=GATES)
def test_a_failed_gate_asks_nobody(stage: Stage, ollama: FakeOllama, measure: str) -> None:
    stage.rules(rules(measure))
    ended = stage.run()
    assert ended.status == "exhausted" and ollama.asked_count == 0 and ended.usage["requests"] == 0
    verdicts = stage.metadata(1)["verdicts"]
    assert verdicts["it"]["verdict"] == "failed" and "wanted" in verdicts["it"]["reason"]
    assert verdicts["suit"]["by"] == "gate:it"


def test_that_test_can_fail(stage: Stage, ollama: FakeOllama) -> None:
    """The same without the gate: somebody is asked."""
    stage.rules(rules(GATES["a box"], gate=False))
    stage.run()
    assert ollama.asked_count > 0


def test_what_was_measured_is_recorded_and_what_nobody_asked_for_is_not(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.rules(rules("{metric: warmth, relative: true, min: -200, max: 200}", gate=False))
    stage.run()
    measured = read(stage.paths.evaluation(1))["measured"]
    assert {"warmth/whole", "warmth change/whole", "aspect/whole", "blankness/whole"} <= set(measured)
    assert not [key for key in measured if key.startswith(("faces", "text", "palette"))]
    reason = stage.metadata(1)["verdicts"]["it"]["reason"]
    assert "than the original's" in reason or "as the original's" in reason


def test_a_box_needs_no_mask_but_a_mask_does(stage: Stage) -> None:
    stage.rules(rules("{metric: brightness, region: inside_mask, min: 0.99}"))
    with pytest.raises(ConfigError, match="no mask is in play"):
        stage.run()
