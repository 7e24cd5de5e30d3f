"""The viewer on a port of this machine, for a real browser. It ends with the test."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.web.trees import TOKEN, site_at

from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths
from iterativectl.web.server import Server, listening

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = "ITERATIVE_BROWSER_TESTS"  # set to "required", a missing browser is a failure
PATIENCE = 20.0  # seconds until the server answers, on a machine under load


@dataclass(frozen=True)
class Served:
    """A workspace whose viewer answers at `origin`."""

    origin: str
    workspace: WorkspacePaths

    @property
    def entrance(self) -> str:
        """The address that lets a browser in."""
        return f"{self.origin}/?token={TOKEN}"

    @property
    def project(self) -> ProjectPaths:
        return self.workspace.project("example")

    @property
    def run(self) -> RunPaths:
        return self.project.run(runs.run_ids(self.project)[-1])

    @property
    def run_address(self) -> str:
        return f"{self.origin}/p/example/r/{self.run.run_id}"


@contextmanager
def served(root: Path) -> Iterator[Served]:
    """Serve a workspace until the block is left."""
    listener = listening("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = Server(site_at(root, f"127.0.0.1:{port}"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not server.started and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started, "the viewer did not start"
    try:
        yield Served(f"http://127.0.0.1:{port}", WorkspacePaths(root))
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive(), "the viewer did not end"


def browser_here() -> str | None:
    """The first chromium on the PATH."""
    return next((found for found in map(shutil.which, BROWSERS) if found), None)
