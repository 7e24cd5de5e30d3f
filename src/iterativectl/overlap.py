"""A request in the air beside the one that the main thread waits for: `max_concurrent` above 1.

Threads here do HTTP, and keep the paid reply and its place in the books; nothing else. What works on pixels
is handed to the main thread, for a thread in native code ends badly at a signal. Nobody leaves a `with`
block while a reply that was paid for may still come; only Ctrl-C waits no longer than GRACE_SECONDS for it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from types import TracebackType
from typing import TypeVar

from iterativectl.errors import StopRequested

LOOK_SECONDS = 0.25  # how often a person's wishes are looked at while a reply is waited for
GRACE_SECONDS = 2.0  # how long Ctrl-C waits for a reply that is on its way

Found = TypeVar("Found")
Given = TypeVar("Given")

_log = logging.getLogger(__name__)


def _nobody() -> None:
    """Nobody wishes anything."""


class Overlap:
    """`at_once` requests in the air at most, one of them the main thread's own; 1: there are no threads.

    `attend` raises when a person asked to stop; only the main thread calls it.
    """

    def __init__(
        self, at_once: int = 1, attend: Callable[[], None] = _nobody, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._at_once = at_once
        self._grace_seconds = grace_seconds
        self._attend = attend
        self._ending = threading.Event()
        self._aside = threading.local()
        self._threads: list[threading.Thread] = []
        self._chores: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def begin(self, ask: Callable[[], Found]) -> Callable[[], Found]:
        """Start `ask` beside what comes next, and return what waits for it; call that in the main thread.

        Where no more may be in the air, that is `ask` itself: it is asked when its turn comes.
        """
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) + 1 >= self._at_once:
            return ask
        asked: Future[Found] = Future()
        # A daemon: a process that was told to end does not wait for a server's whole time limit.
        thread = threading.Thread(target=self._work, args=(asked, ask), name="beside", daemon=True)
        self._threads.append(thread)
        thread.start()
        return lambda: self._waited_for(asked)

    def attend(self) -> None:
        """What is called in every wait, in any thread. Raises StopRequested when this one is to end."""
        if not self._is_aside():
            self._attend()
        elif self._ending.is_set():
            raise StopRequested("the run stops here: what is asked beside it is not needed")

    def native(self, work: Callable[[Given], Found]) -> Callable[[Given], Found]:
        """`work` as any thread may call it: the main one does it, when it waits for that thread."""

        def handed_over(given: Given) -> Found:
            if not self._is_aside():
                return work(given)
            done: Future[Found] = Future()
            self._chores.put(lambda: _do(lambda: work(given), done))
            while not wait([done], LOOK_SECONDS).done:
                self.attend()
            return done.result()

        return handed_over

    def __enter__(self) -> Overlap:
        self._ending.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing more is sent; what is in the air is waited for."""
        self._ending.set()
        deadline = time.monotonic() + self._grace_seconds if isinstance(error, KeyboardInterrupt) else None
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        left = [thread for thread in self._threads if thread.is_alive()]
        if left:
            _log.warning("%d requests were still in the air", len(left))
        self._threads = left

    def _is_aside(self) -> bool:
        return getattr(self._aside, "yes", False)

    def _work(self, asked: Future[Found], ask: Callable[[], Found]) -> None:
        self._aside.yes = True
        try:
            asked.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - raised where the result is wanted
            asked.set_exception(error)
        self._chores.put(_nobody)  # wakes whoever waits for it

    def _waited_for(self, asked: Future[Found]) -> Found:
        while not asked.done():
            try:
                chore = self._chores.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                chore = self._attend
            chore()
        return asked.result()


def _do(work: Callable[[], Found], done: Future[Found]) -> None:
    """A chore for another thread, which gets what came of it; Ctrl-C is meant for this one."""
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - raised where the result is wanted
        done.set_exception(error)
