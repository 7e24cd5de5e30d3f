"""What it costs to write a plan into a graph of 60 nodes, in CPU time: python benchmarks/patching.py.

The graph is SDXL's base and refiner from tests/workflows, with a mask and a long chain of LoRAs. Reading and
tracing happen once per workflow file, patching once per picture.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.comfyui.large import large_graph  # noqa: E402
from tests.comfyui.rig import PLAN  # noqa: E402

from iterativectl.generation.comfyui import graph as graphs  # noqa: E402
from iterativectl.generation.comfyui.patch import Names, patch  # noqa: E402
from iterativectl.generation.comfyui.trace import trace  # noqa: E402

NODES = 60
ROUNDS = 200
LIMIT_MS = 5.0
NAMES = Names(prefix="iterative/p/r/iteration_3_T", image="iterative/in.png", mask="iterative/mask.png")


def main() -> None:
    content = json.dumps(large_graph(NODES)).encode()
    workflow = graphs.load(content, "large.json")
    roles = trace(workflow, {})
    print(
        f"{len(workflow.graph)} nodes, {len(content) / 1000:.1f} kB; median and longest of {ROUNDS}, CPU ms"
    )
    _print("read the file", lambda: graphs.load(content, "large.json"))
    _print("trace", lambda: trace(workflow, {}))
    worst = _print("patch", lambda: patch(workflow.graph, roles, PLAN, NAMES))
    print(f"limit for a patch: {LIMIT_MS} ms, {'kept' if worst < LIMIT_MS else 'NOT KEPT'}")


def _print(name: str, work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    print(f"{name:14} {median(times):6.2f} {max(times):6.2f}")
    return max(times)


if __name__ == "__main__":
    main()
