"""The launcher, started for real in a small checkout. The installer is a stand-in for uv, save once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.setup import checkouts
from tests.setup.checkouts import MADE, Checkout, said


def test_the_whole_story_with_venv_and_pip(tmp_path: Path) -> None:
    """One long test, since a real environment takes seconds. There is a uv, but it fails: pip is asked."""
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    checkout = checkouts.make(folder, uv=True)
    (checkout.bin / "fail").touch()
    tiny = checkouts.wheel(folder / "wheels", "tiny", {"tiny.py": "def main(): ..."}, ["tiny-script"])
    runner = checkouts.wheel(folder / "wheels", "pytest", {"pytest.py": checkouts.PROGRAM})
    checkout.lock(tiny)
    checkout.lock(tiny + runner, "test")

    first = checkout.start("status", "--json", "a b", cwd=tmp_path)
    told = said(first)
    assert told["arguments"] == ["status", "--json", "a b"]
    assert told["folder"] == str(tmp_path)
    assert told["prefix"] == str(checkout.root / ".venv")
    assert told["tiny"]
    assert checkout.tool_calls() == ["venv --no-project"]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert first.stderr == f"iterativectl: setting up .venv with Python {version} (once, about a minute)\n"
    script = (checkout.root / ".venv" / "bin" / "tiny-script").read_text()
    assert str(checkout.root / ".venv") in script
    assert ".venv-new" not in script

    second = checkout.start("status")
    assert (said(second)["arguments"], second.stderr) == (["status"], "")

    tests = checkout.start("test", "-q", "tests/x.py", cwd=tmp_path)
    assert said(tests)["arguments"] == ["-q", "tests/x.py"]
    assert said(tests)["folder"] == str(checkout.root)
    assert tests.stderr == "iterativectl: adding the test packages to .venv (once)\n"
    assert checkout.start("test").stderr == ""

    moved = Checkout(folder / "moved", checkout.bin)
    checkout.root.rename(moved.root)
    again = moved.start("list")
    assert (said(again)["arguments"], again.stderr) == (["list"], "")

    python_without = moved.root / ".venv"  # its own pip reaches over to the new environment
    other = checkouts.make(tmp_path / "other", uv=False)
    other.lock(tiny)
    made = other.set_up_without_ensurepip(python_without)
    assert made.returncode == 0, made.stderr
    assert said(other.start())["tiny"]

    other.lock("no-such-package==1.0\n")
    failed = other.set_up_without_ensurepip(python_without)
    assert failed.returncode == 1
    assert "no environment: the package index could not be reached." in failed.stderr
    assert "Do this: Check the network" in failed.stderr
    assert "    ERROR: No matching distribution found for no-such-package==1.0" in failed.stderr
    assert other.leftovers() == []
    other.lock(tiny)
    back = other.start("back")
    assert (said(back)["arguments"], back.stderr) == (["back"], "")


def test_one_start_makes_it_the_next_does_not(checkout: Checkout) -> None:
    assert said(checkout.start("a"))["arguments"] == ["a"]
    assert said(checkout.start("b"))["arguments"] == ["b"]
    assert checkout.tool_calls() == MADE


def test_a_symbolic_link_starts_it_too(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "bin" / "iterativectl"
    link.symlink_to(checkout.root / "iterativectl")
    ended = subprocess.run(
        [sys.executable, str(link), "x"], env=checkout.environ(), capture_output=True, text=True, timeout=60
    )
    assert said(ended)["prefix"] == str(checkout.root / ".venv")


def test_neither_the_folder_nor_the_shell_puts_other_modules_first(
    checkout: Checkout, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong json')")
    (tmp_path / "iterativectl.py").write_text("raise RuntimeError('the wrong program')")
    checkout.start()
    assert said(checkout.start("x", cwd=tmp_path, PYTHONPATH=str(tmp_path)))["arguments"] == ["x"]


def test_a_changed_lock_makes_it_anew(checkout: Checkout) -> None:
    checkout.start()
    os.utime(checkout.root / "requirements.lock")
    checkout.start()
    assert checkout.tool_calls() == MADE
    checkout.lock("# something else\n")
    assert said(checkout.start("x"))["arguments"] == ["x"]
    assert checkout.tool_calls() == MADE * 2
    assert checkout.leftovers() == []


def test_a_lock_that_changes_meanwhile_does_not_pass_for_the_one_used(checkout: Checkout) -> None:
    checkout.hold()
    running = checkout.begin()
    checkout.wait_for_call(2)
    checkout.lock("# changed by a git checkout\n")
    checkout.release()
    running.communicate(timeout=checkouts.DEADLINE)
    checkout.start()
    assert checkout.tool_calls() == MADE * 2


def test_two_at_once_make_it_once(checkout: Checkout) -> None:
    checkout.hold()
    first = checkout.begin("first")
    checkout.wait_for_call(2)
    second = checkout.begin("second")
    assert second.stderr is not None
    assert (
        second.stderr.readline()
        == "iterativectl: another set-up of this checkout is at work; waiting for it\n"
    )
    checkout.release()
    for running, word in ((first, "first"), (second, "second")):
        out, _ = running.communicate(timeout=checkouts.DEADLINE)
        assert running.returncode == 0
        assert json.loads(out)["arguments"] == [word]
    assert checkout.tool_calls() == MADE


def test_a_killed_set_up_leaves_nothing_that_is_taken_for_whole(checkout: Checkout) -> None:
    checkout.hold()
    running = checkout.begin()
    checkout.wait_for_call(2)
    running.kill()  # kill -9; its installer lives on, and holds the lock
    running.communicate(timeout=checkouts.DEADLINE)
    assert not (checkout.root / ".venv").exists()
    assert len(checkout.leftovers()) == 1
    next_one = checkout.begin("x")
    assert next_one.stderr is not None
    assert "waiting" in next_one.stderr.readline()
    checkout.release()
    out, _ = next_one.communicate(timeout=checkouts.DEADLINE)
    assert json.loads(out)["arguments"] == ["x"]
    assert checkout.tool_calls() == MADE * 2
    assert checkout.leftovers() == []
