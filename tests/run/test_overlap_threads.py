"""Requests beside each other: who does what in which thread, and how it all ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from tests.vision.doubles import InProcess, Scripted, VirtualClock, failure, make
from tests.vision.samples import ORIGINAL, REQUEST

from iterativectl.errors import StopRequested
from iterativectl.model import Picture
from iterativectl.overlap import Overlap
from iterativectl.vision.router import Patience

MAIN = threading.main_thread()
LONG = 20.0  # seconds after which a test gives up


def in_the_air() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "beside"]


@pytest.fixture(autouse=True)
def nobody_stays() -> object:
    yield
    for thread in in_the_air():
        thread.join(LONG)
    assert in_the_air() == []


def test_one_at_a_time_is_asked_when_its_turn_comes() -> None:
    order: list[str] = []

    def ask() -> threading.Thread:
        order.append("asked")
        return threading.current_thread()

    with Overlap(1) as beside:
        pending = beside.begin(ask)
        order.append("first")
        assert pending() is MAIN and order == ["first", "asked"]


def test_two_at_a_time_are_in_the_air_together() -> None:
    """Each waits for the other to have begun."""
    both = threading.Barrier(2)
    with Overlap(2) as beside:
        pending = beside.begin(lambda: (both.wait(LONG), threading.current_thread())[1])
        both.wait(LONG)
        assert pending() is not MAIN


def test_never_more_than_at_once() -> None:
    free = threading.Event()
    with Overlap(3) as beside:
        pending = [beside.begin(lambda: (free.wait(LONG), threading.current_thread())[1]) for _ in range(4)]
        assert len(in_the_air()) == 2, "the third one is the main thread's"
        free.set()
        assert [waits() is MAIN for waits in pending] == [False, False, True, True]


def test_what_goes_wrong_is_raised_where_the_result_is_wanted() -> None:
    def ask() -> None:
        raise OSError("the disk is full")

    with Overlap(2) as beside:
        pending = beside.begin(ask)
        with pytest.raises(OSError, match="full"):
            pending()


def test_a_reply_that_is_on_its_way_is_waited_for_when_something_fails() -> None:
    """As when the other request says that there is no credit: this one is paid for already."""
    failed, stored = threading.Event(), []

    def ask() -> None:
        failed.wait(LONG)
        time.sleep(0.05)
        stored.append("the reply")

    with pytest.raises(ValueError, match="no credit"), Overlap(2) as beside:
        beside.begin(ask)
        failed.set()
        raise ValueError("no credit")
    assert stored == ["the reply"]


def test_ctrl_c_takes_a_reply_that_comes_at_once() -> None:
    stored: list[str] = []
    with pytest.raises(KeyboardInterrupt), Overlap(2) as beside:
        beside.begin(lambda: (time.sleep(0.05), stored.append("the reply")))
        raise KeyboardInterrupt
    assert stored == ["the reply"]


def test_ctrl_c_does_not_wait_for_a_slow_server() -> None:
    free = threading.Event()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Overlap(2, grace_seconds=0.1) as beside:
        beside.begin(lambda: free.wait(LONG))
        raise KeyboardInterrupt
    assert time.monotonic() - began < LONG / 2
    free.set()


def test_only_the_main_thread_looks_at_what_a_person_asks_for() -> None:
    looked: list[threading.Thread] = []
    beside = Overlap(2, lambda: looked.append(threading.current_thread()))
    waiting = threading.Event()

    def ask() -> None:
        beside.attend()
        waiting.wait(LONG)

    with beside:
        pending = beside.begin(ask)
        threading.Timer(0.4, waiting.set).start()
        pending()
        beside.attend()
    assert len(looked) >= 2 and set(looked) == {MAIN}


def test_a_stop_ends_what_waits_beside_and_nothing_more_is_sent() -> None:
    """The main thread hears of it; the other one, waiting to ask again, is told."""
    beside = Overlap(2, _stop)
    ended: list[str] = []

    def ask() -> None:
        try:
            for _ in range(1000):
                time.sleep(0.01)
                beside.attend()
        except StopRequested:
            ended.append("told")
            raise

    with pytest.raises(StopRequested, match="a person"), beside:
        beside.begin(ask)()
    assert ended == ["told"]


def _stop() -> None:
    raise StopRequested("a person asked for it")


# --- pixels are the main thread's


def smaller(by: list[threading.Thread]) -> Callable[[Picture], Picture]:
    def shrink(picture: Picture) -> Picture:
        by.append(threading.current_thread())
        return picture

    return shrink


def test_pictures_are_made_smaller_in_the_main_thread() -> None:
    by: list[threading.Thread] = []
    with Overlap(2) as beside:
        model = Scripted(steps=[failure("too_large"), "seen"])
        router = make(model, shrink=smaller(by), native=beside.native, attend=beside.attend)
        reply = beside.begin(lambda: router.ask(REQUEST))()
    assert reply.text == "seen" and by == [MAIN, MAIN]


def test_a_fallback_in_this_process_measures_in_the_main_thread() -> None:
    class Measuring(InProcess):
        def ask(self, request: object) -> object:
            assert threading.current_thread() is MAIN
            return super().ask(request)  # type: ignore[arg-type]

    with Overlap(2) as beside:
        inside = Measuring(failure("refused"), "measured")
        router = make(Scripted(steps=[failure("auth")] * 2), inside, native=beside.native)
        with pytest.raises(Exception, match="it is refused"):
            beside.begin(lambda: router.ask(REQUEST))()
        assert beside.begin(lambda: router.ask(REQUEST))().text == "measured"


def test_a_picture_that_nobody_will_make_smaller_holds_nothing_up() -> None:
    """The main thread has failed and waits for the other one, which waits for it."""
    by: list[threading.Thread] = []
    asked = threading.Event()

    class Telling(Scripted):
        def ask(self, request: object) -> object:
            asked.set()
            return super().ask(request)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="failed"), Overlap(2) as beside:
        router = make(Telling(steps=[failure("too_large")]), shrink=smaller(by), native=beside.native)
        beside.begin(lambda: router.ask(REQUEST))
        asked.wait(LONG)
        raise ValueError("failed")
    assert by == [] and router.ledger.orphans == set()


def test_in_the_main_thread_it_is_simply_done() -> None:
    by: list[threading.Thread] = []
    assert Overlap().native(smaller(by))(ORIGINAL) is ORIGINAL and by == [MAIN]


def test_a_long_wait_beside_ends_with_the_rest() -> None:
    """A rate limit of a minute, with another request that fails meanwhile: nobody waits out that minute."""
    sleeping = threading.Event()

    class Clock(VirtualClock):
        def sleep(self, seconds: float) -> None:
            sleeping.set()
            time.sleep(0.01)

    model = Scripted(steps=[failure("rate_limit", wait_seconds=60)])
    with pytest.raises(ValueError, match="failed"), Overlap(2) as beside:
        router = make(model, clock=Clock(), attend=beside.attend, patience=Patience(retries=5))
        beside.begin(lambda: router.ask(REQUEST))
        sleeping.wait(LONG)
        raise ValueError("failed")
    assert len(model.asked) == 1 and router.ledger.orphans == set()
