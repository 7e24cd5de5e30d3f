"""One run of the loop beside servers that are up already, watched from inside; prints JSON.

    python benchmarks/one_run.py FOLDER --comfyui PORT --judge PORT [--px 1024] [--iterations 12]

The project is the business-attire template with a photograph of px x px as its input. Prints, per committed
iteration: CPU seconds of this process so far (user and system, all threads), the time, and the memory in use.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from iterativectl import compose
from iterativectl.clock import SystemClock
from iterativectl.events import Event
from iterativectl.images.normalise import to_input_png
from iterativectl.project.layout import WorkspacePaths

ROOT = Path(__file__).resolve().parents[1]
PHOTOGRAPH = ROOT / "tests" / "data" / "photos" / "great_wall.jpg"
Sample = dict[str, float]


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--max-concurrent", type=int, default=1, help="requests to the judge in the air")
    parser.add_argument("--profile", type=Path, help="where to write cProfile's figures of the main thread")
    options = parser.parse_args()
    workspace = WorkspacePaths(options.folder)
    _write_project(options.folder, options.comfyui, options.judge, options.px, options.max_concurrent)
    samples: list[Sample] = []

    def watch(event: Event) -> None:
        if event.type == "iteration_failed":
            raise SystemExit(f"an iteration failed: {event.data}")
        if event.type == "iteration_committed":
            samples.append(sample())

    def work() -> None:
        wanted = compose.RunOptions(max_iterations=options.iterations, seed=1)
        world = compose.World(environ={}, clock=SystemClock())
        compose.run_project(workspace, workspace.project("p"), wanted, world, watch)

    _profiled(work, options.profile) if options.profile else work()
    print(json.dumps({"samples": samples, "peak_mb": peak_mb()}))


def arguments(doc: str) -> argparse.ArgumentParser:
    """What a run needs to know, ours or the bare one."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--comfyui", type=int, required=True)
    parser.add_argument("--judge", type=int, required=True)
    parser.add_argument("--px", type=int, default=1024)
    parser.add_argument("--iterations", type=int, default=12)
    return parser


def _profiled(work: Callable[[], None], path: Path) -> None:
    profile = cProfile.Profile(time.thread_time)
    profile.runcall(work)
    profile.dump_stats(path)


def _write_project(folder: Path, comfyui: int, judge: int, px: int, at_once: int) -> None:
    project = WorkspacePaths(folder).project("p")
    shutil.rmtree(project.root, ignore_errors=True)
    project.config.mkdir(parents=True)
    project.input.parent.mkdir()
    project.input.write_bytes(photograph(px))
    changes = {
        "rules.yaml": {},
        "AIGen.yaml": {"host: localhost": "host: 127.0.0.1", "port: 8188": f"port: {comfyui}"},
        "AIVis.yaml": {
            "base_url: null": f"base_url: http://127.0.0.1:{judge}",
            "max_concurrent: 1": f"max_concurrent: {at_once}",
            "votes: 5": "votes: 1",  # four requests an iteration, whatever the judge says
        },
    }
    for name, replaced in changes.items():
        text = (ROOT / "defaults" / "config" / name).read_text(encoding="utf-8")
        for old, new in replaced.items():
            text = text.replace(old, new)
        (project.config / name).write_text(text, encoding="utf-8")


def photograph(px: int) -> bytes:
    """The middle square of a photograph of 768 x 575, enlarged where px asks for more."""
    with Image.open(PHOTOGRAPH) as picture:
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side)).resize((px, px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    square.save(buffer, "PNG")
    return to_input_png(buffer.getvalue())


def sample() -> Sample:
    """CPU seconds so far, the time, resident memory."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": used.ru_utime + used.ru_stime, "at": time.time(), "memory_mb": _memory_mb()}


def _memory_mb() -> float:
    """Resident memory now; where the system does not say (not Linux), the highest so far."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_mb()
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mb() -> float:
    """The highest resident memory; macOS counts in bytes, Linux in KiB."""
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
