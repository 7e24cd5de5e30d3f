"""Starts the program in fresh processes quickly: everything is imported once, then forked.

As a process it reads one command a line, `{"argv": [...], "cwd": ..., "log": ...}`, forks a child that does
what `python -m iterativectl ARGV` does, and writes two lines: its pid, then its exit code (-9 after kill -9).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST = 60.0  # seconds that a run may take before a test is given up
QUIET = {"NO_COLOR": "1", "COLUMNS": "200"}


@dataclass
class Run:
    """A started program. `code` is known when `ended` is set: its exit code, or the signal, negative."""

    pid: int
    log: Path
    code: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal; nothing to a process that has ended."""
        if not self.ended.is_set():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float = LONGEST) -> int:
        """The exit code. Raises AssertionError when it does not end in that time."""
        assert self.ended.wait(seconds), f"it runs for more than {seconds} s: {self.said}"
        assert self.code is not None
        return self.code

    @property
    def said(self) -> str:
        """What the program wrote to its terminal, both streams."""
        return self.log.read_text(errors="replace")


class Zygote:
    """Forks programs, one after the other or several at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            cwd=REPOSITORY,
            env={**os.environ, **QUIET, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()
        self._runs: dict[int, Run] = {}
        self._started: list[Run] = []
        self._told = threading.Condition(self._lock)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._runs.values():
            run.kill(signal.SIGCONT)
            run.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._listener.join(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def start(self, workspace: Path, *argv: str) -> Run:
        """`iterativectl ARGV` in a workspace, begun."""
        self._count += 1
        log = self._folder / f"terminal_{self._count}.txt"
        command = {"argv": argv, "cwd": str(workspace), "log": str(log)}
        assert self._process.stdin is not None
        with self._told:
            print(json.dumps(command), file=self._process.stdin, flush=True)
            known = len(self._started)
            assert self._told.wait_for(lambda: len(self._started) > known, LONGEST)
            run = self._started[-1]
        run.log = log
        return run

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            with self._told:
                if "code" in told:
                    run = self._runs[told["pid"]]
                    run.code = told["code"]
                    run.ended.set()
                else:
                    run = Run(told["pid"], Path())
                    self._runs[run.pid] = run
                    self._started.append(run)
                self._told.notify_all()


def serve() -> None:
    """The process itself: forks, and tells what becomes of the children."""
    _import_everything()
    children: set[int] = set()
    os.set_blocking(0, False)
    waiting = b""
    while True:
        try:
            piece = os.read(0, 65536)
            if not piece:
                return
            waiting += piece
        except BlockingIOError:
            time.sleep(0.002)
        *lines, waiting = waiting.split(b"\n")
        for line in lines:
            children.add(_begun(json.loads(line)))
        for child in list(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                children.discard(child)
                _tell({"pid": child, "code": os.waitstatus_to_exitcode(status)})


def _begun(command: dict[str, Any]) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of native threads that wait
        child = os.fork()
    if child == 0:
        _be_program(command)
    _tell({"pid": child})
    return child


def _be_program(command: dict[str, Any]) -> None:
    from iterativectl.cli.main import entry

    terminal = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for descriptor, source in ((0, nowhere), (1, terminal), (2, terminal)):
        os.dup2(source, descriptor)
    os.chdir(command["cwd"])
    sys.argv = ["iterativectl", *command["argv"]]
    code: Any = 70
    try:
        entry()
    except SystemExit as request:
        code = request.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code))


def _tell(value: dict[str, Any]) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


def _import_everything() -> None:
    """What a run imports on its way, and nothing is done with it yet."""
    from importlib import import_module

    for name in (
        "iterativectl.cli.main",
        "iterativectl.cli.commands.run",
        "iterativectl.cli.console",
        "iterativectl.cli.verdict",
        "iterativectl.cli.logs",
        "iterativectl.compose",
        "iterativectl.generation.comfyui",
        "iterativectl.generation.embedded",
        "iterativectl.vision.ollama",
        "iterativectl.vision.openai_compatible",
        "iterativectl.images.similarity",
        "rich.console",
        "rich.live",
        "rich.table",
    ):
        import_module(name)


if __name__ == "__main__":
    serve()
