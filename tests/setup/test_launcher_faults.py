"""When the environment cannot be made: what a person reads, and that nothing half made stays."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
from tests.setup import checkouts
from tests.setup.checkouts import MADE, Checkout, said

sys.path.insert(0, str(checkouts.ROOT / "src"))
from launcher import cures, stamp  # noqa: E402


def test_ctrl_c_leaves_nothing(checkout: Checkout) -> None:
    checkout.hold()
    running = checkout.begin()
    checkout.wait_for_call(2)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=checkouts.DEADLINE)
    assert running.returncode == 130
    assert "nothing half made is left behind" in err
    assert "Traceback" not in err
    assert (checkout.leftovers(), (checkout.root / ".venv").exists()) == ([], False)


def test_a_folder_that_cannot_be_written(checkout: Checkout) -> None:
    (checkout.root / ".venv.lock").mkdir()  # stands for any refusal; root may write everywhere
    ended = checkout.start()
    assert ended.returncode == 1
    assert f"no environment: {checkout.root / '.venv.lock'}: Is a directory." in ended.stderr
    assert "Do this: Make" in ended.stderr


def test_an_update_of_python_is_no_reason_to_make_it_anew(checkout: Checkout) -> None:
    said(checkout.start())
    ready = checkout.root / ".venv" / "ready"
    whole = ready.read_bytes()
    _, _, lock = whole.partition(b"\n")
    ready.write_bytes(f"{stamp.RECIPE} 1 2\n".encode() + lock)
    said(checkout.start())
    assert (checkout.tool_calls(), ready.read_bytes()) == (MADE, whole)


def test_a_python_that_went_away_is(checkout: Checkout) -> None:
    said(checkout.start())
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/false")
    said(checkout.start())
    assert checkout.tool_calls() == MADE * 2


def test_another_recipe_is(checkout: Checkout) -> None:
    said(checkout.start())
    ready = checkout.root / ".venv" / "ready"
    ready.write_bytes(b"old" + ready.read_bytes())
    said(checkout.start())
    assert checkout.tool_calls() == MADE * 2


def test_packages_half_added_are(checkout: Checkout) -> None:
    said(checkout.start())
    (checkout.root / ".venv" / "adding").touch()
    assert said(checkout.start())["arguments"] == []
    assert checkout.tool_calls() == MADE
    checkout.start("test")
    assert checkout.tool_calls() == MADE * 2
    assert not (checkout.root / ".venv" / "adding").exists()


def test_an_environment_of_somebody_elses_is_put_aside(checkout: Checkout) -> None:
    venv.create(checkout.root / ".venv", symlinks=True)
    (checkout.root / ".venv" / "mine.txt").write_text("kept")
    said(checkout.start())
    assert (checkout.root / ".venv-kept-1" / "mine.txt").read_text() == "kept"


def test_progress_on_a_terminal(checkout: Checkout) -> None:
    checkout.hold()
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        checkout.command(), env=checkout.environ(), stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    checkout.wait_for_call(2)
    shown = b""
    while b" s" not in shown.rpartition(b"\r")[2]:
        shown += os.read(ours, 4096)
    checkout.release()
    assert running.wait(checkouts.DEADLINE) == 0
    os.close(ours)
    assert b"\riterativectl: setting up .venv" in shown
    assert b"\n" not in shown


def test_a_python_without_ensurepip_and_pip(tmp_path: Path) -> None:
    checkout = checkouts.make(tmp_path, uv=False)
    venv.create(tmp_path / "bare", symlinks=True)
    ended = checkout.set_up_without_ensurepip(tmp_path / "bare")
    assert ended.returncode == 1
    assert "comes without ensurepip" in ended.stderr
    assert "Do this:" in ended.stderr
    assert "-venv" in ended.stderr or "package with the venv module" in ended.stderr
    assert checkout.leftovers() == []


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", cures.NO_SPACE),
        (
            "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
            cures.UNREACHABLE,
        ),
        ("error: Failed to fetch: dns error: failed to lookup address", cures.UNREACHABLE),
        ("ERROR: Failed building wheel for numpy", cures.NO_WHEEL),
        ("Segmentation fault", cures.UNKNOWN),
    ],
)
def test_what_an_installer_says_becomes_a_cure(output: str, what: tuple[str, str]) -> None:
    text = str(cures.for_output("first line\n" * 20 + output))
    assert what[0] in text
    assert f"Do this: {what[1]}" in text
    assert text.endswith(output)
    assert text.count("first line") == cures.TAIL_LINES - 1


def test_the_wait_for_another_set_up_ends(checkout: Checkout) -> None:
    checkout.hold()
    first = checkout.begin()
    checkout.wait_for_call(2)
    program = (
        f"import sys; sys.path.insert(0, {str(checkout.root / 'src')!r})\n"
        f"from launcher import build\nbuild.LOCK_SECONDS = 0.1\nbuild.ensure({str(checkout.root)!r}, '')"
    )
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", program], env=checkout.environ(), capture_output=True, text=True, timeout=60
    )
    assert time.monotonic() - began < 30
    assert ended.returncode == 1
    assert "another set-up of this checkout does not end" in ended.stderr
    checkout.release()
    first.communicate(timeout=checkouts.DEADLINE)
