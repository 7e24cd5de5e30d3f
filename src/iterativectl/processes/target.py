"""Which address a ComfyUI that is started here answers at. Only this machine's own addresses can be."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from iterativectl.config.types import ComfyUI
from iterativectl.errors import UsageError

LOOPBACK = "127.0.0.1"
_SAME_AS_LOOPBACK = ("localhost", "0.0.0.0")  # noqa: S104 - what to connect to, not where to listen


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it is asked (`url`), and the address and port that it listens at."""

    url: str
    listen: str
    port: int


def url_of(comfyui: ComfyUI, port: int | None) -> str:
    """The address that is meant: with `port`, that port at the settings' host.

    Of several servers the first on this machine, else the first.
    """
    urls = comfyui.base_urls
    url = next((each for each in urls if _listen(urlsplit(each).hostname or "")), urls[0])
    if port is None:
        return url
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}{parts.path}"


def target(url: str) -> Target:
    """The address to start at. Raises UsageError for one that nothing started here could answer at."""
    parts = urlsplit(url)
    listen = _listen(parts.hostname or "")
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if listen is None:
        raise UsageError(
            f"{shown} is not on this machine: a ComfyUI there cannot be started or stopped from here",
            "Start it on that machine, or set comfyui.host in AIGen.yaml to localhost.",
        )
    if parts.scheme != "http" or parts.path.strip("/"):
        raise UsageError(
            f"{shown} is a proxy's address: a ComfyUI started here answers plain http without a path",
            "Give --port for ComfyUI's own port here, and leave the proxy as it is.",
        )
    return Target(url=url, listen=listen, port=parts.port or 80)


def key(url: str) -> str:
    """What the files of the program at this address are called: its port."""
    parts = urlsplit(url)
    return str(parts.port or (443 if parts.scheme == "https" else 80))


def is_here(url: str) -> bool:
    """Whether the address is one of this machine's."""
    return _listen(urlsplit(url).hostname or "") is not None


def _listen(host: str) -> str | None:
    """The address to listen at so that `host` reaches it; None when it is another machine's."""
    if host in _SAME_AS_LOOPBACK:
        return LOOPBACK
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return None
    for family, kind, protocol, _, address in sorted(found, key=lambda each: each[0] != socket.AF_INET):
        with socket.socket(family, kind, protocol) as probe:
            try:
                probe.bind((address[0], 0))  # only this machine's own addresses can be bound
            except OSError:
                continue
            return str(address[0])
    return None
