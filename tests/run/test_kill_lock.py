"""One run a project: a second one is told who holds it, and the dead hold nothing (promise 8)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash import trees
from tests.crash.gate import Passing
from tests.crash.site import CHAT, Site, built, uninterrupted
from tests.crash.zygote import REPOSITORY, Run, Zygote

USAGE = 2


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("terminals")) as started:
        yield started


@pytest.fixture
def site(disk: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with built(disk, zygote) as made:
        monkeypatch.chdir(made.workspace)
        yield made


def held(site: Site) -> Run:
    """A run that waits for its first answer and holds the project."""
    asked = threading.Event()

    def act(passing: Passing) -> None:
        if passing.what == CHAT and not passing.after:
            asked.set()
            run.ended.wait(30)
            raise EOFError

    site.act(act)
    run = site.start()
    assert asked.wait(20), run.said
    site.act(lambda passing: None)
    return run


def refused(site: Site) -> str:
    """What a second run says, which must not touch anything."""
    before = {path: path.read_bytes() for path in site.project.rglob("*") if path.is_file()}
    run = site.start()
    assert run.wait() == USAGE, run.said
    after = {path: path.read_bytes() for path in site.project.rglob("*") if path.is_file()}
    assert {p: c for p, c in after.items() if p.name != "app.log"} == {
        p: c for p, c in before.items() if p.name != "app.log"
    }
    return run.said


def test_a_second_run_is_refused_until_the_first_is_dead(site: Site) -> None:
    expected = uninterrupted(site)
    first = held(site)
    lock = json.loads((site.project / "working/run.lock").read_text())
    assert lock["pid"] == first.pid
    said = refused(site)
    assert f"pid {first.pid}" in said and lock["started"] in said
    first.kill(signal.SIGSTOP)
    assert f"pid {first.pid}" in refused(site), "a stopped process still holds"
    first.kill(signal.SIGCONT)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    second = site.start()
    assert second.wait() == 0, second.said
    assert trees.difference(expected.tree, trees.tree(site.project)) == []


def test_an_unreadable_lock_holds_all_the_same(site: Site) -> None:
    first = held(site)
    (site.project / "working/run.lock").write_bytes(b"\xff\x00")
    assert "its pid could not be read" in refused(site)
    first.kill()


def test_a_lock_file_that_nobody_holds_blocks_nobody(site: Site) -> None:
    """It names a process that lives: ours. What counts is the kernel's lock."""
    working = site.project / "working"
    working.mkdir()
    (working / "run.lock").write_text(json.dumps({"pid": os.getpid(), "host": "here", "started": "now"}))
    run = site.start()
    assert run.wait() == 0, run.said


HOLDER = """
import os, subprocess, sys
from pathlib import Path
from iterativectl.project import lock

path = Path(sys.argv[1])
with lock.held(path, started="now"):
    if sys.argv[2] == "planted":
        for name in os.listdir("/proc/self/fd"):
            if os.path.realpath(f"/proc/self/fd/{name}") == str(path):
                os.set_inheritable(int(name), True)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("bug", ["none", "planted"])
def test_a_child_does_not_inherit_the_lock(tmp_path: Path, bug: str) -> None:
    """The holder is killed, its child lives on: the project is free. With the bug planted, it is not."""
    from iterativectl.project import lock

    path = (tmp_path / "run.lock").resolve()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    command = [sys.executable, "-c", HOLDER, str(path), bug]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        try:
            assert lock.is_held(path)
            holder.kill()
            holder.wait()
            assert lock.is_held(path) == (bug == "planted")
        finally:
            os.kill(child, signal.SIGKILL)
