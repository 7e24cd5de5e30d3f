"""The fake answers as two real servers did (recordings in tests/data/comfyui, trimmed)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket
from PIL import Image
from tests.fakes.comfyui import FakeComfyUI

DATA = Path(__file__).resolve().parents[1] / "data" / "comfyui"
# Where the fake is shorter than the real one: it gives fewer facts about the machine.
SUBSETS = {"/system_stats", "/features"}
_OPAQUE = {"extra_info", "details"}  # compared by presence only: texts of the server's own language


def _replies() -> list[Any]:
    return [
        pytest.param(generation, case, id=f"{generation}-{case['group']}-{case['label']}")
        for generation in "AB"
        for case in json.loads((DATA / f"replies_{generation}.json").read_text())
    ]


@pytest.fixture(scope="module")
def stored() -> dict[str, bytes]:
    """Files of the recorded servers' input folders, in small."""
    import io

    out = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 99, 199)).save(out, "PNG")
    return {"probe_a.png": out.getvalue(), "probe_text.png": b"not a picture", "probe_zero.png": b""}


def _fake(generation: str, stored: dict[str, bytes]) -> FakeComfyUI:
    fake = FakeComfyUI(generation)
    fake.engine.files.update({("input", "", name): content for name, content in stored.items()})
    return fake


def _ask(url: str, request: dict[str, Any]) -> requests.Response:
    files = {
        name: (file_name, size.encode(), kind)
        for name, (file_name, size, kind) in request.get("files", {}).items()
    }
    options = {"json": request["json"]} if "json" in request else {"data": request.get("data")}
    return requests.request(
        request["method"], url + request["path"], files=files or None, timeout=5, **options
    )


def shape(value: Any, key: str = "") -> Any:
    """A reply less what differs between two servers: ids, times, counts, texts."""
    if isinstance(value, dict):
        return {k if k.isidentifier() else "ID": shape(v, k) for k, v in sorted(value.items())}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "names"
    if isinstance(value, list):
        return sorted({json.dumps(shape(item), sort_keys=True) for item in value})
    if key in ("type", "message") and isinstance(value, str):
        return value
    return type(value).__name__ if not isinstance(value, int | float) else "number"


def _without_opaque(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: ("..." if k in _OPAQUE else _without_opaque(v)) for k, v in value.items()}
    return [_without_opaque(item) for item in value] if isinstance(value, list) else value


def _uploads_before(label: str) -> list[dict[str, Any]]:
    """Requests that the recording had sent before this one."""
    first = {
        "method": "POST",
        "path": "/upload/image",
        "files": {"image": ["up_a.png", "<114876 bytes>", "image/png"]},
    }
    second = {**first, "files": {"image": ["up_a.png", "<114735 bytes>", "image/png"]}}
    return {
        "same name same bytes": [first],
        "same name other bytes": [first],
        "same name other bytes again (equal to ' (1)' )": [first, second],
        "third content": [first, second],
    }.get(label, [])


@pytest.mark.parametrize(("generation", "case"), _replies())
def test_replies_agree(generation: str, case: dict[str, Any], stored: dict[str, bytes]) -> None:
    with _fake(generation, stored) as fake:
        for earlier in _uploads_before(case["label"]):
            _ask(fake.url, earlier)
        reply = _ask(fake.url, case["request"])
        recorded = case["body"]
        assert reply.status_code == case["status"]
        if isinstance(recorded, dict) and "__text__" in recorded:
            assert reply.text == recorded["__text__"]
            return
        assert reply.headers["Content-Type"] == case["content_type"]
        if case["group"] == "upload":
            assert reply.json() == recorded
        elif case["request"]["path"] in SUBSETS:
            assert shape(reply.json()).keys() <= shape(recorded).keys()
        elif recorded != "...":
            assert shape(_without_opaque(reply.json())) == shape(_without_opaque(recorded))


RUNS = ["img2img", "img2img again (full cache)", "PreviewImage", "execution_error"]


def _messages(fake: FakeComfyUI, run: dict[str, Any], before: dict[str, Any] | None) -> tuple[str, list[Any]]:
    """Run a recorded graph with a socket open; its messages and its id."""
    if before:
        _until_recorded(fake, requests.post(f"{fake.url}/prompt", json={"prompt": before}, timeout=5).json())
    socket = websocket.create_connection(fake.url.replace("http", "ws") + "/ws?clientId=me", timeout=5)
    messages = [json.loads(socket.recv())]  # the first status: from here on the socket is known
    body = {"prompt": run["graph"], "client_id": "me"}
    reply = requests.post(f"{fake.url}/prompt", json=body, timeout=5).json()
    while messages[-1]["data"].get("node", "") is not None:
        messages.append(json.loads(socket.recv()))
    socket.close()
    return reply["prompt_id"], messages


def _until_recorded(fake: FakeComfyUI, reply: dict[str, Any]) -> None:
    while not requests.get(f"{fake.url}/history/{reply['prompt_id']}", timeout=5).json():
        pass


@pytest.mark.parametrize("generation", ["A", "B"])
@pytest.mark.parametrize("name", RUNS)
def test_runs_agree(generation: str, name: str, stored: dict[str, bytes]) -> None:
    """The same kinds of messages with the same keys in the same order, and the same form of record."""
    runs = json.loads((DATA / f"runs_{generation}.json").read_text())
    run = runs[name]
    before = run["graph"] if "cache" in name else None
    with _fake(generation, stored) as fake:
        prompt_id, messages = _messages(fake, run, before)
        record = requests.get(f"{fake.url}/history/{prompt_id}", timeout=5).json()[prompt_id]
    recorded = _own([[kind, keys] for kind, keys, _ in run["messages"]])
    got = _own([[m["type"], sorted(m["data"])] for m in messages])
    assert _drawn_together(got) == _drawn_together(recorded)
    for _, data in [*record["status"]["messages"], *run["record"]["status"]["messages"]]:
        data.pop("traceback", None)
    assert shape(record["status"]) == shape(run["record"]["status"])
    assert record.keys() == run["record"].keys()
    assert shape(record["outputs"]) == shape(run["record"]["outputs"])
    assert shape(record["meta"]) == shape(run["record"]["meta"])


def _own(messages: list[list[Any]]) -> list[list[Any]]:
    """Without progress_state, whose number is the server's affair, and what an earlier job still sent."""
    start = next(i for i, (kind, _) in enumerate(messages) if kind == "execution_start")
    before = [m for m in messages[:start] if m[0] == "status"]
    return before + [m for m in messages[start:] if m[0] != "progress_state"]


def _drawn_together(messages: list[list[Any]]) -> list[list[Any]]:
    """Nodes that are executed one after another, and sampler steps, are counted once."""
    return [m for i, m in enumerate(messages) if i == 0 or m != messages[i - 1]]


@pytest.mark.parametrize("generation", ["A", "B"])
def test_queue_and_interruption_agree(generation: str, stored: dict[str, bytes]) -> None:
    runs = json.loads((DATA / f"runs_{generation}.json").read_text())
    with _fake(generation, stored) as fake:
        fake.engine.job_seconds = 30.0
        post = {"prompt": runs["img2img"]["graph"], "client_id": "me"}
        first = requests.post(f"{fake.url}/prompt", json=post, timeout=5).json()["prompt_id"]
        requests.post(f"{fake.url}/prompt", json=post, timeout=5)
        queue = {"queue_running": []}
        while not queue["queue_running"]:
            queue = requests.get(f"{fake.url}/queue", timeout=5).json()
        for entry in [*queue["queue_running"], *queue["queue_pending"]]:
            entry[2] = {}
        recorded = runs["queue"]["body"]
        assert shape(queue) == shape(recorded)
        requests.post(f"{fake.url}/interrupt", json={"prompt_id": first}, timeout=5)
        record = {}
        while not record:
            record = requests.get(f"{fake.url}/history/{first}", timeout=5).json()
        status = record[first]["status"]
        assert shape(status) == shape(runs["interrupted"]["record"]["status"])
        assert record[first]["outputs"] == {}
