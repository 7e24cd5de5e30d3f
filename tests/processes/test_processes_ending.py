"""Nothing is ended that was not started here, or cannot be told to be that process."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.processes.machine import HastyClock, Site, lives, until

from iterativectl.errors import ProjectError
from iterativectl.processes import identity, record
from iterativectl.processes.ending import end
from iterativectl.processes.errors import NotIdentified
from iterativectl.processes.record import Record

Ender = Callable[[Record], object]


def of(pid: int) -> Record:
    """A true record of a living process."""
    seen = identity.look(pid)
    assert seen is not None and seen.cwd is not None
    return Record(
        pid=pid,
        start=seen.start,
        host=identity.host(),
        command=seen.command,
        cwd=seen.cwd,
        address="http://127.0.0.1:1",
        started_at="2026-01-09T22:25:59+01:00",
    )


def kept(found: Record) -> object:
    """The real one."""
    try:
        return end(found, HastyClock(), grace=2.0)
    except NotIdentified:
        return "refused"


def planted_by_number(found: Record) -> None:
    """What must not be: the number is enough."""
    os.killpg(found.pid, signal.SIGTERM)


def planted_by_start(found: Record) -> None:
    """What must not be: number and start time are enough."""
    seen = identity.look(found.pid)
    if seen is not None and seen.start == found.start:
        os.killpg(found.pid, signal.SIGTERM)


def planted_by_command(found: Record) -> None:
    """What must not be: number and command line are enough."""
    seen = identity.look(found.pid)
    if seen is not None and seen.runs(found.command, found.cwd):
        os.killpg(found.pid, signal.SIGTERM)


# What in the record is not so -> what standing calls it.
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "another start": ({"start": "another boot:1"}, "replaced"),
    "another start, another host": ({"start": "another boot:1", "host": "elsewhere"}, "elsewhere"),
    "another command": ({"command": ("python", "main.py", "--port", "8188")}, "unidentified"),
    "another folder": ({"cwd": "/nowhere"}, "unidentified"),
}


def spared(ender: Ender, wrong: str, stranger: subprocess.Popen[bytes]) -> bool:
    """Whether a process survives that a record names wrongly."""
    changes, word = WRONG[wrong]
    found = replace(of(stranger.pid), **changes)  # type: ignore[arg-type]
    assert record.standing(found) == word
    ender(found)
    try:
        stranger.wait(0.3)
    except subprocess.TimeoutExpired:
        return True
    return False


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_surely_ours_is_spared(wrong: str, stranger: subprocess.Popen[bytes]) -> None:
    assert spared(kept, wrong, stranger)


@pytest.mark.parametrize(
    ("planted", "wrong"),
    [
        (planted_by_number, "another start"),
        (planted_by_start, "another command"),
        (planted_by_start, "another folder"),
        (planted_by_command, "another start"),
    ],
)
def test_an_end_that_looks_less_closely_is_caught(
    planted: Ender, wrong: str, stranger: subprocess.Popen[bytes]
) -> None:
    assert not spared(planted, wrong, stranger)


def test_what_is_ours_is_ended(stranger: subprocess.Popen[bytes]) -> None:
    assert kept(of(stranger.pid)) == "terminated"
    assert not lives(stranger.pid)


def test_our_own_number_in_a_stale_record_does_not_end_us() -> None:
    assert kept(replace(of(os.getpid()), start="an earlier boot:7")) == "nothing"


def test_one_that_does_not_end_is_killed_with_its_children(site: Site) -> None:
    local = site.local()
    started = local.start(site.command("--deaf", "--child")).record
    assert started is not None
    local.wait(started, 20, lambda waited: None)
    assert until(lambda: len(site.living()) == 2 and "deaf" in local.paths.log.read_text())
    stopped = local.stop(lambda: 0, force=False, grace=0.3)
    assert stopped.outcome == "killed"
    assert site.living() == []
    assert local.recorded() is None


def test_children_that_stay_behind_their_leader_are_killed(site: Site) -> None:
    local = site.local()
    started = local.start(site.command("--child")).record
    assert started is not None
    local.wait(started, 20, lambda waited: None)
    assert until(lambda: len(site.living()) == 2 and "deaf" in local.paths.log.read_text())
    assert local.stop(lambda: 0, force=False, grace=0.3).outcome == "killed"
    assert site.living() == []


DAMAGED = {
    "no JSON": "{",
    "another format": '{"format": "process/2"}',
    "a list": "[]",
    "no pid": '{"format": "process/1"}',
    "a group": '{"format": "process/1", "pid": -1, "start": "", "host": "", "command": ["a"], "cwd": "", '
    '"address": "", "started_at": ""}',
    "the system": '{"format": "process/1", "pid": 1, "start": "", "host": "", "command": ["a"], "cwd": "", '
    '"address": "", "started_at": ""}',
    "a text for a pid": '{"format": "process/1", "pid": "77", "start": "", "host": "", "command": ["a"], '
    '"cwd": "", "address": "", "started_at": ""}',
    "no command": '{"format": "process/1", "pid": 77, "start": "", "host": "", "command": [], "cwd": "", '
    '"address": "", "started_at": ""}',
    "a number for a start": '{"format": "process/1", "pid": 77, "start": 5, "host": "", "command": ["a"], '
    '"cwd": "", "address": "", "started_at": ""}',
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_record_is_noticed_and_kept(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "8188.json"
    path.write_text(DAMAGED[damage])
    with pytest.raises(ProjectError, match=r"8188\.json is damaged or from another version"):
        record.read(path)
    assert path.read_text() == DAMAGED[damage]


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    made = replace(of(os.getpid()), ready_at="2026-01-09T22:26:20+01:00")
    record.write(tmp_path / "8188.json", made)
    assert record.read(tmp_path / "8188.json") == made
    assert record.read(tmp_path / "8189.json") is None
