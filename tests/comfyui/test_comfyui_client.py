"""Addresses, headers, logins, refusals: what is said to whom, and what it means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from tests.comfyui.rig import PARAMETERS, PLAN, QUICK, SETTINGS, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl.clock import SystemClock
from iterativectl.config.types import AIGen, ComfyUI
from iterativectl.errors import ServerUnavailable, WorkflowRejected
from iterativectl.generation import GENERATORS, builder
from iterativectl.generation.comfyui import address, build, schema
from iterativectl.generation.comfyui.client import Client
from iterativectl.generation.comfyui.transport import Address, Transport

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]
SECRET = "Bearer canary-9c1f"


def _aigen(**comfyui: Any) -> AIGen:
    return AIGen(backend="comfyui", settings=SETTINGS, comfyui=ComfyUI(**comfyui))


def test_the_builder_is_found_by_its_name() -> None:
    assert builder("comfyui") is build and set(GENERATORS) == {"comfyui", "embedded"}


# -- addresses and headers


@pytest.mark.parametrize(
    ("given", "base_url", "authorization"),
    [
        ({"host": "box", "port": 9000}, "http://box:9000", None),
        ({"url": "https://gpu.example/comfy/"}, "https://gpu.example/comfy", None),
        ({"url": "https://me:p%40ss@gpu.example:8443/x"}, "https://gpu.example:8443/x", "Basic bWU6cEBzcw=="),
    ],
)
def test_address(given: dict[str, Any], base_url: str, authorization: str | None) -> None:
    found = address(_aigen(**given), {})
    assert found.base_url == base_url and found.headers.get("Authorization") == authorization


@pytest.mark.row("1.5/37")
def test_headers_come_from_the_environment() -> None:
    headers = {"Authorization": "env:COMFYUI_AUTH", "comfy-user": "me", "X-Key": "env:MISSING"}
    found = address(_aigen(headers=headers), {"COMFYUI_AUTH": SECRET})
    assert found.headers == {"Authorization": SECRET, "comfy-user": "me"} and found.missing == ("MISSING",)


@pytest.mark.row("1.5/37")
def test_a_missing_variable_is_named_before_anything_is_sent(rigged: Rigged) -> None:
    fake, rig = rigged()
    rig.options = {"headers": {"Authorization": "env:COMFYUI_AUTH"}}
    with pytest.raises(ServerUnavailable, match="environment variable COMFYUI_AUTH, which is not set"):
        rig.generate()
    assert not fake.log and not rig.generator.reachable()


@pytest.mark.row("1.1/10", "1.5/37")
@pytest.mark.parametrize("generation", ["A", "B"])
def test_headers_go_with_every_request_and_the_socket(rigged: Rigged, generation: str) -> None:
    fake, rig = rigged(generation, auth=f"header_on_ws({SECRET})", job_seconds=0.1)
    rig.options, rig.environ = {"headers": {"Authorization": "env:AUTH"}}, {"AUTH": SECRET}
    rig.generate()
    assert {request.headers.get("authorization") for request in fake.log} == {SECRET}
    assert rig.told("generation_progress")  # the handshake was accepted
    assert all("origin" not in request.headers for request in fake.log)


@pytest.mark.row("1.5/37", "1.5/38")
def test_without_the_header_the_cause_is_one_sentence(rigged: Rigged) -> None:
    _, rig = rigged(auth=f"header_on_ws({SECRET})")
    with pytest.raises(ServerUnavailable, match="wants a login: it answers HTTP 401") as caught:
        rig.generate()
    assert "comfyui.headers" in caught.value.hint


@pytest.mark.row("1.5/37", "1.5/43")
def test_secrets_are_not_written_or_shown(rigged: Rigged, capfd: pytest.CaptureFixture[str]) -> None:
    fake, rig = rigged(prompt="302")
    rig.options, rig.environ = {"headers": {"Authorization": "env:AUTH"}}, {"AUTH": SECRET}
    with pytest.raises(ServerUnavailable) as caught:
        rig.generate()
    assert "secret" not in caught.value.message  # of the redirect's query
    shown = [caught.value.message, caught.value.hint, *capfd.readouterr()]
    written = [p.read_bytes().decode("latin-1") for p in rig.folder.rglob("*") if p.is_file()]
    assert fake.log and not [text for text in [*shown, *written] if "canary" in text]


@pytest.mark.row("1.5/39")
def test_a_path_prefix_stays_in_front(tmp_path: Path, picture: Path) -> None:
    with FakeComfyUI(prefix="/gpu/comfy", job_seconds=0.1) as fake:
        rig = Rig(tmp_path, fake.url + "/")
        rig.generate()
        assert all(request.path.startswith("/gpu/comfy/") for request in fake.log)
        assert rig.told("generation_progress")


@pytest.mark.row("1.5/38", "1.5/39")
def test_a_wrong_prefix_is_said(tmp_path: Path, picture: Path) -> None:
    with FakeComfyUI(prefix="/gpu/comfy") as fake:
        rig = Rig(tmp_path, f"http://127.0.0.1:{fake.port}/other")
        with pytest.raises(ServerUnavailable, match="answers with a web page instead"):
            rig.generate()


@pytest.mark.row("1.1/10", "1.5/40")
def test_an_origin_that_differs_is_refused_by_the_fake(rigged: Rigged) -> None:
    """Planted twin of `no Origin is sent`: a client that sends one would be refused."""
    fake, _ = rigged()
    foreign = {"Origin": "http://evil.example"}
    assert requests.get(f"{fake.url}/queue", headers=foreign, timeout=5).status_code == 403


# -- redirects


class _Redirecting:
    """A proxy that sends every GET on to another place, and notes what arrives."""

    def __init__(self, to: str) -> None:
        seen = self.seen = []  # type: list[tuple[str, str | None]]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.path, self.headers.get("Authorization")))
                self.send_response(302)
                self.send_header("Location", to.format(port=self.server.server_address[1]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def redirecting() -> Iterator[Callable[[str], _Redirecting]]:
    made: list[_Redirecting] = []

    def make(to: str) -> _Redirecting:
        made.append(_Redirecting(to))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def _client(url: str, **headers: str) -> Client:
    return Client(Transport(Address(base_url=url, headers=headers), QUICK, SystemClock()))


@pytest.mark.row("1.5/38")
def test_headers_do_not_follow_to_another_host(
    redirecting: Callable[[str], _Redirecting], servers: Callable[..., FakeComfyUI]
) -> None:
    elsewhere = servers()
    proxy = redirecting(f"http://localhost:{elsewhere.port}/queue")
    with pytest.raises(ServerUnavailable, match="redirects to http://localhost"):
        _client(proxy.url, Authorization=SECRET).queue()
    assert not elsewhere.log


def test_a_redirect_within_the_server_is_followed_once(redirecting: Callable[[str], _Redirecting]) -> None:
    proxy = redirecting("http://127.0.0.1:{port}/again")
    with pytest.raises(ServerUnavailable, match="redirects"):
        _client(proxy.url, Authorization=SECRET).queue()
    assert proxy.seen == [("/queue", SECRET), ("/again", SECRET)]


# -- refusals of a graph


@pytest.mark.row("1.2/19")
@pytest.mark.parametrize("generation", ["A", "B"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"parameters": {"sampler_name": "eulr"}},
            r"node 6 \(KSampler 'Sampler'\): sampler_name: 'eulr' is not one of euler, .*in all\)\. "
            r"Did you mean 'euler'\?",
        ),
        (
            {"parameters": {"scheduler": "karas"}},
            r"scheduler: 'karas' is not one of .*Did you mean 'karras'\?",
        ),
        (
            {"ckpt_name": "tiny_sd.safetensors"},
            r"node 1 .*ckpt_name: .*Did you mean 'tiny_sd15.safetensors'\?",
        ),
        ({"parameters": {"steps": 20000}}, r"steps: Value 20000 bigger than max of 10000"),
    ],
)
def test_a_refused_graph_names_node_input_and_choices(
    rigged: Rigged, generation: str, change: dict[str, Any], words: str
) -> None:
    fake, rig = rigged(generation)
    parameters = replace(PARAMETERS, **change.get("parameters", {}))
    with pytest.raises(WorkflowRejected, match=words):
        rig.generate(parameters=parameters, ckpt_name=change.get("ckpt_name", PLAN.ckpt_name))
    assert rig.outcomes() == ["failed"] and fake.counters["sampled"] == 0


@pytest.mark.row("1.2/19")
@pytest.mark.parametrize("generation", ["A", "B"])
def test_a_missing_node_class_is_named(rigged: Rigged, generation: str) -> None:
    _, rig = rigged(generation)
    graph = json.loads(Path(rig._find(PLAN.workflow)).read_text())
    graph["3"]["class_type"] = "VAEEncodeFancy"
    rig.workflow = rig.folder / "fancy.json"
    rig.workflow.write_text(json.dumps(graph))
    with pytest.raises(WorkflowRejected, match="VAEEncodeFancy") as caught:
        rig.generate()
    assert "Install the custom node" in caught.value.hint


# -- choices


def test_choices_have_two_spellings() -> None:
    assert schema.choices([["a", "b"], {"tooltip": "x"}]) == ["a", "b"]
    assert schema.choices(["COMBO", {"options": ["a", "b"]}]) == ["a", "b"]
    for other in (["INT", {"min": 0}], ["MODEL"], ["COMBO"], [], "INT", None):
        assert schema.choices(other) is None


def test_many_choices_are_shortened() -> None:
    words = schema.expected("x17", [f"x{i}" for i in range(40) if i != 17])
    assert "... (39 in all)" in words and "Did you mean" in words
    assert "none" in schema.expected("a", [])
