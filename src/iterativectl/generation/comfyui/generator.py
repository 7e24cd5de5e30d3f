"""One ComfyUI server as a generator: a plan in, the picture it makes out.

Promises kept here: a ticket is written down before it is sent; nothing sent is made twice; a success needs a
decoded picture of this ticket; other people's jobs are not touched; no wait is without an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iterativectl.clock import Clock
from iterativectl.config.types import ComfyUI
from iterativectl.errors import GenerationError, OutOfMemory, ServerUnavailable
from iterativectl.generation.comfyui import steering, waiting
from iterativectl.generation.comfyui.cancel import cancel
from iterativectl.generation.comfyui.check import check
from iterativectl.generation.comfyui.client import Client, Queue
from iterativectl.generation.comfyui.endings import Again, Outcome, Stale
from iterativectl.generation.comfyui.job import Job
from iterativectl.generation.comfyui.order import Order, Sent
from iterativectl.generation.comfyui.picture import Fetched
from iterativectl.generation.comfyui.transport import Lines, Silent, Transport
from iterativectl.generation.comfyui.uploads import Uploads
from iterativectl.generation.comfyui.watch import Limits
from iterativectl.generation.comfyui.workflows import Workflows
from iterativectl.model import Finding, Generation, Plan, Settings, Ticket
from iterativectl.ports import GenerationInputs, Reporter

SUPPORTS = frozenset({"img2img", "txt2img", "inpaint", "control"})


class ComfyUIGenerator:
    """ports.Generator for one ComfyUI server; orders from several threads at once wait in its queue.

    After ServerUnavailable the ticket in flight stays open: call `generate` again with the same plan and
    tickets once `reachable()`, and the picture is collected if the server made it.
    """

    name = "comfyui"
    supports = SUPPORTS

    def __init__(
        self, transport: Transport, settings: ComfyUI, workflows: Workflows, sent: Sent, *, control: bool
    ) -> None:
        """`sent` is shared by all servers of this process; `control`: a control picture is configured."""
        self._transport = transport
        self._lines = Lines(transport.again)
        self._looks = Lines(transport.hurried)
        self._limits = Limits(queue=settings.queue_timeout_seconds, run=settings.timeout_seconds)
        self._workflows = workflows
        self._sent = sent
        self._control = control
        self._uploads = Uploads()
        self._nodes: set[str] = set()  # the classes the server has, where that had to be asked

    @property
    def url(self) -> str:
        """The server's address, as tickets have it."""
        return self._transport.address.base_url

    @property
    def _clock(self) -> Clock:
        return self._transport.clock

    def check(self, settings: Settings) -> Sequence[Finding]:
        """Look at server, workflow, nodes and names, without making anything."""
        client = Client(self._transport.again())
        return check(client, settings, lambda: self._workflows(settings.workflow), control=self._control)

    def strategy(self, workflow: str, mask: bool) -> str:
        """What a workflow does with the picture."""
        return self._workflows.strategy(workflow, mask)

    def reachable(self, attend: waiting.Attend = lambda: None) -> bool:
        """Whether the server answers now: one try, a few seconds at most."""
        try:
            self.queue(attend)
        except ServerUnavailable:
            return False
        return True

    def queue(self, attend: waiting.Attend = lambda: None) -> Queue:
        """What the server has to do now, asked once. Raises ServerUnavailable."""
        try:
            with self._looks.one() as transport:
                return Client(transport, attend).queue()
        except Silent:
            raise
        except ServerUnavailable:  # or an idle connection that the server has closed: a new one will tell
            return Client(self._transport.hurried(), attend).queue()

    def withdraw(self, prompt_ids: Sequence[str]) -> list[str]:
        """Take jobs of ours back; returns those that may still run, all of them when nobody answers."""
        return cancel(Client(self._transport.hurried()), prompt_ids)

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
        order = Order(plan, inputs, report, self._clock, self._sent)
        for ticket in order.in_flight():
            collected = self.collect(order, ticket)
            if collected:
                return collected
        return self.make(order)

    def collect(self, order: Order, ticket: Ticket) -> Generation | None:
        """The picture of a ticket that was sent before; None when there is none: the ticket is settled then.

        A server that is not in the settings any more is asked as well, without the headers of those that are.
        """
        if ticket.host == self.url:
            with self._lines.one() as transport, self._job(order, transport) as job:
                return self._collected(job, ticket.ticket)
        stranger = self._transport.elsewhere(ticket.host)
        try:
            with self._job(order, stranger) as job:
                return self._collected(job, ticket.ticket, ask_first=True)
        except ServerUnavailable as error:
            order.notes.append(
                f"made again: the job was sent to {ticket.host}, which is not in the settings any more "
                f"and cannot be asked: {error.message}"
            )
            order.inputs.tickets.settle(ticket.ticket, "lost")
            return None

    def make(self, order: Order) -> Generation:
        """Send the plan; once more where that may help (lost, out of memory, nothing made)."""
        with self._lines.one() as transport, self._job(order, transport) as job:
            return self._made(job)

    @contextmanager
    def _job(self, order: Order, transport: Transport) -> Iterator[Job]:
        """A job over this connection. What it has at the server is taken back when a person stops."""
        job = Job(Client(transport, order.attend), *self._workflows(order.plan.workflow), order)
        try:
            yield job
        except BaseException as error:
            if order.stopped or not isinstance(error, Exception):
                self._take_back(job)
            raise

    def _collected(self, job: Job, ticket: str, *, ask_first: bool = False) -> Generation | None:
        picture = job.at_hand(ticket)
        try:
            if picture is None and ask_first:
                Client(job.client.transport.hurried(), job.order.attend).queue()
            picture = picture or job.collect(ticket, self._limits)
        except Again as again:  # an interrupted one may have been taken back by us, just before a kill
            self._go_on(job, again, "cancelled" if again.reason == "interrupted" else again.outcome)
            return None
        except GenerationError:
            self._end(job)
            raise
        return self._finished(job, picture)

    def _made(self, job: Job) -> Generation:
        tried: set[str] = set()
        self._equip(job)
        while True:
            job.open()
            try:
                picture = self._posted(job)
            except Again as again:
                if again.reason in tried or again.reason == "interrupted":
                    job.settle(again.outcome)
                    job.order.refuse_poison()
                    raise again.error from again
                tried.add(again.reason)
                self._go_on(job, again, again.outcome)
                continue
            except GenerationError:
                self._end(job)
                raise
            return self._finished(job, picture)

    def _posted(self, job: Job) -> Fetched:
        try:
            job.submit()
        except Stale:  # the server lost what was uploaded
            self._uploads.forget()
            self._equip(job)
            job.submit()
        self._sent.accepted.add(job.ticket)
        return job.wait(self._limits)

    def _equip(self, job: Job) -> None:
        """The graph as this server can run it, and the pictures that it loads. Raises WorkflowRejected."""
        graph = job.workflow.graph
        if job.inputs.control_image is None:
            graph = steering.graph(job.workflow, job.roles, job.client, self._nodes)
        job.graph = steering.sized(graph, job.roles, job.inputs.source) if job.roles.size else graph
        job.names = steering.names(job.roles, job.inputs, job.client, self._uploads)

    def _finished(self, job: Job, picture: Fetched) -> Generation:
        job.settle("collected")
        mask, control = job.inputs.mask is not None, job.inputs.control_image is not None
        steered = steering.notes(job.workflow.name, job.roles, mask=mask, control=control)
        notes = (*job.roles.notes, *steered, *job.order.notes)
        return Generation(
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            ticket=job.ticket,
            seconds=round(self._clock.monotonic() - job.order.began, 3),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _go_on(self, job: Job, again: Again, outcome: Outcome) -> None:
        """Settle a ticket that gave no picture and make ready for another one."""
        job.settle(outcome)
        job.order.refuse_poison()
        if isinstance(again.error, OutOfMemory):
            job.client.free()
        job.order.notes.append(f"made again: {again.error.message}")

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
        if job.running and cancel(Client(job.client.transport.hurried()), [job.ticket]):
            words = f"the job {job.ticket} could not be taken back and may still run at {job.client.base_url}"
            job.order.tell("warning", {"message": words})
