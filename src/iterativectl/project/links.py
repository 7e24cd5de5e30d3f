"""Links that lead out of a project. Runs follow them; what shows or exports a project does not.

A folder that was sent by somebody may hold links to files of this machine. So a run with such a link among
its records is not shown and not exported, and it is said which one it is; a picture is judged for itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from iterativectl.errors import ProjectError
from iterativectl.project.layout import ProjectPaths, RunPaths

CURE = "Put a copy of what it leads to in its place."

OUT_OF_WORKSPACE = "projects/{} is a link that leads out of the workspace: the viewer does not follow it"
MOVE = "Move the folder itself there, or start the viewer with --workspace in the one where it lies."


def folders(paths: RunPaths) -> list[Path]:
    """The folders of a run whose files are read: its own, and those of the steps. Pictures are in none."""
    steps = ("plan", "workflow", "questions", "evaluation", "comparison", "advice", "metadata", "human")
    return [paths.root, *(paths.root / step for step in steps)]


def links(paths: RunPaths) -> tuple[Path, ...]:
    """All links in those folders, wherever they lead; the same as long as none of the folders changes."""
    return tuple(link for folder in folders(paths) for link in _links(folder))


def leading_out(paths: RunPaths, found: Sequence[Path] | None = None) -> Path | None:
    """The first of a run's links that leads out of its project; `found` are its links, if known."""
    of_project = _of_project(ProjectPaths(paths.project))
    candidates = (*of_project, *(links(paths) if found is None else found))
    return next((link for link in candidates if not lies_inside(link, paths.project)), None)


def refusal(paths: RunPaths, link: Path) -> ProjectError:
    """The error for a run with a link that leads out."""
    return ProjectError(refused(paths.relative(link)), CURE)


def refused(name: str) -> str:
    """What is said of a link; `name` as it stands below the project's folder."""
    return f"{name} is a link that leads out of the project: it is not followed"


def lies_inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder once links are followed; not where it goes in a circle."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def _of_project(project: ProjectPaths) -> list[Path]:
    """Links among what is read of a project to tell of a run."""
    read = (project.checkpoint, project.control, project.settings, project.seed)
    return [path for path in read if path.is_symlink()]


def _links(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_symlink())
    except OSError:
        return []
