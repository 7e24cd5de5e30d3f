"""Sweeps in processes of their own, two at a time: begun with the first test that waits for one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST = 600  # seconds; on two idle cores the longest share takes about 20
AT_ONCE = min(5, 1 + (os.cpu_count() or 2))  # one more than cores: some wait for servers

Job = tuple[str, ...]


class Jobs:
    """Runs `python -m tests.crash.sweep` for each job, in the order given; `result` waits for one."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._futures: dict[Job, Future[dict[str, Any]]] = {
            job: self._pool.submit(self._run, job) for job in jobs
        }

    def result(self, *jobs: Job) -> dict[str, Any]:
        """The results of the shares of one sweep as one. Raises AssertionError where a process broke."""
        found = [self._futures[job].result() for job in jobs]
        total = {
            key: sum(result[key] for result in found) for key in ("attacked", "cases", "same", "seconds")
        }
        failures = [failure for result in found for failure in result["failures"]]
        return {**total, "operations": found[0]["operations"], "failures": failures}

    def close(self) -> None:
        """End what still runs: a test run that is broken off leaves nothing behind."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in list(self._running):
            os.killpg(process.pid, signal.SIGTERM)
        self._pool.shutdown()

    def _run(self, job: Job) -> dict[str, Any]:
        paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
        command = [sys.executable, "-m", "tests.crash.sweep", *job]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        pipes |= {"env": {**os.environ, "PYTHONPATH": paths}, "start_new_session": True}
        with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as process:
            self._running.add(process)
            try:
                out, err = process.communicate(timeout=LONGEST)
            finally:
                process.kill()
                self._running.discard(process)
        assert process.returncode == 0, f"{' '.join(job)}: {err[-3000:]}"
        result = json.loads(out.splitlines()[-1])
        assert isinstance(result, dict)
        return result
