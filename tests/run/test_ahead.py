"""Pictures made before their turn: how many at a time, in which order, and that nothing is left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.comfyui.rig import PLAN

from iterativectl.ahead import TRIES, Ahead, one_at_a_time
from iterativectl.errors import ExecutionFailed, ImageError, ServerUnavailable, StopRequested
from iterativectl.events import Event
from iterativectl.model import Finding, Generation, Plan, Settings
from iterativectl.ports import GenerationInputs, Reporter
from iterativectl.project.tickets import TicketFile

PLANS = tuple(replace(PLAN, iteration=number, seed=number) for number in range(1, 7))
NOWHERE = Path("nowhere")


class Studio:
    """ports.Generator whose pictures take as long as the test says; it counts what goes on."""

    name = "studio"
    supports = frozenset({"img2img"})

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.begun: list[int] = []
        self.ended: dict[int, str] = {}
        self.faults: dict[int, list[Exception]] = {}
        self.at_work = self.most = 0
        self._lock = threading.Lock()

    def check(self, settings: Settings) -> Sequence[Finding]:
        return ()

    def reachable(self) -> bool:
        return True

    def strategy(self, workflow: str, mask: bool) -> str:
        return "img2img"

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        with self._lock:
            self.begun.append(plan.iteration)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        try:
            end = time.monotonic() + self.seconds
            while time.monotonic() < end:
                time.sleep(0.005)
                inputs.attend()
            if self.faults.get(plan.iteration):
                raise self.faults[plan.iteration].pop(0)
        except StopRequested:
            self.ended[plan.iteration] = "cancelled"
            raise
        finally:
            with self._lock:
                self.at_work -= 1
        report(Event(type="generation_queued", iteration=plan.iteration))
        self.ended[plan.iteration] = "made"
        return Generation(sha256=str(plan.seed), width=1, height=1, ticket="", seconds=0.0)


def inputs(plan: Plan, attend: Callable[[], None] = lambda: None) -> GenerationInputs:
    return GenerationInputs(
        source=NOWHERE,
        mask=None,
        control_image=None,
        destination=NOWHERE,
        graph_destination=NOWHERE,
        tickets=TicketFile(NOWHERE / str(plan.iteration), lambda: "", lambda ticket: None),
        attend=attend,
        project="p",
        run_id="r",
    )


@contextmanager
def ahead_of(
    studio: Studio, at_once: int, kind: type[Ahead] = Ahead, **changes: Any
) -> Iterator[tuple[Ahead, list[Event], list[str]]]:
    """The generator, what it reported, and why it waited for a server."""
    events: list[Event] = []
    waits: list[str] = []
    options = {"prepare": inputs, "wait": waits.append, "report": one_at_a_time(events.append), **changes}
    with kind(studio, at_once=at_once, **options) as ahead:
        ahead.expect(PLANS)
        yield ahead, events, waits


def all_of(ahead: Ahead) -> list[str]:
    return [ahead.generate(plan, inputs(plan), lambda event: None).sha256 for plan in PLANS]


def threads_of_ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]


@pytest.mark.parametrize("at_once", [1, 2, 3, 9])
def test_each_picture_is_made_once_and_handed_out_in_its_turn(at_once: int) -> None:
    studio = Studio(0.03)
    with ahead_of(studio, at_once) as (ahead, _, _):
        assert all_of(ahead) == ["1", "2", "3", "4", "5", "6"]
    assert sorted(studio.begun) == [1, 2, 3, 4, 5, 6]
    assert studio.most <= at_once and (studio.most > 1) == (at_once > 1)


def test_with_one_server_everything_happens_in_its_turn() -> None:
    studio = Studio()
    with ahead_of(studio, 1) as (ahead, _, _):
        ahead.generate(PLANS[0], inputs(PLANS[0]), lambda event: None)
        assert studio.begun == [1] and threads_of_ours() == []


def test_the_later_ones_are_made_while_the_first_is_looked_at() -> None:
    studio = Studio()
    with ahead_of(studio, 2) as (ahead, events, _):
        ahead.generate(PLANS[0], inputs(PLANS[0]), lambda event: None)
        deadline = time.monotonic() + 5
        while len(studio.ended) < 6 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert studio.ended == dict.fromkeys(range(1, 7), "made")
        assert sorted(event.iteration or 0 for event in events) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_failure_is_raised_in_its_turn_and_the_others_are_made(at_once: int) -> None:
    studio = Studio()
    studio.faults[2] = [ExecutionFailed("a node raised")]
    with ahead_of(studio, at_once) as (ahead, _, waits):
        ahead.generate(PLANS[0], inputs(PLANS[0]), lambda event: None)
        with pytest.raises(ExecutionFailed):
            ahead.generate(PLANS[1], inputs(PLANS[1]), lambda event: None)
        assert ahead.generate(PLANS[2], inputs(PLANS[2]), lambda event: None).sha256 == "3"
    assert waits == [] and studio.begun.count(2) == 1


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_lost_server_is_waited_for_and_all_that_it_failed_are_made_again(at_once: int) -> None:
    studio = Studio()
    studio.faults = {number: [ServerUnavailable("gone")] for number in range(1, 7)}
    with ahead_of(studio, at_once) as (ahead, _, waits):
        assert all_of(ahead) == ["1", "2", "3", "4", "5", "6"]
    assert waits and set(waits) == {"gone"}
    assert all(studio.begun.count(number) == 2 for number in range(1, 7))


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_server_that_only_seems_to_be_back_is_not_asked_for_ever(at_once: int) -> None:
    studio = Studio()
    studio.faults[1] = [ServerUnavailable("a login is wanted") for _ in range(99)]
    with ahead_of(studio, at_once) as (ahead, _, _), pytest.raises(ServerUnavailable):
        ahead.generate(PLANS[0], inputs(PLANS[0]), lambda event: None)
    assert studio.begun.count(1) == TRIES


def test_a_server_that_does_not_come_back_is_said() -> None:
    def wait(why: str) -> None:
        raise ServerUnavailable(f"it did not come back: {why}")

    studio = Studio()
    studio.faults[1] = [ServerUnavailable("gone")]
    with ahead_of(studio, 2, wait=wait) as (ahead, _, _):
        with pytest.raises(ServerUnavailable, match="did not come back: gone"):
            ahead.generate(PLANS[0], inputs(PLANS[0]), lambda event: None)


def test_what_cannot_be_prepared_is_left_to_its_own_turn() -> None:
    def prepare(plan: Plan) -> GenerationInputs:
        if plan.iteration == 2:
            raise ImageError("the mask is broken")
        return inputs(plan)

    studio = Studio()
    with ahead_of(studio, 2, prepare=prepare) as (ahead, _, _):
        assert all_of(ahead) == ["1", "2", "3", "4", "5", "6"]


def stopped_in_the_middle(studio: Studio, kind: type[Ahead] = Ahead) -> None:
    """A person stops while the first is waited for."""

    def stop() -> None:
        if studio.at_work == 3:
            raise StopRequested("a person stops")

    with ahead_of(studio, 3, kind) as (ahead, _, _), pytest.raises(StopRequested, match="a person stops"):
        ahead.generate(PLANS[0], inputs(PLANS[0], stop), lambda event: None)


def test_a_stop_ends_what_is_being_made_and_begins_no_more() -> None:
    studio = Studio(seconds=20.0)
    stopped_in_the_middle(studio)
    assert studio.ended == dict.fromkeys((1, 2, 3), "cancelled") and sorted(studio.begun) == [1, 2, 3]
    assert threads_of_ours() == []


def test_that_test_can_fail() -> None:
    """Twin: threads that do not hear that the run ends make their pictures to the end."""

    class Deaf(Ahead):
        def _attend(self) -> None: ...

    studio = Studio(seconds=1.0)
    stopped_in_the_middle(studio, Deaf)
    assert studio.ended == dict.fromkeys((1, 2, 3), "made")


def overlaps(guard: Callable[[Reporter], Reporter]) -> int:
    """How many events a slow reporter was told at the same time, by four threads."""
    inside, most = [0], [0]
    gate = threading.Barrier(4)

    def slow(event: Event) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.005)
        inside[0] -= 1

    report = guard(slow)

    def tell() -> None:
        gate.wait(5)
        for _ in range(5):
            report(Event(type="warning", data={"message": ""}))

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return most[0]


def test_events_of_several_threads_come_one_after_the_other() -> None:
    assert overlaps(one_at_a_time) == 1
    assert overlaps(lambda report: report) > 1  # the twin: without the lock they do overlap
