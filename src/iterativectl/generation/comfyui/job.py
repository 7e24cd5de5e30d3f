"""One order at one server: its tickets, its graph, and the way from sending to the picture on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from iterativectl import files
from iterativectl.errors import (
    ExecutionFailed,
    GenerationError,
    OutOfMemory,
    ServerUnavailable,
    WorkflowRejected,
)
from iterativectl.generation.comfyui import endings, frames, partner, picture, replies, waiting
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.endings import Again, Outcome, Stale
from iterativectl.generation.comfyui.graph import Slot, Workflow
from iterativectl.generation.comfyui.listener import Listener
from iterativectl.generation.comfyui.order import Order
from iterativectl.generation.comfyui.patch import Names, patch, prefix
from iterativectl.generation.comfyui.picture import Fetched, NotThere
from iterativectl.generation.comfyui.replies import ServedImage
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.transport import Answer, Unreachable, parsed
from iterativectl.generation.comfyui.watch import Limits, Lost, Watch


class Job:
    """What is known of an order's work at one server. `ticket` is the current prompt_id, "" before the first.

    `graph` is the workflow's, ready for this server; `names` are those of the pictures uploaded there.
    """

    def __init__(self, client: Client, workflow: Workflow, roles: Roles, order: Order) -> None:
        self.client = client
        self.workflow = workflow
        self.roles = roles
        self.order = order
        self.inputs = order.inputs
        self.ticket = ""
        self.running = False  # as far as is known: sent, not refused, its end not seen
        self.graph = workflow.graph
        self.names = Names(prefix="")
        self._prefix = ""
        self._uploaded_again = False

    def open(self) -> None:
        """Take a new ticket; it is on disk when this returns."""
        self._take(self.inputs.tickets.open(self.client.base_url).ticket)

    def settle(self, outcome: Outcome) -> None:
        """Write down how the current ticket ended."""
        self.running = False
        self.inputs.tickets.settle(self.ticket, outcome)

    def at_hand(self, ticket: str) -> Fetched | None:
        """The picture of this ticket, where it lies at its destination already: nobody is asked for it."""
        self._take(ticket)
        return picture.accept(self.inputs.destination, self._prefix)

    def collect(self, ticket: str, limits: Limits) -> Fetched:
        """Wait for and fetch the picture of a ticket that was sent earlier. Raises Again when it is gone."""
        self._take(ticket)
        self.running = True
        self._listener = self._new_listener()
        return self._watched(limits, collecting=True)

    def submit(self) -> None:
        """Write the graph down and send it. Raises WorkflowRejected, Stale, ServerUnavailable."""
        names = replace(self.names, prefix=self._prefix)
        graph = patch(self.graph, self.roles, self.order.plan, names)
        files.write_json(self.inputs.graph_destination, graph)
        self._listener = self._new_listener()
        try:
            self._post(graph)
        except BaseException:
            self._listener.close()
            raise

    def wait(self, limits: Limits) -> Fetched:
        """From acceptance to the picture at its destination."""
        return self._watched(limits, collecting=False)

    def _new_listener(self) -> Listener:
        """A fresh connection for every job, opened before it is sent: nothing is replayed."""
        transport = self.client.transport
        previews = self.inputs.preview is not None
        listener = Listener(transport.address, self.ticket, transport.pace, previews=previews)
        listener.open(self.client.attend, transport.clock)
        return listener

    def _take(self, ticket: str) -> None:
        self.ticket = ticket
        self.running = False
        self.order.sent.opened.add(ticket)
        self._prefix = prefix(self.inputs.project, self.inputs.run_id, self.order.plan.iteration, ticket)

    def _post(self, graph: Mapping[str, Any]) -> None:
        """POST until it is known whether the server has the job: a lost answer is looked up, not repeated."""
        pace, clock = self.client.transport.pace, self.client.transport.clock
        body = self._body(graph)
        self.running = True
        arrived = False
        for delay in (*pace.retries, None):
            try:
                self._accept(self.client.submit(body), graph)
                return
            except Unreachable as error:
                arrived = arrived or error.sent
                if arrived and self._known():
                    return
                if delay is None:
                    if not arrived:
                        self.settle("cancelled")  # it certainly never got there
                    raise self.client.gone(error) from error
                waiting.pause(delay, self.client.attend, clock, pace.attend)

    def _body(self, graph: Mapping[str, Any]) -> dict[str, Any]:
        about = {
            "project": self.inputs.project,
            "run": self.inputs.run_id,
            "iteration": self.order.plan.iteration,
            "ticket": self.ticket,
        }
        chunks: dict[str, Any] = {"iterative": about}
        if self.workflow.drawing is not None:
            chunks["workflow"] = self.workflow.drawing
        extra = {"extra_pnginfo": chunks, **partner.extra_data(self.client, graph)}
        if self.inputs.preview is not None:
            extra["preview_method"] = frames.METHOD  # newer servers heed it, older ones do not look
        return {
            "prompt": graph,
            "prompt_id": self.ticket,
            "client_id": self.ticket,  # new for every job, and known again after a restart of ours
            "extra_data": extra,
        }

    def _known(self) -> bool:
        """Whether the server has this job after all, in two looks: it may still be reading the request."""
        pace, clock = self.client.transport.pace, self.client.transport.clock
        for wait in (0.0, pace.grace):
            waiting.pause(wait, self.client.attend, clock, pace.attend)
            queue = self.client.queue()
            for item in (*queue.running, *queue.pending):
                if item.prompt_id == self.ticket or self._saves_ours(item.graph):
                    self._adopt(item.prompt_id)
                    return True
            if self.client.history(self.ticket) is not None:
                return True
        return False

    def _saves_ours(self, graph: Mapping[str, Any]) -> bool:
        node = graph.get(self.roles.save)
        inputs = node.get("inputs") if isinstance(node, Mapping) else None
        return isinstance(inputs, Mapping) and inputs.get("filename_prefix") == self._prefix

    def _accept(self, answer: Answer, graph: Mapping[str, Any]) -> None:
        if answer.status == 500 and self._known():
            return
        if answer.status == 500:
            self._refuse(
                "ComfyUI broke over the request (HTTP 500) without a reason",
                "Look at its log; is every node valid?",
            )
        if answer.status == 404:
            raise ServerUnavailable(
                f"there is no ComfyUI at {self.client.base_url} (HTTP 404)",
                "Correct comfyui.host, port and url in AIGen.yaml.",
            )
        body = parsed(answer, self.client.transport.address)
        body = body if isinstance(body, Mapping) else {}
        if answer.status == 200 and "exec_info" in body:
            raise ServerUnavailable(
                f"{self.client.base_url} answers as if nothing was sent to it: a proxy makes a GET of a POST",
                "Set comfyui.url in AIGen.yaml to the server's final address (https, not http?).",
            )
        faults = body.get("node_errors")
        if answer.status != 200 or not isinstance(body.get("prompt_id"), str):
            if any(replies.is_missing_picture(faults, slot[0]) for slot in self._loaders()):
                self._refuse_stale()
            self._refuse(*replies.rejection(body, graph, self._described(faults)))
        self._adopt(body["prompt_id"])
        self._dropped(faults, graph)

    def _loaders(self) -> Iterator[Slot]:
        return (slot for slot in (self.roles.image, self.roles.mask, self.roles.control) if slot)

    def _refuse_stale(self) -> None:
        """A picture is gone from the server's input folder: worth one more upload."""
        if not self._uploaded_again:
            self._uploaded_again = True
            raise Stale

    def _refuse(self, message: str, hint: str) -> None:
        self.running = False
        raise WorkflowRejected(message, hint)

    def _adopt(self, served_as: str) -> None:
        """Older servers give a job their own id."""
        if served_as != self.ticket:
            self.inputs.tickets.adopt(self.ticket, served_as)
            self.order.sent.opened.add(served_as)
            self.ticket = served_as

    def _dropped(self, faults: object, graph: Mapping[str, Any]) -> None:
        """HTTP 200 with node_errors: some outputs were silently left out, and the rest is running."""
        if not faults:
            return
        sentences = "; ".join(replies.node_faults(faults, graph, self._described(faults)))
        if replies.touches(faults, self.roles.save):
            raise WorkflowRejected(
                f"ComfyUI left our output out: {sentences}", "Correct AIGen.yaml or the workflow file."
            )
        self.order.notes.append(f"ComfyUI left another output of the workflow out: {sentences}")

    def _described(self, faults: object) -> dict[str, Any]:
        """object_info of the classes at fault; without it the message is only shorter."""
        classes = (
            {entry.get("class_type") for entry in faults.values()} if isinstance(faults, Mapping) else set()
        )
        described: dict[str, Any] = {}
        for class_type in classes:
            try:
                described.update(self.client.object_info(str(class_type)))
            except ServerUnavailable:
                return described
        return described

    def _watched(self, limits: Limits, *, collecting: bool) -> Fetched:
        try:
            preview = self.inputs.preview
            watch = Watch(self.client, self._listener, self.ticket, limits, self._tell, preview)
            if collecting:
                watch.look_now()
            else:
                self._tell("generation_queued", {"position": None})
            return self._ended(watch.record())
        except Lost:
            return self._found_by_name()
        except OutOfMemory as error:
            self.running = False
            raise Again("memory", "failed", error) from error
        except ExecutionFailed:
            self.running = False
            raise
        finally:
            self._listener.close()

    def _tell(self, event: str, data: Mapping[str, Any]) -> None:
        about = {"ticket": self.ticket, "host": self.client.base_url} if event == "generation_queued" else {}
        self.order.tell(event, {**about, **data})

    def _ended(self, record: Mapping[str, Any]) -> Fetched:
        self.running = False
        found = replies.outcome(record, self.roles.save)
        if found.kind == "failed":
            raise replies.execution_error(found.failure or {}, self.client.base_url)
        if found.kind == "interrupted":
            raise endings.interrupted(self.client.base_url)
        if found.kind == "unclear":
            raise GenerationError(
                f"ComfyUI at {self.client.base_url} does not say how the job ended: "
                f"{json.dumps(record.get('status'))[:200]}",
                "Look at its log.",
            )
        return self._fetched(found.images)

    def _fetched(self, images: Sequence[ServedImage]) -> Fetched:
        if not images:
            raise endings.empty("its record names no picture", self.client.base_url)
        if len(images) > 1:
            self.order.notes.append(f"the workflow made {len(images)} pictures; the first was taken")
        try:
            return picture.fetch(self.client, images[0], self.inputs.destination)
        except NotThere as error:
            what = f"it does not have the picture it names: {error}"
            raise endings.empty(what, self.client.base_url) from error

    def _found_by_name(self) -> Fetched:
        """The job is gone from the server's memory; its file may be there, and says itself whose it is."""
        self.running = False
        folder, _, name = self._prefix.rpartition("/")
        image = ServedImage(f"{name}_00001_.png", folder, "output")
        try:
            found = picture.fetch(self.client, image, self.inputs.destination, self._prefix)
        except (NotThere, GenerationError) as error:
            raise endings.lost(self.ticket, self.client.base_url) from error
        self.order.notes.append(
            "the server had forgotten the job; the picture was found by its name and ticket"
        )
        return found
