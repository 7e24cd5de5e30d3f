"""The lists of projects and runs, kept fresh while somebody looks, and idle while nobody does.

A thread of its own refreshes the index about once a second. An answer is made once for each question and
state of the index, and then only handed out: what it costs does not grow with what the workspace holds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from iterativectl.history.database import Database
from iterativectl.history.reading import Standing
from iterativectl.history.refresh import Refresher
from iterativectl.overview import RunState
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import WorkspacePaths

EVERY_SECONDS = 1.0  # between two refreshes
LOOKED_AT_SECONDS = 20.0  # after the last request, nobody looks any more; pages ask every few seconds
FRESH_SECONDS = 3.0  # an answer out of an older index waits for a refresh
PATIENCE_SECONDS = 2.0  # that long; then what is known already is shown
DEEP_SECONDS = 60.0  # so often every file is looked at
ENDING_SECONDS = 10.0
MOST_ANSWERS = 64  # kept; one is some 40 kB

Make = Callable[[Database], bytes]
_log = logging.getLogger("iterativectl.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often is looked, in seconds; as the constants above."""

    every: float = EVERY_SECONDS
    looked_at: float = LOOKED_AT_SECONDS
    fresh: float = FRESH_SECONDS
    patience: float = PATIENCE_SECONDS
    deep: float = DEEP_SECONDS


class Freshness:
    """The index of a workspace for the viewer. Safe to be used from several threads."""

    def __init__(self, workspace: WorkspacePaths, pace: Pace | None = None) -> None:
        self._workspace = workspace
        self._pace = pace or Pace()
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._database: Database | None = None
        self._refresher: Refresher | None = None
        self._closed = False
        self._looked = float("-inf")
        self._done = float("-inf")  # when the last refresh began that has ended
        self._answers: OrderedDict[Hashable, tuple[object, bytes]] = OrderedDict()

    @property
    def progress(self) -> tuple[int, int] | None:
        """(runs read, of so many) while many are read for the first time."""
        return self._refresher.progress if self._refresher else None

    def begin(self) -> None:
        """Begin to work. The first refresh is begun at once."""
        with self._turn:
            if self._thread is None and not self._closed:
                self._looked = time.monotonic()
                self._thread = threading.Thread(target=self._work, name="freshness", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread, and let go of the file."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        if self._refresher is not None:
            self._refresher.stop()
        if self._thread is not None:
            self._thread.join(ENDING_SECONDS)

    def known(self, question: Hashable) -> bytes | None:
        """The answer to a question, where it was made of the index as it is now and that is fresh."""
        self._look()
        found = self._answers.get(question)
        refresher = self._refresher
        if found is None or refresher is None or found[0] != refresher.generation or not self._is_fresh():
            return None
        return found[1]

    def answer(self, question: Hashable, make: Make) -> bytes:
        """The answer to a question; `make` gives it. Waits for a refresh, but not for long."""
        self._look()
        self._wait()
        database, refresher = self._database, self._refresher
        if database is None or refresher is None:
            raise TimeoutError("the index was not opened in time")
        generation = refresher.generation
        found = self._answers.get(question)
        if found is not None and found[0] == generation:
            return found[1]
        made = make(database)
        with self._turn:
            self._answers[question] = (generation, made)
            self._answers.move_to_end(question)
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        return made

    def _look(self) -> None:
        """Somebody looks: the thread is woken if it had nothing to do."""
        now = time.monotonic()
        asleep = now - self._looked > self._pace.looked_at
        self._looked = now
        if self._thread is None:
            self.begin()
        elif asleep:
            with self._turn:
                self._turn.notify_all()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._done < self._pace.fresh

    def _is_enough(self) -> bool:
        """Whether to wait no longer: of a first reading, what there is so far is shown."""
        return self._closed or self._is_fresh() or self.progress is not None

    def _wait(self) -> None:
        with self._turn:
            self._turn.wait_for(self._is_enough, self._pace.patience)
            if self._database is None and not self._closed:  # opening may wait for another process
                self._turn.wait_for(lambda: self._closed or self._refresher is not None, ENDING_SECONDS)

    def _work(self) -> None:
        database = Database(self._workspace.index)
        with self._turn:
            self._database = database
            self._refresher = Refresher(self._workspace, database, told, self._notify)
            self._turn.notify_all()
        deep_at = float("-inf")
        while not self._closed:
            began = time.monotonic()
            deep = began - deep_at > self._pace.deep
            if self._refresh(deep) and deep:
                deep_at = began
            with self._turn:
                self._done = began
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._closed, self._pace.every)
                self._turn.wait_for(lambda: self._closed or self._is_looked_at())
        database.close()

    def _notify(self) -> None:
        with self._turn:
            self._turn.notify_all()

    def _is_looked_at(self) -> bool:
        return time.monotonic() - self._looked < self._pace.looked_at

    def _refresh(self, deep: bool) -> bool:
        assert self._refresher is not None
        try:
            self._refresher.refresh(deep=deep)
        except Exception:  # noqa: BLE001 - the lists stay as they are, and the next refresh may do better
            _log.exception("the index could not be refreshed")
            return False
        return True


def told(run_id: str, checkpoint: Checkpoint | None, standing: Standing, variants: int) -> tuple[str, str]:
    """A run's state, and in words, as `status` says it."""
    state = RunState(
        run_id=run_id,
        checkpoint=checkpoint,
        latest=standing.latest,
        held=standing.held,
        variants=variants,
    )
    return state.status, state.words
