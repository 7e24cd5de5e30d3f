"""usage.jsonl and events.jsonl: what was spent is never forgotten or guessed; spectators never end a run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from iterativectl.errors import LimitReached, ProjectError
from iterativectl.events import Event
from iterativectl.ports import Usage
from iterativectl.project.event_log import EventLog
from iterativectl.project.usage import NOTHING, FromNow, UsageFile


def usage_file(tmp_path: Path) -> UsageFile:
    return UsageFile(tmp_path / "usage.jsonl", lambda: "now")


def spend(ledger: UsageFile) -> None:
    """A request that was charged, one that failed free of charge, one that failed, one that never ended."""
    ledger.settle(ledger.reserve("p", "q", "m", 0.5), Usage(input_tokens=7, output_tokens=3, cost_usd=0.2))
    ledger.settle(ledger.reserve("p", "q", "m", 0.5), Usage(cost_usd=0.0), "auth")
    ledger.settle(ledger.reserve("p", "q", "m", 0.25), None, "timeout")
    ledger.reserve("p", "q", "m", 1.0)


def test_what_is_not_known_counts_at_its_worst(tmp_path: Path) -> None:
    ledger = usage_file(tmp_path)
    spend(ledger)
    assert ledger.spent() == (4, pytest.approx(0.2 + 0.0 + 0.25 + 1.0))
    assert ledger.totals() == {
        "requests": 4,
        "input_tokens": 7,
        "output_tokens": 3,
        "cost_usd": 1.45,
        "unknown": 1,
        "unpriced": 0,
        "at_least_usd": 1.45,
    }


def test_another_process_counts_the_same(tmp_path: Path) -> None:
    ledger = usage_file(tmp_path)
    spend(ledger)
    again = usage_file(tmp_path)
    assert (again.spent(), again.totals()) == (ledger.spent(), ledger.totals())


def test_a_reservation_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    ledger = usage_file(tmp_path)
    ledger.reserve("p", "q", "m", 0.5)
    assert usage_file(tmp_path).spent() == (1, 0.5)


@pytest.mark.parametrize("ended", [False, True])
def test_a_cost_that_nobody_knows_is_not_zero(tmp_path: Path, ended: bool) -> None:
    """The sum is unknown too, while the request is out and for good; what is known beside it is said."""
    ledger = usage_file(tmp_path)
    ledger.settle(ledger.reserve("p", "q", "priced", 0.5), Usage(cost_usd=0.25))
    reservation = ledger.reserve("p", "q", "m", None)
    if ended:
        ledger.settle(reservation, Usage(input_tokens=9, output_tokens=1))
    for read in (ledger, usage_file(tmp_path)):
        totals = read.totals()
        assert (totals["cost_usd"], totals["at_least_usd"]) == (None, 0.25)
        assert (totals["unpriced"], totals["unknown"]) == (1, 0 if ended else 1)
        assert read.spent() == (2, 0.25)


def test_what_one_command_spent_is_known_where_the_whole_is_not(tmp_path: Path) -> None:
    ledger = usage_file(tmp_path)
    ledger.settle(ledger.reserve("p", "q", "m", None), Usage())
    assert ledger.totals()["cost_usd"] is None
    this_command = FromNow(ledger)
    assert this_command.totals() == NOTHING
    this_command.settle(this_command.reserve("p", "q", "m", 0.5), Usage(input_tokens=7, cost_usd=0.1))
    assert this_command.totals() == {
        **NOTHING,
        "requests": 1,
        "input_tokens": 7,
        "cost_usd": 0.1,
        "at_least_usd": 0.1,
    }
    assert this_command.spent() == (1, pytest.approx(0.1))


def test_limits_of_one_command_do_not_count_what_was_before(tmp_path: Path) -> None:
    ledger = usage_file(tmp_path)
    spend(ledger)
    this_command = FromNow(ledger)
    seen: list[tuple[int, float]] = []
    for _ in range(2):
        this_command.reserve("p", "q", "m", 0.5, lambda requests, usd: seen.append((requests, usd)))
    assert seen == [(0, 0.0), (1, pytest.approx(0.5))]


def test_what_is_refused_is_not_written(tmp_path: Path) -> None:
    ledger = usage_file(tmp_path)

    def no_room(requests: int, usd: float) -> None:
        raise LimitReached("no")

    with pytest.raises(LimitReached):
        ledger.reserve("p", "q", "m", 0.5, no_room)
    assert ledger.spent() == (0, 0.0) and not (tmp_path / "usage.jsonl").exists()


def test_whoever_watches_hears_of_every_request_that_has_ended(tmp_path: Path) -> None:
    told: list[Any] = []
    ledger = UsageFile(tmp_path / "usage.jsonl", lambda: "now", told.append)
    spend(ledger)
    assert [(totals["requests"], totals["cost_usd"]) for totals in told] == [(1, 0.2), (2, 0.2), (3, 0.45)]


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_torn_last_line_never_happened(tmp_path: Path, cut: int) -> None:
    ledger = usage_file(tmp_path)
    ledger.reserve("p", "q", "m", 0.5)
    ledger.reserve("p", "q", "m", 0.5)
    path = tmp_path / "usage.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    again = usage_file(tmp_path)
    assert again.spent() == (1, 0.5)
    again.reserve("p", "q", "m", 0.25)
    assert usage_file(tmp_path).spent() == (2, 0.75)


@pytest.mark.parametrize("line", ["{", "[]", "{}", "\0\0"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    spend(usage_file(tmp_path))
    path = tmp_path / "usage.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(ProjectError, match=r"usage.jsonl is damaged: line 2"):
        usage_file(tmp_path)


# --- events -------------------------------------------------------------------------------------------------


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.at


def test_an_event_is_one_line(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", "r", Now())
    log(Event(type="warning", iteration=3, data={"message": "zwei\nZeilen — né"}))
    (line,) = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "format": "event/1",
        "at": "2026-01-09T22:25:59+00:00",
        "run_id": "r",
        "iteration": 3,
        "type": "warning",
        "message": "zwei\nZeilen — né",
    }


def test_sampler_steps_come_once_a_second(tmp_path: Path) -> None:
    now = Now()
    log = EventLog(tmp_path / "events.jsonl", "r", now)
    for value in range(30):
        now.at += timedelta(seconds=0.1)
        log(Event(type="generation_progress", data={"value": value, "max": 30, "node": "6"}))
    values = [json.loads(line)["value"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert values == [0, 10, 20]


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "events.jsonl").mkdir()
    EventLog(tmp_path / "events.jsonl", "r", Now())(Event(type="run_resumed"))
    assert "an event was not written" in caplog.text
