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
    _draw(shell, "sky", "0,0,100%,45%")
    _draw(shell, "castle", "30%,20%,40%,60%")
    for run_id in runs.run_ids(example)[:2]:
        _decide(example.run(run_id))
    return workspace


def run_to_show(project: ProjectPaths) -> RunPaths:
    """The accepted run with most to see."""
    return project.run(runs.run_ids(project)[0])


def _run(shell: Shell, project: str, *options: str) -> None:
    said = shell("run", "--project", project, *options)
    assert said.code in (0, 3), said.err


def _draw(shell: Shell, name: str, box: str) -> None:
    said = shell("mask", "create", "--project", "example", "--name", name, "--box", box)
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
