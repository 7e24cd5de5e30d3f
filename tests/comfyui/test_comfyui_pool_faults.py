"""A server goes away in the middle: the job goes elsewhere, once. Names of promises: docs/promises.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from tests.comfyui.crowd import Crowd, somebodys_job, wait
from tests.comfyui.rig import PLAN, QUICK, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.errors import JobLost, RunInterrupted, ServerUnavailable
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.graph import png_texts
from iterativectl.generation.comfyui.leftovers import Leftovers
from iterativectl.generation.comfyui.patch import Names, patch, prefix
from iterativectl.generation.comfyui.trace import trace
from iterativectl.model import Ticket
from iterativectl.project.tickets import TicketFile

Crowded = Callable[..., Crowd]


@pytest.fixture
def crowded(tmp_path: Path, picture: Path, servers: Callable[..., FakeComfyUI]) -> Crowded:
    """So many fakes with these faults, and a pool of them."""

    def make(*faults: dict[str, Any]) -> Crowd:
        fakes = [servers(**one) for one in faults]
        return Crowd(fakes, Rig(tmp_path, "", options={"hosts": tuple(fake.url for fake in fakes)}))

    return make


def _when_it_runs(crowd: Crowd, fake: FakeComfyUI, act: Callable[[], None]) -> None:
    """Do something, once, as soon as this fake samples."""
    done: list[bool] = []

    def look(event: Any) -> None:
        if event.type == "generation_progress" and not done and fake.engine.running:
            done.append(True)
            act()

    crowd.rig.on_event = look


def _made_once(crowd: Crowd, *outcomes: str) -> None:
    """The picture on disk is the last ticket's, and only one server made one."""
    made = crowd.rig.generate()
    content = crowd.rig.destination().read_bytes()
    with Image.open(crowd.rig.destination()) as picture:
        picture.load()
    assert png_texts(content)["fake_prompt_id"] == made.ticket == crowd.rig.tickets().all()[-1].ticket
    assert tuple(crowd.rig.outcomes()) == outcomes
    assert sum(crowd.counted("renders")) == 1


# -- killed in the middle (promises 2 and 7)


def test_a_killed_server_s_job_goes_elsewhere_once(crowded: Crowded) -> None:
    crowd = crowded({"job_seconds": 0.8}, {})
    first, second = crowd.fakes
    _when_it_runs(crowd, first, first.kill)
    _made_once(crowd, "lost", "collected")
    assert crowd.counted("accepted") == [1, 1] and crowd.counted("renders") == [0, 1]
    (words,) = [data["message"] for data in crowd.rig.told("warning")]
    assert f"ComfyUI at {first.url} cannot be reached" in words and f"the job goes to {second.url}" in words


def test_the_move_is_in_the_notes(crowded: Crowded) -> None:
    crowd = crowded({"job_seconds": 0.8}, {})
    _when_it_runs(crowd, crowd.fakes[0], crowd.fakes[0].kill)
    (note,) = crowd.rig.generate().notes
    assert note.startswith(f"made at {crowd.fakes[1].url}: ComfyUI at {crowd.fakes[0].url}")


def test_a_server_that_is_killed_before_it_is_sent_anything(crowded: Crowded) -> None:
    """The picture is uploaded and the ticket open; the POST certainly never arrived: nothing is lost."""
    crowd = crowded({}, {})
    crowd.rig.generate(iteration=9)  # so that the picture is there
    first = crowd.fakes[0]
    crowd.rig.pace = replace(QUICK, look=60.0)  # so that it is not noticed before
    crowd.rig.new_process()
    crowd.rig.generate(iteration=8)
    first.kill()
    before = sum(crowd.counted("renders"))
    crowd.rig.generate()
    assert crowd.rig.outcomes() == ["cancelled", "collected"]
    assert sum(crowd.counted("renders")) == before + 1


def test_all_die_in_the_middle_and_one_comes_back(crowded: Crowded) -> None:
    """With nobody to go to the ticket stays open; it is given up only where somebody else can make it."""
    crowd = crowded({"job_seconds": 0.8}, {})
    first, second = crowd.fakes

    def both() -> None:
        second.kill()
        first.kill()

    _when_it_runs(crowd, first, both)
    with pytest.raises(ServerUnavailable, match="no server of comfyui.hosts can be used") as caught:
        crowd.rig.generate()
    assert first.url in caught.value.message and second.url in caught.value.message
    assert crowd.rig.outcomes() == [None]
    second.up()
    _made_once(crowd, "lost", "collected")


def test_a_server_that_is_back_at_once_has_its_own_job_again(crowded: Crowded) -> None:
    """It was restarted, the other is away: one more ticket at the same server."""
    crowd = crowded({"job_seconds": 0.2, "server": "restart_at(2,0.3)x1"}, {})
    crowd.fakes[1].kill()
    with pytest.raises(ServerUnavailable):
        crowd.rig.generate()
    wait(crowd.fakes[0].counters["restarts"].__bool__)
    wait(crowd.pool.reachable)
    _made_once(crowd, "lost", "collected")


# -- poison (promise 7)


def _poison(crowd: Crowd) -> None:
    with pytest.raises(JobLost, match="lost twice at") as caught:
        crowd.rig.generate()
    assert crowd.counted("accepted") == [1, 1, 0]
    assert all(fake.url in caught.value.message for fake in crowd.fakes[:2])


@pytest.fixture
def deadly(crowded: Crowded) -> Crowd:
    """A plan that takes two servers with it, and a third that would be the next."""
    crowd = crowded({"job_seconds": 0.4}, {"job_seconds": 0.4}, {})

    def kill(event: Any) -> None:
        for fake in crowd.fakes:
            if event.type == "generation_progress" and fake.engine.running and fake is not crowd.fakes[2]:
                fake.kill()

    crowd.rig.on_event = kill
    return crowd


def test_a_poison_plan_does_not_kill_a_third_server(deadly: Crowd) -> None:
    _poison(deadly)


class _NoLosses(TicketFile):
    """Planted: losses are written down as something harmless."""

    def settle(self, ticket: str, outcome: Any) -> None:
        super().settle(ticket, "cancelled" if outcome == "lost" else outcome)


def test_a_pool_that_forgets_its_losses_is_caught(deadly: Crowd) -> None:
    """Planted twin."""
    deadly.rig.ticket_file = _NoLosses
    with pytest.raises(pytest.fail.Exception):
        _poison(deadly)
    assert deadly.counted("accepted") == [1, 1, 1]


# -- silent for a while, and for good (promises 2, 4 and 11)


def _waited_for(crowd: Crowd) -> None:
    first = crowd.fakes[0]
    _when_it_runs(crowd, first, lambda: first.switches.set("server", "freeze(0.25)x3"))
    _made_once(crowd, "collected")
    assert crowd.counted("accepted") == [1, 0]


def test_a_server_that_is_slow_to_answer_keeps_its_job(crowded: Crowded) -> None:
    crowd = crowded({"job_seconds": 0.4}, {})
    crowd.rig.pace = replace(QUICK, read=1.0)
    _waited_for(crowd)


def test_a_pool_without_patience_is_caught(crowded: Crowded) -> None:
    """Planted twin: it takes the first silence for the end, and the picture is made twice."""
    crowd = crowded({"job_seconds": 0.4}, {})
    crowd.rig.pace = replace(QUICK, read=0.15, overall=0.3, retries=())
    with pytest.raises((AssertionError, ServerUnavailable)):
        _waited_for(crowd)


def _left_and_taken_back(crowd: Crowd, *, silent: bool = False, patience: float = 15.0) -> None:
    """The first server is out of reach over our job, and there again while the second makes the picture.

    It works on meanwhile: refusing connections, or taking them and saying nothing.
    """
    first, second = crowd.fakes
    others: list[str] = []
    back: list[bool] = []

    def act(event: Any) -> None:
        if event.type != "generation_progress":
            return
        if first.engine.running and not others:
            others.append(somebodys_job(first, crowd.rig))
            first.engine.job_seconds = 400.0  # from its next step on
            first.switches.set("server", "freeze(4.0)") if silent else first.down()
        elif second.engine.running and not back:
            back.append(True)
            first.engine.job_seconds = 0.0  # for the job of somebody else
            first.switches.set("server", None) if silent else first.plug_in()

    crowd.rig.on_event = act
    made = crowd.rig.generate()
    ours, moved = crowd.rig.tickets().all()
    assert (ours.outcome, moved.outcome, moved.ticket) == ("lost", "collected", made.ticket)
    began, iteration = time.monotonic(), 4
    while not first.counters["interrupted"] and time.monotonic() - began < patience:
        crowd.rig.generate(iteration=iteration)  # it is taken back while others are made
        iteration += 1
    assert first.counters["interrupted"], "what was left behind still runs"
    wait(lambda: others[0] in first.engine.history, 15)
    assert first.engine.history[others[0]]["status"]["completed"]
    assert first.counters["renders"] == 1 and not first.counters["GET /view"]
    assert {body["prompt_id"] for body in first.sent("POST", "/interrupt")} == {ours.ticket}
    assert all(body == {"delete": [ours.ticket]} for body in first.sent("POST", "/queue"))


@pytest.fixture
def leaving(crowded: Crowded) -> Crowd:
    """Two servers, of which the one that is lost rests longer than the test lasts."""
    crowd = crowded({"job_seconds": 0.2}, {"job_seconds": 0.2})
    crowd.rig.pace = replace(QUICK, rest_first=60.0, rest_longest=60.0)
    return crowd


@pytest.mark.parametrize("silent", [False, True])
def test_what_was_left_behind_is_taken_back_and_nothing_else(leaving: Crowd, silent: bool) -> None:
    if silent:
        leaving.rig.pace = replace(leaving.rig.pace, read=1.0, retries=(0.02,))
    _left_and_taken_back(leaving, silent=silent)

    def said() -> bool:
        leaving.rig.generate(iteration=2)
        return any("does not run any more" in data["message"] for data in leaving.rig.told("warning"))

    wait(said)


class _Careless(Leftovers):
    """Planted: what was left behind is left alone."""

    def add(self, server: Any, ticket: str) -> None:
        pass


def test_a_pool_that_leaves_jobs_behind_is_caught(leaving: Crowd) -> None:
    """Planted twin."""
    honest = leaving.pool._left
    leaving.pool._left = _Careless(honest._clock, honest._pace, honest._tell)
    with pytest.raises(AssertionError, match="still runs"):
        _left_and_taken_back(leaving, patience=0.5)


def test_a_server_silent_from_the_start_comes_last(crowded: Crowded) -> None:
    crowd = crowded({"server": "freeze(20.0)"}, {})
    crowd.rig.pace = replace(QUICK, cancel_request=0.3, read=30.0, overall=30.0)
    began = time.monotonic()
    _made_once(crowd, "collected")
    assert crowd.counted("accepted") == [0, 1] and time.monotonic() - began < 10


def test_a_server_silent_for_the_moment_is_used_where_there_is_no_other(crowded: Crowded) -> None:
    """A look is short; a job has the patience of one that may be loading a model."""
    crowd = crowded({"server": "freeze(0.3)x2"}, {})
    crowd.fakes[1].kill()
    crowd.rig.pace = replace(QUICK, cancel_request=0.1)
    _made_once(crowd, "collected")


# -- a person stops (promise 11)


def test_a_person_stops_and_only_what_runs_now_is_taken_back(crowded: Crowded) -> None:
    crowd = crowded({"job_seconds": 0.8}, {"job_seconds": 30.0})
    first, second = crowd.fakes
    second.engine.job_seconds = 0.1
    other = somebodys_job(second, crowd.rig)
    wait(lambda: other in second.engine.history)
    second.engine.job_seconds = 0.8
    _when_it_runs(crowd, first, first.kill)

    def attend() -> None:
        if second.engine.running:
            raise RunInterrupted("stop")

    crowd.rig.attend = attend
    with pytest.raises(RunInterrupted):
        crowd.rig.generate()
    assert crowd.rig.outcomes() == ["lost", "cancelled"]
    wait(lambda: second.engine.remaining() == 0)
    assert sum(crowd.counted("renders")) == 1  # somebody's
    lost = crowd.rig.tickets().all()[0].ticket
    words = f"the job {lost} could not be taken back and may still run at {first.url}"
    assert words in [data["message"] for data in crowd.rig.told("warning")]


# -- tickets of an earlier process (promise 2)


def test_what_an_earlier_process_left_behind_is_taken_back(crowded: Crowded) -> None:
    """It was killed after the job had moved, and before the first server answered again."""
    crowd = crowded({"job_seconds": 0.4}, {"job_seconds": 30.0})
    other = crowd.fakes[1]
    _left_in_flight(crowd.rig, other)
    tickets = crowd.rig.tickets()
    tickets.settle(tickets.all()[0].ticket, "lost")
    crowd.rig.generate()
    assert crowd.rig.outcomes() == ["lost", "collected"]
    wait(lambda: other.engine.remaining() == 0)
    assert crowd.counted("renders") == [1, 0] and not other.counters["GET /view"]


def _left_in_flight(rig: Rig, fake: FakeComfyUI) -> None:
    """What a process that was killed while it waited leaves: a ticket on disk and a job at the server."""
    ticket = rig.tickets().open(fake.url).ticket
    workflow = graphs.load(resources.path(*PLAN.workflow.split("/")).read_bytes(), "workflow")
    fake.engine.files["input", "", "in.png"] = rig.inputs().source.read_bytes()
    names = Names(prefix=prefix("example", "2026-01-09_22-25-59", 3, ticket), image="in.png")
    graph = patch(workflow.graph, trace(workflow, {}), PLAN, names)
    body = {"prompt": graph, "prompt_id": ticket, "client_id": ticket}
    requests.post(f"{fake.url}/prompt", json=body, timeout=5).raise_for_status()


def _collected_there(crowd: Crowd, hosts: list[FakeComfyUI]) -> None:
    """The ticket is at the second fake; the settings now name these."""
    _left_in_flight(crowd.rig, crowd.fakes[1])
    crowd.rig.options = {"hosts": tuple(fake.url for fake in hosts)}
    _made_once(crowd, "collected")
    assert sum(crowd.counted("accepted")) == 1


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0, 2]])
def test_a_ticket_is_collected_at_its_server(crowded: Crowded, order: list[int]) -> None:
    """Whatever the order of the servers is now, and though it does not stand among them any more."""
    crowd = crowded({}, {"job_seconds": 0.2}, {})
    _collected_there(crowd, [crowd.fakes[index] for index in order])


def test_a_pool_that_asks_another_server_is_caught(crowded: Crowded) -> None:
    """Planted twin: where a ticket was sent is not known, and the picture is made again."""
    crowd = crowded({}, {"job_seconds": 0.2})

    class Nowhere(TicketFile):
        def all(self) -> Sequence[Ticket]:
            return [replace(ticket, host=crowd.fakes[0].url) for ticket in super().all()]

    crowd.rig.ticket_file = Nowhere
    with pytest.raises(AssertionError):
        _collected_there(crowd, list(crowd.fakes))


def test_one_server_alone_collects_elsewhere_too(crowded: Crowded) -> None:
    """From a pool to a single address, or from one address to another."""
    crowd = crowded({}, {"job_seconds": 0.2})
    _collected_there(crowd, [crowd.fakes[0]])


@pytest.mark.parametrize("hosts", [[0], [0, 2]])
def test_a_removed_server_that_cannot_be_asked_is_said(crowded: Crowded, hosts: list[int]) -> None:
    crowd = crowded({}, {"job_seconds": 30.0}, {})
    _left_in_flight(crowd.rig, crowd.fakes[1])
    crowd.fakes[1].kill()
    crowd.rig.options = {"hosts": tuple(crowd.fakes[index].url for index in hosts)}
    made = crowd.rig.generate()
    assert crowd.fakes[1].url in made.notes[0] and "not in the settings any more" in made.notes[0]
    assert crowd.rig.outcomes() == ["lost", "collected"] and crowd.counted("accepted") == [1, 1, 0]


def test_a_removed_server_is_not_told_the_headers(crowded: Crowded) -> None:
    """They may be a key that is meant for the servers of today."""
    crowd = crowded({}, {"job_seconds": 0.1}, {})
    _left_in_flight(crowd.rig, crowd.fakes[1])
    before = len(crowd.fakes[1].log)
    crowd.rig.options = {
        "hosts": tuple(crowd.fakes[index].url for index in (0, 2)),
        "headers": {"Authorization": "Bearer canary-4711"},
    }
    crowd.rig.generate()
    crowd.rig.generate(iteration=4)
    asked = crowd.fakes[1].log[before:]
    assert asked and not any("authorization" in request.headers for request in asked)
    assert all(request.headers["authorization"] == "Bearer canary-4711" for request in crowd.fakes[0].log)


def test_a_ticket_at_a_dead_server_goes_elsewhere_on_resume(crowded: Crowded) -> None:
    crowd = crowded({}, {"job_seconds": 30.0})
    _left_in_flight(crowd.rig, crowd.fakes[1])
    crowd.fakes[1].kill()
    _made_once(crowd, "lost", "collected")


@pytest.mark.parametrize("settled", [True, False])
def test_a_picture_at_hand_needs_no_server(crowded: Crowded, settled: bool) -> None:
    """Whether or not its ticket was written down as collected, before the kill."""
    crowd = crowded({}, {})
    made = crowd.rig.generate()
    if not settled:
        path = crowd.rig.folder / "plan/iteration_3_tickets.json"
        path.write_text(path.read_text().replace('"collected"', "null"))
    crowd.rig.new_process()
    asked = [len(fake.log) for fake in crowd.fakes]
    assert crowd.rig.generate().sha256 == made.sha256 and crowd.rig.outcomes() == ["collected"]
    assert asked == [len(fake.log) for fake in crowd.fakes]
