"""kill -9 of the real program, at every request that a server gets from it, and at every file it finishes.

Promises 1, 2 and 3: the same command goes on, to the same tree; nothing is rendered twice, nothing bought
twice but what was in flight, and that is in the books.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.crash import disk as books
from tests.crash import trees
from tests.crash.gate import Passing
from tests.crash.site import CHAT, COMMAND, Site, built, check, uninterrupted, until
from tests.crash.zygote import REPOSITORY, Run, Zygote
from tests.run.conftest import MEMORY

LOOKS = ("GET /object_info", "GET /system_stats", "GET /v1/models")  # at every start


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("terminals")) as started:
        yield started


@pytest.fixture
def site(disk: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with built(disk, zygote) as made:
        monkeypatch.chdir(made.workspace)
        yield made


def step_of(site: Site, passing: Passing) -> str:
    """What a request is for: a question is known by what is asked, a job by its iteration."""
    if passing.what == CHAT:
        return hashlib.sha256(passing.body).hexdigest()
    looked = passing.what.startswith(LOOKS)
    return passing.what if looked else f"{passing.what} {site.iteration()}"


def killed_at_every_request(site: Site, after: bool) -> Counter[str]:
    """Killed at each of its steps in turn: when a server has got, or answered, a new request."""
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
    check(site, expected, kinds[CHAT])
    if not after:
        assert books.books(site.project).unknown == kinds[CHAT], "all that was in flight is listed"
    assert kinds[CHAT] == expected.bought.total()
    return kinds


def killed_at_every_file(site: Site) -> Counter[str]:
    """Killed as soon as each of its files is there."""
    expected = uninterrupted(site)
    seen: set[str] = set()
    kills: Counter[str] = Counter()
    for _ in range(100):
        run = site.start()
        while not run.ended.is_set():
            new = finished(site.project) - seen
            if new:
                run.kill()
                seen |= new
                kills.update({min(new).split("/")[0]})
            time.sleep(0.001)
        if run.wait() != -signal.SIGKILL:
            break
    assert run.code == 0, run.said
    check(site, expected, kills.total())
    return kills


CHAINS: Mapping[str, Callable[[Site], Counter[str]]] = {
    "before each reply": lambda site: killed_at_every_request(site, after=False),
    "after each reply": lambda site: killed_at_every_request(site, after=True),
    "at each file": killed_at_every_file,
}


@pytest.fixture(scope="module")
def chains() -> Iterator[Mapping[str, Future[Counter[str]]]]:
    """All three at once: mostly they wait."""

    def chain(name: str) -> Counter[str]:
        memory = MEMORY if os.access(MEMORY, os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="iterative-", dir=memory) as folder:
            with Zygote(Path(folder)) as zygote, built(Path(folder), zygote) as site:
                return CHAINS[name](site)

    with ThreadPoolExecutor(len(CHAINS)) as pool:
        yield {name: pool.submit(chain, name) for name in CHAINS}


@pytest.mark.parametrize("chain", CHAINS)
def test_one_run_is_killed_at_every_step(chains: Mapping[str, Future[Counter[str]]], chain: str) -> None:
    """Nothing is lost, rendered twice, or bought twice but what was in flight at a kill."""
    kills = chains[chain].result(timeout=100)
    print(kills)
    assert kills.total() >= 25
    if chain != "at each file":
        assert kills["POST /prompt"] == kills["GET /view"] == kills["GET /ws"] == 3


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


@pytest.mark.row("1.2/13", "1.2/21")
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


@pytest.mark.row("1.2/13")
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
