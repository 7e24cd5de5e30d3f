"""The viewer on a port of this machine, for a real browser. It ends with the test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.web.trees import TOKEN, Example, at_work

from iterativectl.project.layout import WorkspacePaths
from iterativectl.web.site import Site

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = "ITERATIVE_BROWSER_TESTS"  # set to "required", a missing browser is a failure


@dataclass(frozen=True)
class Served(Example):
    """Such a workspace, whose viewer answers at `origin`."""

    origin: str
    workspace: WorkspacePaths
    site: Site

    @property
    def entrance(self) -> str:
        """The address that lets a browser in."""
        return f"{self.origin}/?token={self.site.token}"

    @property
    def run_address(self) -> str:
        return f"{self.origin}/p/example/r/{self.run.run_id}"


@contextmanager
def served(root: Path, port: int = 0, token: str = TOKEN) -> Iterator[Served]:
    """Serve a workspace until the block is left."""
    with at_work(root, port=port, token=token) as (site, _, port):
        yield Served(f"http://127.0.0.1:{port}", WorkspacePaths(root), site)


def browser_here() -> str | None:
    """The first chromium on the PATH."""
    return next((found for found in map(shutil.which, BROWSERS) if found), None)
