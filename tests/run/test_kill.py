"""kill -9 of the real program, at every request that a server gets from it, and at every file it finishes.

Promises 1, 3, 5 and 13: the same command goes on, to the same tree; nothing is rendered twice, nothing bought
twice but what was in flight, and that is in the books.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.crash import disk as books
from tests.crash import scenes, trees
from tests.crash.gate import Gate, Passing
from tests.crash.zygote import REPOSITORY, Run, Zygote
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible

PRICE = 0.00014  # USD an answer
COMMAND = ("run", "--project", scenes.PROJECT, "--seed", "7")
CHAT = "POST /v1/chat/completions"
LOOKS = ("GET /object_info", "GET /system_stats", "GET /v1/models")  # at every start


@dataclass
class Site:
    """A project, its servers behind gates, and what they have counted for the run at hand."""

    workspace: Path
    zygote: Zygote
    comfyui: FakeComfyUI
    script: scenes.Script
    gates: tuple[Gate, Gate]
    before: Counter[str] = field(default_factory=Counter)

    @property
    def project(self) -> Path:
        return self.workspace / scenes.ROOT

    def start(self) -> Run:
        return self.zygote.start(self.workspace, *COMMAND)

    def act(self, act: Callable[[Passing], None]) -> None:
        for gate in self.gates:
            gate.act = act

    @property
    def bought(self) -> Counter[str]:
        return Counter(self.script.bill.read_text().split())

    def counted(self, what: str) -> int:
        return self.comfyui.counters[what] - self.before[what]

    def forget(self) -> None:
        """From here on it is counted anew, in a fresh project."""
        self.act(lambda passing: None)
        shutil.rmtree(self.project / "working", ignore_errors=True)
        shutil.rmtree(self.project / "output", ignore_errors=True)
        self.script.bill.write_text("")
        self.before = self.comfyui.counters
        self.comfyui.engine.cache.clear()

    def iteration(self) -> int:
        return 1 + len(list(self.project.glob("working/*/metadata/*.json")))


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("terminals")) as started:
        yield started


@pytest.fixture
def site(disk: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    script = scenes.Script(disk / "bill")
    with ExitStack() as stack:
        comfyui = stack.enter_context(FakeComfyUI("B"))
        judge = stack.enter_context(FakeOpenAICompatible(script, cost=PRICE))
        gates = (stack.enter_context(Gate(comfyui.url)), stack.enter_context(Gate(judge.url)))
        backends = scenes.Backends("comfyui", "openai_compatible", MODEL["id"], gates[1].url, gates[0].url)
        scenes.make_project(disk / "workspace", backends)
        monkeypatch.chdir(disk / "workspace")
        yield Site(disk / "workspace", zygote, comfyui, script, gates)


@dataclass(frozen=True)
class Expected:
    """What an uninterrupted run leaves and buys."""

    tree: dict[str, Any]
    bought: Counter[str]


def uninterrupted(site: Site) -> Expected:
    run = site.start()
    assert run.wait() == 0, run.said
    expected = Expected(trees.tree(site.project), site.bought)
    assert expected.bought.total() >= 10 and site.counted("accepted") == 3
    site.forget()
    return expected


def check(site: Site, expected: Expected, kills_in_flight: int) -> None:
    """The tree, the pictures, and the money."""
    assert trees.difference(expected.tree, trees.tree(site.project)) == []
    assert (site.counted("accepted"), site.counted("renders")) == (3, 3), "nothing is rendered twice"
    found, twice = books.books(), (site.bought - expected.bought).total()
    assert site.bought.keys() == expected.bought.keys()
    assert twice <= kills_in_flight and twice <= found.unknown <= kills_in_flight
    assert found.reserved <= site.bought.total() + kills_in_flight
    assert found.spent >= site.bought.total() * PRICE - 1e-9


def step_of(site: Site, passing: Passing) -> str:
    """What a request is for: a question is known by what is asked, a job by its iteration."""
    if passing.what == CHAT:
        return hashlib.sha256(passing.body).hexdigest()
    looked = passing.what.startswith(LOOKS)
    return passing.what if looked else f"{passing.what} {site.iteration()}"


@pytest.mark.parametrize("after", [False, True], ids=["before the reply", "after the reply"])
def test_killed_at_every_request(site: Site, after: bool) -> None:
    """One run, killed at each of its steps in turn: when a server has got, or answered, a new request."""
    expected = uninterrupted(site)
    steps: list[tuple[str, str]] = []
    run: Run | None = None

    def act(passing: Passing) -> None:
        step = (passing.what, step_of(site, passing))
        if passing.after == after and step not in steps and run is not None:
            steps.append(step)
            run.kill()
            if not after:
                raise EOFError  # the reply never comes

    site.act(act)
    for _ in range(100):
        run = site.start()
        if run.wait() != -signal.SIGKILL:
            break
    assert run.code == 0, run.said
    kinds = Counter(what for what, _ in steps)
    print(kinds)
    assert kinds["POST /prompt"] == kinds["GET /view"] == kinds["GET /ws"] == 3
    assert kinds[CHAT] == expected.bought.total() and len(steps) >= 25
    check(site, expected, kinds[CHAT])
    if not after:
        assert books.books().unknown == kinds[CHAT], "all that was in flight is listed"


def test_killed_at_every_file(site: Site) -> None:
    """One run, killed as soon as each of its files is there."""
    expected = uninterrupted(site)
    seen: set[str] = set()
    kills = 0
    for _ in range(100):
        run = site.start()
        while not run.ended.is_set():
            new = finished(site.project) - seen
            if new:
                run.kill()
                seen |= new
            time.sleep(0.0005)
        if run.wait() != -signal.SIGKILL:
            break
        kills += 1
    assert run.code == 0, run.said
    assert kills >= 25
    check(site, expected, kills)


def finished(project: Path) -> set[str]:
    """The finished files of steps, without the run's id; not those that are written all the time."""
    names = set()
    for top in ("working", "output"):
        for folder, _, files in os.walk(project / top):
            names |= {f"{Path(folder).name}/{name}" for name in files}
    often = ("checkpoint.json", "events.jsonl", "usage.jsonl", "run.lock", "AIGen.yaml")
    return {name for name in names if not name.endswith((".partial", *often))}


@pytest.mark.parametrize(
    "moment",
    [
        ("POST /prompt", 2, False),
        ("POST /prompt", 1, True),
        ("GET /view", 2, False),
        (CHAT, 6, False),
        (CHAT, 6, True),
    ],
    ids=str,
)
def test_the_very_command_is_killed_once(site: Site, moment: tuple[str, int, bool]) -> None:
    """`python -m iterativectl`, started from a shell so to say, killed, and started again."""
    expected = uninterrupted(site)
    what, number, after = moment
    count = 0
    processes: list[subprocess.Popen[bytes]] = []

    def act(passing: Passing) -> None:
        nonlocal count
        if (passing.what, passing.after) == (what, after):
            count += 1
            if count == number:
                processes[-1].kill()

    site.act(act)
    for code in (-signal.SIGKILL, 0):
        processes.append(started(site))
        with processes[-1] as process:
            output, _ = process.communicate(timeout=60)
            assert process.returncode == code, output.decode()
    check(site, expected, 1)


def started(site: Site) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    command = [sys.executable, "-m", "iterativectl", *COMMAND]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=site.workspace, env=environment, **pipes)


def test_killed_and_the_server_restarted_after_the_job(site: Site) -> None:
    """Queue and history are gone; the picture is there, and says itself whose it is."""
    expected = uninterrupted(site)
    killed_at_its_job(site)
    until(lambda: site.counted("renders") == 1)
    site.comfyui.restart(0.05)
    until(lambda: site.comfyui.engine.running is None)
    run = site.start()
    assert run.wait() == 0, run.said
    check(site, expected, 0)


def test_killed_and_the_server_restarted_in_the_middle_of_the_job(site: Site) -> None:
    """The job is lost with the server's queue: another one is sent, and no picture is made twice."""
    expected = uninterrupted(site)
    site.comfyui.engine.job_seconds = 30
    killed_at_its_job(site)
    until(lambda: site.comfyui.engine.running is not None)
    site.comfyui.restart(0.05)
    site.comfyui.engine.job_seconds = 0
    until(lambda: site.comfyui.engine.running is None)
    run = site.start()
    assert run.wait() == 0, run.said
    assert trees.difference(expected.tree, trees.tree(site.project)) == []
    assert (site.counted("accepted"), site.counted("renders")) == (4, 3)


def killed_at_its_job(site: Site) -> None:
    """Killed when ComfyUI has taken the first job."""
    run: Run | None = None

    def act(passing: Passing) -> None:
        if passing.what == "POST /prompt" and run is not None:
            run.kill()

    site.act(act)
    run = site.start()
    assert run.wait() == -signal.SIGKILL
    site.act(lambda passing: None)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(0.005)
