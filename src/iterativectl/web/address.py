"""Where the viewer answers, by which names, and what that asks for. Nothing heavy is imported here."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iterativectl.errors import UsageError

PORT = 8420
TOKEN_VARIABLE = "ITERATIVE_VIEWER_TOKEN"  # noqa: S105 - a name
SHORTEST_TOKEN = 24  # characters, of a token that a person chose
LOOPBACK = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost", "[::1]")  # what cannot be made to point anywhere else


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to listen: an IP address and a port. `allowed`: further names, as they stand in a Host header."""

    host: str
    port: int
    allowed: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """What to type on this machine."""
        return f"http://{_bracketed(LOOPBACK if self.is_everywhere else self.host)}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens at every address of this machine."""
        return ipaddress.ip_address(self.host).is_unspecified

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that are answered; a browser leaves out HTTP's own port, 80."""
        local = self.is_loopback or self.is_everywhere
        own = {_bracketed(self.host), *_NAMES} if local else {_bracketed(self.host)}
        names = {f"{name}:{self.port}" for name in own} | (own if self.port == 80 else set())
        return frozenset(names | {each for name in self.allowed for each in _as_sent(name, self.port)})


def place(host: str, port: int, allowed: Sequence[str], environ: Mapping[str, str]) -> Place:
    """The place that the options name.

    Raises UsageError for a host that is no address of numbers, and for one that others reach without a token
    in ITERATIVE_VIEWER_TOKEN and a name to call it by.
    """
    try:
        address = str(ipaddress.ip_address(LOOPBACK if host == "localhost" else host.strip("[]")))
    except ValueError as error:
        raise UsageError(
            f"--host {host}: not an IP address",
            "Give numbers, such as 192.168.1.5, and names with --allow-host.",
        ) from error
    found = Place(host=address, port=port, allowed=tuple(name.lower() for name in allowed))
    if found.is_loopback:
        return found
    if TOKEN_VARIABLE not in environ:
        raise UsageError(
            f"--host {host}: others would reach the viewer there",
            f"Set {TOKEN_VARIABLE} to a password of {SHORTEST_TOKEN} characters or more; or leave "
            "--host out, and reach the viewer through `ssh -L 8420:127.0.0.1:8420`.",
        )
    if found.is_everywhere and not allowed:
        raise UsageError(
            f"--host {host} says where to listen, not what the viewer is called",
            "Name it with --allow-host, as it will stand in the browser: --allow-host gpu.lan",
        )
    return found


def token(environ: Mapping[str, str]) -> str:
    """The person's own token, else a new one of 256 bits. Raises UsageError for one that is too short."""
    own = environ.get(TOKEN_VARIABLE)
    if own is None:
        return secrets.token_urlsafe(32)
    if len(own) < SHORTEST_TOKEN or not own.isascii() or not own.isprintable():
        raise UsageError(
            f"{TOKEN_VARIABLE} is too easy to guess, or cannot stand in an address",
            f"Give it {SHORTEST_TOKEN} letters and digits or more; or unset it, then one is made.",
        )
    return own


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _as_sent(name: str, port: int) -> tuple[str, ...]:
    """`gpu.lan` with the viewer's port and with none, as behind a proxy; `gpu.lan:9000` as it is."""
    has_port = ":" in name.rpartition("]")[2]
    return (name,) if has_port else (name, f"{name}:{port}")
