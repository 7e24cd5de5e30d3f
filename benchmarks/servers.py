"""Fake servers, each in a process of its own, for as long as a `with` block lasts."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
Interval = tuple[float, float]  # seconds since the epoch


@dataclass(frozen=True)
class Servers:
    """Both servers' ports on 127.0.0.1."""

    comfyui: int
    judge: int

    def busy(self) -> list[Interval]:
        """When either server was at work, by its own account: jobs from start to success, answers."""
        history = requests.get(f"http://127.0.0.1:{self.comfyui}/history", timeout=30).json()
        answers = requests.get(f"http://127.0.0.1:{self.judge}/__fake__/times", timeout=30).json()
        return sorted([*map(_job, history.values()), *((began, ended) for began, ended in answers)])


@contextlib.contextmanager
def running(folder: Path, *, job_seconds: float = 0.0, answer_seconds: float = 0.0) -> Iterator[Servers]:
    """Start both, wait until they listen, end both."""
    with contextlib.ExitStack() as stack:
        fake = ["-m", "tests.fakes.comfyui", "--generation", "B", "--idle-seconds", "120"]
        comfyui = _start(stack, [*fake, "--job-seconds", str(job_seconds)], folder / "comfyui.port")
        program = [
            str(ROOT / "benchmarks" / "judge_process.py"),
            "--seconds-per-request",
            str(answer_seconds),
        ]
        judge = _start(stack, program, folder / "judge.port")
        yield Servers(comfyui, judge)


@contextlib.contextmanager
def fleet(folder: Path, count: int, *, job_seconds: float) -> Iterator[list[int]]:
    """So many fake ComfyUIs; their ports."""
    with contextlib.ExitStack() as stack:
        fake = ["-m", "tests.fakes.comfyui", "--generation", "B", "--idle-seconds", "120"]
        arguments = [*fake, "--job-seconds", str(job_seconds)]
        yield [_start(stack, arguments, folder / f"comfyui_{number}.port") for number in range(count)]


def _start(stack: contextlib.ExitStack, arguments: list[str], port_file: Path) -> int:
    port_file.unlink(missing_ok=True)
    command = [sys.executable, *arguments, "--port-file", str(port_file)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    stack.callback(_end, process)
    deadline = time.monotonic() + 30
    while not port_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{' '.join(command)} did not start")
        time.sleep(0.02)
    return int(port_file.read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.communicate(timeout=10)


def _job(record: dict[str, object]) -> Interval:
    stamps = {
        name: body["timestamp"] / 1000 for name, body in record["status"]["messages"] if "timestamp" in body
    }  # type: ignore[index]
    return stamps["execution_start"], stamps["execution_success"]
