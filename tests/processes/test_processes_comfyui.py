"""Start, wait, stop, on real processes: whatever happens to them meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import requests
from tests.processes.machine import HastyClock, Site, lives, until

from iterativectl.errors import LockedError, UsageError
from iterativectl.processes import launch, record
from iterativectl.processes.comfyui import Started
from iterativectl.processes.errors import OthersWork, PortTaken, StartFailed
from iterativectl.processes.health import Waited


def started(site: Site, *arguments: str) -> Started:
    """One that answers."""
    found = site.local().start(site.command(*arguments))
    assert found.record is not None
    assert site.local().wait(found.record, 20, lambda waited: None) == "ready"
    return found


def test_it_starts_answers_and_stops(site: Site) -> None:
    found = started(site)
    assert found.outcome == "started" and found.record is not None
    stats = requests.get(f"{site.url}/system_stats", timeout=5).json()
    assert stats["system"]["argv"] == [
        *("main.py", "--listen", "127.0.0.1", "--port", str(site.port), "--disable-auto-launch")
    ]
    recorded = site.local().recorded()
    assert recorded is not None and recorded.ready_at is not None
    assert site.local().stop(lambda: 0, force=False).outcome == "terminated"
    assert site.living() == []
    assert site.local().stop(lambda: 0, force=False).outcome == "nothing"


def test_it_leads_a_session_of_its_own_and_reads_nothing(site: Site) -> None:
    found = started(site).record
    assert found is not None
    assert os.getsid(found.pid) == found.pid != os.getsid(0)
    assert Path(f"/proc/{found.pid}/fd/0").readlink() == Path("/dev/null")
    log = str(site.local().paths.log)
    assert {str(Path(f"/proc/{found.pid}/fd/{n}").readlink()) for n in (1, 2)} == {log}


def test_it_inherits_nothing_of_our_own_python(site: Site) -> None:
    ours = {"PATH": os.defpath, "VIRTUAL_ENV": "/ours", "PYTHONHOME": "/ours", "HF_HUB_OFFLINE": "1"}
    found = site.local().start(site.command(environ=ours)).record
    assert found is not None
    raw = Path(f"/proc/{found.pid}/environ").read_bytes()
    given = dict(line.split("=", 1) for line in raw.decode().split("\0") if line)
    assert given == {"PATH": os.defpath, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


def test_a_second_start_finds_the_first(site: Site) -> None:
    first = started(site)
    second = site.local().start(site.command())
    assert (second.outcome, second.record.pid if second.record else 0) == (
        "running",
        first.record.pid if first.record else 1,
    )
    assert len(site.pids()) == 1


def test_a_start_joins_one_that_does_not_answer_yet(site: Site) -> None:
    first = site.local().start(site.command("--slow", "20"))
    second = site.local().start(site.command())
    assert (first.outcome, second.outcome) == ("started", "starting")
    assert second.record == first.record
    assert until(lambda: len(site.pids()) == 1)


def test_starts_at_the_same_time_start_one(site: Site) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(site.local().start(site.command("--slow", "20")).outcome)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(found) == ["started", "starting", "starting", "starting"]
    assert until(lambda: len(site.pids()) == 1)


def test_without_the_lock_several_would_be_started(site: Site, tmp_path: Path) -> None:
    """The planted twin: commands that do not see each other's lock, as if there were none."""
    gate = threading.Barrier(3)

    def start(number: int) -> None:
        blind = Site(site.root, tmp_path / f"state{number}", site.port)
        gate.wait(10)
        blind.local().start(blind.command("--slow", "20"))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert until(lambda: len(site.pids()) == 3)


def test_killed_from_outside_it_can_be_started_again(site: Site) -> None:
    first = started(site).record
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    assert until(lambda: not lives(first.pid))
    assert record.standing(first) == "ended"
    assert site.local().living() is None
    second = started(site).record
    assert second is not None and second.pid != first.pid
    assert site.local().paths.previous_log.exists()


def test_killed_from_outside_there_is_nothing_to_stop(site: Site) -> None:
    first = started(site).record
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    assert until(lambda: not lives(first.pid))
    assert site.local().stop(lambda: 0, force=False).outcome == "nothing"
    assert site.local().recorded() is None


def test_one_that_dies_while_starting_says_its_last_words(site: Site) -> None:
    local = site.local()
    found = local.start(site.command("--die", "ModuleNotFoundError: No module named 'torch'")).record
    assert found is not None
    with pytest.raises(StartFailed) as caught:
        local.wait(found, 20, lambda waited: None)
    assert "ended while it was starting (exit code 1)" in caught.value.message
    assert caught.value.message.endswith("ModuleNotFoundError: No module named 'torch'")
    assert "This Python has no PyTorch" in caught.value.hint
    assert str(site.root / "requirements.txt") in caught.value.hint


def test_one_that_is_slow_is_left_to_go_on(site: Site) -> None:
    local = site.local()
    found = local.start(site.command("--slow", "1.5")).record
    assert found is not None
    told: list[Waited] = []
    assert local.wait(found, 0.5, told.append) == "starting"
    assert lives(found.pid)
    assert told[-1].line == "Checkpoint files will always be loaded safely."
    assert [each.seconds for each in told] == sorted(each.seconds for each in told)
    assert local.wait(found, 20, told.append) == "ready"


def test_one_that_is_stopped_while_it_is_waited_for(site: Site) -> None:
    local = site.local()
    found = local.start(site.command("--slow", "20")).record
    assert found is not None

    def stop(waited: Waited) -> None:
        if lives(found.pid):
            site.local().stop(lambda: 0, force=False)

    with pytest.raises(StartFailed, match="by another command"):
        local.wait(found, 20, stop)


def test_a_comfyui_that_somebody_else_started_is_left_alone(site: Site, tmp_path: Path) -> None:
    theirs = Site(site.root, tmp_path / "theirs", site.port)
    pid = started(theirs).record
    assert pid is not None
    assert site.local().start(site.command()) == Started(outcome="foreign", record=None)
    assert site.local().stop(lambda: 0, force=False).outcome == "nothing"
    assert lives(pid.pid)


def test_a_port_that_something_else_has_is_said(site: Site) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    with HTTPServer(("127.0.0.1", site.port), BaseHTTPRequestHandler) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with pytest.raises(PortTaken, match="something that is not ComfyUI listens"):
                site.local().start(site.command())
        finally:
            other.shutdown()
            thread.join(10)
    assert site.pids() == []


def test_jobs_of_others_are_not_thrown_away(site: Site) -> None:
    found = started(site).record
    assert found is not None
    with pytest.raises(OthersWork, match="2 jobs in the queue"):
        site.local().stop(lambda: 2, force=False)
    assert lives(found.pid)
    assert site.local().stop(lambda: 2, force=True).outcome == "terminated"


def test_a_start_that_cannot_be_written_down_is_taken_back(site: Site) -> None:
    """A folder stands where the record would be: nobody could stop it later."""
    (site.folder / f"{site.port}.json").mkdir(parents=True)
    local = site.local()
    with pytest.raises(Exception, match=r"\.json"):
        launch.launch(site.command("--slow", "20")(), local.paths, HastyClock())
    assert site.living() == []


def test_a_program_that_is_not_there_is_said(site: Site) -> None:
    before = started(site).record
    assert before is not None
    site.local().stop(lambda: 0, force=False)
    (site.root / ".venv" / "bin" / "python").unlink()
    local = site.local()
    with pytest.raises(StartFailed, match="could not be started in"):
        local.start(lambda: local.again(before))


def test_a_lock_that_stays_is_not_waited_for_for_ever(site: Site) -> None:
    class Leap(HastyClock):
        """Time flies."""

        def monotonic(self) -> float:
            return super().monotonic() * 100

    local = site.local()
    with launch.alone(local.paths, HastyClock()):
        began = time.monotonic()
        with pytest.raises(LockedError, match="starting or stopping"), launch.alone(local.paths, Leap()):
            raise AssertionError("the lock was given twice")
        assert time.monotonic() - began < 5


def test_a_port_among_the_arguments_is_refused(site: Site) -> None:
    with pytest.raises(UsageError, match="--port stands among the arguments"):
        site.command("--port=9")()


def test_a_listen_among_the_arguments_takes_the_place_of_ours(site: Site) -> None:
    command = site.command("--listen", "127.0.0.1")().command
    assert command.count("--listen") == 1
