"""A workspace with an accepted run of the example, looked at through the viewer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.trees import HEADERS, Looked, example_workspace, looked_at


@pytest.fixture(scope="session")
def example_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose project example has one accepted run. Not to be changed."""
    return example_workspace(tmp_path_factory.mktemp("viewed"))


@pytest.fixture
def viewed(example_run: Path, tmp_path: Path) -> Iterator[Looked]:
    """A copy of it, for changing, and a client of its viewer."""
    root = tmp_path / "space"
    shutil.copytree(example_run, root)
    with looked_at(root) as found:
        assert HEADERS
        yield found
