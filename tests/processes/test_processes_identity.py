"""Who a process is: told apart by its start time, whatever its number; zombies have ended."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.processes.machine import until

from iterativectl.processes import identity
from iterativectl.processes.identity import Seen

NEEDS_PS = pytest.mark.skipif(shutil.which("ps") is None, reason="no ps on this machine")
EXIT_CALL = {"x86_64": 60, "aarch64": 93}  # exit(2) of one thread
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_living_process_is_seen_with_its_command_and_folder(stranger: subprocess.Popen[bytes]) -> None:
    seen = identity.look(stranger.pid)
    assert seen is not None and seen == identity.look(stranger.pid)
    assert seen.start == identity.start_of(stranger.pid)
    assert seen.cwd == os.getcwd()
    assert isinstance(stranger.args, list) and list(seen.command) == stranger.args


def test_a_dead_number_and_a_zombie_are_not_there() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    assert until(lambda: Path(f"/proc/{child.pid}/stat").read_text().split()[2] == "Z")
    assert identity.look(child.pid) is None
    assert identity.start_of(child.pid) != ""
    child.wait()
    assert identity.look(child.pid) is None
    assert identity.start_of(child.pid) == ""


def test_two_starts_differ() -> None:
    first = subprocess.Popen(SLEEPS)
    time.sleep(0.05)  # the system counts hundredths of a second
    second = subprocess.Popen(SLEEPS)
    try:
        assert identity.start_of(first.pid) != identity.start_of(second.pid)
    finally:
        for child in (first, second):
            child.kill()
            child.wait()


@NEEDS_PS
def test_ps_tells_the_same_process_apart(stranger: subprocess.Popen[bytes]) -> None:
    seen = identity._by_ps(stranger.pid)
    assert seen is not None and seen == identity._by_ps(stranger.pid)
    assert isinstance(stranger.args, list)
    assert seen.runs(tuple(stranger.args), "/anywhere")
    assert not seen.runs((sys.executable, "-c", "import time"), "/anywhere")
    assert len(seen.start.split()) == 5
    stranger.kill()
    stranger.wait()
    assert identity._by_ps(stranger.pid) is None


@pytest.mark.parametrize(
    ("command", "cwd", "same"),
    [
        (("python", "main.py", "--port", "1"), "/a", True),
        (("/bin/sh", "wrapper", "main.py", "--port", "1"), "/a", True),
        (("python main.py --port 1",), None, True),
        (("python", "main.py", "--port", "1"), "/b", False),
        (("python", "main.py", "--port", "12"), "/a", False),
        (("python", "main.py", "--port", "1", "--cpu"), "/a", False),
        (("python", "xmain.py", "--port", "1"), "/a", False),
        (("",), "/a", False),
    ],
)
def test_what_runs_is_compared_from_the_first_argument_on(
    command: tuple[str, ...], cwd: str | None, same: bool
) -> None:
    seen = Seen(start="x", command=command, cwd=cwd)
    assert seen.runs(("other/python", "main.py", "--port", "1"), "/a") is same


def test_a_group_lives_as_long_as_one_of_it() -> None:
    code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({SLEEPS!r})\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()"
    )
    leader = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with leader:
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
        leader.kill()
        leader.wait()
        assert identity.group_lives(leader.pid)
        os.kill(child, signal.SIGKILL)
        assert until(lambda: not identity.group_lives(leader.pid))


@pytest.mark.skipif(platform.machine() not in EXIT_CALL, reason="the number of the call is not known")
def test_a_process_that_still_ends_has_not_let_go() -> None:
    """Its first thread is a zombie, another is not through yet: its sockets are still open."""
    code = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        f"ctypes.CDLL(None).syscall({EXIT_CALL.get(platform.machine())}, 0)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        assert until(lambda: identity.look(child.pid) is None)
        assert identity.group_lives(child.pid)
    finally:
        child.kill()
        child.wait()
    assert not identity.group_lives(child.pid)
