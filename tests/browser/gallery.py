"""A workspace worth looking at: several projects and runs, a ranking, ratings, notes, masks."""

from __future__ import annotations

from pathlib import Path

from tests.cli.shell import Shell
from tests.example.loop import ROOT, make_project
from tests.web.trees import example_workspace

from iterativectl import files
from iterativectl.clock import SystemClock
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths

NOTES = {
    "3": "The best mist so far, but the towers lost their edges.",
    "4": "Keep this light.",
}
# Corners along the outlines in the example's photograph, 768 x 512 pixels.
_ROOFS = (
    *(
        "170,230 176,193 187,170 189,150 194,168 232,168 233,111 243,57 253,111 258,169 276,170 283,175"
    ).split(),
    *("293,122 303,176 381,176 388,169 394,177 406,224").split(),
)
_TOWER = "505,226 506,214 514,205 513,187 526,165 541,187 540,205 549,214 548,226".split()
SKY = [
    "0,0",
    "0,226",
    "23,222",
    "76,230",
    *_ROOFS,
    "437,222",
    "444,219",
    "455,225",
    *_TOWER,
    "645,228",
    "768,227",
    "768,0",
]
CASTLE = [
    *_ROOFS,
    *("430,245 437,240 437,228 444,219 451,228 453,240 468,258 505,262").split(),
    *_TOWER,
    *(
        "544,276 524,290 518,322 490,330 483,395 462,425 440,400 425,372 392,378 372,345 340,328 310,338"
    ).split(),
    *("300,345 262,352 258,312 246,306 236,345 213,352 205,372 170,336").split(),
]


def gallery(root: Path) -> WorkspacePaths:
    """Fill a workspace: about ten seconds of work on the embedded engine."""
    example_workspace(root)
    shell = Shell(root)
    shell.clock = SystemClock()  # type: ignore[assignment]
    _run(shell, "example", "--seed", "2")
    _run(shell, "example", "--seed", "3", "--max-iterations", "2")
    for name in ("pagoda", "great_wall"):
        make_project(root, name, ROOT / "tests" / "data" / "photos" / f"{name}.jpg")
    _run(shell, "pagoda", "--seed", "4")
    workspace = WorkspacePaths(root)
    example = workspace.project("example")
    _draw(shell, "sky", SKY)
    _draw(shell, "castle", CASTLE)
    for run_id in runs.run_ids(example)[:2]:
        _decide(example.run(run_id))
    return workspace


def run_to_show(project: ProjectPaths) -> RunPaths:
    """The accepted run with most to see."""
    return project.run(runs.run_ids(project)[0])


def _run(shell: Shell, project: str, *options: str) -> None:
    said = shell("run", "--project", project, *options)
    assert said.code in (0, 3), said.err


def _draw(shell: Shell, name: str, corners: list[str]) -> None:
    said = shell("mask", "create", "--project", "example", "--name", name, "--polygon", ",".join(corners))
    assert said.code == 0, said.err


def _decide(paths: RunPaths) -> None:
    """What a person thought of it."""
    best, *others = sorted(runs.committed(paths), reverse=True)
    order = [str(number) for number in (best, *others)][:3]
    files.write_json(
        paths.ranking, {"ranking": order, "notes": NOTES, "updated_at": "2026-11-21T12:00:00+00:00"}
    )
    files.write_json(
        paths.human / "ratings.json",
        {
            "ratings": {str(best): 5, str(others[0]): 3},
            "favourites": [str(best)],
            "rejected": ["1"],
            "updated_at": "2026-11-21T12:00:00+00:00",
        },
    )
    files.write_json(
        paths.labels,
        {"labels": {str(best): {"mist": True, "sharp": False}}, "updated_at": "2026-11-21T12:00:00+00:00"},
    )
