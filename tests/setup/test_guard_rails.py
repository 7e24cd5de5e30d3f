"""Each guard rail of tests/conftest.py does what it says."""

from __future__ import annotations

import os
import shutil
import socket
import urllib.request
from pathlib import Path

import pytest
from tests import guards
from tests.guards import PROJECTS

from iterativectl import files

ELSEWHERE = "192.0.2.1"  # TEST-NET-1: nobody's address


def test_home_is_a_test_folder() -> None:
    assert Path.home().name == "home"
    assert Path.home().parent.name.startswith("pytest-")
    assert Path(os.environ["XDG_CONFIG_HOME"]).is_relative_to(Path.home())


def test_keys_and_hosts_are_unknown() -> None:
    assert guards.without_keys(dict(os.environ)) == []


@pytest.mark.parametrize(
    "name",
    [
        "OPENROUTER_API_KEY",
        "SOME_API_KEY",
        "OLLAMA_HOST",
        "COMFYUI_TOKEN",
        "https_proxy",
        "ITERATIVE_WORKSPACE",
    ],
)
def test_what_counts_as_a_key(name: str) -> None:
    assert guards.without_keys({name: "x", "PATH": "y"}) == [name]


def test_another_machine_is_out_of_reach() -> None:
    with pytest.raises(guards.OutOfReach), socket.socket() as line:
        line.connect((ELSEWHERE, 9))
    with pytest.raises(guards.OutOfReach), socket.socket(type=socket.SOCK_DGRAM) as line:
        line.sendto(b"x", (ELSEWHERE, 9))
    with pytest.raises(guards.OutOfReach):
        urllib.request.urlopen("http://example.com/")


def test_this_machine_is_in_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1])) as line:
            assert line.getpeername()[0] == "127.0.0.1"


def test_the_checkouts_projects_cannot_be_changed(tmp_path: Path) -> None:
    """Every attempt names something that is not there: were the rail broken, nothing would be lost."""
    mine = tmp_path / "mine"
    mine.touch()
    stray = PROJECTS / "no-such-project" / "stray"
    before = sorted(PROJECTS.rglob("*"))
    for attempt in (
        lambda: stray.write_text("x"),
        lambda: files.write_bytes(PROJECTS / "stray", b"x"),
        lambda: os.open(stray, os.O_CREAT | os.O_WRONLY),
        lambda: stray.mkdir(),
        lambda: mine.rename(stray),
        lambda: stray.symlink_to(mine),
        lambda: os.link(mine, stray),
        lambda: stray.unlink(),
        lambda: stray.rmdir(),
        lambda: shutil.rmtree(stray),
        lambda: os.truncate(stray, 0),
    ):
        with pytest.raises(guards.OutOfReach):
            attempt()
    assert sorted(PROJECTS.rglob("*")) == before


def test_a_folder_of_that_name_elsewhere_is_a_tests_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "projects" / "mine").mkdir(parents=True)
    monkeypatch.chdir(PROJECTS.parent)
    shutil.rmtree(tmp_path / "projects")
    assert not (tmp_path / "projects").exists()


def test_projects_can_be_read() -> None:
    assert list(PROJECTS.iterdir())


def test_a_persons_settings_cannot_be_written() -> None:
    config = next(folder for folder in guards.guarded if folder.endswith("/.config/"))
    with pytest.raises(guards.OutOfReach):
        Path(config, "iterativectl.txt").write_text("x")
