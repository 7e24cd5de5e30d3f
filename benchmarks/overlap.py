"""What a second request in the air saves: iterations with max_concurrent 1 and 2 beside a slow judge.

    python benchmarks/overlap.py [--seconds-per-request 1.0] [--rounds 3] [--iterations 6] [--folder F]

A fake ComfyUI that makes pictures in 0.2 s, and a fake Ollama that takes its time for every request and
answers several at once, as hosted models do. The runs take turns. Figures are medians over a run's iterations
after the first two, then over the rounds. No limit is kept: how much is saved is the judge's doing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from servers import ROOT, Servers, running

JOB_SECONDS = 0.2
WARM_UP = 2  # iterations
PX = 512


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds-per-request", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=6)
    parser.add_argument("--folder", type=Path, help="where the runs write; else the temporary folder")
    options = parser.parse_args()
    found: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="overlap-", dir=options.folder) as name:
        folder = Path(name)
        seconds = options.seconds_per_request
        with running(folder, job_seconds=JOB_SECONDS, answer_seconds=seconds) as servers:
            for _ in range(options.rounds):
                for at_once, walls in found.items():
                    walls.append(_seconds_per_iteration(folder, servers, at_once, options.iterations))
    one, two = (statistics.median(found[at_once]) for at_once in (1, 2))
    print(f"a judge that takes {seconds:g} s a request; medians of {options.rounds} rounds\n")
    print("| max_concurrent | seconds an iteration |\n|---|---|")
    print(f"| 1 | {one:.2f} |\n| 2 | {two:.2f} |")
    print(f"\nsaved: {one - two:.2f} s an iteration, {100 * (one - two) / one:.0f} %")
    return 0


def _seconds_per_iteration(folder: Path, servers: Servers, at_once: int, iterations: int) -> float:
    """One run in a process of its own."""
    numbers = {
        "comfyui": servers.comfyui,
        "judge": servers.judge,
        "px": PX,
        "iterations": iterations,
        "max-concurrent": at_once,
    }
    command = [sys.executable, str(ROOT / "benchmarks" / "one_run.py"), str(folder / "workspace")]
    command += [text for name, value in numbers.items() for text in (f"--{name}", str(value))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=3600)
    times = [sample["at"] for sample in json.loads(done.stdout.splitlines()[-1])["samples"]][WARM_UP - 1 :]
    return statistics.median(after - before for before, after in zip(times, times[1:], strict=False))


if __name__ == "__main__":
    sys.exit(main())
