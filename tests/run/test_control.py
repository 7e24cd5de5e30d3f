"""control.json: pause, resume, stop, obeyed between steps and while something is waited for."""

from __future__ import annotations

import json

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.judge_server import Canned
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, lose_server, never, painted_by, read

from iterativectl.clock import SystemClock
from iterativectl.errors import ExitCode, StopRequested


@pytest.mark.parametrize("moment", ["run_started", "iteration_planned", "generation_done", "answers_done"])
def test_a_pause_holds_the_run_and_resume_goes_on(stage: Stage, ollama: FakeOllama, moment: str) -> None:
    held: list[tuple[str, int]] = []

    def meanwhile(waited: float) -> None:
        held.append((stage.checkpoint["status"], ollama.asked_count))
        if len(held) == 5:
            stage.ask_for("resume")

    stage.clock.meanwhile = meanwhile
    stage.at(moment, None, lambda: stage.ask_for("pause"))
    ended = stage.run()
    assert ended.status == "passed"
    assert [status for status, _ in held] == ["held"] * 5
    assert len({asked for _, asked in held}) == 1, "nothing is asked while it is held"
    assert stage.clock.waits == [1.0] * 5
    kinds = [event.type for event in stage.events]
    assert kinds.index("run_held") < kinds.index("run_resumed")
    assert stage.told("run_held")[0].data == {"why": "a pause was asked for"}
    assert not stage.project.control.exists(), "the next run must not meet it"


def test_what_was_obeyed_is_not_asked_any_more(stage: Stage) -> None:
    """Else a page says "resume was asked for" to the end of the run, and after a kill once more."""
    there: list[bool] = []
    stage.clock.meanwhile = lambda waited: stage.ask_for("resume")
    stage.at("iteration_planned", 1, lambda: stage.ask_for("pause"))
    stage.at("iteration_committed", 1, lambda: there.append(stage.project.control.exists()))
    assert stage.run().status == "passed"
    assert there == [False]


def test_a_stop_ends_it_with_the_best_so_far(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.at("iteration_planned", 2, lambda: stage.ask_for("stop"))
    ended = stage.run()
    assert (ended.status, ended.accepted, ended.best_iteration) == ("stopped", False, 1)
    assert ended.reason == "a stop was asked for through control.json"
    assert stage.checkpoint["status"] == "stopped"
    assert StopRequested.exit_code == ExitCode.NOT_ACCEPTED == 3
    assert not stage.project.control.exists()
    assert stage.output["status"] == "stopped" and stage.output["iteration"] == 1


def test_a_stop_while_it_is_held(stage: Stage) -> None:
    stage.clock.meanwhile = lambda waited: stage.ask_for("stop") if waited > 2 else None
    stage.at("iteration_planned", 1, lambda: stage.ask_for("pause"))
    ended = stage.run()
    assert (ended.status, ended.best_iteration, ended.output) == ("stopped", None, None)
    assert not stage.project.output_metadata.exists()


def test_after_a_stop_a_new_run_begins(stage: Stage) -> None:
    stage.at("iteration_planned", 1, lambda: stage.ask_for("stop"))
    first = stage.run()
    assert stage.run().run_id != first.run_id


def test_a_stop_takes_back_our_own_job_and_no_other(stage: Stage) -> None:
    stage.clock = SystemClock()  # the server needs real time
    with FakeComfyUI("B", job_seconds=20) as comfyui:
        painted_by(stage, comfyui.url)
        stage.at("generation_queued", 1, lambda: stage.ask_for("stop"))
        ended = stage.run()
        assert ended.status == "stopped"
        (ticket,) = read(stage.paths.tickets(1))["tickets"]
        assert ticket["outcome"] == "cancelled"
        assert (comfyui.counters["interrupted"], comfyui.counters["global_interrupts"]) == (1, 0)
        assert comfyui.counters["renders"] == 0


def test_a_stop_while_the_judge_is_waited_for(stage: Stage, ollama: FakeOllama) -> None:
    """Between two tries of a request there are seconds in which a person may stop."""
    ollama.script.extend(Canned(status=500, body={"error": "busy"}) for _ in range(9))
    stage.clock.meanwhile = lambda waited: stage.ask_for("stop")
    ended = stage.run()
    assert ended.status == "stopped"
    assert ollama.asked_count == 1


def test_a_stop_while_the_server_is_waited_for(stage: Stage, comfyui: FakeComfyUI) -> None:
    lose_server(stage, comfyui, 1)
    stage.clock.meanwhile = lambda waited: stage.ask_for("stop")
    assert stage.run().status == "stopped"


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"format": "control/1", "run_id": "2020-01-01_00-00-00", "request": "stop", "at": "x"}),
        json.dumps({"format": "control/1", "request": "stop"}),
        '{"format": "control/1", "run_id": "',
        "[]",
        "null",
        "",
    ],
)
def test_a_stale_or_half_written_request_is_ignored(stage: Stage, content: str) -> None:
    stage.at("iteration_planned", 1, lambda: _write(stage, content))
    assert stage.run().status == "passed"
    assert stage.project.control.read_text() == content, "it is not ours to remove"


@pytest.mark.parametrize("request_", ["halt", "", None, 3, ["stop"]])
def test_a_request_that_does_not_exist_is_ignored(stage: Stage, request_: object) -> None:
    stage.at("iteration_planned", 1, lambda: stage.ask_for(request_))  # type: ignore[arg-type]
    assert stage.run().status == "passed"


def test_a_run_that_was_killed_while_it_was_held_is_held_again(stage: Stage) -> None:
    stage.at("iteration_planned", 1, lambda: stage.ask_for("pause"))
    stage.run_until("run_held")
    assert stage.checkpoint["status"] == "held"
    stage.clock.meanwhile = lambda waited: stage.ask_for("resume")
    assert stage.run().status == "passed"
    assert stage.told("run_held")


def _write(stage: Stage, content: str) -> None:
    stage.project.control.write_text(content)
