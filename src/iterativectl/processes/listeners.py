"""Which ports are free on this machine, and who has the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from iterativectl.processes import identity
from iterativectl.processes.errors import PortTaken

TRIED = 50  # ports, from the one that is wished for upwards
_LISTENS = "0A"  # a socket's state in /proc/net/tcp (proc(5))
_SHOWN = 100  # characters of a command line


def free_port(host: str, wanted: int) -> int:
    """The first free port from `wanted` upwards. Raises PortTaken where TRIED of them are taken."""
    last = min(wanted + TRIED, 65536)
    for port in range(wanted, last):
        if is_free(host, port):
            return port
    raise PortTaken(f"the ports {wanted} to {last - 1} at {host} are taken", "Name a free one with --port.")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def who_has(port: int) -> str:
    """Who listens at a port: "`python app.py` (pid 17)", "another program" where it cannot be seen."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    if wanted:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _holds(entry / "fd", wanted):
                seen = identity.look(int(entry.name))
                command = " ".join(seen.command)[:_SHOWN] if seen else "a program"
                return f"`{command}` (pid {entry.name})"
    return "another program"


def _inodes(port: int) -> Iterator[str]:
    """The sockets that listen at this port, whatever the address; none where there is no /proc/net."""
    for name in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _holds(descriptors: Path, wanted: set[str]) -> bool:
    try:
        return any(_target(entry) in wanted for entry in descriptors.iterdir())
    except OSError:  # another person's process, or it has just ended
        return False


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""
