"""Files that only this person may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from iterativectl import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_private_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "made" / "token"
    before = os.umask(0)
    try:
        files.write_private(path, b"one")
        assert mode(path) == 0o600
        path.chmod(0o644)
        partial = files.partial_path(path)  # left behind by a kill, readable by all
        partial.write_bytes(b"old")
        partial.chmod(0o666)
        files.write_private(path, b"two")
        assert (mode(path), path.read_bytes(), partial.exists()) == (0o600, b"two", False)
        files.write_bytes(tmp_path / "open", b"x")  # what writes otherwise would show
        assert mode(tmp_path / "open") != 0o600
    finally:
        os.umask(before)
