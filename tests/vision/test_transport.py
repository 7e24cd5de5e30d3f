"""What can happen to one HTTP exchange, on a real socket: every wait ends, every failure has its kind."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from tests.fakes.judge_server import Canned
from tests.fakes.ollama import FakeOllama
from tests.vision.benches import BENCHES, CANARY, SERVERS
from tests.vision.samples import REQUEST

from iterativectl.vision.errors import ProviderError
from iterativectl.vision.keys import Scrubber
from iterativectl.vision.transport import Server, wait_seconds

PATH = "/api/chat"


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        yield server


def server(url: str, seconds: float = 5.0, **more: Any) -> Server:
    return Server(
        provider="ollama",
        base_url=url,
        timeout_seconds=seconds,
        session=requests.Session(),
        unreachable_hint="start it",
        **more,
    )


def failure(made: Server) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        made.post(PATH, {"model": "m"})
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_listens() -> None:
    error = failure(server(f"http://127.0.0.1:{free_port()}"))
    assert (error.kind, error.retryable, error.hint) == ("unreachable", True, "start it")
    assert "connection refused" in error.message


def test_no_such_host() -> None:
    error = failure(server("http://no-such-host.invalid:1"))
    assert error.kind == "unreachable"


@pytest.mark.parametrize("fault", ["drop", "cut"])
def test_a_connection_that_breaks_may_be_tried_again(fake: FakeOllama, fault: str) -> None:
    fake.script.append(Canned(fault=fault, body="x" * 1000))
    error = failure(server(fake.url))
    assert (error.kind, error.unbilled) == ("overloaded", False)


@pytest.mark.row("2/6")
@pytest.mark.parametrize("fault", ["silent", "drip"])
def test_it_never_waits_longer_than_its_deadline(fake: FakeOllama, fault: str) -> None:
    """A drip trips no read time-out: only a deadline for the whole ends it."""
    fake.script.append(Canned(fault=fault, body="x" * 1000))
    started = time.monotonic()
    error = failure(server(fake.url, seconds=0.3))
    assert time.monotonic() - started < 2.0
    assert error.kind == "overloaded" and "0.3 s" in error.message and "timeout_seconds" in error.hint


def test_a_drip_outlasts_a_plain_read_time_out(fake: FakeOllama) -> None:
    """The twin: requests' own time-out alone would have waited for all of it."""
    fake.script.append(Canned(fault="drip", body="x" * 30))
    started = time.monotonic()
    requests.post(fake.url + PATH, json={"model": "m"}, timeout=0.3)
    assert time.monotonic() - started > 0.5


@pytest.mark.row("2/11")
def test_a_slow_answer_within_the_deadline_is_waited_for(fake: FakeOllama) -> None:
    fake.script.append(Canned(delay=0.2, body={"ok": True}))
    assert server(fake.url).post(PATH, {"model": "m"}).json() == {"ok": True}


def test_a_redirect_is_not_followed(fake: FakeOllama) -> None:
    fake.script.append(Canned(status=307, headers={"Location": fake.url + "/elsewhere"}))
    assert server(fake.url, key=CANARY).post(PATH, {"model": "m"}).status == 307
    assert [request.path for request in fake.requests] == [PATH]


def test_a_body_beyond_measure_is_not_read_to_the_end(fake: FakeOllama) -> None:
    fake.script.append(Canned(body="x" * (33 * 1024 * 1024)))
    error = failure(server(fake.url))
    assert error.kind == "bad_reply"


@pytest.mark.row("2/20")
def test_nesting_beyond_reason_is_a_bad_reply(fake: FakeOllama) -> None:
    fake.script.append(Canned(body="[" * 200_000))
    answer = server(fake.url).post(PATH, {"model": "m"})
    with pytest.raises(ValueError):
        answer.json()


@pytest.mark.parametrize("url", ["http://exa mple.org:x", "http://127.0.0.1:99999999"])
def test_an_address_that_is_none_is_the_caller_s_fault(url: str) -> None:
    assert failure(server(url)).kind in ("bad_request", "unreachable")


def test_no_proxy_stands_between_us_and_this_machine(
    fake: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "")
    assert server(fake.url).look("/api/version").status == 200


def test_a_netrc_entry_does_not_take_the_key_s_place(
    fake: FakeOllama, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server(fake.url, key=CANARY).look("/api/version")
    server(fake.url).look("/api/version")
    sent = [request.headers.get("Authorization") for request in fake.requests]
    assert sent == [f"Bearer {CANARY}", None]


def test_a_password_in_the_address_is_sent_and_not_shown(fake: FakeOllama) -> None:
    made = server(fake.url.replace("http://", "http://me:p%40ssword1@"))
    made.look("/api/version")
    assert fake.requests[0].headers["Authorization"].startswith("Basic ")
    assert made.address == fake.url
    assert made.scrub("p%40ssword1 and p@ssword1") == "[key] and [key]"


@pytest.mark.parametrize("name", SERVERS)
def test_a_provider_that_went_away(name: str) -> None:
    with BENCHES[name]() as bench:
        bench.model.server = replace(bench.model.server, base_url=f"http://127.0.0.1:{free_port()}")
        with pytest.raises(ProviderError) as caught:
            bench.model.ask(REQUEST)
        findings = bench.model.check()
    assert caught.value.kind == "unreachable" and caught.value.hint
    assert findings[-1].status == "error" and findings[-1].todo


# --- how long to wait


@pytest.mark.row("2/10")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"Retry-After": " 2.5 "}, 2.5),
        ({"Retry-After": "-4"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "tomorrow"}, None),
        ({"Retry-After": "Sat, 99 Nov 2026 08:00:30 GMT"}, None),
        ({"Retry-After-Ms": "250"}, 0.25),
        ({"Date": "Sat, 21 Nov 2026 08:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 08:01:00 GMT"}, 60.0),
        ({"Date": "Sat, 21 Nov 2026 08:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 07:00:00 GMT"}, 0.0),
        ({"Date": "Sat, 21 Nov 2026 08:00:00 GMT", "X-RateLimit-Reset": "1795248010"}, 10.0),
        ({"Date": "Sat, 21 Nov 2026 08:00:00 GMT", "X-RateLimit-Reset": "1795248010500"}, 10.5),
        ({"X-RateLimit-Reset": "1000"}, 0.0),
    ],
)
def test_wait_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_seconds(headers) == seconds


# --- scrubbing


@pytest.mark.row("2/9")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key={CANARY}", "key=[key]"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [key]"),
        ("{'Authorization': 'bearer abc'}", "{'Authorization': 'Bearer [key]'}"),
        ("http://user:pass@host:1/x", "http://[key]@host:1/x"),
        ("sk-proj-abcdefgh1234", "[key]"),
        ("data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,..."),
        ("the task-force of risk-takers met", "the task-force of risk-takers met"),
        ("mail me@example.org", "mail me@example.org"),
    ],
)
def test_scrub(text: str, shown: str) -> None:
    assert Scrubber([CANARY])(text) == shown


def test_short_values_do_not_eat_words() -> None:
    assert Scrubber(["", "a", "the"])("the cat") == "the cat"
    assert CANARY not in repr(Scrubber([CANARY]))
