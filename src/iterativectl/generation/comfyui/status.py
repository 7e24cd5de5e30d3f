"""One server looked at from outside a run: does it answer, what is it, what does it do?"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from iterativectl.clock import Clock
from iterativectl.errors import IterativeError
from iterativectl.generation.comfyui import waiting
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.transport import Address, Transport, Unreachable, parsed
from iterativectl.generation.comfyui.waiting import Pace
from iterativectl.ports import Device, Found, Jobs, ServerStatus

FOLDERS = ("checkpoints", "diffusion_models", "loras", "controlnet", "vae", "upscale_models")
KNOCK = Pace(connect=2.0, read=3.0, overall=4.0, retries=())
LOOK = Pace(connect=5.0, read=15.0, overall=20.0, retries=())


class ComfyUIServer:
    """One address, to be looked at."""

    def __init__(self, address: Address, clock: Clock, knock: Pace = KNOCK) -> None:
        self._address = address
        self._clock = clock
        self._knock = knock

    def found(self) -> Found:
        """What is there, within seconds. Never raises for what it finds."""
        parts = urlsplit(self._address.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((self._address.host, port), self._knock.connect).close()
        except OSError as error:
            return Found(word="nothing", detail=error.strerror or str(error))
        try:
            answer = Transport(self._address, self._knock, self._clock).request(
                "GET", "/system_stats", _nobody
            )
            body = parsed(answer, self._address)
        except Unreachable as error:
            slow = isinstance(error.__cause__, requests.Timeout | waiting.TimedOut)
            return Found(word="silent" if slow else "other", detail=error.reason)
        except IterativeError as error:
            return Found(word="other", detail=error.message)
        system = body.get("system") if isinstance(body, Mapping) else None
        if answer.status != 200 or not isinstance(system, Mapping):
            return Found(word="other", detail=f"HTTP {answer.status} at /system_stats")
        named = system.get("argv")
        return Found(word="wanted", argv=tuple(map(str, named)) if isinstance(named, list) else ())

    def status(self) -> ServerStatus:
        """Everything. Raises ServerUnavailable."""
        client = Client(Transport(self._address, LOOK, self._clock))
        stats = client.get("/system_stats")
        system = _mapping(stats.get("system"))
        queue = client.get("/queue")
        counted = {folder: _files(client, folder) for folder in FOLDERS}
        return ServerStatus(
            version=_text(system, "comfyui_version"),
            python=_text(system, "python_version").partition(" ")[0],
            pytorch=_text(system, "pytorch_version"),
            devices=tuple(_device(_mapping(each)) for each in _list(stats.get("devices"))),
            running=_jobs(queue.get("queue_running")),
            pending=_jobs(queue.get("queue_pending")),
            models={folder: count for folder, count in counted.items() if count is not None},
        )

    def jobs_of_others(self) -> int:
        """Jobs in the queue that this program did not send. Raises ServerUnavailable."""
        queue = Client(Transport(self._address, LOOK, self._clock)).get("/queue")
        return sum(_jobs(queue.get(f"queue_{part}")).others for part in ("running", "pending"))


def _nobody() -> None:
    """Who attends to a look that takes seconds at most."""


def _files(client: Client, folder: str) -> int | None:
    """How many files are in a model folder; None where the server does not know the folder or the route."""
    answer = client.trying(lambda: client.transport.request("GET", f"/models/{folder}", client.attend))
    if answer.status != 200:
        return None
    listed = parsed(answer, client.transport.address)
    return len(listed) if isinstance(listed, list) else None


def _jobs(entries: object) -> Jobs:
    """Entries of /queue: [number, id, graph, extra data, outputs]. Ours carry the mark that Job puts in."""
    found = _list(entries)
    ours = sum(_is_ours(_list(entry)) for entry in found)
    return Jobs(ours=ours, others=len(found) - ours)


def _is_ours(entry: Sequence[Any]) -> bool:
    extra = _mapping(entry[3]) if len(entry) > 3 else {}
    return isinstance(_mapping(extra.get("extra_pnginfo")).get("iterative"), Mapping)


def _device(given: Mapping[str, Any]) -> Device:
    return Device(
        name=_text(given, "name"),
        type=_text(given, "type"),
        vram_total=_bytes(given.get("vram_total")),
        vram_free=_bytes(given.get("vram_free")),
    )


def _bytes(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(values.get(name) or "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
