"""The servers of a pool: what each has to do, which of them can be used now, and which one is next.

The next is the one with the least to do: the jobs of others in its queue, looked at a moment ago, and our own
in hand. Of equal ones the one that last ran the same checkpoint, then the one used least.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from iterativectl.clock import Clock
from iterativectl.errors import IterativeError
from iterativectl.generation.comfyui.generator import ComfyUIGenerator
from iterativectl.generation.comfyui.order import Sent
from iterativectl.generation.comfyui.transport import Silent
from iterativectl.generation.comfyui.waiting import Attend, Pace

_NEVER = float("-inf")
_REFUSAL_LASTS = 300.0  # seconds; somebody may copy the missing model there meanwhile


@dataclass(frozen=True, slots=True)
class Need:
    """What a job needs of a server, as far as servers differ in it."""

    workflow: str
    checkpoint: str


class Host:
    """One server as the pool sees it. Times are on the monotonic clock, in seconds."""

    def __init__(self, generator: ComfyUIGenerator) -> None:
        self.generator = generator
        self.url = generator.url
        self.jobs = 0  # ours in hand
        self.others = 0  # in its queue, not of this process, when it was looked at
        self.used = 0
        self.checkpoint = ""
        self.seen_at = _NEVER
        self.silent = False  # takes connections and does not answer: busy, perhaps
        self.down: IterativeError | None = None
        self.failures = 0  # in a row
        self.rests_until = _NEVER
        self.refused: dict[Need, float] = {}  # -> until when that is believed


class Hosts:
    """Chooses; for use from several threads at once. `tell` is told of a server that fails."""

    def __init__(
        self,
        generators: Sequence[ComfyUIGenerator],
        sent: Sent,
        clock: Clock,
        pace: Pace,
        tell: Callable[[str], None],
    ) -> None:
        self._hosts = {generator.url: Host(generator) for generator in generators}
        self._sent = sent
        self._clock = clock
        self._pace = pace
        self._tell = tell
        self._lock = threading.Lock()

    def all(self) -> list[Host]:
        """Every server, in the order of the settings."""
        return list(self._hosts.values())

    def at(self, url: str) -> Host | None:
        """The server with this address, None when it is not in the settings."""
        return self._hosts.get(url)

    def choose(self, need: Need, without: Collection[str], attend: Attend) -> Host | None:
        """The best server for this need, counted as having one more job of ours. None when nobody answers.

        Servers that rest after a failure are asked only when no other is left.
        """
        now = self._clock.monotonic()
        left = [host for host in self.all() if host.url not in without]
        awake = [host for host in left if host.rests_until <= now]
        resting = [host for host in left if host.rests_until > now]
        return self._best(awake, need, attend) or self._best(resting, need, attend)

    def take(self, host: Host, need: Need) -> None:
        """Count a job of ours at this server."""
        with self._lock:
            self._take(host, need)

    def leave(self, host: Host) -> None:
        """The job has ended, in whatever way."""
        with self._lock:
            host.jobs -= 1

    def did_well(self, host: Host) -> None:
        """It did its work: what failed before is forgotten."""
        with self._lock:
            host.failures, host.rests_until, host.down = 0, _NEVER, None

    def fell(self, host: Host, error: IterativeError) -> None:
        """It cannot be used: it rests, twice as long each time that it fails after its rest."""
        with self._lock:
            host.seen_at, host.down, host.silent = _NEVER, error, False
            now = self._clock.monotonic()
            if host.rests_until > now:
                return
            doubled = self._pace.rest_first * 2.0 ** min(host.failures, 30)
            host.rests_until = now + min(doubled, self._pace.rest_longest)
            host.failures += 1

    def refuses(self, host: Host, need: Need) -> None:
        """It lacks something for this: for a while the others come first."""
        with self._lock:
            host.refused[need] = self._clock.monotonic() + _REFUSAL_LASTS

    def _best(self, hosts: Sequence[Host], need: Need, attend: Attend) -> Host | None:
        fresh = self._clock.monotonic() - self._pace.look
        self._look([host for host in hosts if host.seen_at < fresh], attend)
        with self._lock:
            able = [host for host in hosts if host.down is None]
            if not able:
                return None
            now = self._clock.monotonic()
            chosen = min(able, key=lambda host: self._rank(host, need, heard_since=fresh, now=now))
            self._take(chosen, need)
            return chosen

    def _rank(self, host: Host, need: Need, *, heard_since: float, now: float) -> tuple[float, ...]:
        return (
            host.refused.get(need, _NEVER) > now,
            host.silent or host.seen_at < heard_since,
            host.others + host.jobs,
            host.checkpoint != need.checkpoint,
            host.used,
        )

    def _take(self, host: Host, need: Need) -> None:
        host.jobs += 1
        host.used += 1
        host.checkpoint = need.checkpoint

    def _look(self, hosts: Sequence[Host], attend: Attend) -> None:
        """Ask these servers for their queues, all at once; once one answered, slow ones are not waited for.

        Each look ends by itself within `Pace.cancel_request`, whoever waits for it.
        """
        began = self._clock.monotonic()
        looks = [threading.Thread(target=self._look_at, args=(host,), daemon=True) for host in hosts]
        for look in looks:
            look.start()
        for look in looks:
            while look.is_alive():
                look.join(self._pace.attend)
                attend()
                answered = any(host.seen_at >= began and not host.silent for host in hosts)
                if answered and self._clock.monotonic() - began > self._pace.slow_look:
                    return

    def _look_at(self, host: Host) -> None:
        others, silent = host.others, False
        try:
            queue = host.generator.queue()
            jobs = (*queue.running, *queue.pending)
            others = sum(job.prompt_id not in self._sent.opened for job in jobs)
        except IterativeError as error:
            silent = isinstance(error, Silent) and not host.failures  # it may be loading a model
            if not silent:
                self._absent(host, error)
                return
        with self._lock:
            host.others, host.silent, host.down = others, silent, None
            host.seen_at = self._clock.monotonic()

    def _absent(self, host: Host, error: IterativeError) -> None:
        known = host.failures
        self.fell(host, error)
        if not known:
            self._tell(f"{error.message}; the other servers of comfyui.hosts are used meanwhile")
