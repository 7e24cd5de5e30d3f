"""What no test may reach: another machine, a person's own files. Built on the interpreter's audit events.

An audit hook sees what the program really does, whichever library does it; nothing of ours is patched. It
stays until the process ends.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events that change the disk -> which of their arguments are paths, each with the folder it is relative to.
CHANGES = {
    "os.mkdir": ((0, 2),),
    "os.rename": ((0, 2), (1, 3)),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "shutil.rmtree": ((0, None),),  # Python 3.10 does not say where it starts from
}
NOBODY = ".invalid"  # RFC 6761: such a name never stands for a machine
LOOPBACK = ("localhost", "127.", "::1", "::ffff:127.")
MARKED = ("API_KEY", "_TOKEN", "_SECRET")
OURS = ("ITERATIVE_", "COMFYUI_", "OLLAMA_", "OPENROUTER_", "OPENAI_", "_ITERATIVECTL")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class OutOfReach(BaseException):
    """A test did what no test may do. Not an Exception: code that is careful must not tidy it away."""


PROJECTS = Path(__file__).resolve().parents[1] / "projects"

guarded: list[str] = []  # folders, absolute and real, each with a slash at its end


def install(folders: Sequence[Path]) -> None:
    """From now on, and until the process ends."""
    guarded.extend(os.path.realpath(folder) + "/" for folder in folders)
    sys.addaudithook(_look)


def homes(home: Path) -> list[Path]:
    """Where programs keep a person's settings; not all of home, which may hold this very checkout.

    Nor a folder in which the temporary one lies: there tests do write.
    """
    folders = [home / name for name in (".config", ".cache", ".local/share", ".local/state")]
    temporary = Path(tempfile.gettempdir()).resolve()
    return [folder for folder in folders if not temporary.is_relative_to(folder.resolve())]


def without_keys(environ: dict[str, str]) -> list[str]:
    """The names of variables that could send a test to a real server, or pay for it."""
    return [
        name for name in environ if name.startswith(OURS) or name.endswith(MARKED) or name.lower() in PROXIES
    ]


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        if arguments[2] is not None and arguments[2] & WRITE_FLAGS:
            _refuse_path(event, arguments[0])
    elif event in CHANGES:
        for position, folder in CHANGES[event]:
            _refuse_path(event, arguments[position], arguments[folder] if folder is not None else None)
    elif event in ("socket.connect", "socket.sendto"):
        _refuse_address(event, arguments[1])
    elif event == "socket.getaddrinfo":
        _refuse_host(event, arguments[0])


def _refuse_path(event: str, given: Any, folder: int | None = None) -> None:
    """`folder` is the descriptor of the folder that a relative path starts from, if not the current one."""
    if isinstance(given, int):
        return
    name = os.fsdecode(given)
    if folder not in (None, -1):
        name = os.path.join(f"/proc/self/fd/{folder}", name)
    path = os.path.realpath(name) + "/"
    if path.startswith(tuple(guarded)):
        raise OutOfReach(f"{event}: {path} is a person's own; a test writes below tmp_path")


def _refuse_address(event: str, address: Any) -> None:
    if isinstance(address, tuple):  # a Unix socket's address is a path
        _refuse_host(event, address[0])


def _refuse_host(event: str, host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name and not name.startswith(LOOPBACK) and not name.endswith(NOBODY):
        raise OutOfReach(f"{event}: {name} is another machine; a test talks to a server that it started here")
