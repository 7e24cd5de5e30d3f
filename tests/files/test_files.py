"""The one writer of files: appends, refusals, locks."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from iterativectl import files
from iterativectl.errors import StorageError
from iterativectl.project.usage import read_lines


def test_append_cuts_off_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    files.append_line(path, '{"id": 1}')
    with path.open("ab") as stream:
        stream.write(b'{"id": 2')
    assert read_lines(path) == [{"id": 1}]
    files.append_line(path, '{"id": 3}')
    assert path.read_bytes() == b'{"id": 1}\n{"id": 3}\n'


def test_append_finds_the_last_line_end_beyond_one_block(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'"first"\n' + b"x" * 10_000)
    files.append_line(path, '"second"')
    assert path.read_bytes() == b'"first"\n"second"\n'


def test_create_never_replaces(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    files.create_bytes(path, b"mine")
    with pytest.raises(FileExistsError):
        files.create_bytes(path, b"yours")
    assert path.read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["rules.yaml"]


def test_a_refused_stream_leaves_nothing(tmp_path: Path) -> None:
    def refuse(_: Path) -> None:
        raise ValueError("not a picture")

    with pytest.raises(ValueError, match="not a picture"):
        files.write_stream(tmp_path / "a.png", lambda out: out.write(b"x") and None, refuse)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_said_with_path_and_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="disk is full") as told:
        files.write_bytes(path, b"12345")
    assert str(path) in told.value.message and "5 bytes" in told.value.message
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"], "what is half there only takes more of a full disk"


HOLD = """
import sys, time
from pathlib import Path
from iterativectl import files
assert files.lock(Path(sys.argv[1]), "holder") is not None
print("held", flush=True)
time.sleep(30)
"""


def test_a_killed_holder_frees_the_lock_and_a_living_one_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    source = str(Path(files.__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "held\n"
        assert files.is_locked(path)
        assert files.lock(path, "other") is None
        assert path.read_text() == "holder"
        child.kill()
        child.wait(timeout=10)
    assert not files.is_locked(path)
    descriptor = files.lock(path, "next")
    assert descriptor is not None
    files.unlock(descriptor)
    assert path.read_text() == "next"
