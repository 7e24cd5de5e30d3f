"""Start a program that outlives us, and write down who it is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from iterativectl import files
from iterativectl.clock import Clock
from iterativectl.errors import LockedError
from iterativectl.processes import identity, logs, record
from iterativectl.processes.errors import StartFailed
from iterativectl.processes.record import ProcessPaths, Record

LOCK_SECONDS = 30.0  # longer than a stop takes
_EVERY = 0.2
_ENDING_LOOKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start: the command line, in which folder, with which variables, to answer where."""

    command: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]
    address: str


@contextmanager
def alone(paths: ProcessPaths, clock: Clock) -> Iterator[None]:
    """Nobody else starts or stops this program meanwhile. Raises LockedError after LOCK_SECONDS."""
    end = clock.monotonic() + LOCK_SECONDS
    while (descriptor := files.lock(paths.lock, f"{os.getpid()}\n")) is None:
        if clock.monotonic() >= end:
            raise LockedError(
                f"another command is starting or stopping it just now ({paths.lock})",
                "Wait for that command to end, then try again.",
            )
        clock.sleep(_EVERY)
    try:
        yield
    finally:
        files.unlock(descriptor)


def launch(wanted: Launch, paths: ProcessPaths, clock: Clock) -> Record:
    """Start it in a session of its own, without a terminal, its words going to the log; write the record.

    Raises StartFailed when the operating system refuses. What was started but cannot be written down is
    ended again: nobody could stop it later.
    """
    logs.rotate(paths)
    log = logs.open_new(paths.log)
    try:
        pid = _spawn(wanted, log)
    finally:
        os.close(log)
    try:
        made = Record(
            pid=pid,
            start=identity.start_of(pid),
            host=identity.host(),
            command=wanted.command,
            cwd=str(wanted.cwd.resolve()),
            address=wanted.address,
            started_at=clock.now().isoformat(timespec="seconds"),
        )
        record.write(paths.state, made)
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    return made


def exit_code(pid: int, clock: Clock) -> int | None:
    """How a child of this very process that has ended did so (below 0: by that signal); None for no child.

    Its last threads may need a moment to end, too.
    """
    for _ in range(_ENDING_LOOKS):
        try:
            found, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return None
        if found:
            return os.waitstatus_to_exitcode(status)
        clock.sleep(_EVERY)
    return None


def reap(pid: int) -> None:
    """Take a child that has ended out of the system's table; nothing for others."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _spawn(wanted: Launch, log: int) -> int:
    try:
        child = subprocess.Popen(
            wanted.command,
            cwd=wanted.cwd,
            env=wanted.environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise StartFailed(
            f"{wanted.command[0]} could not be started in {wanted.cwd}: {error.strerror or error}",
            "Is the folder still there, and is this a program for this system that may be executed?",
        ) from error
    child.returncode = 0  # it outlives us on purpose, of which Popen would warn; `exit_code` asks by pid
    return child.pid
