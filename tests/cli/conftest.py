"""A workspace, a shell in it, and a run that has been."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.rehearsal import barn, judge, never
from tests.cli.shell import Shell


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "projects").mkdir(parents=True)
    return root


@pytest.fixture
def shell(workspace: Path) -> Shell:
    return Shell(workspace)


@pytest.fixture(scope="session")
def exhausted_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose project barn has had a run of two iterations, neither accepted. Not to be changed."""
    root = tmp_path_factory.mktemp("exhausted")
    with judge(never) as server:
        barn(root, server.url)
        said = Shell(root)("run", "--project", "barn", "--max-iterations", "2")
    assert said.code == 3, said.err
    return root


@pytest.fixture
def ran(exhausted_workspace: Path, workspace: Path) -> Path:
    """projects/barn of `workspace`, with a run of two iterations, for changing."""
    shutil.copytree(exhausted_workspace / "projects", workspace / "projects", dirs_exist_ok=True)
    return workspace / "projects" / "barn"
