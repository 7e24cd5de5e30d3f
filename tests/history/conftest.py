"""A workspace of six runs, made once; a copy of it with an index for every test.

Only what the index reads is copied: the commit records, and what lies beside them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.big_workspace import STEPS, build
from tests.history.spaces import Space

RUNS, ITERATIONS = 6, 4


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    root = tmp_path_factory.mktemp("history") / "space"
    build(root, RUNS, ITERATIONS)
    for picture in root.rglob("*.png"):
        picture.unlink()  # the index never looks at one
        if picture.name == "input.png":
            picture.touch()
    for run in (root / "projects" / "big" / "working").iterdir():
        for folder in (*STEPS, "images"):
            shutil.rmtree(run / folder, ignore_errors=True)
    return root


@pytest.fixture
def unread(made: Path, tmp_path: Path) -> Iterator[Space]:
    """Nothing is in its index yet, which is in memory."""
    root = tmp_path / "space"
    shutil.copytree(made, root)
    space = Space.at(root, in_memory=True)
    yield space
    space.database.close()


@pytest.fixture
def space(unread: Space) -> Space:
    """Its index says what the files say."""
    unread.refresher.refresh(deep=True)
    return unread


@pytest.fixture
def stored(unread: Space) -> Iterator[Space]:
    """The same with a file."""
    stored = Space.at(unread.root)
    stored.refresher.refresh(deep=True)
    yield stored
    stored.database.close()
