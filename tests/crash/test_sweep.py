"""Promises 1, 2 and 7: whatever is cut off or refused, the same command ends with the same tree.

The work is done by tests/crash/sweep.py. That it can fail is shown by bugs that are planted (planted.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.crash.jobs import Job, Jobs

pytestmark = pytest.mark.timeout(900)  # a test may wait for others' processes

SHARES = 2
# attack on the whole run of three iterations -> at least so many operations of it are attacked
WHOLE = {
    "kill": 600,
    "tear": 100,
    "ENOSPC": 100,
    "ENOSPC-lasting": 100,
    "EIO": 100,
    "EIO-lasting": 100,
    "twice": 10,
}
# scene -> at least so many operations of its part
PARTS = {"masked": 120, "again": 40, "reset": 40, "seeded": 60, "resume-from": 100, "comfyui": 50}
PLANTED: list[Job] = [
    ("paid", "kill", "--plant", "written_in_place"),
    ("paid", "tear", "--plant", "written_in_place"),
    ("paid", "tear", "--plant", "torn_lines_stay"),
    ("paid", "kill", "--plant", "answer_used_before_it_is_stored", "--first", "iteration_1_questions"),
    ("paid", "kill", "--plant", "committed_too_early", "--first", "iteration_1_comparison"),
    ("paid", "kill", "--plant", "finished_before_published", "--first", "iteration_3_metadata"),
    ("paid", "ENOSPC", "--plant", "disk_errors_are_passed_over"),
    ("paid", "EIO-lasting", "--plant", "disk_errors_are_passed_over"),
    ("comfyui", "kill", "--plant", "ticket_after_the_sending"),
    ("again", "kill", "--plant", "put_aside_before_begun"),
    ("resume-from", "kill", "--plant", "moved_without_intent"),
    ("seeded", "kill", "--plant", "seed_removed_before_begun"),
    ("paid", "count", "--plant", "written_beside_the_count"),
]


def shares(attack: str) -> list[Job]:
    return [("paid", attack, "--share", str(share), "--shares", str(SHARES)) for share in range(SHARES)]


JOBS: list[Job] = [
    *(job for attack in WHOLE for job in shares(attack)),
    *((scene, "kill") for scene in PARTS),
    ("paid", "count"),
    ("paid", "real"),
    *((*job, "--enough", "1") for job in PLANTED),
]


@pytest.fixture(scope="module")
def jobs(request: pytest.FixtureRequest) -> Iterator[Jobs]:
    """Those that the collected tests of this file wait for."""
    wanted = {
        job
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
        for job in item.callspec.params["needs"]
    }
    begun = Jobs([job for job in JOBS if job in wanted])
    yield begun
    begun.close()


@pytest.mark.parametrize("needs, least", [(shares(attack), WHOLE[attack]) for attack in WHOLE], ids=[*WHOLE])
def test_a_whole_run(jobs: Jobs, needs: list[Job], least: int) -> None:
    """Three iterations, with a judge who is paid: nothing is lost, changed, left behind or bought twice."""
    result = jobs.result(*needs)
    print(result)
    assert result["failures"] == []
    assert result["attacked"] >= least and result["cases"] > 0


@pytest.mark.parametrize("needs, least", [([(scene, "kill")], PARTS[scene]) for scene in PARTS], ids=[*PARTS])
def test_a_part(jobs: Jobs, needs: list[Job], least: int) -> None:
    """A mask, a second run, --reset, a ranking, --resume-from; a picture of ComfyUI's, made but once."""
    result = jobs.result(*needs)
    print(result)
    assert result["failures"] == []
    assert result["attacked"] >= least


@pytest.mark.parametrize("needs", [[("paid", "count")], [("paid", "real")]], ids=["count", "real"])
def test_the_method(jobs: Jobs, needs: list[Job]) -> None:
    """No file is changed unseen, and what is copied is what a process leaves that really dies."""
    result = jobs.result(*needs)
    assert result["failures"] == []
    assert result["attacked"] >= 10


@pytest.mark.parametrize(
    "needs", [[(*job, "--enough", "1")] for job in PLANTED], ids=[f"{job[1]}-{job[3]}" for job in PLANTED]
)
def test_a_planted_bug_is_caught(jobs: Jobs, needs: list[Job]) -> None:
    assert jobs.result(*needs)["failures"] != []
