"""kill -9 of the real program between its votes: a vote that was paid for is there when it comes back."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.gate import Passing
from tests.crash.site import CHAT, Site, built, check, uninterrupted
from tests.crash.zygote import Run, Zygote

ABOUT_CRITERIA = b'"evaluate_criteria"'  # the name of the schema


@pytest.fixture
def site(disk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    with Zygote(tmp_path) as zygote, built(disk, zygote) as made:
        judge = made.project / "config" / "AIVis.yaml"
        judge.write_text(judge.read_text() + "votes: 5\n")
        monkeypatch.chdir(made.workspace)
        yield made


def test_killed_after_every_vote_none_is_bought_twice(site: Site) -> None:
    expected = uninterrupted(site)
    votes: list[str] = []
    run: Run | None = None

    def act(passing: Passing) -> None:
        if passing.what != CHAT or not passing.after or ABOUT_CRITERIA not in passing.body:
            return
        vote = hashlib.sha256(passing.body).hexdigest()
        if vote not in votes and run is not None:
            votes.append(vote)
            run.kill()

    site.act(act)
    for _ in range(20):
        run = site.start()
        if run.wait() != -signal.SIGKILL:
            break
    assert run is not None and run.code == 0, run and run.said
    assert len(votes) >= 4, "three pictures, and the last one confirmed"
    check(site, expected, len(votes))
