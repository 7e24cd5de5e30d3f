"""Workspaces to look at, made by the program itself, and a client of their viewer."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.testclient import TestClient
from tests.cli.shell import Shell

from iterativectl import resources
from iterativectl.clock import SystemClock
from iterativectl.loading import World
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths
from iterativectl.web.app import make_app
from iterativectl.web.server import Server, listening
from iterativectl.web.site import Site
from iterativectl.web.streams import Streams

ADDRESS = "127.0.0.1:8420"
ORIGIN = f"http://{ADDRESS}"
TOKEN = "a-token-for-tests-only-0123456789"
PATIENCE = 20.0  # seconds until the server answers or ends, on a machine under load
HEADERS = {"Origin": ORIGIN, "X-Iterativectl": "viewer"}  # what the page sends with a write


class Example:
    """A workspace whose project example has had a run of five or so iterations."""

    workspace: WorkspacePaths

    @property
    def project(self) -> ProjectPaths:
        return self.workspace.project("example")

    @property
    def run(self) -> RunPaths:
        return self.project.run(runs.run_ids(self.project)[-1])


@dataclass(frozen=True)
class Looked(Example):
    """Such a workspace, and a client of its viewer that is let in."""

    client: TestClient
    workspace: WorkspacePaths


def example_workspace(root: Path) -> Path:
    """A workspace whose project example has had one accepted run, on the embedded engine."""
    project = root / "projects" / "example"
    shipped = resources.path("projects", "example")
    left_out = shutil.ignore_patterns("working", "output", "logs")
    shutil.copytree(shipped, project, ignore=left_out)
    said = Shell(root)("run", "--project", "example", "--seed", "1")
    assert said.code == 0, said.err
    return root


def site_at(root: Path, address: str = ADDRESS, token: str = TOKEN) -> Site:
    """The viewer's site of a workspace."""
    world = World(environ=os.environ, clock=SystemClock())
    return Site(workspace=WorkspacePaths(root), world=world, token=token, hosts=frozenset({address}))


@contextmanager
def looked_at(root: Path) -> Iterator[Looked]:
    """A client of a workspace's viewer that has been let in; its writes carry HEADERS."""
    with TestClient(make_app(site_at(root)), base_url=ORIGIN) as client:
        client.get("/", params={"token": TOKEN})
        yield Looked(client, WorkspacePaths(root))


@contextmanager
def at_work(
    root: Path, streams: Streams | None = None, port: int = 0, token: str = TOKEN
) -> Iterator[tuple[Site, Server, int]]:
    """A viewer that answers at a port (0: one of its own), until the block is left."""
    listener = listening("127.0.0.1", port)
    port = listener.getsockname()[1]
    site = replace(site_at(root, f"127.0.0.1:{port}", token), streams=streams or Streams())
    server = Server(site)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not server.started and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started, "the viewer did not start"
    try:
        yield site, server, port
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive(), "the viewer did not end"
