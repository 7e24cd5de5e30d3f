"""ComfyUI as a generator: a plan in, the picture it makes out.

Promises kept here: a ticket is written down before it is sent; nothing sent is made twice; a success needs a
decoded picture of this ticket; other people's jobs are not touched; no wait is without an end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from iterativectl.clock import Clock
from iterativectl.config.types import ComfyUI
from iterativectl.errors import GenerationError, JobLost, OutOfMemory, ServerUnavailable
from iterativectl.events import Event
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui import waiting
from iterativectl.generation.comfyui.cancel import cancel
from iterativectl.generation.comfyui.check import check
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.endings import Again, Outcome, Stale
from iterativectl.generation.comfyui.graph import Workflow
from iterativectl.generation.comfyui.job import Job
from iterativectl.generation.comfyui.picture import Fetched
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.trace import trace
from iterativectl.generation.comfyui.transport import Transport
from iterativectl.generation.comfyui.watch import Limits
from iterativectl.model import Finding, Generation, Plan, Settings
from iterativectl.ports import GenerationInputs, Reporter


class ComfyUIGenerator:
    """ports.Generator for one ComfyUI server.

    After ServerUnavailable the ticket in flight stays open: call `generate` again with the same plan and
    tickets once `reachable()`, and the picture is collected if the server made it.
    """

    name = "comfyui"
    supports = frozenset({"img2img"})

    def __init__(
        self,
        transport: Transport,
        settings: ComfyUI,
        roles: Mapping[str, str],
        find_workflow: Callable[[str], Path],
    ) -> None:
        self._transport = transport
        self._limits = Limits(queue=settings.queue_timeout_seconds, run=settings.timeout_seconds)
        self._told_roles = roles
        self._find_workflow = find_workflow
        self._uploaded: dict[str, str] = {}  # content hash -> the server's name for it
        self._digests: dict[tuple[Path, int, int, int], str] = {}  # of the picture uploaded last
        self._accepted: set[str] = set()  # tickets the server took in this process
        self._traced: dict[tuple[str, str], tuple[Workflow, Roles]] = {}

    @property
    def _clock(self) -> Clock:
        return self._transport.clock

    def check(self, settings: Settings) -> Sequence[Finding]:
        """Look at server, workflow, nodes and names, without making anything."""
        return check(Client(self._transport), settings, lambda: self._workflow(settings.workflow))

    def reachable(self, attend: waiting.Attend = lambda: None) -> bool:
        """Whether the server answers now: one try, a few seconds at most."""
        try:
            Client(self._transport.hurried(), attend).get("/queue")
        except ServerUnavailable:
            return False
        return True

    def wait_until_reachable(self, seconds: float, attend: waiting.Attend) -> bool:
        """Wait for the server, attending meanwhile. False when it did not come back in that time."""
        end = self._clock.monotonic() + seconds
        while not self.reachable(attend):
            if self._clock.monotonic() >= end:
                return False
            waiting.pause(self._transport.pace.poll_longest, attend, self._clock, self._transport.pace.attend)
        return True

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        """Make the plan's picture, or collect it where a ticket for it was sent already."""
        began = self._clock.monotonic()
        stop = _Stop(inputs.attend)
        job = self._job(plan, inputs, report, stop)
        try:
            picture = self._collected(job) or self._made(job)
        except BaseException as error:
            if stop.asked or not isinstance(error, Exception):
                self._take_back(job)
            raise
        return Generation(
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            ticket=job.ticket,
            seconds=round(self._clock.monotonic() - began, 3),
            notes=tuple(dict.fromkeys(job.notes)),
        )

    def _job(self, plan: Plan, inputs: GenerationInputs, report: Reporter, stop: _Stop) -> Job:
        workflow, roles = self._workflow(plan.workflow)

        def tell(event: str, data: Mapping[str, Any]) -> None:
            report(Event(type=event, iteration=plan.iteration, data=data))  # type: ignore[arg-type]

        return Job(Client(self._transport, stop), workflow, roles, plan, inputs, tell)

    def _workflow(self, name: str) -> tuple[Workflow, Roles]:
        """A workflow file, read and traced; again only when its content has changed."""
        content = self._find_workflow(name).read_bytes()
        key = (name, hashlib.sha256(content).hexdigest())
        if key not in self._traced:
            workflow = graphs.load(content, name)
            self._traced[key] = (workflow, trace(workflow, self._told_roles))
        return self._traced[key]

    def _collected(self, job: Job) -> Fetched | None:
        """The picture of a ticket that was sent before this call; None when there is none to be had."""
        for ticket in job.tickets_in_flight():
            try:
                picture = job.collect(ticket, self._limits)
            except Again as again:  # an interrupted one may have been taken back by us, just before a kill
                self._go_on(job, again, "cancelled" if again.reason == "interrupted" else again.outcome)
                continue
            except GenerationError:
                self._end(job)
                raise
            job.settle("collected")
            return picture
        return None

    def _made(self, job: Job) -> Fetched:
        """Send the plan; once more where that may help (lost, out of memory, nothing made)."""
        tried: set[str] = set()
        self._upload(job)
        while True:
            job.open()
            try:
                picture = self._sent(job)
            except Again as again:
                if again.reason in tried or again.reason == "interrupted":
                    job.settle(again.outcome)
                    self._give_up_poison(job)
                    raise again.error from again
                tried.add(again.reason)
                self._go_on(job, again, again.outcome)
                continue
            except GenerationError:
                self._end(job)
                raise
            job.settle("collected")
            return picture

    def _sent(self, job: Job) -> Fetched:
        try:
            job.submit()
        except Stale:  # the server lost what was uploaded
            self._uploaded.clear()
            self._upload(job)
            job.submit()
        self._accepted.add(job.ticket)
        return job.wait(self._limits)

    def _upload(self, job: Job) -> None:
        """Upload what the graph reads; each content once per server."""
        wanted = ((job.roles.image, job.inputs.source), (job.roles.mask, job.inputs.mask))
        names = [self._uploaded_name(job, path) if slot and path else None for slot, path in wanted]
        job.image, job.mask = names

    def _uploaded_name(self, job: Job, path: Path) -> str:
        digest = self._digest(path)
        if digest not in self._uploaded:
            self._uploaded[digest] = job.client.upload(path)
        return self._uploaded[digest]

    def _digest(self, path: Path) -> str:
        """Of a picture's bytes; taken again only when the file has changed."""
        at = path.stat()
        key = (path, at.st_ino, at.st_mtime_ns, at.st_size)
        if key not in self._digests:
            self._digests = {key: hashlib.sha256(path.read_bytes()).hexdigest()}
        return self._digests[key]

    def _go_on(self, job: Job, again: Again, outcome: Outcome) -> None:
        """Settle a ticket that gave no picture and make ready for another one."""
        job.settle(outcome)
        self._give_up_poison(job)
        if isinstance(again.error, OutOfMemory):
            job.client.free()
        job.notes.append(f"made again: {again.error.message}")

    def _give_up_poison(self, job: Job) -> None:
        """A plan that was lost twice after the server had taken it is not sent a third time."""
        lost = [t for t in job.inputs.tickets.all() if t.outcome == "lost" and t.ticket in self._accepted]
        if len(lost) > 1:
            raise JobLost(
                f"the job was lost twice at {job.client.base_url}: not in queue, history or output files",
                "Look at the server's log: it may have run out of memory and been restarted over this job.",
            )

    def _end(self, job: Job) -> None:
        """A job that failed, or took too long: nothing of it may go on running."""
        if job.ticket:
            self._cancelled(job)
            job.settle("failed")

    def _take_back(self, job: Job) -> None:
        """A person stops: cancel what is ours and write it down."""
        if job.ticket:
            try:
                self._cancelled(job)
            finally:
                job.settle("cancelled")

    def _cancelled(self, job: Job) -> None:
        """Take the current ticket's job back where it may still run; say so when it cannot be stopped."""
        if job.running and cancel(Client(self._transport.hurried()), [job.ticket]):
            words = f"the job {job.ticket} could not be taken back and may still run at {job.client.base_url}"
            job.tell("warning", {"message": words})


class _Stop:
    """The runner's `attend`, remembering whether it asked to stop."""

    def __init__(self, attend: Callable[[], None]) -> None:
        self._attend = attend
        self.asked = False

    def __call__(self) -> None:
        try:
            self._attend()
        except BaseException:
            self.asked = True
            raise
