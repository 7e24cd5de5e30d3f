"""A fake Ollama as a process of its own, so that its work is not counted as ours. Ends with its input stream.

    python benchmarks/judge_process.py --port-file F [--seconds-per-request S]

One criterion always fails, so that a run goes on and is advised after every picture. All else is answered as
tests/fakes/ollama.py does. `GET /__fake__/times` gives [began, ended] of every answer, in seconds since the
epoch: from the last byte of the request to the last of the answer.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fakes.judge_server import Asked, Canned, Received, _Handler, instance
from tests.fakes.ollama import FakeOllama

REASON = "Seen in the middle of the picture, a little to the left; the light comes from the same side."


class Judge(FakeOllama):
    """Answers after a fixed time and keeps only the last requests: a long run must not fill the memory."""

    def __init__(self, seconds: float) -> None:
        super().__init__(_answer)
        self.requests = deque(maxlen=4)  # type: ignore[assignment]
        self.times: list[tuple[float, float]] = []
        self.seconds = seconds

    @property
    def asked_count(self) -> int:
        return len(self.times) + 1

    def __enter__(self) -> Judge:
        super().__enter__()
        self._server.RequestHandlerClass = _Timed
        return self

    def look(self, path: str, body: Any) -> Canned:
        return Canned(body=self.times) if path == "/__fake__/times" else super().look(path, body)


class _Timed(_Handler):
    """Notes when it was at work, and takes its time."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        began = time.time()
        judge = self.server.fake
        assert isinstance(judge, Judge)
        body = json.loads(raw) if raw else None
        received = Received(method=self.command, path=self.path, headers=dict(self.headers), body=body)
        canned = judge.take(received)
        if self.path in judge.ask_paths:
            time.sleep(max(0.0, judge.seconds - (time.time() - began)))
        self._send(canned)
        if self.path in judge.ask_paths:
            judge.times.append((began, time.time()))

    do_GET = do_POST


def _answer(asked: Asked) -> str:
    """Yes to every criterion but the first, with reasons as long as models give."""
    if asked.schema is None:
        return "A wall of stone climbs a wooded ridge under a pale sky. " * 3
    value = instance(asked.schema)
    criteria = value.get("criteria", {})
    for number, entry in enumerate(criteria.values()):
        reason = f"Request {asked.number}, criterion {number}: {REASON}"
        entry |= {"reason": reason, "answer": "no" if number == 0 else "yes", "confidence": "high"}
    if "positive" in value:
        value |= {
            "reason": REASON,
            "positive": f"a wall, {asked.number} birds above it",
            "negative": "blurry",
        }
    return json.dumps(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--seconds-per-request", type=float, default=0.0)
    options = parser.parse_args()
    with Judge(options.seconds_per_request) as judge:
        partial = options.port_file.with_suffix(".partial")
        partial.write_text(judge.url.rpartition(":")[2])
        partial.replace(options.port_file)
        sys.stdin.read()


if __name__ == "__main__":
    main()
