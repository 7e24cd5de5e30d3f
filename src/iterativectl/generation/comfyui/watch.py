"""Waiting for one job: by the socket's word where it speaks, by looking in any case.

The socket only says when to look. What counts is the server's record: /queue is read before /history, because
a job moves from the one to the other and is then in at least one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.errors import GenerationError
from iterativectl.generation.comfyui import frames, replies, waiting
from iterativectl.generation.comfyui.client import Client, Queue
from iterativectl.generation.comfyui.listener import Listener, Message

Told = Callable[[str, Mapping[str, Any]], None]  # event type, its data


class Lost(Exception):
    """The job is in neither queue nor history, seen twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds: waiting behind others, and one job from its start to its end."""

    queue: float
    run: float


class Watch:
    """One job from its acceptance to its record."""

    def __init__(
        self,
        client: Client,
        listener: Listener,
        prompt_id: str,
        limits: Limits,
        tell: Told,
        preview: Callable[[bytes], None] | None = None,
    ) -> None:
        """`preview` is shown the picture in the making, if the server sends any."""
        self._client = client
        self._listener = listener
        self._id = prompt_id
        self._limits = limits
        self._tell = tell
        self._preview = preview
        self._clock = client.transport.clock
        self._pace = client.transport.pace
        now = self._clock.monotonic()
        self._queued_at = now
        self._started_at: float | None = None
        self._life_at = now
        self._ended_at: float | None = None  # an end message came: the record is due
        self._interval = self._pace.poll_first
        self._look_at = now + self._interval
        self._missed = False
        self._heard = False  # a message of our job came
        self._position: int | None = None
        self._shown_at = float("-inf")
        self._ahead: tuple[str, float] | None = None  # the job that runs before ours, and since when

    def look_now(self) -> None:
        """Look before waiting: for a job that was sent some time ago."""
        self._look_at = self._clock.monotonic()

    def record(self) -> Mapping[str, Any]:
        """Wait for the job's history record.

        Raises Lost, ExecutionFailed as soon as the socket tells of it, GenerationError when a limit is
        passed, ServerUnavailable.
        """
        while True:
            self._client.attend()
            self._check_limits()
            message = self._receive(self._look_at - self._clock.monotonic())
            if message:
                self._heed(message)
            self._show()
            if self._clock.monotonic() >= self._look_at:
                found = self._look()
                if found is not None:
                    return found

    def _receive(self, seconds: float) -> Message | None:
        seconds = max(0.0, min(seconds, self._pace.attend))
        if self._listener.is_open:
            return self._listener.receive(seconds)
        waiting.pause(seconds, self._client.attend, self._clock, self._pace.attend)
        return None

    def _heed(self, message: Message) -> None:
        data, now = message.data, self._clock.monotonic()
        if not message.type:
            self._interval, self._look_at = self._pace.poll_first, now
        if data.get("prompt_id") != self._id:
            return  # of other jobs, or of no job at all
        self._life_at, self._heard = now, True
        if message.type == "execution_error":
            raise replies.execution_error(data, self._client.base_url)
        if message.type in ("execution_start", "executing", "progress"):
            self._started_at = self._started_at or now
        if message.type == "progress":
            self._tell("generation_progress", {key: data.get(key) for key in ("value", "max", "node")})
        if message.type == "executing" and data.get("node") is None:
            self._due(now, 0.0)
        elif message.type in ("execution_success", "execution_interrupted"):
            self._due(now, self._pace.history_first * 4)  # its record comes a little later

    def _show(self) -> None:
        """Pass on the newest picture in the making, at times. One without a name is ours: our job runs."""
        now = self._clock.monotonic()
        if self._preview is None or self._started_at is None or now - self._shown_at < self._pace.preview:
            return
        message = self._listener.take_picture()
        picture = frames.picture_of(message, self._id) if message else None
        if picture:
            self._shown_at = now
            self._preview(picture)

    def _due(self, now: float, delay: float) -> None:
        self._ended_at = self._ended_at or now
        self._interval = self._pace.history_first
        self._look_at = now + delay

    def _look(self) -> Mapping[str, Any] | None:
        """The record if it is there; otherwise sets when to look again. Raises Lost."""
        now = self._clock.monotonic()
        if self._ended_at is not None and now - self._ended_at > self._pace.history_patience:
            self._ended_at, self._interval = None, self._pace.poll_first  # told so, but it did not come
        if self._ended_at is None and self._in_queue(self._client.queue()):
            self._missed = False
            self._later(self._interval * 1.5)
            return None
        record = self._client.history(self._id)
        if record is not None:
            return record
        if self._ended_at is not None:
            self._later(self._interval * 2)
        elif self._missed:
            raise Lost
        else:
            self._missed = True
            self._look_at = self._clock.monotonic() + self._pace.grace
        return None

    def _later(self, interval: float) -> None:
        longest = self._pace.poll_longest if self._listener.is_open else self._pace.poll_longest / 2
        self._interval = min(interval, longest)
        self._look_at = self._clock.monotonic() + self._interval

    def _in_queue(self, found: Queue) -> bool:
        position = found.position(self._id)
        if position is None:
            return False
        now = self._clock.monotonic()
        if any(item.prompt_id == self._id for item in found.running):
            self._started_at = self._started_at or now
            self._notice_silence(now - self._started_at)
        elif position != self._position:
            self._tell("generation_queued", {"position": position})
        self._position = position
        self._notice_standstill(found, now)
        return True

    def _notice_silence(self, seconds: float) -> None:
        """Events of a server may stop for good while its jobs go on: say why there is no progress bar."""
        if not self._heard and seconds > self._pace.quiet:
            self._heard = True
            words = "gives no live progress; the job is followed by asking"
            self._tell("warning", {"message": f"{self._client.base_url} {words}"})

    def _notice_standstill(self, found: Queue, now: float) -> None:
        """A server whose worker died keeps a job running for ever: say so once, and go on waiting."""
        ahead = found.running[0].prompt_id if found.running else ""
        if self._started_at is not None or self._ahead is None or self._ahead[0] != ahead:
            self._ahead = (ahead, now)
        elif now - self._ahead[1] > self._limits.run:
            words = f"the job before ours has been running for more than {self._limits.run / 60:.0f} min"
            self._tell("warning", {"message": f"{words} at {self._client.base_url}"})
            self._ahead = (ahead, float("inf"))

    def _check_limits(self) -> None:
        now, server = self._clock.monotonic(), self._client.base_url
        if self._started_at is not None and now - self._started_at > self._limits.run:
            raise GenerationError(
                f"the job did not end within {self._limits.run:g} s at {server} "
                f"(its last sign of life came {now - self._life_at:.0f} s ago)",
                "Raise comfyui.timeout_seconds in AIGen.yaml if it needs longer; restart a stuck server.",
            )
        if self._started_at is None and now - self._queued_at > self._limits.queue:
            raise GenerationError(
                f"the job waited longer than {self._limits.queue:g} s in the queue of {server}",
                "Look at the server's queue, or raise comfyui.queue_timeout_seconds in AIGen.yaml.",
            )
