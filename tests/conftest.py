"""Guard rails: no test reaches another machine, a person's home, their keys, or the checkout's projects/.

`tests/setup/test_guard_rails.py` holds each rail to its word.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import guards

LEFT_BY_RUNS = {"working", "output", "logs"}
collect_ignore = ["llamacpp"]  # run when it is named: it wants packages of its own (docs/development.md)

guards.install([guards.PROJECTS, *guards.homes(Path.home())])


@pytest.fixture(autouse=True)
def _a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME and the XDG folders lie in the tests' own folder; keys, hosts and proxies are unknown."""
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (("CONFIG", ".config"), ("CACHE", ".cache"), ("DATA", "share"), ("STATE", "state")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    for name in guards.without_keys(dict(os.environ)):
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _projects_stay_as_they_are() -> Iterator[None]:
    """What child processes do is out of the audit hook's sight: so the folder is compared at the end."""
    before = _files_of_persons()
    yield
    assert _files_of_persons() == before, "a test changed the checkout's projects/"


def _files_of_persons() -> dict[str, tuple[int, int]]:
    """Path -> size and time, without what a run that goes on meanwhile may write."""
    found = {}
    for folder, names, files in os.walk(guards.PROJECTS):
        names[:] = [name for name in names if name not in LEFT_BY_RUNS]
        for name in files:
            path = os.path.join(folder, name)
            state = os.stat(path)
            found[os.path.relpath(path, guards.PROJECTS)] = (state.st_size, state.st_mtime_ns)
    return found
