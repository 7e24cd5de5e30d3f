"""Planted bugs: clients with one mistake each, and the fault that catches it.

They show that the faults bite: what the generator survives in test_comfyui_faults.py would else be seen.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
import websocket
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources


class Naive:
    """What most clients do. Waits end after `patience` seconds here, to show that they would not."""

    def __init__(self, fake: FakeComfyUI, picture: bytes, patience: float = 0.25) -> None:
        self.fake, self.url, self.patience = fake, fake.url, patience
        self.client_id = str(uuid.uuid4())
        self.graph: dict[str, Any] = json.loads(
            resources.path("workflow", "img2img_no_mask_api.json").read_text(encoding="utf-8")
        )
        fake.engine.files["input", "", "example.png"] = picture

    def socket(self) -> websocket.WebSocket:
        url = f"{self.url.replace('http', 'ws')}/ws?clientId={self.client_id}"
        return websocket.create_connection(url, timeout=self.patience)

    def post(self, **more: Any) -> str:
        body = {"prompt": self.graph, "client_id": self.client_id, **more}
        return str(requests.post(f"{self.url}/prompt", json=body, timeout=5).json()["prompt_id"])

    def trusts_the_socket(self) -> bool:
        """Waits for an end message, of any job."""
        connection = self.socket()
        self.post()
        try:
            while True:
                message = connection.recv()
                data = json.loads(message) if isinstance(message, str) else {}
                if (
                    isinstance(data, dict)
                    and data.get("type") == "executing"
                    and data["data"]["node"] is None
                ):
                    return True
        except (websocket.WebSocketException, OSError):
            return False
        finally:
            connection.close()

    def record_at(self, kind: str) -> dict[str, Any]:
        """Takes the first message of this kind for the end, and reads the record once."""
        connection = self.socket()
        prompt_id = self.post()
        message = {"type": ""}
        while message["type"] != kind:
            text = connection.recv()
            message = json.loads(text) if isinstance(text, str) else message
        connection.close()
        return dict(requests.get(f"{self.url}/history/{prompt_id}", timeout=5).json())

    def is_alive(self) -> bool:
        """One question with a short patience."""
        try:
            return requests.get(f"{self.url}/queue", timeout=self.patience).ok
        except requests.RequestException:
            return False

    def posts_again(self) -> None:
        """Repeats a POST whose answer was lost, without looking."""
        try:
            self.post()
        except requests.ConnectionError:
            self.post()

    def takes_silence_for_done(self, prompt_id: str) -> dict[str, Any]:
        """Not in the queue: so it must be done."""
        deadline = time.monotonic() + 20  # a busy machine; the queue does empty
        while time.monotonic() < deadline:
            queue = requests.get(f"{self.url}/queue", timeout=5).json()
            if not any(entry[1] == prompt_id for entry in queue["queue_running"] + queue["queue_pending"]):
                return dict(requests.get(f"{self.url}/history/{prompt_id}", timeout=5).json())
        raise TimeoutError

    def interrupts(self, prompt_id: str | None = None) -> None:
        """Stops "its" job, without an id or with one; once."""
        body = {"prompt_id": prompt_id} if prompt_id else {}
        requests.post(f"{self.url}/interrupt", json=body, timeout=5)


@pytest.fixture
def naive(servers: Callable[..., FakeComfyUI], picture: Any) -> Callable[..., Naive]:
    return lambda **faults: Naive(servers(**faults), picture.read_bytes())


def _until(due: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not due() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert due()


def test_the_naive_client_works_on_a_good_day(naive: Callable[..., Naive]) -> None:
    client = naive()
    assert client.trusts_the_socket() and client.fake.counters["renders"] == 1


@pytest.mark.row("1.1/1", "1.1/2", "1.1/4", "1.1/6")
@pytest.mark.parametrize("fault", ["silent", "close_after(2)", "steal_client_id"])
def test_who_trusts_the_socket_never_hears_the_end(naive: Callable[..., Naive], fault: str) -> None:
    client = naive(ws=fault)
    assert not client.trusts_the_socket()
    _until(lambda: client.fake.counters["renders"] == 1)  # and yet the picture was made


@pytest.mark.row("1.1/8")
def test_who_believes_foreign_events_stops_too_early(naive: Callable[..., Naive]) -> None:
    client = naive(ws="foreign_events", job_seconds=0.5)
    assert client.trusts_the_socket() and client.fake.counters["renders"] == 0


@pytest.mark.row("1.1/7", "1.2/11")
@pytest.mark.parametrize(
    ("kind", "faults"), [("executed", {}), ("execution_success", {"history": "late(0.5)"})]
)
def test_who_ends_at_a_message_finds_no_record(
    naive: Callable[..., Naive], kind: str, faults: dict[str, str]
) -> None:
    """`executed` comes once for every output, and the end is told before the record is there."""
    client = naive(job_seconds=0.2, **faults)
    client.patience = 5.0
    preview = {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}}
    client.graph = {"0": preview, **client.graph}
    assert client.record_at(kind) == {}
    _until(lambda: len(client.fake.engine.history) == 1)


@pytest.mark.row("1.3/30")
def test_who_asks_once_takes_a_busy_server_for_dead(naive: Callable[..., Naive]) -> None:
    client = naive(server="freeze(0.5)x1")
    assert not client.is_alive() and client.is_alive()


@pytest.mark.row("1.3/33")
def test_who_interrupts_once_may_stop_nothing(naive: Callable[..., Naive]) -> None:
    client = naive(server="forgets_interruptx1", job_seconds=0.3)
    mine = client.post()
    _until(lambda: client.fake.engine.running is not None)
    client.interrupts(mine)
    _until(lambda: mine in client.fake.engine.history)
    assert client.fake.engine.history[mine]["status"]["completed"]


@pytest.mark.row("1.2/21")
def test_who_posts_again_renders_twice(naive: Callable[..., Naive]) -> None:
    client = naive(prompt="reset_after_acceptx1")
    client.graph["6"]["inputs"]["seed"] = 5
    client.posts_again()
    _until(lambda: len(client.fake.engine.history) == 2)


@pytest.mark.row("1.2/12", "1.2/13", "1.2/14")
@pytest.mark.parametrize("faults", [{"history": "wiped"}, {"server": "restart_at(2,0.05)x1"}])
def test_who_takes_silence_for_done_has_nothing(naive: Callable[..., Naive], faults: dict[str, str]) -> None:
    client = naive(job_seconds=0.2, **faults)
    prompt_id = client.post()
    if "server" in faults:
        _until(lambda: client.fake.counters["restarts"] == 1)
        time.sleep(0.2)
    assert client.takes_silence_for_done(prompt_id) == {}


@pytest.mark.row("1.3/32")
def test_who_interrupts_without_an_id_stops_somebody_else(naive: Callable[..., Naive]) -> None:
    client = naive(job_seconds=2.0)
    other = client.post()
    _until(lambda: client.fake.engine.running is not None)
    mine = client.post()
    client.interrupts()
    _until(lambda: other in client.fake.engine.history)
    assert not client.fake.engine.history[other]["status"]["completed"]
    assert client.fake.counters["global_interrupts"] == 1 and mine not in client.fake.engine.history


def test_who_does_not_decode_keeps_half_a_picture(naive: Callable[..., Naive]) -> None:
    client = naive(view="wrong_typex1")
    prompt_id = client.post()
    _until(lambda: prompt_id in client.fake.engine.history)
    image = client.fake.engine.history[prompt_id]["outputs"]["8"]["images"][0]
    reply = requests.get(f"{client.url}/view", params=image, timeout=5)
    assert reply.ok and not reply.content.startswith(b"\x89PNG")
