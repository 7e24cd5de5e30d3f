"""Pictures made before their turn: a generator over another one that has several servers.

As soon as the first picture is asked for, those of the plans after it are made as well, as many at a time as
there are servers; each is handed out when its plan's turn comes. With one server there are no threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import replace
from types import TracebackType

from iterativectl.errors import ImageError, ServerUnavailable, StopRequested
from iterativectl.events import Event
from iterativectl.model import Finding, Generation, Plan, Settings
from iterativectl.ports import GenerationInputs, Generator, Reporter

LOOK_SECONDS = 0.25  # how often a person's wish to stop is looked at while a picture is waited for
TRIES = 3  # for one plan: twice more after the server went away and came back

Prepare = Callable[[Plan], GenerationInputs]


class Ahead:
    """ports.Generator for the plans of one run. Left with `with`: what is still being made is cancelled.

    A lost server fails no plan: it is waited for, and the plan's ticket is collected. ServerUnavailable means
    that it did not come back.
    """

    def __init__(
        self,
        inner: Generator,
        *,
        at_once: int,
        prepare: Prepare,
        wait: Callable[[str], None],
        report: Reporter,
    ) -> None:
        """`at_once`: how many pictures are made at a time. `prepare` makes the inputs of a plan.

        `wait` waits for the server, told why, and raises ServerUnavailable when it does not come; `report`
        must be safe to call from several threads.
        """
        self.name, self.supports = inner.name, inner.supports
        self._inner = inner
        self._prepare = prepare
        self._wait = wait
        self._report = report
        self._ending = threading.Event()
        self._threads = ThreadPoolExecutor(at_once, "ahead") if at_once > 1 else None
        self._plans: tuple[Plan, ...] = ()
        self._jobs: dict[int, _Job] = {}

    def expect(self, plans: Sequence[Plan]) -> None:
        """The plans that will be asked for, in this order."""
        self._plans = tuple(plans)

    def check(self, settings: Settings) -> Sequence[Finding]:
        """What the generator below says."""
        return self._inner.check(settings)

    def reachable(self) -> bool:
        """Whether a server answers now."""
        return self._inner.reachable()

    def strategy(self, workflow: str, mask: bool) -> str:
        """What a workflow does with the picture."""
        return self._inner.strategy(workflow, mask)

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        """The plan's picture, made by now or waited for. Raises what making it raised."""
        tries = 0
        while True:
            tries += 1
            try:
                if self._threads is None:
                    return self._inner.generate(plan, inputs, report)
                return self._made(plan, inputs, report)
            except ServerUnavailable as error:
                if tries >= TRIES:
                    raise
                self._wait(error.message)

    def close(self) -> None:
        """End what is being made: jobs of ours are cancelled, tickets settled, and all threads joined."""
        self._ending.set()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _made(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        self._begin(plan, inputs, report)
        job = self._jobs[plan.iteration]
        try:
            while not job.done(LOOK_SECONDS):
                inputs.attend()
        except BaseException:
            self.close()  # before anything else is written: the threads write tickets
            raise
        return job.result()

    def _begin(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> None:
        """See to it that this plan and all after it are made, those for want of a server once more."""
        self._submit(plan, lambda: inputs, report)
        for later in self._plans:
            if later.iteration > plan.iteration:
                self._submit(later, lambda later=later: self._prepare(later), self._report)  # type: ignore[misc]

    def _submit(self, plan: Plan, prepare: Callable[[], GenerationInputs], report: Reporter) -> None:
        assert self._threads is not None
        job = self._jobs.get(plan.iteration)
        if job is not None and not job.wants_a_server:
            return
        try:
            inputs = replace(prepare(), attend=self._attend)
        except ImageError:
            return  # its own turn will say so
        self._jobs[plan.iteration] = _Job(self._threads.submit(self._inner.generate, plan, inputs, report))

    def _attend(self) -> None:
        """What the threads call in every wait: only the main one looks at what a person asks for."""
        if self._ending.is_set():
            raise StopRequested("the run ends: pictures that are being made for it are not needed")


class _Job:
    """A picture being made in a thread."""

    def __init__(self, future: Future[Generation]) -> None:
        self._future = future

    @property
    def wants_a_server(self) -> bool:
        """Whether it ended because every server was gone."""
        return self._future.done() and isinstance(self._future.exception(), ServerUnavailable)

    def done(self, seconds: float) -> bool:
        """Whether it has ended, waiting at most so long."""
        return bool(wait_for([self._future], timeout=seconds).done)

    def result(self) -> Generation:
        """The picture; raises what making it raised."""
        return self._future.result()


def one_at_a_time(report: Reporter) -> Reporter:
    """A reporter that may be called from several threads: events come to it one after the other."""
    lock = threading.RLock()

    def guarded(event: Event) -> None:
        with lock:
            report(event)

    return guarded
