"""`run --embedded`: any project without servers, keys or cost; the same files as a real run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, from_picture

_watched: list[str] = []
_watching = [False]


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching[0] and event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
        _watched.append(f"{event} {arguments[1:]}")


sys.addaudithook(_look)


@contextmanager
def no_sockets() -> Iterator[None]:
    """Whoever opens a connection in here is found out, whichever library does it."""
    _watched.clear()
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False
    assert _watched == []


def test_a_rehearsal_opens_no_connection_and_spends_nothing(
    stage: Stage, comfyui: FakeComfyUI, ollama: FakeOllama
) -> None:
    with no_sockets():
        ended = stage.run(embedded=True, max_iterations=2)
    assert ollama.requests == [] and comfyui.log == []
    assert ended.usage["cost_usd"] == 0 and ended.usage["requests"] == 0
    assert "no diffusion" in stage.notes
    assert stage.told("run_started")[0].data["engine"] == "embedded"
    assert stage.told("run_started")[0].data["judge"] == "embedded/measurements"


def test_that_test_can_fail(stage: Stage, comfyui: FakeComfyUI) -> None:
    with pytest.raises(AssertionError, match="socket"), no_sockets():
        stage.run(max_iterations=1)


def test_it_needs_no_server_key_or_workflow_of_its_own(stage: Stage) -> None:
    stage.aigen(None, ("backend: embedded", "backend: comfyui"))
    stage.aivis(
        "provider: openrouter\nmodel: nobody/knows\nfallback_provider: ollama\nfallback_model: none\n"
    )
    assert stage.run(embedded=True, max_iterations=1).iterations == 1


def test_the_same_files_as_a_real_run(stage: Stage, comfyui: FakeComfyUI, critic: Critic) -> None:
    critic.says = from_picture(9)
    stage.run(max_iterations=2)
    real = files_of(stage)
    shutil.rmtree(stage.project.working)
    shutil.rmtree(stage.project.output)
    stage.run(embedded=True, max_iterations=2)
    assert files_of(stage) == real


def files_of(stage: Stage) -> set[str]:
    """The files of the newest run and of output/, less those that only a judge behind a server brings."""
    found = {path.relative_to(stage.project.root).as_posix() for path in stage.project.root.rglob("*.*")}
    run_id = stage.run_ids[-1]
    return {
        name.replace(run_id, "RUN")
        for name in found
        if not any(part in name for part in (f"{run_id}/answers", "usage.jsonl", "_vs_"))
    }
