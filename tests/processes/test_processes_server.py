"""A ComfyUI looked at from outside: what is found at an address, and what it says of itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.processes.machine import HastyClock, Site, free_port

from iterativectl.errors import ServerUnavailable
from iterativectl.generation.comfyui import address_at
from iterativectl.generation.comfyui.status import KNOCK, ComfyUIServer
from iterativectl.ports import Device, Found, Jobs
from iterativectl.processes import state
from iterativectl.processes.record import Record, Standing


def at(url: str) -> ComfyUIServer:
    return ComfyUIServer(address_at(url, {}, {}), HastyClock(), replace(KNOCK, read=0.5))


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose program hangs: connections are taken by the system, and nobody answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_nothing_is_found_where_nothing_is() -> None:
    assert at(f"http://127.0.0.1:{free_port()}").found().word == "nothing"
    assert at("http://nowhere.invalid:8188").found().word == "nothing"


def test_one_that_hangs_is_silent(deaf_port: int) -> None:
    assert at(f"http://127.0.0.1:{deaf_port}").found().word == "silent"


@pytest.mark.parametrize(
    "speaks", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.0 200 OK\r\n\r\n<html>hello</html>"]
)
def test_something_else_is_found_to_be(speaks: bytes) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            for _ in range(2):
                taken, _ = listener.accept()
                with taken:
                    taken.sendall(speaks)

        thread = threading.Thread(target=serve)
        thread.start()
        found = at(f"http://127.0.0.1:{listener.getsockname()[1]}").found()
        thread.join(10)
    assert (found.word, bool(found.detail)) == ("other", True)


@pytest.mark.parametrize("generation", ["A", "B"])
def test_a_comfyui_as_recorded_is_found(generation: str) -> None:
    with FakeComfyUI(generation) as fake:
        found = at(fake.url).found()
        status = at(fake.url).status()
    assert found.word == "wanted"
    assert status.version == {"A": "0.3.64", "B": "0.33.0"}[generation]
    assert (status.running, status.pending) == (Jobs(ours=0, others=0), Jobs(ours=0, others=0))


def test_everything_it_says(site: Site) -> None:
    local = site.local()
    started = local.start(site.command("--jobs", "them,ours,x,o2")).record
    assert started is not None
    local.wait(started, 20, lambda waited: None)
    assert at(site.url).found().argv == started.command[1:]
    status = at(site.url).status()
    assert (status.version, status.python, status.pytorch) == ("0.33.0", "3.11.7", "2.9.0")
    card = Device(name="cuda:0 Fake", type="cuda", vram_total=8 * 2**30, vram_free=6 * 2**30)
    assert status.devices == (card,)
    assert status.running == Jobs(ours=0, others=1)
    assert status.pending == Jobs(ours=2, others=1)
    assert status.models == {"checkpoints": 2, "loras": 0}
    assert at(site.url).jobs_of_others() == 2


def test_a_server_that_is_gone_says_nothing() -> None:
    with pytest.raises(ServerUnavailable, match="cannot be reached"):
        at(f"http://127.0.0.1:{free_port()}").status()


NOW = datetime(2026, 1, 9, 22, 30, tzinfo=timezone(timedelta(hours=1)))
RECORD = Record(
    pid=77,
    start="x",
    host="h",
    command=("python", "main.py", "--port", "8188"),
    cwd="/c",
    address="http://127.0.0.1:8188",
    started_at="2026-01-09T22:29:00+01:00",
)
READY = replace(RECORD, ready_at="2026-01-09T22:29:20+01:00")
OLD = replace(RECORD, started_at="2026-01-09T20:00:00+01:00")
OURS = Found(word="wanted", argv=("main.py", "--port", "8188"))
THEIRS = Found(word="wanted", argv=("main.py", "--port", "8188", "--cpu"))
UNNAMED = Found(word="wanted")
NOTHING, SILENT, OTHER = Found(word="nothing"), Found(word="silent"), Found(word="other")


@pytest.mark.parametrize(
    ("heard", "record", "standing", "word"),
    [
        (OURS, RECORD, "alive", "running"),
        (UNNAMED, RECORD, "alive", "running"),
        (THEIRS, RECORD, "alive", "foreign"),
        (OURS, RECORD, "ended", "foreign"),
        (OURS, RECORD, "replaced", "foreign"),
        (OURS, RECORD, "unidentified", "foreign"),
        (OURS, None, None, "foreign"),
        (NOTHING, RECORD, "alive", "starting"),
        (SILENT, RECORD, "alive", "starting"),
        (NOTHING, OLD, "alive", "hung"),
        (NOTHING, READY, "alive", "hung"),
        (SILENT, READY, "alive", "hung"),
        (NOTHING, READY, "ended", "stopped"),
        (NOTHING, None, None, "stopped"),
        (OTHER, None, None, "taken"),
        (SILENT, RECORD, "ended", "taken"),
    ],
)
def test_how_it_stands(heard: Found, record: Record | None, standing: Standing | None, word: str) -> None:
    assert state.state_of(heard, record, standing, NOW) == word
    assert all(state.in_words(state.state_of(heard, record, standing, NOW), heard, record, standing))


@pytest.mark.parametrize(
    ("heard", "word"), [(OURS, "running"), (SILENT, "hung"), (OTHER, "taken"), (NOTHING, "unreachable")]
)
def test_how_one_on_another_machine_stands(heard: Found, word: str) -> None:
    assert state.state_elsewhere(heard) == word
