"""Proxies, logins, certificates, keys: rows 1.5 of docs/faults.md, those that other files do not have."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from tests.comfyui.rig import PLAN, Rig
from tests.fakes.comfyui import CERTIFICATE, FakeComfyUI

from iterativectl import resources
from iterativectl.errors import ExecutionFailed, ServerUnavailable, WorkflowRejected
from iterativectl.generation.comfyui import address_at
from iterativectl.generation.comfyui.graph import png_texts

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]
KEY = "comfyui-canary-7d31e0"


# -- headers and logins


@pytest.mark.row("1.5/38")
def test_a_socket_that_is_sent_to_a_login_costs_the_progress_bar(rigged: Rigged) -> None:
    """The handshake is not followed elsewhere: the headers stay here."""
    fake, rig = rigged(ws="302")
    rig.options, rig.environ = {"headers": {"Authorization": "env:AUTH"}}, {"AUTH": "Bearer x"}
    rig.generate()
    assert rig.outcomes() == ["collected"] and not rig.told("generation_progress")


@pytest.mark.row("1.5/39")
@pytest.mark.parametrize("prefix", ["", "/gpu/comfy"])
def test_the_api_prefix_may_stand_in_the_address(tmp_path: Path, picture: Path, prefix: str) -> None:
    with FakeComfyUI(prefix=prefix, job_seconds=0.1) as fake:
        rig = Rig(tmp_path, f"{fake.url}/api/")
        rig.generate()
        assert {request.path[: len(prefix) + 5] for request in fake.log} == {f"{prefix}/api/"}
        assert rig.told("generation_progress")


@pytest.mark.row("1.5/40")
def test_a_refusal_on_this_machine_is_explained(rigged: Rigged) -> None:
    fake, rig = rigged(auth="forbidden")
    with pytest.raises(ServerUnavailable, match=r"refuses the request \(HTTP 403\)") as caught:
        rig.generate()
    assert "Host and Origin differ" in caught.value.hint
    assert fake.log and all("origin" not in request.headers for request in fake.log)


@pytest.mark.row("1.5/41")
def test_a_user_may_be_named_and_goes_everywhere(rigged: Rigged) -> None:
    fake, rig = rigged("B")
    rig.options = {"headers": {"comfy-user": "default_2"}}
    rig.generate()
    assert {request.headers.get("comfy-user") for request in fake.log} == {"default_2"}
    assert "/ws" in {request.path for request in fake.log}


# -- the key for paid nodes


ASKS: dict[str, Any] = {
    "hidden": {"comfy_api_key": "API_KEY_COMFY_ORG"}
}  # older nodes; newer ones are marked


def _with_a_paid_node(fake: FakeComfyUI, rig: Rig, *, marked: bool = True) -> None:
    """The shipped graph, with a node before its saving that shows as real ones do that it wants the key."""
    about = {"input": {"required": {"image": ["IMAGE", {}]}, **({} if marked else ASKS)}, "api_node": marked}
    fake.known["PaidUpscale"] = {**about, "output": ["IMAGE"], "output_node": False}
    graph = json.loads(resources.path(*PLAN.workflow.split("/")).read_text())
    graph["9"] = {"class_type": "PaidUpscale", "inputs": {"image": ["7", 0]}}
    graph["8"]["inputs"]["images"] = ["9", 0]
    rig.workflow = rig.folder / "paid.json"
    rig.workflow.write_text(json.dumps(graph))


def _spellings(secret: str) -> list[bytes]:
    """How a secret may lie in a file."""
    return [secret.encode(), base64.b64encode(secret.encode())[:-4], quote(secret, safe="").encode()]


def _holds(folder: Path, secret: str) -> list[str]:
    """Files with the secret in them, also in a picture's unpacked text chunks."""
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        texts = json.dumps(png_texts(content)).encode() if content.startswith(b"\x89PNG") else b""
        if any(spelling in content + texts for spelling in _spellings(secret)):
            found.append(path.name)
    return found


@pytest.mark.row("1.5/42", "1.5/43")
@pytest.mark.parametrize("generation", ["A", "B"])
@pytest.mark.parametrize("marked", [True, False])
def test_the_key_goes_with_a_paid_job_and_into_no_file(rigged: Rigged, generation: str, marked: bool) -> None:
    fake, rig = rigged(generation)
    _with_a_paid_node(fake, rig, marked=marked)
    rig.environ = {"COMFYUI_API_KEY": KEY}
    rig.generate()
    (body,) = fake.sent("POST", "/prompt")
    assert body["extra_data"].pop("api_key_comfy_org") == KEY
    assert KEY not in json.dumps(body)  # nowhere else: not in the graph, not in what the picture keeps
    assert not _holds(rig.folder, KEY) and KEY not in str(rig.events)
    assert KEY not in repr(address_at(fake.url, {}, rig.environ))


@pytest.mark.row("1.5/43")
@pytest.mark.parametrize("where", ["headers", "graph"])
def test_who_puts_it_into_the_graph_finds_it_in_files(rigged: Rigged, where: str) -> None:
    """Planted twin: a key as a node's input lies in the graph and the picture, one in a header nowhere."""
    fake, rig = rigged()
    _with_a_paid_node(fake, rig)
    if where == "headers":
        rig.options, rig.environ = {"headers": {"Authorization": "env:AUTH"}}, {"AUTH": KEY}
    else:
        graph = json.loads(rig.workflow.read_text()) if rig.workflow else {}
        graph["9"]["inputs"]["key"] = KEY
        (rig.folder / "paid.json").write_text(json.dumps(graph))
    rig.generate()
    made = [] if where == "headers" else ["iteration_3.png", "iteration_3_api.json", "paid.json"]
    assert sorted(_holds(rig.folder, KEY)) == sorted(made)


@pytest.mark.row("1.5/42")
def test_other_jobs_go_without_the_key(rigged: Rigged) -> None:
    fake, rig = rigged()
    rig.environ = {"COMFYUI_API_KEY": KEY}
    rig.generate()
    assert fake.log and KEY not in str([(request.headers, request.body) for request in fake.log])


@pytest.mark.row("1.5/42")
def test_the_key_is_not_sent_unencrypted_to_another_machine(
    rigged: Rigged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other machine is the fake, reached through itself as a proxy: so no name is looked up."""
    fake, rig = rigged()
    _with_a_paid_node(fake, rig)
    monkeypatch.setenv("http_proxy", fake.url)
    rig.url, rig.environ = "http://gpu.invalid:8188", {"COMFYUI_API_KEY": KEY}
    with pytest.raises(WorkflowRejected, match="COMFYUI_API_KEY, and the way to .* is not encrypted"):
        rig.generate()
    assert fake.counters["GET /object_info"] and not fake.counters["POST /prompt"]
    assert KEY not in str([(request.headers, request.body) for request in fake.log])


@pytest.mark.row("1.5/42")
def test_a_paid_node_without_a_key_says_what_to_set(rigged: Rigged) -> None:
    _, rig = rigged(server="login")
    with pytest.raises(ExecutionFailed, match="Please login first") as caught:
        rig.generate()
    assert "COMFYUI_API_KEY" in caught.value.hint


# -- certificates


@pytest.mark.row("1.5/44", "1.5/39")
def test_a_server_that_signs_its_own_certificate(tmp_path: Path, picture: Path) -> None:
    """HTTP and socket alike: https and wss."""
    with FakeComfyUI(tls=True, prefix="/x", job_seconds=0.1) as fake:
        rig = Rig(tmp_path, fake.url, environ={"REQUESTS_CA_BUNDLE": str(CERTIFICATE)})
        rig.generate()
        assert rig.outcomes() == ["collected"] and rig.told("generation_progress")


@pytest.mark.row("1.5/44")
def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, picture: Path) -> None:
    """Nothing is sent: checking is never switched off in silence."""
    with FakeComfyUI(tls=True) as fake:
        rig = Rig(tmp_path, fake.url, options={"headers": {"Authorization": "Bearer x"}})
        with pytest.raises(ServerUnavailable, match="certificate is not trusted") as caught:
            rig.generate()
        assert "REQUESTS_CA_BUNDLE" in caught.value.hint and not fake.log


@pytest.mark.row("1.5/44")
def test_who_does_not_check_sends_to_anybody(servers: Callable[..., FakeComfyUI]) -> None:
    """Planted twin: with checking switched off, the header arrives."""
    import urllib3

    fake = servers(tls=True)
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        requests.get(f"{fake.url}/queue", headers={"Authorization": "Bearer x"}, verify=False, timeout=5)
    assert fake.log[0].headers["authorization"] == "Bearer x"
