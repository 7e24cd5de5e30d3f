"""The table behind images/similarity.py: python benchmarks/similarity.py [FOLDER of photographs].

Without a folder: the held-out photographs in tests/data/photos. For every edit the lowest, the middle and
the highest similarity and share of changed cells over the photographs, for all pairs of different photographs
too, and the time for one comparison beside that of reading the two pictures.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.images.edits import EDITS  # noqa: E402

from iterativectl.images.normalise import Pixels, to_pixels  # noqa: E402
from iterativectl.images.similarity import similarity  # noqa: E402

KINDS = {".jpg", ".jpeg", ".png", ".webp"}


def main(folder: Path) -> None:
    photographs = [to_pixels(path.read_bytes(), name=path.name) for path in _files(folder)]
    print(f"{len(photographs)} photographs in {folder.name}\n")
    print("| edit | similarity: lowest | median | highest | changed cells: lowest | median | highest |")
    print("|---|---|---|---|---|---|---|")
    for name, edit in EDITS.items():
        print(_row(name, [(picture, edit(picture)) for picture in photographs]))
    others = [(one, other) for one in photographs for other in photographs if one is not other]
    print(_row("another photograph", others))
    print(f"\none comparison: {_milliseconds(photographs[0], photographs[-1]):.1f} ms")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS)


def _row(name: str, pairs: list[tuple[Pixels, Pixels]]) -> str:
    found = [similarity(*pair) for pair in pairs]
    figures = [
        f"{value:.2f}"
        for values in ([each.measured for each in found], [each.changed_share for each in found])
        for value in np.percentile(values, [0, 50, 100])
    ]
    return f"| {' | '.join([name, *figures])} |"


def _milliseconds(one: Pixels, other: Pixels) -> float:
    """The best of ten: what it costs when nothing else is in the way."""
    times = []
    for _ in range(10):
        started = time.perf_counter()
        similarity(one, other)
        times.append(time.perf_counter() - started)
    return min(times) * 1000


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "data" / "photos" / "held_out")
