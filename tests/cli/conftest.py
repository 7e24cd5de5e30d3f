"""A workspace and a shell in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shell import Shell


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "projects").mkdir(parents=True)
    return root


@pytest.fixture
def shell(workspace: Path) -> Shell:
    return Shell(workspace)
