"""The real program with two requests in the air: kill -9, Ctrl-C at any moment, a judge that hangs."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash import scenes, trees
from tests.crash.gate import Passing
from tests.crash.site import CHAT, Site, built, check, uninterrupted, until
from tests.crash.zygote import Run, Zygote
from tests.run.test_kill import started as program
from tests.run.test_kill_signals import INTERRUPTED, LONGEST, as_expected, started

KILLS = 5
ROUNDS = 6


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("terminals")) as begun:
        yield begun


@pytest.fixture
def site(disk: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with built(disk, zygote) as made:
        monkeypatch.chdir(made.workspace)
        aivis = made.project / "config" / "AIVis.yaml"
        aivis.write_text(f"{aivis.read_text()}\nmax_concurrent: 2\n")
        yield made


@pytest.mark.parametrize("after", [False, True], ids=["before replies", "after replies"])
def test_killed_with_requests_in_the_air(site: Site, after: bool) -> None:
    """Nothing is lost, and nothing bought twice but what was in the air at a kill: two requests at most."""
    expected = uninterrupted(site)
    run: Run | None = None
    seen = 0

    def act(passing: Passing) -> None:
        nonlocal seen
        if passing.what == CHAT and passing.after == after and run is not None:
            seen += 1
            if seen % 2 == 0:  # each time one further
                run.kill()

    site.act(act)
    kills = 0
    for _ in range(KILLS + 1):
        if kills == KILLS:
            site.act(lambda passing: None)
        run = site.start()
        if run.wait() != -signal.SIGKILL:
            break
        kills += 1
    assert run.code == 0, run.said
    assert kills >= 3
    check(site, expected, 2 * kills)


def test_interrupted_at_random_moments(site: Site) -> None:
    expected = uninterrupted(site)
    moments = random.Random(42)
    interrupted = 0
    for _ in range(ROUNDS):
        run = started(site)
        time.sleep(moments.uniform(0.0, 0.2))
        run.kill(moments.choice((signal.SIGINT, signal.SIGTERM)))
        code = run.wait(LONGEST)
        assert "Traceback" not in run.said and "terminate" not in run.said, run.said
        assert code in (0, INTERRUPTED), run.said
        interrupted += code == INTERRUPTED
        if scenes.status() == "passed":
            as_expected(site, expected)
    assert site.start().wait() == 0
    assert trees.difference(expected.tree, trees.tree(site.project)) == []
    assert interrupted >= 1


def test_a_judge_that_hangs_does_not_keep_it(site: Site) -> None:
    """Both requests are out and neither is answered: it ends all the same, and soon; the next run goes on."""
    expected = uninterrupted(site)
    over = threading.Event()
    out: list[Passing] = []

    def hang(passing: Passing) -> None:
        if passing.what == CHAT and not passing.after and b"json_schema" in passing.body:
            out.append(passing)
            over.wait(30)
            raise EOFError

    site.act(hang)
    with program(site) as process:  # the very command: how it ends is Python's doing too
        until(lambda: len(out) == 2)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=LONGEST)
    over.set()
    assert process.returncode == INTERRUPTED, said.decode()
    assert b"Traceback" not in said and b"terminate" not in said
    site.act(lambda passing: None)
    run = site.start()
    assert run.wait() == 0, run.said
    check(site, expected, 2)
