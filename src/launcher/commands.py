"""Run one command of the set-up: its output is read for progress, and kept for the message if it fails."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence

from launcher.progress import Progress

COMMAND_SECONDS = 3600.0  # a slow line needs many minutes for a hundred megabytes
LAST_WORDS_SECONDS = 5.0  # for what a command that was ended has still to say
# Settings of a person's shell that would send the packages to another place than the new environment.
MISLEADING = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_REQUIREMENT",
    "PIP_REQUIRE_VIRTUALENV",
)


class CommandFailed(Exception):
    """A command ended with an error, or was ended at its deadline. `output` is everything that it said."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


def run(command: Sequence[str], progress: Progress, lock: int) -> None:
    """Run to the end; the child holds the set-up lock too. Raises CommandFailed."""
    lines: list[str] = []
    # No `with`: it would close the output under the reader's hands when Ctrl-C comes.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        pass_fds=(lock,),
    )
    reader = threading.Thread(target=_read, args=(process, lines, progress), daemon=True)
    reader.start()
    try:
        _wait_for(process, reader, progress)
    finally:
        process.kill()  # which does nothing to one that has ended
        process.wait()
        reader.join(LAST_WORDS_SECONDS)
    if process.returncode:
        raise CommandFailed("".join(lines))


def _wait_for(process: subprocess.Popen[str], reader: threading.Thread, progress: Progress) -> None:
    """Until the command closes its output and ends, or its time is up; the seconds are shown meanwhile."""
    deadline = time.monotonic() + COMMAND_SECONDS
    while reader.is_alive() and time.monotonic() < deadline:
        reader.join(0.5)
        progress.show()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline - time.monotonic()))


def _read(process: subprocess.Popen[str], lines: list[str], progress: Progress) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        progress.note(line)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return {**kept, "PIP_USER": "0", "UV_NO_PROGRESS": "1"}
