"""Jobs: begun, looked at, done or failed, forgotten; never more at once than there is room for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from iterativectl.errors import ConfigError, LockedError, Problem, UsageError
from iterativectl.web.jobs import AT_ONCE, KEPT, REMEMBERED, WAITING, Jobs, Say

PATIENCE = 10.0


def until(jobs: Jobs, name: str, right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The job, once it is as it should be."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        told = jobs.look(name)
        assert told is not None
        if right(told):
            return told
        time.sleep(0.002)
    raise AssertionError(f"the job stands at {jobs.look(name)}")


def ended(jobs: Jobs, name: str) -> dict[str, Any]:
    return until(jobs, name, lambda told: told["state"] != "working")


def test_a_job_is_begun_says_what_it_does_and_has_a_result() -> None:
    jobs, go = Jobs(), threading.Event()

    def work(say: Say) -> dict[str, int]:
        say("counting")
        assert go.wait(PATIENCE)
        return {"counted": 3}

    name = jobs.start("count", work)
    told = until(jobs, name, lambda job: job["said"] == "counting")
    assert told == {"id": name, "kind": "count", "state": "working", "said": "counting"} | {
        "result": None,
        "error": None,
    }
    go.set()
    told = ended(jobs, name)
    assert (told["state"], told["result"], told["error"]) == ("done", {"counted": 3}, None)


def test_ids_cannot_be_guessed() -> None:
    jobs = Jobs()
    names = {jobs.start("nothing", lambda say: {}) for _ in range(4)}
    assert len(names) == 4 and all(len(name) >= 20 for name in names)
    assert jobs.look("1") is None


def failing(error: Exception) -> Callable[[Say], dict[str, Any]]:
    def work(say: Say) -> dict[str, Any]:
        raise error

    return work


def test_an_error_for_people_is_told_with_its_hint_and_problems() -> None:
    jobs = Jobs()
    told = ended(jobs, jobs.start("x", failing(UsageError("the pen is empty", "Fill it."))))
    assert told["state"] == "failed" and told["result"] is None
    assert told["error"] == {"code": "usage", "message": "the pen is empty", "hint": "Fill it."}
    wrong = ConfigError([Problem(where="rules.yaml:3", path="project.name", message="must not be blank")])
    told = ended(jobs, jobs.start("x", failing(wrong)))
    assert [one["where"] for one in told["error"]["problems"]] == ["rules.yaml:3"]


def test_a_fault_of_ours_is_logged_and_tells_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    jobs = Jobs()
    told = ended(jobs, jobs.start("x", failing(ZeroDivisionError("a secret"))))
    assert told["error"]["code"] == "bug" and "secret" not in str(told)
    assert "ZeroDivisionError" in caplog.text


def test_only_a_few_work_at_once_and_too_many_are_refused() -> None:
    jobs, go = Jobs(), threading.Event()
    lock, at_work, most = threading.Lock(), 0, 0

    def work(say: Say) -> dict[str, Any]:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        assert go.wait(PATIENCE)
        with lock:
            at_work -= 1
        return {}

    names = [jobs.start("x", work) for _ in range(WAITING)]
    with pytest.raises(LockedError):
        jobs.start("x", work)
    go.set()
    assert all(ended(jobs, name)["state"] == "done" for name in names)
    assert most == AT_ONCE
    jobs.start("x", work)


def test_finished_jobs_are_forgotten_after_a_while_and_when_there_are_many() -> None:
    now = [0.0]
    jobs = Jobs(clock=lambda: now[0])
    first = jobs.start("x", lambda say: {})
    ended(jobs, first)
    now[0] = REMEMBERED - 1
    assert jobs.look(first) is not None
    now[0] = REMEMBERED + 1
    assert jobs.look(first) is None
    names = []
    for _ in range(KEPT + 1):
        names.append(jobs.start("x", lambda say: {}))
        ended(jobs, names[-1])
    assert jobs.look(names[0]) is None and jobs.look(names[1]) is not None


def test_when_the_viewer_ends_a_job_ends_at_its_next_word_and_none_begins() -> None:
    jobs, go, reached = Jobs(), threading.Event(), threading.Event()

    def work(say: Say) -> dict[str, Any]:
        reached.set()
        assert go.wait(PATIENCE)
        say("the next request")
        raise AssertionError("it went on")

    name = jobs.start("x", work)
    assert reached.wait(PATIENCE)
    jobs.close()
    go.set()
    assert ended(jobs, name)["error"]["code"] == "interrupted"
    with pytest.raises(LockedError):
        jobs.start("x", work)
