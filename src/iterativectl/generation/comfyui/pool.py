"""Several ComfyUI servers as one generator.

Each job goes to the server with the least to do. Where a server goes away in the middle, the job goes to
another one, and what may be left of it is taken back as soon as the first answers again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from iterativectl.clock import Clock
from iterativectl.errors import GenerationError, ServerUnavailable, WorkflowRejected
from iterativectl.generation.comfyui.check import merged
from iterativectl.generation.comfyui.generator import SUPPORTS, ComfyUIGenerator
from iterativectl.generation.comfyui.hosts import Host, Hosts, Need
from iterativectl.generation.comfyui.leftovers import Leftovers
from iterativectl.generation.comfyui.order import Order, Sent
from iterativectl.generation.comfyui.waiting import Pace
from iterativectl.model import Finding, Generation, Plan, Settings, Ticket
from iterativectl.ports import GenerationInputs, Reporter

_TRIES_A_HOST = 2  # for one order: once more after it went away and came back


@dataclass
class _Trial:
    """What happened to one order so far. By address: why a server refused it, and how it failed it."""

    need: Need
    refused: dict[str, WorkflowRejected] = field(default_factory=dict)
    failed: dict[str, list[ServerUnavailable]] = field(default_factory=dict)
    moving: ServerUnavailable | None = None  # why it is looking for another server

    def without(self) -> set[str]:
        """Servers that are not asked again."""
        return {*self.refused, *(url for url, all_ in self.failed.items() if len(all_) >= _TRIES_A_HOST)}


class Pool:
    """ports.Generator over one generator for each server. `generate` may be called from several threads.

    ServerUnavailable means that none of them can be used; tickets in flight then stay open.
    """

    name = "comfyui"
    supports = SUPPORTS

    def __init__(self, generators: Sequence[ComfyUIGenerator], sent: Sent, clock: Clock, pace: Pace) -> None:
        """`sent` is the one that the generators share."""
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._hosts = Hosts(generators, sent, clock, pace, self._news.put)
        self._left = Leftovers(clock, pace, self._news.put)
        self._sent = sent
        self._clock = clock

    def check(self, settings: Settings) -> Sequence[Finding]:
        """What each server has to say; what only some of them lack is a warning."""
        hosts = self._hosts.all()
        with ThreadPoolExecutor(len(hosts)) as at_once:
            found = at_once.map(lambda host: host.generator.check(settings), hosts)
            return merged(dict(zip([host.url for host in hosts], found, strict=True)))

    def reachable(self) -> bool:
        """Whether any of the servers answers now."""
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        hosts = self._hosts.all()
        for host in hosts:
            ask = partial(_ask, host, answers)
            threading.Thread(target=ask, daemon=True).start()
        return any(answers.get() for _ in hosts)  # each try has a limit of its own

    def strategy(self, workflow: str, mask: bool) -> str:
        """What a workflow does with the picture."""
        return self._hosts.all()[0].generator.strategy(workflow, mask)

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        """Make the plan's picture at one of the servers, or collect it where a ticket for it was sent."""
        self.strategy(plan.workflow, mask=inputs.mask is not None)  # one that cannot be read fails here

        def attend() -> None:
            inputs.attend()
            self._left.sweep()
            self._tell_news(order)

        order = Order(plan, replace(inputs, attend=attend), report, self._clock, self._sent)
        trial = _Trial(Need(plan.workflow, plan.ckpt_name))
        self._remember(order)
        try:
            return self._collected(order, trial) or self._made(order, trial)
        except BaseException as error:
            if order.stopped or not isinstance(error, Exception):
                self._tell_what_is_left(order)
            raise
        finally:
            self._tell_news(order)

    def _remember(self, order: Order) -> None:
        """Jobs that an earlier process left behind at a server are taken back like those of this one."""
        for ticket in order.inputs.tickets.all():
            host = self._hosts.at(ticket.host)
            if host and ticket.outcome == "lost" and ticket.ticket not in self._sent.opened:
                self._sent.opened.add(ticket.ticket)
                self._left.add(host.generator, ticket.ticket)

    def _tell_what_is_left(self, order: Order) -> None:
        for ticket, url in self._left.open():
            words = f"the job {ticket} could not be taken back and may still run at {url}"
            order.tell("warning", {"message": words})

    def _tell_news(self, order: Order) -> None:
        while True:
            try:
                order.tell("warning", {"message": self._news.get_nowait()})
            except queue.Empty:
                return

    def _collected(self, order: Order, trial: _Trial) -> Generation | None:
        """The picture of a ticket that was sent before, fetched where it was sent."""
        for ticket in order.in_flight():
            host = self._hosts.at(ticket.host)
            if host is None:  # any of them knows how to ask a server that is not in the settings any more
                made = self._hosts.all()[0].generator.collect(order, ticket)
            else:
                self._hosts.take(host, trial.need)
                made = self._tried(order, trial, host, collect=ticket)
            if made:
                return made
        return None

    def _made(self, order: Order, trial: _Trial) -> Generation:
        while True:
            host = self._hosts.choose(trial.need, trial.without(), order.attend)
            if host is None:
                raise _nobody(trial, self._hosts.all())
            made = self._tried(order, trial, host)
            if made:
                return made

    def _tried(
        self, order: Order, trial: _Trial, host: Host, *, collect: Ticket | None = None
    ) -> Generation | None:
        """One server's try; None when another one should have its own, or the ticket gave nothing."""
        try:
            made = host.generator.collect(order, collect) if collect else self._at(order, trial, host)
        except WorkflowRejected as error:
            trial.refused[host.url] = error
            self._hosts.refuses(host, trial.need)
            return None
        except ServerUnavailable as error:
            trial.failed.setdefault(host.url, []).append(error)
            trial.moving = error
            self._hosts.fell(host, error)
            return None
        finally:
            self._hosts.leave(host)
        self._hosts.did_well(host)
        return made

    def _at(self, order: Order, trial: _Trial, host: Host) -> Generation:
        """Make it here, once it is clear that nobody else is going to."""
        moving, trial.moving = trial.moving, None
        if moving:
            left = any(ticket.host != host.url for ticket in order.in_flight())
            more = "; what may be left of it is taken back when the first answers again" if left else ""
            order.tell("warning", {"message": f"{moving.message}; the job goes to {host.url}{more}"})
            order.notes.append(f"made at {host.url}: {moving.message}")
        for ticket in order.in_flight():
            if ticket.host == host.url:  # it is back: it may have the picture
                made = host.generator.collect(order, ticket)
                if made:
                    return made
            else:
                self._give_up(order, ticket)
        return host.generator.make(order)

    def _give_up(self, order: Order, ticket: Ticket) -> None:
        """A ticket at a server that is gone: it counts as lost, and it is never fetched any more."""
        order.inputs.tickets.settle(ticket.ticket, "lost")
        host = self._hosts.at(ticket.host)
        if host:
            self._left.add(host.generator, ticket.ticket)
        order.refuse_poison()


def _nobody(trial: _Trial, hosts: Sequence[Host]) -> GenerationError | ServerUnavailable:
    """Why no server makes this picture, with the reason of each."""
    reasons = {host.url: trial.refused.get(host.url) or host.down for host in hosts}
    reasons |= {url: errors[-1] for url, errors in trial.failed.items() if not trial.refused.get(url)}
    told = [error for error in reasons.values() if error]
    hints = " ".join(dict.fromkeys(error.hint for error in told if error.hint))
    if trial.refused:
        words = "; ".join(f"{url}: {error.message}" for url, error in reasons.items() if error)
        return WorkflowRejected(f"no server of comfyui.hosts takes the workflow: {words}", hints)
    return ServerUnavailable(
        "no server of comfyui.hosts can be used: " + "; ".join(e.message for e in told), hints
    )


def _ask(host: Host, answers: queue.SimpleQueue[bool]) -> None:
    answer = False
    try:
        answer = host.generator.reachable()
    finally:
        answers.put(answer)
