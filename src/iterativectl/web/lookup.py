"""From the names in an address to the things they stand for. Names are looked up; they are never paths.

What is not there is a 404 without a word about where it was looked for.
"""

from __future__ import annotations

import os
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from iterativectl.project import runs
from iterativectl.project.layout import PROJECT_NAME, RUN_ID, ProjectPaths, RunPaths
from iterativectl.web.site import site_of


def project_of(request: Request) -> ProjectPaths:
    """The project that {project} names. Raises HTTPException 404."""
    name = request.path_params["project"]
    workspace = site_of(request).workspace
    if not PROJECT_NAME.fullmatch(name):
        raise HTTPException(404)
    project = workspace.project(name)
    return ProjectPaths(inside(project.root, workspace.projects)) if project.root.is_dir() else _gone()


def run_of(request: Request) -> RunPaths:
    """The run that {project} and {run} name. Raises HTTPException 404."""
    project = project_of(request)
    run_id = request.path_params["run"]
    if not RUN_ID.fullmatch(run_id) or not project.run(run_id).run_json.is_file():
        raise HTTPException(404)
    paths = project.run(run_id)
    inside(paths.root, project.root)
    with os.scandir(paths.root) as entries:
        links = [Path(entry.path) for entry in entries if entry.is_symlink()]
    for link in links:  # a whole folder of steps, say
        inside(link, project.root)
    return paths


def iteration_of(request: Request, paths: RunPaths) -> int:
    """The committed iteration that {n} names. Raises HTTPException 404."""
    number: int = request.path_params["n"]
    if number not in runs.committed(paths):
        raise HTTPException(404)
    return number


def inside(path: Path, folder: Path) -> Path:
    """The path, if it lies in the folder once links are followed. Raises HTTPException 404."""
    try:
        lies_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # links in a circle, a name that is too long
        raise HTTPException(404) from error
    if not lies_inside:
        raise HTTPException(404)
    return path


def _gone() -> ProjectPaths:
    raise HTTPException(404)
