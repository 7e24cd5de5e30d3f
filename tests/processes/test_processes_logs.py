"""The last lines of a log, and those that come; what went wrong, by what they say."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.processes.machine import HastyClock

from iterativectl.processes import cures, logs
from iterativectl.processes.record import ProcessPaths


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "8188.log"


def test_the_last_lines_whatever_the_block(log: Path) -> None:
    written = [f"line {number} {'x' * (number % 300)}." for number in range(1500)]
    log.write_text("\n".join(written) + "\n")
    assert log.stat().st_size > 3 * logs.BLOCK
    for count in (0, 1, 2, 300, 430, 1000, 1499, 1500, 1501, 5000):
        assert logs.tail(log, count) == (written[-count:] if count else [])


def test_a_log_as_a_terminal_shows_it(log: Path) -> None:
    log.write_bytes(b"\x1b[32mgreen\x1b[0m\r\n  0%|  | 0/2\r 50%|# | 1/2\r100%|##| 2/2\nl\xff\nend \n\nrest")
    assert logs.tail(log, 9) == ["green", "100%|##| 2/2", "l\ufffd", "end", "", "rest"]
    assert logs.last_line(log) == "rest"


def test_without_a_log_there_are_no_lines(log: Path) -> None:
    assert logs.tail(log, 5) == []
    assert logs.last_line(log) == ""
    log.touch()
    assert logs.tail(log, 5) == []
    log.write_text("\n\n")
    assert logs.tail(log, 5) == ["", ""]
    assert logs.last_line(log) == ""


def test_one_line_without_an_end_is_not_read_for_ever(log: Path) -> None:
    log.write_text("x" * (logs.MOST + logs.BLOCK) + "\nshort\n")
    assert logs.tail(log, 3) == ["short"]


def test_what_comes_is_followed_until_the_end(log: Path) -> None:
    log.write_text("old\n")
    gone = threading.Event()
    found: list[str] = []
    lines = logs.follow(log, 4, lambda: not gone.is_set(), HastyClock())
    reader = threading.Thread(target=lambda: found.extend(lines))
    reader.start()
    with log.open("a") as out:
        for part in ("one\ntw", "o\n", "three"):
            out.write(part)
            out.flush()
            HastyClock().sleep(1)
    gone.set()
    reader.join(10)
    assert found == ["one", "two", "three"]


def test_a_new_start_is_followed_from_its_beginning(log: Path) -> None:
    log.write_text("old and long\n")
    turns = iter([True, True, False])

    def alive() -> bool:
        log.write_text("new\n")
        return next(turns)

    assert list(logs.follow(log, 13, alive, HastyClock())) == ["new"]


def test_one_earlier_log_is_kept(tmp_path: Path) -> None:
    paths = ProcessPaths(tmp_path, "8188")
    logs.rotate(paths)
    for words in ("first", "second", "third"):
        paths.log.write_text(words)
        logs.rotate(paths)
    assert not paths.log.exists()
    assert paths.previous_log.read_text() == "third"
    assert [path.name for path in tmp_path.iterdir()] == ["8188.previous.log"]


# Words as ComfyUI, Python and PyTorch write them -> a piece of the cure.
SAID = [
    ("ModuleNotFoundError: No module named 'torch'", "This Python has no PyTorch"),
    ("ModuleNotFoundError: No module named 'torchsde'", "A package is missing"),
    ("ModuleNotFoundError: No module named 'torch.foo'", "This Python has no PyTorch"),
    ("ModuleNotFoundError: No module named 'aiohttp'", "-m pip install -r /c/requirements.txt"),
    (
        "OSError: [Errno 98] error while attempting to bind on address: address already in use",
        "port",
    ),
    (
        "OSError: [Errno 98] error while attempting to bind: [errno 98] Address already in use",
        "port",
    ),
    ("[ERROR] Port 8488 is already in use on address 127.0.0.1. Please close the other", "another port"),
    ("AssertionError: Torch not compiled with CUDA enabled", "--cpu"),
    ("RuntimeError: Found no NVIDIA driver on your system. Please check", "nvidia-smi"),
    ("RuntimeError: No CUDA GPUs are available", "nvidia-smi"),
    ("RuntimeError: The NVIDIA driver on your system is too old (found version 11040).", "nvidia-smi"),
    (
        "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions",
        "nvidia-smi",
    ),
    ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB", "--lowvram"),
    ("RuntimeError: CUDA error: out of memory", "--lowvram"),
    ("main.py: error: unrecognized arguments: --nonsense", "comfyui.args"),
    ("main.py: error: argument --lowvram: not allowed with argument --cpu", "comfyui.args"),
    ("main.py: error: argument --reserve-vram: invalid float value: 'x'", "comfyui.args"),
    ("OSError: [Errno 28] No space left on device", "The disk is full"),
    ("something nobody has seen", "comfyui logs"),
]


@pytest.mark.parametrize(("said", "todo"), SAID)
def test_what_it_said_has_a_cure(said: str, todo: str) -> None:
    assert todo in cures.cure(["Traceback", said, "", "bye"], 1, "/p/python", "/c")


@pytest.mark.parametrize("row", cures.CURES, ids=lambda row: row[0][:30])
def test_every_cure_is_for_something(row: tuple[str, str]) -> None:
    todo = row[1].format(python="p", folder="c")
    assert [said for said, _ in SAID if cures.cure([said], 1, "p", "c") == todo]


def test_a_killed_one_wanted_too_much_memory() -> None:
    assert "want of memory" in cures.cure([], -9, "p", "c")
    assert "comfyui logs" in cures.cure([], None, "p", "c")
