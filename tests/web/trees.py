"""Workspaces to look at, made by the program itself, and a client of their viewer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient
from tests.cli.shell import Shell

from iterativectl import resources
from iterativectl.clock import SystemClock
from iterativectl.loading import World
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths
from iterativectl.web.app import make_app
from iterativectl.web.site import Site

ADDRESS = "127.0.0.1:8420"
ORIGIN = f"http://{ADDRESS}"
TOKEN = "a-token-for-tests-only-0123456789"
HEADERS = {"Origin": ORIGIN, "X-Iterativectl": "viewer"}  # what the page sends with a write


@dataclass(frozen=True)
class Looked:
    """A workspace, its project example with one run of five or so iterations, and a client that is let in."""

    client: TestClient
    workspace: WorkspacePaths

    @property
    def project(self) -> ProjectPaths:
        return self.workspace.project("example")

    @property
    def run(self) -> RunPaths:
        return self.project.run(runs.run_ids(self.project)[-1])


def example_workspace(root: Path) -> Path:
    """A workspace whose project example has had one accepted run, on the embedded engine."""
    project = root / "projects" / "example"
    shipped = resources.path("projects", "example")
    left_out = shutil.ignore_patterns("working", "output", "logs")
    shutil.copytree(shipped, project, ignore=left_out)
    said = Shell(root)("run", "--project", "example", "--seed", "1")
    assert said.code == 0, said.err
    return root


def site_at(root: Path, address: str = ADDRESS) -> Site:
    """The viewer's site of a workspace."""
    world = World(environ=os.environ, clock=SystemClock())
    return Site(workspace=WorkspacePaths(root), world=world, token=TOKEN, hosts=frozenset({address}))


@contextmanager
def looked_at(root: Path) -> Iterator[Looked]:
    """A client of a workspace's viewer that has been let in; its writes carry HEADERS."""
    with TestClient(make_app(site_at(root)), base_url=ORIGIN) as client:
        client.get("/", params={"token": TOKEN})
        yield Looked(client, WorkspacePaths(root))
