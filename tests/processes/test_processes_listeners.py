"""Ports: which are free, and who has the others."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from iterativectl.processes import listeners
from iterativectl.processes.errors import PortTaken


def test_a_taken_port_is_passed_over_and_its_holder_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert not listeners.is_free("127.0.0.1", port)
        assert listeners.free_port("127.0.0.1", port) > port
        assert listeners.who_has(port).endswith(f"(pid {os.getpid()})")
    assert listeners.is_free("127.0.0.1", port) and listeners.free_port("127.0.0.1", port) == port
    assert listeners.who_has(port) == "another program"


def test_a_connection_is_no_listener(stranger: subprocess.Popen[bytes]) -> None:
    """Who is connected to a port, or has none at all, does not have it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as mine:
            assert listeners.who_has(mine.getsockname()[1]) == "another program"
            assert str(stranger.pid) not in listeners.who_has(port)


def test_where_none_is_free_it_is_said() -> None:
    with socket.create_server(("127.0.0.1", 65535)) as other:
        assert other.getsockname()[1] == 65535
        with pytest.raises(PortTaken, match="are taken"):
            listeners.free_port("127.0.0.1", 65535)
