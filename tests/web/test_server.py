"""The viewer as a server: what it listens for, what is said to it on the wire, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import logging
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.web import asking
from tests.web.trees import TOKEN, site_at

from iterativectl.errors import UsageError
from iterativectl.project import runs
from iterativectl.project.layout import WorkspacePaths
from iterativectl.web import address, guard
from iterativectl.web.server import Server, listening
from iterativectl.web.site import Site

PATIENCE = 20.0
ENDS_WITHIN = 3.0  # seconds, with streams open


@pytest.fixture(scope="module")
def space(example_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served") / "space"
    shutil.copytree(example_run, root)
    return root


class Running:
    """A server in a thread."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self.server = server
        self.opened = ExitStack()
        self.port = int(listener.getsockname()[1])
        self.thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + PATIENCE
        while not server.started and self.thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started

    @property
    def headers(self) -> dict[str, str]:
        host = f"127.0.0.1:{self.port}"
        return {"Host": host, "Cookie": f"{guard.cookie_name(host)}={guard.cookie_value(TOKEN)}"}

    def asked(self, target: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.opened.callback(connection.close)
        connection.request("GET", target, headers=self.headers)
        reply = connection.getresponse()
        self.opened.callback(reply.close)
        return reply

    def on_the_wire(self, head: bytes) -> bytes:
        """What comes back for these very bytes, to the end of its head."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire:
            wire.sendall(head.replace(b"PORT", str(self.port).encode()))
            with suppress(ConnectionResetError):
                while b"\r\n\r\n" not in answer and (block := wire.recv(65536)):
                    answer += block
        return answer

    def end(self) -> float:
        """Seconds until it has ended."""
        began = time.monotonic()
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return time.monotonic() - began


@contextmanager
def running(space: Path, around: type[uvicorn.Server] | None = None) -> Iterator[Running]:
    """The viewer; `around`: its application in a server of another class."""
    listener = listening("127.0.0.1", 0)
    plain = site_at(space, f"127.0.0.1:{listener.getsockname()[1]}")
    server = Server(Site(workspace=plain.workspace, world=plain.world, token=TOKEN, hosts=plain.hosts))
    server.guard.app.router.routes[:0] = [  # type: ignore[attr-defined]
        Route("/api/endless", _endless),
        Route("/api/breaks", _breaks),
    ]
    wrapped = uvicorn.Config(server.guard, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    found = Running(around(wrapped) if around else server, listener)
    with listener, found.opened:
        try:
            yield found
        finally:
            found.end()


async def _endless(_: Request) -> Response:
    async def beats() -> AsyncIterator[bytes]:
        while True:
            yield b": beat\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(beats(), media_type="text/event-stream")


async def _breaks(_: Request) -> Response:
    raise RuntimeError("a planted fault")


# How it ends.


def test_it_ends_at_once_with_streams_open_and_says_nothing_of_it(
    space: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.run_ids(WorkspacePaths(space).project("example"))[-1]
    with running(space) as viewer:
        open_ones = [viewer.asked("/api/endless"), viewer.asked(f"/api/p/example/r/{run}/stream")]
        assert all(reply.read(1) for reply in open_ones)
        assert viewer.asked("/api/about").read()  # and a connection that is kept
        assert viewer.end() < ENDS_WITHIN
        open_ones[0].read()  # to its end, which is a right one: http.client raises IncompleteRead otherwise
        open_ones[1].read()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_server_that_does_not_end_streams_is_noticed(space: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(space, around=uvicorn.Server) as viewer:
        reply = viewer.asked("/api/endless")
        assert reply.read(1)
        viewer.end()
        reply.close()
    assert any("Cancel" in record.getMessage() for record in caplog.records)


def test_it_goes_on_after_an_accident(space: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(space) as viewer:
        reply = viewer.asked("/api/breaks")
        said = reply.read()
        assert reply.status == 500 and b'"code":"bug"' in said and b"planted" not in said
        assert reply.headers["Content-Security-Policy"] == asking.PROMISES["content-security-policy"]
        assert viewer.asked("/api/about").status == 200
    assert "a planted fault" in caplog.text  # in the log it is
    assert TOKEN not in caplog.text and guard.cookie_value(TOKEN) not in caplog.text


# What is said to it on the wire.

MALFORMED = (
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : 127.0.0.1:PORT\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.example\r\n x: 127.0.0.1:PORT\r\n\r\n",
    b"GET http://127.0.0.1:PORT/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    b"CONNECT 127.0.0.1:PORT HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nCookie: " + b"x" * 100_000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    b"\r\n\r\n\r\n",
)


def test_malformed_requests_are_refused_and_it_goes_on(space: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(space) as viewer:
        for head in MALFORMED:
            answer = viewer.on_the_wire(head)
            status = answer.split(b" ", 2)[1]
            assert status in (b"400", b"401", b"403", b"404", b"405", b"431"), (head, answer[:200])
            assert b"<!doctype html><html lang" not in answer or status == b"401"
        assert viewer.asked("/api/about").status == 200
    assert "Traceback" not in caplog.text


def test_the_token_is_in_no_log(space: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running(space) as viewer:
        for target in (f"/?token={TOKEN}", f"/nothing?token={TOKEN}", f"/?token={TOKEN}x"):
            viewer.asked(target).read()
        viewer.on_the_wire(f"GET /?token={TOKEN} HTTP/1.1\r\n\r\n".encode())
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("asyncio")]
    assert TOKEN not in "\n".join(ours)


def test_many_cookies_of_other_programs_do_not_shut_anybody_out(space: Path) -> None:
    with running(space) as viewer:
        cookies = "; ".join(f"other-{n}={'x' * 900}" for n in range(40))
        mine = viewer.headers["Cookie"]
        head = f"GET /api/about HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nCookie: {cookies}; {mine}\r\n\r\n"
        assert viewer.on_the_wire(head.encode()).startswith(b"HTTP/1.1 200")


# Where it listens, and by which names.


@pytest.mark.parametrize(
    ("host", "port", "allowed", "hosts"),
    [
        ("127.0.0.1", 8420, (), {"127.0.0.1:8420", "localhost:8420", "[::1]:8420"}),
        ("localhost", 9000, (), {"127.0.0.1:9000", "localhost:9000", "[::1]:9000"}),
        ("::1", 9000, (), {"127.0.0.1:9000", "localhost:9000", "[::1]:9000"}),
        (
            *("127.0.0.1", 80, ()),
            {"127.0.0.1:80", "localhost:80", "[::1]:80", "127.0.0.1", "localhost", "[::1]"},
        ),
        ("192.168.1.5", 8420, (), {"192.168.1.5:8420"}),
        ("192.168.1.5", 8420, ("GPU.lan",), {"192.168.1.5:8420", "gpu.lan", "gpu.lan:8420"}),
        ("fe80::5", 8420, ("[fe80::6]:1",), {"[fe80::5]:8420", "[fe80::6]:1"}),
        (
            *("127.0.0.1", 8420, ("localhost:9000",)),
            {"127.0.0.1:8420", "localhost:8420", "[::1]:8420", "localhost:9000"},
        ),
    ],
)
def test_the_names_that_are_answered(host: str, port: int, allowed: tuple[str, ...], hosts: set[str]) -> None:
    environ = {address.TOKEN_VARIABLE: "a" * 24}
    assert address.place(host, port, allowed, environ).hosts == hosts


@pytest.mark.parametrize("host", ["gpu.lan", "127.0.0.1:80", "", "127.0.0.256", "evil\n"])
def test_only_addresses_of_numbers_are_listened_at(host: str) -> None:
    with pytest.raises(UsageError, match="not an IP address"):
        address.place(host, 8420, (), {})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "8.8.8.8"])
def test_others_are_let_near_only_with_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="others would reach"):
        address.place(host, 8420, ("gpu.lan",), {})
    found = address.place(host, 8420, ("gpu.lan",), {address.TOKEN_VARIABLE: "a" * 24})
    assert not found.is_loopback and "gpu.lan:8420" in found.hosts


def test_every_address_needs_a_name_to_be_called_by() -> None:
    with pytest.raises(UsageError, match="not what the viewer is called"):
        address.place("0.0.0.0", 8420, (), {address.TOKEN_VARIABLE: "a" * 24})
    found = address.place("0.0.0.0", 8420, ("gpu.lan",), {address.TOKEN_VARIABLE: "a" * 24})
    assert found.url == "http://127.0.0.1:8420"
    assert not any(name.startswith("0.0.0.0") for name in found.hosts - {"0.0.0.0:8420"})


def test_a_token_is_new_each_time_or_a_persons_own() -> None:
    assert address.token({}) != address.token({}) and len(address.token({})) >= 40
    assert address.token({address.TOKEN_VARIABLE: "b" * 24}) == "b" * 24
    for weak in ("", "short", "b" * 23, "b" * 24 + "\n", "\u00e9" * 24):
        with pytest.raises(UsageError, match="too easy to guess"):
            address.token({address.TOKEN_VARIABLE: weak})


def test_a_name_may_lie_behind_tls_and_this_machine_may_not() -> None:
    assert guard.origins("gpu.lan") == ("http://gpu.lan", "https://gpu.lan")
    for host in ("127.0.0.1:8420", "localhost:8420", "[::1]:8420", "localhost"):
        assert guard.origins(host) == (f"http://{host}",)
    assert "https://127.0.0.1.evil" in guard.origins("127.0.0.1.evil")  # a name like any other
