"""Fixtures: a picture, fake servers, and a rig that talks to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.comfyui.rig import Rig
from tests.fakes.comfyui import FakeComfyUI


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small input picture that is not one colour."""
    path = tmp_path / "input.png"
    Image.linear_gradient("L").resize((48, 32)).convert("RGB").save(path)
    return path


@pytest.fixture
def servers() -> Iterator[Callable[..., FakeComfyUI]]:
    """Start fake servers that end with the test."""
    with ExitStack() as stack:
        yield lambda *args, **faults: stack.enter_context(FakeComfyUI(*args, **faults))


@pytest.fixture
def rigged(
    tmp_path: Path, picture: Path, servers: Callable[..., FakeComfyUI]
) -> Callable[..., tuple[FakeComfyUI, Rig]]:
    """A fake with these faults, and a rig that talks to it."""

    def make(generation: str = "A", **faults: Any) -> tuple[FakeComfyUI, Rig]:
        fake = servers(generation, **faults)
        return fake, Rig(tmp_path, fake.url)

    return make
