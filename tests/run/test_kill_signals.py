"""Ctrl-C, `kill`, a closed terminal at any moment, twice too; our own jobs come back (promises 1 and 11)."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from tests.crash import scenes, trees
from tests.crash.gate import Passing
from tests.crash.site import Expected, Site, built, uninterrupted, until
from tests.crash.zygote import Run, Zygote

LONGEST = 10.0  # seconds from the signal to the end
INTERRUPTED = 130
ROUNDS = 14


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("terminals")) as started:
        yield started


@pytest.fixture
def site(disk: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with built(disk, zygote) as made:
        monkeypatch.chdir(made.workspace)
        yield made


def started(site: Site) -> Run:
    """A run that has got as far as its first request."""
    begun = threading.Event()
    site.act(lambda passing: begun.set())
    run = site.start()
    while not begun.wait(0.01) and not run.ended.is_set():
        pass
    return run


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_interrupted_at_random_moments(site: Site, twice: bool) -> None:
    """Runs, interrupted again and again, by one signal each time or by two shortly after each other."""
    expected = uninterrupted(site)
    moments = random.Random(23)
    interrupted = 0
    for _ in range(ROUNDS):
        run = started(site)
        time.sleep(moments.uniform(0.0, 0.2))
        run.kill(moments.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)))
        if twice:
            time.sleep(moments.choice((0.0, 0.001, 0.01, 0.05)))
            run.kill(moments.choice((signal.SIGINT, signal.SIGTERM)))
        code = run.wait(LONGEST)
        assert "Traceback" not in run.said and code in (0, INTERRUPTED), run.said
        interrupted += code == INTERRUPTED
        if scenes.status() == "passed":  # also where the signal came just after the end
            as_expected(site, expected)
    assert site.start().wait() == 0
    as_expected(site, expected)
    assert interrupted >= ROUNDS // 3


def as_expected(site: Site, expected: Expected) -> None:
    """A run has come to its end: what it leaves. Then begin anew."""
    assert trees.difference(expected.tree, trees.tree(site.project)) == []
    assert site.counted("global_interrupts") == site.counted("queue_clears") == 0
    site.forget()


@pytest.mark.row("1.3/32")
@pytest.mark.parametrize("ours_runs", [True, False], ids=["ours runs", "another runs"])
def test_our_job_is_taken_back_and_no_other(site: Site, ours_runs: bool) -> None:
    expected = uninterrupted(site)
    graph = site.comfyui.sent("POST", "/prompt")[0]["prompt"]
    engine = site.comfyui.engine
    engine.job_seconds = 60
    if not ours_runs:
        other = sent_by_another(site, graph)
        until(lambda: engine.running is not None)
    run = started(site)
    until(lambda: site.counted("accepted") == (1 if ours_runs else 2))
    if ours_runs:
        until(lambda: engine.running is not None)
        other = sent_by_another(site, graph)
    run.kill(signal.SIGINT)
    assert run.wait(LONGEST) == INTERRUPTED, run.said
    until(lambda: engine.running is not None and engine.running.prompt_id == other)
    assert engine.pending == []
    assert site.counted("global_interrupts") == site.counted("queue_clears") == 0
    engine.job_seconds = 0
    site.comfyui.restart(0.05)
    until(lambda: engine.running is None)
    run = site.start()
    assert run.wait() == 0, run.said
    assert trees.difference(expected.tree, trees.tree(site.project)) == []


def sent_by_another(site: Site, graph: object) -> str:
    """A job of somebody else's; returns its id."""
    body = {"prompt": graph, "prompt_id": str(uuid4()), "client_id": "somebody"}
    reply = requests.post(f"{site.comfyui.url}/prompt", json=body, timeout=5)
    reply.raise_for_status()
    return str(reply.json()["prompt_id"])


def test_a_server_that_hangs_does_not_keep_it(site: Site) -> None:
    """The job cannot be taken back, because nobody answers: it ends all the same, and soon."""
    site.comfyui.engine.job_seconds = 60
    run = started(site)
    until(lambda: site.comfyui.engine.running is not None)

    def hang(passing: Passing) -> None:
        run.ended.wait(30)
        raise EOFError

    site.act(hang)
    run.kill(signal.SIGINT)
    assert run.wait(LONGEST) == INTERRUPTED, run.said
