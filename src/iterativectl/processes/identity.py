"""Who a process is, as the operating system tells it: /proc on Linux, `ps` on macOS and the BSDs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from iterativectl.errors import UsageError

_PROC = Path("/proc")
_DEAD = ("Z", "X")  # a zombie has ended; only its exit code is still there
_PS_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A living process. `start` is equal only for the same process of the same boot; never read otherwise.

    `command` is its command line: its arguments, or one text where the system tells no more. `cwd` is None
    where the system does not tell it.
    """

    start: str
    command: tuple[str, ...]
    cwd: str | None

    def runs(self, command: tuple[str, ...], cwd: str) -> bool:
        """Whether it runs this command line there.

        The end of the line counts, from the first argument: `#!` lines, wrappers and a Python that starts
        itself again put another program before it.
        """
        ours = " ".join(command[1:])
        return f" {' '.join(self.command)}".endswith(f" {ours}") and self.cwd in (None, cwd)


def look(pid: int) -> Seen | None:
    """The living process of this number; None when there is none. The start time is read last."""
    if not _has_proc():
        return _by_ps(pid)
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
        cwd = str((_PROC / str(pid) / "cwd").readlink())
    except (FileNotFoundError, ProcessLookupError):
        return None
    except PermissionError:  # another person's
        raw, cwd = b"", ""
    fields = _stat(pid)
    if fields is None or fields[0] in _DEAD:
        return None
    command = tuple(part.decode("utf-8", "replace") for part in raw.rstrip(b"\0").split(b"\0"))
    return Seen(start=_start(fields), command=command, cwd=cwd)


def start_of(pid: int) -> str:
    """The start time of a process just made, also when it has ended meanwhile and was not yet reaped."""
    if _has_proc():
        fields = _stat(pid)
        return _start(fields) if fields else ""
    seen = _by_ps(pid)
    return seen.start if seen else ""


def group_lives(group: int) -> bool:
    """Whether any process of this group is alive."""
    if _has_proc():
        found = (_stat(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit())
        return any(fields and int(fields[2]) == group and not _is_over(fields) for fields in found)
    rows = (line.split() for line in _ps("-A", "-o", "pgid=,state=").splitlines())
    return any(row[0] == str(group) and row[1][0] not in _DEAD for row in rows if len(row) == 2)


def host() -> str:
    """This machine's name."""
    return os.uname().nodename


def _has_proc() -> bool:
    return (_PROC / "self" / "stat").exists()


def _stat(pid: int) -> list[str] | None:
    """The fields after the name, which may hold anything: state, parent, group, ..., the 20th: start time."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return text.rpartition(")")[2].split()


def _is_over(fields: list[str]) -> bool:
    """Whether nothing of it is left: while other threads than the first still end, its sockets are open."""
    return fields[0] in _DEAD and int(fields[17]) <= 1


def _start(fields: list[str]) -> str:
    """Boot and clock ticks since then (proc(5), field 22)."""
    boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="ascii").strip()
    return f"{boot}:{fields[19]}"


def _by_ps(pid: int) -> Seen | None:
    """`lstart` is five words, such as `Mon Jan  5 10:00:00 2026`; then comes the command line."""
    words = _ps("-ww", "-p", str(pid), "-o", "state=,lstart=,command=").split(None, 6)
    if len(words) < 7 or words[0][0] in _DEAD:
        return None
    return Seen(start=" ".join(words[1:6]), command=(words[6].rstrip(),), cwd=None)


def _ps(*arguments: str) -> str:
    """What `ps` says, in UTC: summer time must not change a start time.

    Raises UsageError where there is no `ps`.
    """
    surroundings = {"PATH": "/bin:/usr/bin", "LC_ALL": "C", "TZ": "UTC0"}
    try:
        done = subprocess.run(
            ["ps", *arguments], env=surroundings, capture_output=True, timeout=_PS_SECONDS, check=False
        )
    except OSError as error:
        raise UsageError(
            "this system has neither /proc nor ps: a process cannot be told from another",
            "Start and stop ComfyUI by hand, the viewer with --foreground; everything else works without.",
        ) from error
    return done.stdout.decode("utf-8", "replace")
