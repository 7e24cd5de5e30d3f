"""What one iteration costs us: CPU, share of the wall time, memory. Needs no server and no graphics card.

    python benchmarks/iteration.py [--quick] [--rounds 5] [--folder F]

A fake ComfyUI and a fake Ollama run in processes of their own, the loop in a third, with a photograph of
1024 x 1024 pixels and a judge that never accepts. Beside it, by turns, the least that a loop can do
(bare_run.py). Two kinds of round: servers that answer at once, for CPU; servers that take 2 s per iteration
together, for the share of wall time that is not theirs by their own account. The first two iterations of each
run are left out; figures are medians of a run's iterations, then of the rounds. Last one long run of small
pictures, for memory. Exit code 1 when a bar is missed.

The folder is where the runs write: its disk counts, because every step is forced to disk before the next one
begins. Other work on the machine shows in the wall time, so the load is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers import ROOT, Interval, Servers, running

PX, SMALL_PX = 1024, 256
WARM_UP = 2  # iterations
JOB_SECONDS, ANSWER_SECONDS = 1.4, 0.11  # with the work of the fakes itself and four answers about 2 s
CPU_MS, WALL_PERCENT, GROWTH_MB, MEMORY_MB = 250.0, 5.0, 5.0, 250.0


@dataclass(frozen=True)
class Run:
    """One run's samples (one an iteration) and when its servers were at work."""

    samples: list[dict[str, float]]
    peak_mb: float
    busy: list[Interval]

    def cpu_ms(self, first: int = WARM_UP, last: int | None = None) -> float:
        """CPU per iteration: median over the iterations after `first`."""
        spent = [sample["cpu"] for sample in self.samples[first - 1 : last]]
        return 1000 * statistics.median(
            after - before for before, after in zip(spent, spent[1:], strict=False)
        )

    def walls_ms(self) -> list[tuple[float, float]]:
        """Per iteration after the first ones: (wall, of that with neither server at work)."""
        times = [sample["at"] for sample in self.samples[WARM_UP - 1 :]]
        spans = list(zip(times, times[1:], strict=False))
        return [
            (1000 * (end - start), 1000 * (end - start - self._served(start, end))) for start, end in spans
        ]

    def own_ms(self) -> float:
        """Wall time per iteration that no server accounts for."""
        return statistics.median(own for _, own in self.walls_ms())

    def own_percent(self) -> float:
        """The same as a share of the iteration."""
        return statistics.median(100 * own / wall for wall, own in self.walls_ms())

    def memory_mb(self, iteration: int) -> float:
        """Resident memory at an iteration: median of the ten that end there."""
        return statistics.median(s["memory_mb"] for s in self.samples[max(0, iteration - 10) : iteration])

    def _served(self, start: float, end: float) -> float:
        """Seconds of an interval in which a server was at work; `busy` is sorted and may overlap."""
        total, reached = 0.0, start
        for began, ended in self.busy:
            began, ended = max(began, reached), min(ended, end)
            if ended > began:
                total, reached = total + ended - began, ended
        return total


@dataclass
class Figures:
    """What the rounds gave, by name."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        self.found.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        return statistics.median(self.found[name])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round, and 80 iterations for memory")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, help="where the runs write; else the folder for temporary files"
    )
    options = parser.parse_args()
    rounds, span = (1, (20, 80)) if options.quick else (options.rounds, (50, 500))
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="iteration-", dir=options.folder) as name:
        for number in range(rounds):
            _say(f"round {number + 1} of {rounds}")
            _round(Path(name), figures)
        _say(f"{span[1]} iterations of {SMALL_PX} px, for memory")
        _long_run(Path(name), figures, span)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, load of the machine {figures.median('load'):.1f}")
    print(f"a small durable write in {Path(name).parent}: {figures.median('durable write'):.1f} ms\n")
    return _report(figures, rounds, span)


def _round(folder: Path, figures: Figures) -> None:
    figures.add("load", os.getloadavg()[0])
    figures.add("durable write", _durable_write_ms(folder))
    for kind, seconds, iterations in (("at once", (0.0, 0.0), 14), ("2 s", (JOB_SECONDS, ANSWER_SECONDS), 8)):
        with running(folder, job_seconds=seconds[0], answer_seconds=seconds[1]) as servers:
            for side, program in (("ours", "one_run.py"), ("bare", "bare_run.py")):
                run = _run(program, folder, servers, PX, iterations)
                figures.add(f"{side} {kind} cpu", run.cpu_ms())
                figures.add(f"{side} {kind} own", run.own_ms())
                figures.add(f"{side} {kind} percent", run.own_percent())
                figures.add(f"{side} peak", run.peak_mb)


def _long_run(folder: Path, figures: Figures, span: tuple[int, int]) -> None:
    first, last = span
    with running(folder) as servers:
        run = _run("one_run.py", folder, servers, SMALL_PX, last)
    figures.add("growth", run.memory_mb(last) - run.memory_mb(first))
    figures.add("first memory", run.memory_mb(first))
    figures.add("last memory", run.memory_mb(last))
    figures.add("long peak", run.peak_mb)
    figures.add("first cpu", run.cpu_ms(last=first))
    figures.add("last cpu", run.cpu_ms(first=last - first))


def _run(program: str, folder: Path, servers: Servers, px: int, iterations: int) -> Run:
    """A run in a process of its own."""
    command = [sys.executable, str(ROOT / "benchmarks" / program), str(folder / "workspace")]
    options = {"comfyui": servers.comfyui, "judge": servers.judge, "px": px, "iterations": iterations}
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=3600)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Run(said["samples"], said["peak_mb"], servers.busy())


def _durable_write_ms(folder: Path) -> float:
    """What the disk alone takes for a small file that is there whole after a power cut: median of 20."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        partial = folder / "probe.partial"
        with partial.open("wb") as stream:
            stream.write(bytes(4096))
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(folder / "probe")
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _report(figures: Figures, rounds: int, span: tuple[int, int]) -> int:
    first, last = span
    cpu, share = figures.median("ours at once cpu"), figures.median("ours 2 s percent")
    growth, peak = figures.median("growth"), max(figures.median("ours peak"), figures.median("long peak"))
    bars = (
        (f"CPU per iteration, {PX} px, servers that answer at once", cpu, CPU_MS, "ms"),
        (f"wall time that is not the servers', {PX} px, servers that take 2 s", share, WALL_PERCENT, "%"),
        (f"memory grown from iteration {first} to {last}, {SMALL_PX} px", growth, GROWTH_MB, "MB"),
        (f"highest memory, {PX} px and the long run", peak, MEMORY_MB, "MB"),
    )
    print(f"| what (medians of {rounds} rounds) | at most | found | |\n|---|---|---|---|")
    for what, figure, most, unit in bars:
        print(
            f"| {what} | {most:g} {unit} | {figure:.1f} {unit} | {'kept' if figure <= most else 'MISSED'} |"
        )
    print("\n| beside it | ours | bare loop |\n|---|---|---|")
    for what, name in (
        ("CPU per iteration, servers at once, ms", "at once cpu"),
        ("wall not the servers', servers at once, ms", "at once own"),
        ("wall not the servers', servers 2 s, ms", "2 s own"),
        ("share of that, %", "2 s percent"),
        ("highest memory, MB", "peak"),
    ):
        print(f"| {what} | {figures.median(f'ours {name}'):.1f} | {figures.median(f'bare {name}'):.1f} |")
    memory = [figures.median(name) for name in ("first memory", "last memory")]
    work = [figures.median(name) for name in ("first cpu", "last cpu")]
    print(f"\nlong run: {memory[0]:.1f} MB at iteration {first}, {memory[1]:.1f} MB at {last};")
    print(f"CPU per iteration {work[0]:.1f} ms up to {first}, {work[1]:.1f} ms in the last {first}")
    return 0 if all(figure <= most for _, figure, most, _ in bars) else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
