"""Run one command of the set-up: its output is read for progress, and kept for the message if it fails."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence

from launcher.progress import Progress

COMMAND_SECONDS = 3600.0  # a slow line needs many minutes for a hundred megabytes
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
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        pass_fds=(lock,),
    ) as process:
        try:
            _follow(process, lines, progress)
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode:
        raise CommandFailed("".join(lines))


def _follow(process: subprocess.Popen[str], lines: list[str], progress: Progress) -> None:
    """Read until the command closes its output, showing the seconds meanwhile."""
    reader = threading.Thread(target=_read, args=(process, lines, progress), daemon=True)
    reader.start()
    deadline = time.monotonic() + COMMAND_SECONDS
    while reader.is_alive():
        reader.join(0.5)
        progress.show()
        if time.monotonic() > deadline:
            lines.append(f"ended after {COMMAND_SECONDS / 60:.0f} minutes")
            process.kill()
            break
    process.wait(COMMAND_SECONDS)


def _read(process: subprocess.Popen[str], lines: list[str], progress: Progress) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        progress.note(line)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return {**kept, "PIP_USER": "0", "UV_NO_PROGRESS": "1"}
