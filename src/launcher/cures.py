"""What to tell a person when the environment cannot be made: what happened, and what to do."""

from __future__ import annotations

import errno
import re
from pathlib import Path

TAIL_LINES = 6
NO_SPACE = (
    "the disk is full.",
    "Free about one gigabyte here and in the folder for temporary files, then start again.",
)
UNREACHABLE = (
    "the package index could not be reached.",
    "Check the network (behind a proxy: HTTPS_PROXY; with an index of your own: the settings of pip or uv), "
    "then start again.",
)
NO_WHEEL = (
    "a package has no ready-made build for this Python and machine.",
    "Start with another Python, for instance: python3.12 iterativectl --help",
)
UNKNOWN = ("the installer failed.", "Read its last lines below; then start again.")
SIGNS = (
    (r"No space left|Disk quota exceeded|os error 28", NO_SPACE),
    (
        r"name resolution|NewConnectionError|ConnectTimeout|Read timed out|Network is unreachable|dns error|"
        r"error sending request|Connection refused|ProxyError|SSLError|Could not fetch|"
        r"No matching distribution|No solution found",
        UNREACHABLE,
    ),
    (
        r"Failed building wheel|metadata-generation-failed|subprocess-exited-with-error|Failed to build",
        NO_WHEEL,
    ),
)


class Unable(Exception):
    """The environment cannot be made. Its text for people: what, what to do, the installer's last words."""

    def __init__(self, what: str, cure: str, output: str = "") -> None:
        tail = output.rstrip().splitlines()[-TAIL_LINES:]
        said = ["  The installer's last lines:", *(f"    {line}" for line in tail)] if tail else []
        super().__init__("\n".join([f"no environment: {what}", f"  Do this: {cure}", *said]))


def for_output(output: str) -> Unable:
    """The cure for what an installer printed before it gave up."""
    for sign, (what, cure) in SIGNS:
        if re.search(sign, output, re.IGNORECASE):
            return Unable(what, cure, output)
    return Unable(*UNKNOWN, output)


def another_set_up() -> Unable:
    """The cure for a set-up beside us that does not end."""
    return Unable("another set-up of this checkout does not end.", "End it, or let it end; then start again.")


def for_disk(root: str, error: OSError) -> Unable:
    """The cure for a folder that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unable(*NO_SPACE)
    cure = f"Make {root} writable for yourself, or clone into a folder of your own, then start again."
    return Unable(f"{error.filename or root}: {error.strerror or error}.", cure)


def for_no_installer(version: str) -> Unable:
    """The cure for a Python without its venv: some systems package that apart."""
    what = f"this Python {version} comes without ensurepip, which makes environments."
    return Unable(what, f"{_package_command(version)} (or install uv), then start again.")


def _package_command(version: str) -> str:
    try:
        system = Path("/etc/os-release").read_text(encoding="utf-8").lower()
    except OSError:
        system = ""
    if "debian" in system:  # Ubuntu and the others say ID_LIKE=debian
        return f"sudo apt install python{version}-venv"
    if "fedora" in system:
        return "sudo dnf install python3-pip"
    return f"Install your system's package with the venv module of Python {version}"
