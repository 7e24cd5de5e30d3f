"""A machine with a ComfyUI on it: an installation in a folder, a free port, and nobody left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from iterativectl.clock import SystemClock
from iterativectl.generation.comfyui import address_at
from iterativectl.generation.comfyui.status import ComfyUIServer
from iterativectl.processes import installation, target
from iterativectl.processes.comfyui import LocalComfyUI, World, plan
from iterativectl.processes.launch import Launch

PLAIN: Mapping[str, str] = {"PATH": os.defpath}
PROGRAM = Path(__file__).resolve().parents[1] / "fakes" / "comfyui_program.py"


class HastyClock(SystemClock):
    """The machine's time, with short sleeps: what is waited for here comes soon."""

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.03))


def install(folder: Path, *, venv: str = ".venv") -> Path:
    """A ComfyUI with a Python of its own, as far as anybody who starts it can see."""
    (folder / "comfy").mkdir(parents=True)
    shutil.copy(PROGRAM, folder / "main.py")
    (folder / "comfyui_version.py").write_text('__version__ = "0.33.0"\n')
    if venv:
        python = folder / venv / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.symlink_to(os.path.realpath(sys.executable))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """One ComfyUI to be started."""

    root: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def local(self) -> LocalComfyUI:
        """As a command sees it: nothing is remembered from one to the next."""
        clock = HastyClock()
        server = ComfyUIServer(address_at(self.url, {}, {}), clock)
        world = World(environ=PLAIN, clock=clock, listen=server.found)
        return LocalComfyUI(self.folder, self.url, world)

    def command(self, *arguments: str, environ: Mapping[str, str] = PLAIN) -> Callable[[], Launch]:
        found = installation.Installation(root=self.root, by="the test", version="")
        python = installation.python_for(found, None, environ)
        return lambda: plan(found, python, target.target(self.url), arguments, environ)

    def pids(self) -> list[int]:
        """Everybody who was ever started here."""
        path = self.root / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def living(self) -> list[int]:
        return [pid for pid in self.pids() if lives(pid)]


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended is taken out of the table if it is a child of ours."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _killed(root: Path) -> list[int]:
    """Kill whoever runs in this folder, known or not; who was still there."""
    there = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == root:
                there.append(int(entry.name))
    for pid in there:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        lives(pid)
    return there


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def site_at(tmp_path: Path) -> Iterator[Site]:
    site = Site(install(tmp_path / "ComfyUI"), tmp_path / "state", free_port())
    try:
        yield site
    finally:
        until(lambda: not _killed(site.root), 10)
