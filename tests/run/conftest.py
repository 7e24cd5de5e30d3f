"""The stage: one project with an Ollama that says what a test wants, and a ComfyUI where one is needed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, from_picture, judged_by, painted_by

MEMORY = Path("/dev/shm")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: a run syncs a hundred files, and that is no matter here."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="iterative-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def critic() -> Critic:
    """Satisfied from the second picture on."""
    return Critic(from_picture(2))


@pytest.fixture
def ollama(critic: Critic) -> Iterator[FakeOllama]:
    with FakeOllama(critic) as server:
        assert isinstance(server, FakeOllama)
        yield server


@pytest.fixture
def stage(disk: Path, ollama: FakeOllama) -> Stage:
    """A project of the painter's, judged by the critic."""
    made = Stage(disk / "workspace")
    judged_by(made, ollama)
    return made


@pytest.fixture
def comfyui(stage: Stage) -> Iterator[FakeComfyUI]:
    """A ComfyUI that makes the pictures of the stage's project."""
    with FakeComfyUI("B") as server:
        painted_by(stage, server.url)
        yield server
