"""ComfyUI's routes, one method each. What they answer was recorded from releases 0.3.64 and 0.33.0."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from iterativectl.errors import GenerationError, ServerUnavailable
from iterativectl.generation.comfyui import waiting
from iterativectl.generation.comfyui.patch import FOLDER
from iterativectl.generation.comfyui.replies import ServedImage
from iterativectl.generation.comfyui.transport import Answer, Silent, Transport, Unreachable, parsed
from iterativectl.generation.comfyui.waiting import Attend

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A job in the server's queue: its id and the graph it will run."""

    prompt_id: str
    graph: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue at one moment: what runs, and what waits in the order it will run."""

    running: tuple[QueueItem, ...]
    pending: tuple[QueueItem, ...]

    def position(self, prompt_id: str) -> int | None:
        """How many jobs come before this one: 0 is running, None is not there."""
        order = [item.prompt_id for item in (*self.running, *self.pending)]
        return order.index(prompt_id) if prompt_id in order else None


class Client:
    """Speaks to one server. GETs are tried three times; nothing else is repeated here."""

    def __init__(self, transport: Transport, attend: Attend = lambda: None) -> None:
        self.transport = transport
        self.attend = attend

    @property
    def base_url(self) -> str:
        """The server's address, for people and records."""
        return self.transport.address.base_url

    def version(self) -> str:
        """The server's release, "" when it does not say."""
        system = self.get("/system_stats").get("system")
        return str(system.get("comfyui_version") or "") if isinstance(system, Mapping) else ""

    def object_info(self, class_type: str = "") -> Mapping[str, Any]:
        """Descriptions of one node class ({} when the server does not have it), or of all."""
        return self.get(f"/object_info/{quote(class_type, safe='')}" if class_type else "/object_info")

    def queue(self) -> Queue:
        """What runs and what waits; pending jobs run in the order of their numbers."""
        body = self.get("/queue")
        pending = sorted(_entries(body.get("queue_pending")), key=lambda entry: _number(entry[0]))
        running = _entries(body.get("queue_running"))
        return Queue(_items(running), _items(pending))

    def history(self, prompt_id: str) -> Mapping[str, Any] | None:
        """The record of a finished job; None while it waits or runs, and for ids the server does not know."""
        record = self.get(f"/history/{quote(prompt_id, safe='')}").get(prompt_id)
        return record if isinstance(record, Mapping) else None

    def submit(self, body: Mapping[str, Any]) -> Answer:
        """POST /prompt, once. Sending it again is not harmless: each accepted copy is executed."""
        self._ready()
        return self.transport.request("POST", "/prompt", self.attend, json=body)

    def upload(self, picture: Path | bytes) -> str:
        """Upload into our own folder under a name made of the content; returns the value for LoadImage.

        Bytes are those of a PNG. Never overwrites. The server compares contents, so repeating an upload with
        a lost answer is harmless.
        """
        content = picture if isinstance(picture, bytes) else picture.read_bytes()
        ending = "" if isinstance(picture, bytes) else picture.suffix.lower()
        name = f"{hashlib.sha256(content).hexdigest()[:32]}{ending or '.png'}"
        form = {"files": {"image": (name, content)}, "data": {"subfolder": FOLDER, "type": "input"}}
        answer = self.trying(lambda: self.transport.request("POST", "/upload/image", self.attend, **form))
        body = parsed(answer, self.transport.address) if answer.status == 200 else None
        if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
            raise GenerationError(
                f"{self.base_url} did not take {name} (HTTP {answer.status}: {answer.text()})",
                "Look at the server's own log: its input folder may not be writable.",
            )
        return "/".join(part for part in (str(body.get("subfolder") or ""), body["name"]) if part)

    def view(self, image: ServedImage) -> tuple[Answer, Iterator[bytes]]:
        """A picture's bytes, in pieces; not tried again here, because the reader has to start over."""
        self._ready()
        query = {"filename": image.filename, "subfolder": image.subfolder, "type": image.type}
        return self.transport.stream("/view", self.attend, params=query)

    def free(self) -> None:
        """Ask the server to unload its models; it does so between two jobs."""
        body = {"unload_models": True, "free_memory": True}
        self.trying(lambda: self.transport.request("POST", "/free", self.attend, json=body))

    def delete(self, prompt_ids: Sequence[str]) -> None:
        """Take jobs out of the waiting queue. A running one is not affected, an unknown id neither."""
        body = {"delete": list(prompt_ids)}
        self.trying(lambda: self.transport.request("POST", "/queue", self.attend, json=body))

    def interrupt(self, prompt_id: str) -> None:
        """Stop a running job. Only for servers that honour the id: older ones stop whatever runs."""
        body = {"prompt_id": prompt_id}
        self.trying(lambda: self.transport.request("POST", "/interrupt", self.attend, json=body))

    def get(self, route: str) -> Mapping[str, Any]:
        """GET a JSON object, three tries. Raises ServerUnavailable."""

        def once() -> Answer:
            answer = self.transport.request("GET", route, self.attend)
            if answer.status >= 500:
                raise Unreachable(f"HTTP {answer.status} at {route}", sent=True)
            return answer

        answer = self.trying(once)
        body = parsed(answer, self.transport.address)
        if answer.status != 200 or not isinstance(body, Mapping):
            raise ServerUnavailable(
                f"{self.base_url} does not answer {route} as ComfyUI does (HTTP {answer.status})",
                "Check comfyui.host, port and url in AIGen.yaml.",
            )
        return body

    def trying(self, once: Callable[[], T]) -> T:
        """Call `once` up to three times with growing pauses. Raises ServerUnavailable without an answer."""
        self._ready()
        pace, clock = self.transport.pace, self.transport.clock
        for delay in (*pace.retries, None):
            try:
                return once()
            except Unreachable as error:
                if delay is None:
                    raise self.gone(error) from error
                waiting.pause(delay, self.attend, clock, pace.attend)
        raise AssertionError("unreachable: the last try returns or raises")

    def gone(self, error: Unreachable) -> ServerUnavailable:
        """The error for people when a server gave no answer."""
        return (Silent if error.silent else ServerUnavailable)(
            f"ComfyUI at {self.base_url} cannot be reached: {error.reason}",
            "Start ComfyUI, or correct comfyui.host, port and url in AIGen.yaml; then run again.",
        )

    def _ready(self) -> None:
        missing = self.transport.address.missing
        if missing:
            raise ServerUnavailable(
                f"comfyui.headers needs the environment variable {' and '.join(missing)}, which is not set",
                f"Set it before you run, for instance: export {missing[0]}='Bearer ...'",
            )


def _entries(value: object) -> list[list[Any]]:
    """Queue entries: [number, id, graph, extra data, outputs]."""
    entries = value if isinstance(value, list) else []
    return [
        entry for entry in entries if isinstance(entry, list) and len(entry) > 2 and isinstance(entry[1], str)
    ]


def _items(entries: list[list[Any]]) -> tuple[QueueItem, ...]:
    return tuple(QueueItem(entry[1], entry[2] if isinstance(entry[2], Mapping) else {}) for entry in entries)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
