"""`iterativectl viewer ...` as it is typed: real processes, found again, ended again."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.cli.shell import Said, Shell
from tests.processes.machine import HastyClock, free_port, lives, until

from iterativectl.processes import record
from iterativectl.processes.viewer import LocalViewer
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths

SOURCE = Path(__file__).resolve().parents[2] / "src"
PATIENCE = 20.0


@pytest.fixture
def shell(workspace: Path) -> Iterator[Shell]:
    made = Shell(workspace)
    made.clock = HastyClock()  # type: ignore[assignment]
    made.environ = {"PATH": os.defpath, "HOME": str(workspace.parent / "home")}
    yield made
    assert made("viewer", "stop").code == 0


def state(shell: Shell) -> Path:
    return shell.cwd / ".iterative" / "viewer"


def start(shell: Shell, *words: object) -> Said:
    """Started at a port that nobody else uses, so that tests do not meet."""
    said = shell("viewer", "start", "--port", free_port(), *words)
    assert said.code == 0, said.err
    return said


def entrance(said: Said) -> str:
    (found,) = re.findall(r"Open (http\S+)", said.out)
    return str(found)


def ask(address: str, cookie: str = "") -> http.client.HTTPResponse:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    headers = {"Cookie": cookie} if cookie else {}
    connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply


def cookie_of(address: str) -> str:
    return ask(address).headers["Set-Cookie"].partition(";")[0]


def test_from_start_to_stop(shell: Shell) -> None:
    said = start(shell)
    found = re.match(r"The viewer answers at (http://127.0.0.1:\d+) \(pid (\d+)\)\.\n", said.out)
    assert found is not None and said.err == ""
    address, pid = found.group(1), int(found.group(2))
    reply = ask(entrance(said))
    assert (reply.status, reply.headers["Location"]) == (303, "/")
    cookie = cookie_of(entrance(said))
    assert ask(f"{address}/", cookie).status == 200 and ask(f"{address}/").status == 401
    again = shell("viewer", "start")
    assert again.code == 0 and again.out.startswith(f"Already there: the viewer at {address}, started ")
    assert entrance(again) == entrance(said) and lives(pid)
    other = shell("viewer", "start", "--port", free_port())
    assert other.code == 0 and "--port was not used" in other.err and entrance(other) == entrance(said)
    looked = shell("viewer", "status")
    assert looked.code == 0 and looked.out.startswith(f"The viewer answers at {address}, started ")
    assert entrance(looked) == entrance(said)
    stopped = shell("viewer", "stop")
    assert (stopped.code, stopped.out) == (0, f"Stopped the viewer at {address} (pid {pid}).\n")
    assert not lives(pid)
    assert shell("viewer", "stop").out == "Nothing to stop: the viewer does not run.\n"
    gone = shell("viewer", "status")
    assert gone.code == 4 and gone.out.startswith("The viewer does not run.\n")


def test_everything_as_json(shell: Shell) -> None:
    started = start(shell, "--json").json
    assert (started["format"], started["outcome"], started["state"]) == (
        "viewer_start/1",
        "started",
        "running",
    )
    assert started["entrance"].startswith(f"{started['address']}/?token=")
    again = shell("viewer", "start", "--json").json
    assert again == {**started, "outcome": "running"}
    status = shell("viewer", "status", "--json").json
    wanted = {**started, "format": "viewer_status/1"}
    assert status == {name: value for name, value in wanted.items() if name != "outcome"}
    restarted = shell("viewer", "restart", "--json").json
    assert restarted["format"] == "viewer_restart/1"
    assert restarted["stopped"] == {"outcome": "terminated", "pid": started["pid"]}
    assert restarted["started"]["address"] == started["address"]
    stopped = shell("viewer", "stop", "--json").json
    assert stopped == {"format": "viewer_stop/1", "outcome": "terminated", "pid": restarted["started"]["pid"]}
    assert shell("viewer", "stop", "--json").json["outcome"] == "nothing"
    gone = shell("viewer", "status", "--json")
    assert gone.code == 4
    assert (gone.json["state"], gone.json["address"], gone.json["entrance"]) == ("stopped", None, None)


def test_the_address_is_that_of_a_project_or_run(shell: Shell, ran: Path) -> None:
    run = runs.run_ids(ProjectPaths(ran))[-1]
    path = urlsplit(entrance(start(shell, "barn", "latest"))).path
    assert path == f"/p/barn/r/{run}"
    assert urlsplit(entrance(shell("viewer", "status", "barn"))).path == "/p/barn"
    assert urlsplit(entrance(shell("viewer", "start", "barn", run))).path == path
    unknown = shell("viewer", "start", "bran")
    assert unknown.code == 2 and "Did you mean 'barn'?" in unknown.err
    early = shell("viewer", "start", "barn", "2020-01-01_00-00-00")
    assert early.code == 2 and f"The last one is {run}." in early.err


def test_a_project_without_runs_has_no_latest_one(shell: Shell) -> None:
    assert shell("project", "create", "shed").code == 0
    said = shell("viewer", "start", "shed", "latest")
    assert said.code == 2 and "It has none yet." in said.err


def test_a_viewer_that_was_killed_is_no_obstacle(shell: Shell) -> None:
    pid = start(shell, "--json").json["pid"]
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not lives(pid))
    looked = shell("viewer", "status")
    assert looked.code == 4 and "has ended, and not by `viewer stop`" in looked.out
    again = start(shell, "--json").json
    assert again["outcome"] == "started" and again["pid"] != pid


def test_a_restart_keeps_the_address_and_lets_everybody_in_anew(shell: Shell) -> None:
    before = start(shell, "--json").json
    cookie = cookie_of(before["entrance"])
    after = shell("viewer", "restart")
    assert after.code == 0 and after.out.startswith("Stopped the viewer at ")
    assert (
        entrance(after).startswith(f"{before['address']}/?token=") and entrance(after) != before["entrance"]
    )
    assert ask(f"{before['address']}/", cookie).status == 401
    moved = shell("viewer", "restart", "--port", free_port(), "--json").json["started"]
    assert moved["address"] != before["address"]
    assert shell("viewer", "stop").code == 0
    anew = shell("viewer", "restart", "--port", free_port(), "--json")
    assert anew.code == 0 and anew.json["stopped"]["outcome"] == "nothing"


def test_a_port_that_is_taken_is_named_with_who_has_it(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = shell("viewer", "start", "--port", port)
    assert said.code == 1
    assert f"the port {port} is taken by `" in said.err and f"(pid {os.getpid()})" in said.err


def test_nothing_secret_is_readable_by_others(shell: Shell) -> None:
    said = start(shell, "--json").json
    token = said["entrance"].partition("token=")[2]
    ask(said["entrance"])
    assert (state(shell) / "token").read_text().strip() == token
    for path in state(shell).iterdir():
        private = stat.S_IMODE(path.stat().st_mode) == 0o600
        assert private or token not in path.read_text(), path.name
    assert token not in Path(f"/proc/{said['pid']}/cmdline").read_text()
    assert shell("viewer", "stop").code == 0
    assert not (state(shell) / "token").exists()
    assert token not in (state(shell) / "viewer.log").read_text()


def test_a_token_of_ones_own(shell: Shell) -> None:
    shell.environ["ITERATIVE_VIEWER_TOKEN"] = "too short"
    refused = shell("viewer", "start", "--port", free_port())
    assert refused.code == 2 and "too easy to guess" in refused.err
    shell.environ["ITERATIVE_VIEWER_TOKEN"] = "my own & long enough: a/b?c=d"
    said = start(shell)
    assert entrance(said).endswith("?token=my+own+%26+long+enough%3A+a%2Fb%3Fc%3Dd")
    assert ask(entrance(said)).headers["Location"] == "/"
    assert "my own" not in cookie_of(entrance(said))


def test_others_are_not_let_near_without_one(shell: Shell) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7"):
        said = shell("viewer", "start", "--host", host)
        assert said.code == 2 and "others would reach the viewer" in said.err and "ssh -L" in said.err
    assert shell("viewer", "status").code == 4


def test_a_further_name_is_answered(shell: Shell) -> None:
    said = start(shell, "--allow-host", "localhost:9", "--json").json
    parts = urlsplit(said["address"])
    for host, status in (("localhost:9", 401), ("localhost:10", 403), (parts.netloc, 401)):
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=PATIENCE)
        connection.request("GET", "/", headers={"Host": host})
        assert connection.getresponse().status == status
        connection.close()


# As a program of its own.


def typed(workspace: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "iterativectl", *words],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_foreground_ends_with_ctrl_c_though_a_stream_is_open(
    workspace: Path, ran: Path, number: signal.Signals
) -> None:
    port = free_port()
    with typed(workspace, "viewer", "start", "barn", "latest", "--foreground", "--port", str(port)) as child:
        assert child.stdout is not None
        first, second = child.stdout.readline(), child.stdout.readline()
        assert first == f"The viewer answers at http://127.0.0.1:{port} until Ctrl-C.\n"
        address = second.partition("Open ")[2].strip()
        page = ask(address).headers["Location"]
        stream = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        stream.request("GET", f"/api{page}/stream", headers={"Cookie": cookie_of(address)})
        reply = stream.getresponse()
        assert reply.status == 200 and reply.read(1)
        began = time.monotonic()
        child.send_signal(number)
        out, err = child.communicate(timeout=PATIENCE)
        assert time.monotonic() - began < 5  # with the end of Python, on a machine under load
        stream.close()
    assert (child.returncode, out, err) == (0, "", "")


def test_the_browser_is_opened_at_the_address_that_lets_it_in(workspace: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/opened"\n')
    browser.chmod(0o755)
    try:
        words = ("viewer", "start", "--open", "--json", "--port", str(free_port()))
        out, err = typed(workspace, *words, BROWSER=f"{browser} %s").communicate(timeout=PATIENCE)
        said = json.loads(out)
        assert until((tmp_path / "opened").exists)
        assert (tmp_path / "opened").read_text() == said["entrance"] and err == ""
        out, err = typed(workspace, "viewer", "status", "--open", DISPLAY="", BROWSER="").communicate(
            timeout=PATIENCE
        )
        assert "No browser could be opened from here" in err
    finally:
        out, _ = typed(workspace, "viewer", "stop").communicate(timeout=PATIENCE)
    assert out.startswith("Stopped")


def test_it_starts_in_a_folder_with_modules_of_the_same_names(shell: Shell) -> None:
    for name in ("iterativectl", "click", "starlette", "uvicorn"):
        (shell.cwd / f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')\n")
    assert start(shell, "--json").json["outcome"] == "started"


def test_one_that_cannot_start_says_why(shell: Shell) -> None:
    shell.environ["PYTHONMALLOC"] = "none of those there are"  # its Python does not even begin
    said = shell("viewer", "start", "--port", free_port())
    assert said.code == 1 and "the viewer ended while it was starting" in said.err
    assert "viewer start --foreground" in said.err
    del shell.environ["PYTHONMALLOC"]
    assert start(shell).code == 0


# Waits for a viewer where no file takes another byte: in a process of its own, for pytest writes, too.
ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from iterativectl.clock import SystemClock
from iterativectl.processes.viewer import LocalViewer
local = LocalViewer(Path(sys.argv[1]), SystemClock())
started = local.recorded()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
print(local.wait(started, 20.0, lambda waited: None))
"""


def test_a_viewer_that_answers_has_started_on_a_full_disk_too(shell: Shell) -> None:
    start(shell)
    local = LocalViewer(shell.cwd, shell.clock)
    answered = local.recorded()
    assert answered is not None
    before = dataclasses.replace(answered, ready_at=None)
    record.write(local.paths.state, before)
    said = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(shell.cwd)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (said.stdout, said.stderr) == ("ready\n", "")
    assert local.recorded() == before, "there was no room to note it"
    assert local.wait(before, PATIENCE, lambda waited: None) == "ready"
    noted = local.recorded()
    assert noted is not None and noted.ready_at is not None
