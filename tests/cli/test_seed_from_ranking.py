"""`run --seed-from-ranking` on the command line, and what `status` says of a seed that waits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.rehearsal import judge, point_to
from tests.cli.shell import Shell, files_below

from iterativectl.loading import RunOptions
from iterativectl.project import runs, seed
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.seeding import proposed


@pytest.fixture
def ranked(ran: Path) -> Path:
    """The second of the two pictures before the first."""
    paths = ProjectPaths(ran)
    human = paths.run(runs.run_ids(paths)[-1]).human
    human.mkdir(exist_ok=True)
    (human / "ranking.json").write_text(json.dumps({"ranking": ["2", "1"], "notes": {"2": "warmer"}}))
    return ran


def test_a_run_from_the_newest_ranking(shell: Shell, ranked: Path) -> None:
    with judge() as server:
        point_to(ranked, server.url)
        said = shell(
            "run", "--project", "barn", "--seed-from-ranking", "latest", "--seed-ranking-mode", "top3"
        )
    assert said.code == 0, said.err
    assert "starts from the ranking of run" in said.err and "only 2 can be used" in said.err
    paths = ProjectPaths(ranked)
    assert len(runs.run_ids(paths)) == 2
    by = runs.read_run(paths.run(runs.run_ids(paths)[-1])).seeded_from
    assert by is not None and (by.mode, by.iterations) == ("top3", (2, 1))


def test_a_dry_run_says_what_would_be_and_writes_nothing(shell: Shell, ranked: Path) -> None:
    with judge() as server:
        point_to(ranked, server.url)
        before = files_below(ranked / "working")
        said = shell("run", "--project", "barn", "--seed-from-ranking", "latest", "--dry-run")
    assert "a new run would begin, from the ranking of run" in said.out
    assert "positive prompt: barn, sunset" in said.out
    assert files_below(ranked / "working") == before


def test_status_says_that_a_seed_waits(shell: Shell, ranked: Path) -> None:
    paths = ProjectPaths(ranked)
    before = shell("status", "--project", "barn")
    assert "ranking" not in before.out
    found = proposed(WorkspacePaths(shell.cwd), paths, "latest", "rank1", RunOptions())
    seed.write(paths, found.seed, "2026-01-10T00:00:00+00:00")
    said = shell("status", "--project", "barn")
    assert "the next `run` starts from the ranking of run" in said.out and "(rank1: 2)" in said.out
    data = shell("status", "--project", "barn", "--json").json
    assert data["seed"]["mode"] == "rank1" and data["seed"]["iterations"] == [2]
    paths.seed.write_text("{")
    assert "damaged: " in shell("status", "--project", "barn").out


REFUSED = {
    "mode alone": (("--seed-ranking-mode", "top3"), "means nothing without a ranking"),
    "mode of none": (("--seed-from-ranking", "none", "--seed-ranking-mode", "top3"), "means nothing"),
    "resume": (("--seed-from-ranking", "latest", "--resume-from", "1"), "goes on with a run"),
    "unknown": (("--seed-from-ranking", "2020-01-01_00-00-00"), "barn has no run"),
    "unknown mode": (("--seed-from-ranking", "latest", "--seed-ranking-mode", "top4"), "top4"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(shell: Shell, ranked: Path, name: str) -> None:
    options, message = REFUSED[name]
    before = files_below(ranked / "working")
    said = shell("run", "--project", "barn", *options)
    assert said.code == 2 and message in said.err
    assert files_below(ranked / "working") == before
