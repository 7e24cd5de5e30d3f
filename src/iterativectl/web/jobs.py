"""What takes a while: judging one picture, finding a place. Asked for once, looked at until it is done.

Jobs live in memory only: what they spend and what was answered is in files, as everywhere.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl.errors import IterativeError, LockedError, RunInterrupted
from iterativectl.web import replies

AT_ONCE = 2  # jobs at work; more would only compete for the same model
WAITING = 8  # jobs at work or waiting; whoever asks for one more is told to wait
REMEMBERED = 900.0  # seconds that a finished job can still be looked at
KEPT = 50  # finished jobs that are remembered at most

Say = Callable[[str], None]  # what the job is doing, for people. Raises RunInterrupted when the viewer ends
Work = Callable[[Say], Mapping[str, Any]]  # returns the result, as JSON has it
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    kind: str
    state: str = "working"  # working | done | failed
    said: str = ""
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    ended: float | None = None


@dataclass(eq=False)
class Jobs:
    """A bounded table of jobs, each in a thread of its own that ends with the process.

    `clock` gives seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _jobs: OrderedDict[str, _Job] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    _closed: threading.Event = field(default_factory=threading.Event)

    def start(self, kind: str, work: Work) -> str:
        """Begin a job and return its id, which nobody can guess.

        What `work` raises becomes the job's error; an IterativeError with its message and hint. Raises
        LockedError when too many are waiting.
        """
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._forget()
            if self._closed.is_set():
                raise LockedError("the viewer is ending", "Start it again.")
            if sum(job.ended is None for job in self._jobs.values()) >= WAITING:
                raise LockedError("enough is being done already", "Wait until one of them is done.")
            job = self._jobs[name] = _Job(kind, said="waiting")
        threading.Thread(target=self._run, args=(job, work), name=f"job-{kind}", daemon=True).start()
        return name

    def look(self, name: str) -> dict[str, Any] | None:
        """How a job stands: id, kind, state, said, result, error. None for one that is not known any more."""
        with self._lock:
            self._forget()
            job = self._jobs.get(name)
            if job is None:
                return None
            told = {"id": name, "kind": job.kind, "state": job.state, "said": job.said}
            return told | {"result": job.result, "error": job.error}

    def close(self) -> None:
        """Begin nothing more. What is at work ends when it says its next word, or with the process."""
        self._closed.set()

    def _run(self, job: _Job, work: Work) -> None:
        def say(words: str) -> None:
            if self._closed.is_set():
                raise RunInterrupted("the viewer has ended", "What was answered until then is kept.")
            with self._lock:
                job.said = words

        with self._room:
            try:
                say("starting")
                result = work(say)
            except IterativeError as error:
                self._end(job, error=replies.error_of(error))
            except Exception:  # noqa: BLE001 - a thread has nobody above it; whoever waits must be told
                _log.exception("the job %s failed", job.kind)
                hint = "The viewer's log has the details."
                self._end(
                    job,
                    error={"code": "bug", "message": "That failed by a fault of the program.", "hint": hint},
                )
            else:
                self._end(job, result=result)

    def _end(
        self, job: _Job, result: Mapping[str, Any] | None = None, error: Mapping[str, Any] | None = None
    ) -> None:
        with self._lock:
            job.result, job.error = result, error
            job.state = "failed" if error else "done"
            job.ended = self.clock()

    def _forget(self) -> None:
        """Finished jobs that are old, or too many. The lock is held."""
        now = self.clock()
        done = {name: job.ended for name, job in self._jobs.items() if job.ended is not None}
        old = {name for name, ended in done.items() if now - ended > REMEMBERED}
        for name in old.union(list(done)[:-KEPT]):
            del self._jobs[name]


def jobs_of(request: Request) -> Jobs:
    """The table of the viewer that a request is for."""
    jobs: Jobs = request.app.state.site.jobs
    return jobs


def look(request: Request) -> Response:
    """How a job stands."""
    told = jobs_of(request).look(request.path_params["id"])
    if told is None:
        raise HTTPException(404)
    return replies.data(told)


ROUTES: Sequence[BaseRoute] = (Route("/api/jobs/{id}", look),)
