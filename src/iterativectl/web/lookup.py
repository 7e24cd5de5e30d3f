"""From the names in an address to the things they stand for. Names are looked up; they are never paths.

What is not there is a 404 without a word about where it was looked for.
"""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from iterativectl.errors import ProjectError
from iterativectl.project import links, runs
from iterativectl.project.layout import PROJECT_NAME, RUN_ID, ProjectPaths, RunPaths
from iterativectl.web.replies import NotThere
from iterativectl.web.site import site_of


def project_of(request: Request) -> ProjectPaths:
    """The project that {project} names. Raises HTTPException 404, ProjectError for a link elsewhere."""
    name = request.path_params["project"]
    workspace = site_of(request).workspace
    if not PROJECT_NAME.fullmatch(name):
        raise NotThere("project")
    project = workspace.project(name)
    if not project.root.is_dir():
        raise NotThere("project")
    if not links.lies_inside(project.root, workspace.projects):
        raise ProjectError(links.OUT_OF_WORKSPACE.format(name), links.MOVE)
    return project


def run_of(request: Request) -> RunPaths:
    """The run that {project} and {run} name. Raises HTTPException 404, ProjectError for links elsewhere."""
    project = project_of(request)
    run_id = request.path_params["run"]
    if not RUN_ID.fullmatch(run_id) or not project.run(run_id).run_json.is_file():
        raise NotThere("run")
    paths = project.run(run_id)
    for folder in (project.working, paths.root):
        if not links.lies_inside(folder, project.root):
            raise links.refusal(paths, folder)
    found = site_of(request).shelf.of("links", links.folders(paths), lambda: links.links(paths))
    astray = links.leading_out(paths, found)
    if astray is not None:
        raise links.refusal(paths, astray)
    return paths


def iteration_of(request: Request, paths: RunPaths) -> int:
    """The committed iteration that {n} names. Raises HTTPException 404."""
    number: int = request.path_params["n"]
    if number not in runs.committed(paths):
        raise NotThere("iteration")
    return number


def inside(path: Path, folder: Path) -> Path:
    """The path, if it lies in the folder once links are followed. Raises HTTPException 404."""
    if not links.lies_inside(path, folder):
        raise HTTPException(404)
    return path
