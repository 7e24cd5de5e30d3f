"""`iterativectl comfyui ...` as it is typed, against a program that is started as ComfyUI is."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.cli.shell import Said, Shell
from tests.processes.machine import HastyClock, Site, lives, site_at, until

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
def site(tmp_path: Path, workspace: Path) -> Iterator[Site]:
    with site_at(tmp_path) as made:
        yield Site(made.root, workspace / ".iterative" / "comfyui", made.port)


@pytest.fixture
def shell(workspace: Path, site: Site) -> Shell:
    made = Shell(workspace)
    made.clock = HastyClock()  # type: ignore[assignment]
    made.environ = {
        "COMFYUI_PATH": str(site.root),
        "PATH": os.defpath,
        "HOME": str(workspace.parent / "home"),
    }
    return made


def start(shell: Shell, site: Site, *words: str) -> Said:
    said = shell("comfyui", "start", "--port", site.port, *words)
    assert said.code == 0, said.err
    return said


def pid_of(site: Site) -> int:
    return int(json.loads((site.folder / f"{site.port}.json").read_text())["pid"])


def project(shell: Shell, settings: str) -> str:
    """A project with its own settings of ComfyUI."""
    assert shell("project", "create", "barn").code == 0
    path = shell.cwd / "projects" / "barn" / "config" / "AIGen.yaml"
    lines = path.read_text().splitlines()
    begin = lines.index("comfyui:")
    rest = [line for line in lines[begin + 1 :] if not line.startswith("  ")]
    path.write_text("\n".join([*lines[:begin], f"comfyui: {settings}", *rest]) + "\n")
    return "barn"


def test_from_start_to_stop(shell: Shell, site: Site) -> None:
    said = start(shell, site)
    assert f"Starting ComfyUI in {site.root} at http://localhost:{site.port}, pid " in said.err
    assert f"log: {site.folder}/{site.port}.log" in said.err
    answers = rf"ComfyUI answers at http://localhost:{site.port} after \d+ s \(pid {pid_of(site)}\)\.\n"
    assert re.match(answers, said.out)
    again = start(shell, site, "--", "--cpu")
    assert again.out.startswith("Already there: ComfyUI at") and "the arguments were not used" in again.err
    looked = shell("comfyui", "status")
    assert looked.code == 0
    assert looked.out.splitlines()[0] == f"ComfyUI 0.33.0 answers at http://localhost:{site.port}"
    assert "cuda:0 Fake, 6.0 of 8.0 GiB free" in looked.out and "checkpoints 2" in looked.out
    logged = shell("comfyui", "logs", "-n", "1")
    assert logged.out == f"To see the GUI go to: http://127.0.0.1:{site.port}\n"
    assert logged.err == f"{site.folder}/{site.port}.log, the last 1 line:\n"
    stopped = shell("comfyui", "stop")
    assert (stopped.code, stopped.out[:25]) == (0, "Stopped the ComfyUI at ht")
    assert site.living() == []
    nothing = shell("comfyui", "stop", "--port", site.port)
    assert nothing.code == 0 and nothing.out.startswith(
        "Nothing to stop: no ComfyUI that was started here runs"
    )
    assert shell("comfyui", "logs").out.startswith("Checkpoint files")  # the log stays
    assert shell("comfyui", "status", "--port", site.port).code == 4


def test_everything_as_json(shell: Shell, site: Site) -> None:
    started = start(shell, site, "--json", "--", "--jobs", "theirs,ours").json
    assert (started["format"], started["outcome"], started["answers"]) == ("comfyui_start/1", "started", True)
    assert (started["pid"], started["path"]) == (pid_of(site), str(site.root))
    status = shell("comfyui", "status", "--json").json
    assert (status["format"], status["state"]) == ("comfyui_status/1", "running")
    assert status["process"]["pid"] == started["pid"]
    assert status["process"]["arguments"][-2:] == ["--jobs", "theirs,ours"]
    assert status["server"]["running"] == {"ours": 0, "others": 1}
    assert status["server"]["pending"] == {"ours": 1, "others": 0}
    logged = shell("comfyui", "logs", "--json", "-n", "2").json
    assert (logged["format"], logged["path"]) == ("comfyui_logs/1", started["log"])
    assert logged["lines"][-1].startswith("To see the GUI")
    refused = shell("comfyui", "stop", "--json")
    assert (refused.code, refused.json["format"], refused.json["code"]) == (1, "error/1", "others_work")
    restarted = shell("comfyui", "restart", "--json", "--force").json
    assert (restarted["format"], restarted["stopped"]["pid"]) == ("comfyui_restart/1", started["pid"])
    assert restarted["started"]["outcome"] == "started" and restarted["started"]["pid"] != started["pid"]
    stopped = shell("comfyui", "stop", "--json", "--force").json
    assert (stopped["format"], stopped["outcome"]) == ("comfyui_stop/1", "terminated")
    assert shell("comfyui", "stop", "--json").json["outcome"] == "nothing"
    gone = shell("comfyui", "status", "--json", "--port", site.port)
    assert (gone.code, gone.json["state"], gone.json["server"]) == (4, "stopped", None)


def test_restart_takes_the_recorded_path_arguments_and_port(shell: Shell, site: Site) -> None:
    start(shell, site, "--", "--cpu")
    before = json.loads((site.folder / f"{site.port}.json").read_text())
    del shell.environ["COMFYUI_PATH"]
    assert shell("comfyui", "restart").code == 0
    after = json.loads((site.folder / f"{site.port}.json").read_text())
    assert after["pid"] != before["pid"]
    assert (after["command"], after["cwd"]) == (before["command"], before["cwd"])
    os.kill(after["pid"], signal.SIGKILL)
    assert until(lambda: not lives(after["pid"]))
    assert shell("comfyui", "restart").code == 0  # one that ended by itself, too
    assert len(site.living()) == 1
    assert shell("comfyui", "stop").code == 0
    refused = shell("comfyui", "restart", "--port", site.port)
    assert refused.code == 2 and "no ComfyUI was started here" in refused.err


def test_a_project_says_where_what_and_how(shell: Shell, site: Site) -> None:
    del shell.environ["COMFYUI_PATH"]
    name = project(shell, f"{{host: 127.0.0.1, port: {site.port}, path: {site.root}, args: [--cpu]}}")
    assert shell("comfyui", "start", "--project", name, "--", "--slow", "0.1").code == 0
    command = json.loads((site.folder / f"{site.port}.json").read_text())["command"]
    assert command[-3:] == ["--cpu", "--slow", "0.1"]
    assert shell("comfyui", "status", "--project", name).out.startswith("ComfyUI 0.33.0 answers")
    assert shell("comfyui", "stop", "--project", name).out.startswith("Stopped")


def test_a_server_elsewhere_is_looked_at_but_not_started(shell: Shell, site: Site) -> None:
    name = project(shell, "{host: gpu.invalid}")
    for words in (("start",), ("stop",), ("restart",)):
        said = shell("comfyui", *words, "--project", name)
        assert (said.code, "is not on this machine" in said.err) == (2, True), words
    looked = shell("comfyui", "status", "--project", name, "--json")
    assert (looked.code, looked.json["state"], looked.json["process"]) == (4, "unreachable", None)
    assert site.pids() == []


def test_one_that_somebody_else_started(shell: Shell, site: Site, tmp_path: Path) -> None:
    theirs = Site(site.root, tmp_path / "theirs", site.port)
    record = theirs.local().start(theirs.command()).record
    assert record is not None
    theirs.local().wait(record, 20, lambda waited: None)
    said = start(shell, site, "--json")
    assert (said.json["outcome"], said.json["pid"]) == ("foreign", None)
    assert "was not started from here" in start(shell, site).out
    assert "`comfyui stop` leaves it alone" in shell("comfyui", "status", "--port", site.port).out
    stopped = shell("comfyui", "stop", "--port", site.port)
    assert (stopped.code, "It is left alone." in stopped.out) == (0, True)
    assert lives(record.pid)


def test_a_port_that_something_else_has(shell: Shell, site: Site) -> None:
    with HTTPServer(("127.0.0.1", site.port), BaseHTTPRequestHandler) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            said = shell("comfyui", "start", "--port", site.port)
            looked = shell("comfyui", "status", "--port", site.port)
        finally:
            other.shutdown()
            thread.join(10)
    assert (said.code, "something that is not ComfyUI listens" in said.err) == (1, True)
    assert (looked.code, "Something that is not ComfyUI is there" in looked.out) == (4, True)


def test_one_that_dies_says_why_and_what_to_do(shell: Shell, site: Site) -> None:
    words = "AssertionError: Torch not compiled with CUDA enabled"
    said = shell("comfyui", "start", "--port", site.port, "--", "--die", words)
    assert said.code == 1
    assert words in said.err and "args: [--cpu]" in said.err
    assert str(site.folder / f"{site.port}.log") in said.err
    looked = shell("comfyui", "status", "--port", site.port)
    assert "has ended, and not by `comfyui stop`" in looked.out
    assert shell("comfyui", "logs", "--previous", "--port", site.port).code == 1
    start(shell, site)
    assert words in shell("comfyui", "logs", "--previous").out


def test_one_that_takes_longer_goes_on(shell: Shell, site: Site) -> None:
    said = shell("comfyui", "start", "--port", site.port, "--wait", "0.2", "--json", "--", "--slow", "30")
    assert (said.code, said.json["answers"], said.json["outcome"]) == (4, False, "started")
    looked = shell("comfyui", "status", "--json")
    assert (looked.code, looked.json["state"]) == (4, "starting")
    joined = shell("comfyui", "start", "--port", site.port, "--wait", "0.2", "--json")
    assert (joined.code, joined.json["outcome"], joined.json["pid"]) == (4, "starting", said.json["pid"])
    told = shell("comfyui", "start", "--port", site.port, "--wait", "0.2").out
    assert "ComfyUI is still starting after" in told and f"(pid {said.json['pid']})" in told
    assert shell("comfyui", "stop").out.startswith("Stopped")


def test_one_that_hangs_is_said_to(shell: Shell, site: Site) -> None:
    start(shell, site)
    os.kill(pid_of(site), signal.SIGSTOP)
    looked = shell("comfyui", "status")
    os.kill(pid_of(site), signal.SIGCONT)
    assert looked.code == 4
    assert "Its process is alive but gives no answer" in looked.out


def test_a_number_that_is_another_process_now(shell: Shell, site: Site) -> None:
    """A record from before the last boot names our own pid."""
    start(shell, site)
    path = site.folder / f"{site.port}.json"
    data = json.loads(path.read_text())
    assert shell("comfyui", "stop").code == 0
    path.write_text(json.dumps({**data, "pid": os.getpid(), "start": "before:1"}))
    assert "another process has that number now" in shell("comfyui", "status").out
    said = shell("comfyui", "stop")
    assert (said.code, said.out.startswith("Nothing to stop: the ComfyUI at")) == (0, True)


def test_one_that_cannot_be_identified_is_not_stopped(shell: Shell, site: Site) -> None:
    start(shell, site)
    path = site.folder / f"{site.port}.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "command": ["python", "main.py", "--port", "1"]}))
    said = shell("comfyui", "stop")
    assert (said.code, f"process {data['pid']} is not what was started here" in said.err) == (1, True)
    assert lives(data["pid"]) and path.exists()


def test_a_log_is_followed_until_the_end(shell: Shell, site: Site) -> None:
    start(shell, site)
    follower = Shell(shell.cwd)
    follower.clock, follower.environ = HastyClock(), shell.environ  # type: ignore[assignment]
    found: list[Said] = []
    thread = threading.Thread(target=lambda: found.append(follower("comfyui", "logs", "-f", "-n", "0")))
    thread.start()
    assert until(lambda: "last 0 lines" in follower.stderr.getvalue())
    with (site.folder / f"{site.port}.log").open("a") as log:
        log.write("got prompt\n")
    assert until(lambda: "got prompt" in follower.stdout.getvalue())
    os.kill(pid_of(site), signal.SIGTERM)
    assert until(lambda: site.living() == [])
    thread.join(20)
    assert (found[0].code, found[0].out) == (0, "got prompt\n")
    assert "No ComfyUI that was started here runs" in found[0].err


def test_without_any_installation_it_says_what_to_name(shell: Shell, site: Site) -> None:
    del shell.environ["COMFYUI_PATH"]
    said = shell("comfyui", "start", "--port", site.port)
    assert (said.code, "no local ComfyUI is known" in said.err) == (2, True)
    assert shell("comfyui", "start", "example").code == 2
    assert shell("comfyui", "start", "--port", site.port, "--path", site.root, "--", "--port", "1").code == 2


def test_several_that_were_started_must_be_told_apart(shell: Shell, site: Site) -> None:
    site.folder.mkdir(parents=True)
    for port in (9001, 9002):
        (site.folder / f"{port}.json").write_text("{}")
    said = shell("comfyui", "stop")
    assert (said.code, "9001, 9002" in said.err) == (2, True)
    damaged = shell("comfyui", "stop", "--port", "9001")
    assert (damaged.code, "9001.json is damaged" in damaged.err) == (2, True)


def command_line(site: Site, workspace: Path, *words: object) -> subprocess.Popen[str]:
    """The real program, as a shell would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "iterativectl", *map(str, words)],
        cwd=workspace,
        env={
            "PYTHONPATH": str(SOURCE),
            "PATH": os.defpath,
            "COMFYUI_PATH": str(site.root),
            "HOME": str(workspace),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_ctrl_c_ends_the_wait_and_not_comfyui(shell: Shell, site: Site) -> None:
    words = ("comfyui", "start", "--port", site.port, "--", "--slow", "30")
    with command_line(site, shell.cwd, *words) as process:
        assert until(lambda: (site.folder / f"{site.port}.json").exists() and len(site.living()) == 1)
        assert process.stderr is not None
        process.stderr.readline()  # it waits now, and listens to signals
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"ComfyUI goes on starting (pid {pid_of(site)})" in told
    assert lives(pid_of(site))
    assert shell("comfyui", "stop").code == 0


def test_two_programs_start_one(shell: Shell, site: Site) -> None:
    words = ("comfyui", "start", "--port", site.port, "--json")
    running = [command_line(site, shell.cwd, *words) for _ in range(2)]
    told = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert len({each["pid"] for each in told}) == len(site.pids()) == 1
    assert sorted(each["outcome"] for each in told) in (["running", "started"], ["started", "starting"])


def test_doctor_and_run_name_the_cure(shell: Shell, site: Site) -> None:
    name = project(shell, f"{{host: 127.0.0.1, port: {site.port}}}")
    cure = f"Start the one in {site.root}: `iterativectl comfyui start --project {name}`."
    with command_line(site, shell.cwd, "run", "--project", name) as run:
        findings = shell("doctor", "--project", name, "--no-canary", "--json").json["findings"]
        _, told = run.communicate(timeout=60)
    assert [each["todo"] for each in findings if each["what"] == "local ComfyUI"] == [cure]
    assert (run.returncode, cure in told) == (4, True)
    assert site.pids() == []  # it is offered, never done
    start(shell, site)
    findings = shell("doctor", "--project", name, "--no-canary", "--json").json["findings"]
    assert [each for each in findings if each["what"] == "local ComfyUI"] == []


def test_the_moving_line_on_a_terminal(shell: Shell, site: Site) -> None:
    shell.is_tty = True
    shell.environ |= {"TERM": "xterm", "COLUMNS": "60"}
    said = start(shell, site, "--", "--slow", "0.7")
    assert "starting  0 s" in said.err and "s  ·  Checkpoint files" in said.err
    assert "ComfyUI answers at" in said.out
