"""Waits that end and that a person can end: how long, how often, and work done while attending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from iterativectl.clock import Clock

T = TypeVar("T")
Attend = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things may take and how often they are looked at, in seconds.

    `read` is long: a server that is loading a model does not answer meanwhile. `attend` is how often a
    person's wish to stop is looked at. `grace` lies between the two looks that call a job lost.
    """

    connect: float = 10.0
    read: float = 90.0
    overall: float = 600.0  # one request with its body: a picture over a slow line
    attend: float = 0.25
    retries: tuple[float, ...] = (1.0, 2.0)  # between three tries
    handshake: float = 3.0  # the WebSocket's; without it there is only no progress bar
    poll_first: float = 0.1
    poll_longest: float = 2.0
    preview: float = 1.0  # between two pictures in the making that are shown
    quiet: float = 15.0  # a job that has run so long without a word: its progress will not be told
    history_first: float = 0.002  # the record lags 2-13 ms behind the end message
    history_patience: float = 10.0  # how long the record alone is asked for after an end message
    grace: float = 1.0
    cancel: float = 8.0
    cancel_request: float = 5.0
    look: float = 1.0  # how old a look at a server's queue may be when one of several is chosen
    slow_look: float = 1.0  # how long a slow server's queue is waited for, once another has shown its own
    rest_first: float = 5.0  # a server that failed is left alone for so long, doubled each time
    rest_longest: float = 300.0
    sweep: float = 5.0  # between two tries to take back a job that was left behind


class TimedOut(Exception):
    """The work did not end within its limit."""


def attended(work: Callable[[], T], attend: Attend, clock: Clock, *, limit: float, every: float) -> T:
    """Run `work` in a thread of its own and return its result, attending meanwhile.

    Raises what `work` raises, what `attend` raises, or TimedOut. A wait given up leaves the thread to end by
    itself: everything that runs in one has its own time limits.
    """
    outcome: queue.SimpleQueue[tuple[Callable[[], T], BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            value = work()
            outcome.put((lambda: value, None))
        except Exception as error:  # noqa: BLE001 - raised again in the waiting thread
            outcome.put((work, error))

    threading.Thread(target=run, daemon=True, name="comfyui-http").start()
    result, error = next(_arrivals(outcome, attend, clock, limit, every))
    if error is not None:
        raise error
    return result()


def pieces(
    source: Callable[[], Iterator[bytes]], attend: Attend, clock: Clock, pace: Pace
) -> Iterator[bytes]:
    """Pass on the pieces of a body that a thread reads, attending meanwhile. Raises as `attended` does."""
    arrived: queue.Queue[tuple[bytes, BaseException | None]] = queue.Queue(maxsize=32)
    given_up = threading.Event()

    def put(piece: bytes, error: BaseException | None) -> bool:
        while not given_up.is_set():
            try:
                arrived.put((piece, error), timeout=pace.attend)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        try:
            if all(put(piece, None) for piece in source() if piece):
                put(b"", None)
        except Exception as error:  # noqa: BLE001 - raised again in the waiting thread
            put(b"", error)

    threading.Thread(target=read, daemon=True, name="comfyui-view").start()
    try:
        for piece, error in _arrivals(arrived, attend, clock, pace.overall, pace.attend):
            if error is not None:
                raise error
            if not piece:
                return
            yield piece
    finally:
        given_up.set()


def pause(seconds: float, attend: Attend, clock: Clock, every: float) -> None:
    """Sleep, attending meanwhile."""
    end = clock.monotonic() + seconds
    attend()
    while (left := end - clock.monotonic()) > 0:
        clock.sleep(min(left, every))
        attend()


def _arrivals(
    box: queue.SimpleQueue[T] | queue.Queue[T], attend: Attend, clock: Clock, limit: float, every: float
) -> Iterator[T]:
    deadline = clock.monotonic() + limit
    while (left := deadline - clock.monotonic()) > 0:
        try:
            yield box.get(timeout=min(every, left))
        except queue.Empty:
            attend()
    raise TimedOut(f"no answer within {limit:.0f} s")
