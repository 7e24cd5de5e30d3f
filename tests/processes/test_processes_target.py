"""At which address a ComfyUI that is started here answers."""

from __future__ import annotations

import socket

import pytest

from iterativectl.config.types import ComfyUI
from iterativectl.errors import UsageError
from iterativectl.processes import target
from iterativectl.processes.comfyui import known_locally

HERE = "http://127.0.0.1:8188"


@pytest.mark.parametrize(
    ("settings", "port", "url"),
    [
        (ComfyUI(), None, "http://localhost:8188"),
        (ComfyUI(port=8189), None, "http://localhost:8189"),
        (ComfyUI(port=8189), 9000, "http://localhost:9000"),
        (ComfyUI(url="http://[::1]:8188"), 9000, "http://[::1]:9000"),
        (ComfyUI(url="https://gpu.invalid/comfy"), None, "https://gpu.invalid/comfy"),
        (ComfyUI(hosts=("http://gpu.invalid:8188", HERE)), None, HERE),
        (ComfyUI(hosts=("http://gpu.invalid:8188", "http://b.invalid")), None, "http://gpu.invalid:8188"),
    ],
)
def test_which_address_is_meant(settings: ComfyUI, port: int | None, url: str) -> None:
    assert target.url_of(settings, port) == url


@pytest.mark.parametrize(
    ("url", "listen", "port"),
    [
        (HERE, "127.0.0.1", 8188),
        ("http://localhost:8189", "127.0.0.1", 8189),
        ("http://0.0.0.0:8188", "127.0.0.1", 8188),
        ("http://127.0.1.1:8188", "127.0.1.1", 8188),
        ("http://localhost", "127.0.0.1", 80),
    ],
)
def test_this_machines_addresses_can_be_started_at(url: str, listen: str, port: int) -> None:
    found = target.target(url)
    assert (found.listen, found.port, found.url) == (listen, port, url)
    assert target.is_here(url)


def test_the_other_loopback_too() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    assert target.target("http://[::1]:8188").listen == "::1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://gpu.invalid:8188", r"http://gpu\.invalid:8188 is not on this machine"),
        ("http://me:secret@gpu.invalid:8188", r"^http://gpu\.invalid:8188 is not on this machine"),
        ("https://localhost:8188", "is a proxy's address"),
        ("http://localhost/comfy", "is a proxy's address"),
    ],
)
def test_others_are_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        target.target(url)


def test_the_files_are_named_after_the_port() -> None:
    assert [target.key(url) for url in (HERE, "https://a.invalid", "http://a.invalid")] == [
        "8188",
        "443",
        "80",
    ]


def test_no_local_one_is_offered_for_a_server_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.processes.machine import install

    base = tmp_path_factory.mktemp("base")
    install(base / "ComfyUI")
    found = known_locally(ComfyUI(path="ComfyUI"), base, {"HOME": str(base)})
    assert found is not None and found.root == base / "ComfyUI"
    assert known_locally(ComfyUI(path="ComfyUI", host="gpu.invalid"), base, {"HOME": str(base)}) is None
    assert known_locally(ComfyUI(path="nowhere"), base, {"HOME": str(base)}) is None
    assert known_locally(ComfyUI(), base, {"HOME": str(base / "empty")}) is None
