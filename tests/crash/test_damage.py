"""Damaged files are named and left alone, never reset; the derived checkpoint is rebuilt (promise 9)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.crash import scenes, trees
from tests.crash.harness import KILLED, in_child, leave
from tests.crash.scenes import ROOT

USAGE = 2
# name -> where it lies, seen from the run's folder; of several the last
FILES = {
    "run.json": "run.json",
    "record": "metadata/iteration_1_metadata.json",
    "advice": "advice/iteration_2_advice.json",
    "plan": "plan/iteration_3_plan.json",
    "tickets": "plan/iteration_3_tickets.json",
    "answers": "questions/iteration_3_questions.json",
    "usage": "usage.jsonl",
    "description": "../descriptions/*.json",
    "reply": "answers/*.json",
}
Damage = Callable[[bytes], bytes]


def flipped(eighth: int) -> Damage:
    """One bit, in the middle of one of eight regions."""

    def damage(content: bytes) -> bytes:
        at = len(content) * (2 * eighth + 1) // 16
        return content[:at] + bytes([content[at] ^ 0x80]) + content[at + 1 :]

    return damage


def cut(quarters: int) -> Damage:
    return lambda content: content[: len(content) * quarters // 4]


DAMAGES: Mapping[str, Damage] = {
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    **{f"cut at {quarters}/4": cut(quarters) for quarters in (1, 2, 3)},
    **{f"flipped in {eighth}/8": flipped(eighth) for eighth in range(0, 8, 2)},
    "a list": lambda content: b"[]\n",
    "no format": lambda content: content.replace(b'"format"', b'"fromat"'),
    "a key twice": lambda content: content.replace(b'"format"', b'"format": "x/1", "format"', 1),
}
# Of a log no damage: it ends where the last line does, and a line is known by its id.
NO_DAMAGE = {"empty", "zeros", "cut at 1/4", "cut at 2/4", "cut at 3/4", "no format", "a key twice"}
CASES = [(name, damage) for name in FILES for damage in DAMAGES if name != "usage" or damage not in NO_DAMAGE]


@dataclass(frozen=True)
class Site:
    """A run that was killed in its third iteration, with a reply that is paid for and not yet used."""

    template: Path
    script: scenes.Script
    expected: dict[str, Any]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="iterative-damage-", dir=memory) as folder, ExitStack() as stack:
        scene = scenes.Paid(Path(folder), stack)

        def whole() -> tuple[int, Any]:
            scene.enter(Path(folder) / "whole")
            return 0, [scene.run()[0], trees.tree(ROOT)]

        code, expected = in_child(whole, seed=1).told
        assert code == scene.code
        evaluated = "iteration_3_evaluation"
        scene.before(scenes.run, lambda step: leave(KILLED) if evaluated in step.path else None)
        assert scene.template.joinpath(ROOT, "working/checkpoint.json").exists()
        yield Site(scene.template, scene.script, expected)


@pytest.fixture
def workspace(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, and the current folder."""
    copy = site.template.parent / tmp_path.name
    shutil.copytree(site.template, copy)
    monkeypatch.chdir(copy)
    site.script.bill.write_text("")
    return copy


def place(name: str) -> Path:
    (run,) = ROOT.glob("working/*/run.json")
    return max(run.parent.glob(FILES[name]), key=lambda path: path.stat().st_mtime_ns)


def left_alone(before: Mapping[Path, bytes]) -> list[str]:
    """What a refused run changed, but for the books of what happened: events, and why the run pauses."""
    told = ("events.jsonl", "run.lock", "checkpoint.json")
    return [
        str(path)
        for path, content in before.items()
        if path.name not in told and (not path.exists() or path.read_bytes() != content)
    ] + [str(path) for path in files() if path not in before]


def files() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(ROOT.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name, damage", CASES)
def test_a_damaged_file_is_named_and_left_alone(site: Site, workspace: Path, name: str, damage: str) -> None:
    path = place(name)
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[damage](whole))
    assert path.read_bytes() != whole
    before = files()
    code, told = scenes.run(later=1)
    assert code == USAGE and told["error"] == "project", told
    assert path.name in told["message"] and "damaged" in told["message"]
    assert left_alone(before) == []
    assert site.script.bill.read_text() == "", "nothing is bought meanwhile"


@pytest.mark.parametrize("name", [name for name in FILES if name != "usage"])
def test_a_newer_programs_file_is_left_alone(workspace: Path, name: str) -> None:
    path = place(name)
    path.write_bytes(path.read_bytes().replace(b'/1"', b'/2"', 1))
    before = files()
    code, told = scenes.run(later=1)
    assert code == USAGE and "newer program" in told["message"] and path.name in told["message"], told
    assert left_alone(before) == []


@pytest.mark.parametrize("name", FILES)
def test_put_back_it_goes_on_to_the_same_tree(site: Site, workspace: Path, name: str) -> None:
    """What was refused lost nothing."""
    path = place(name)
    whole = path.read_bytes()
    path.write_bytes(flipped(0)(whole))
    assert scenes.run(later=1)[0] == USAGE
    path.write_bytes(whole)
    assert scenes.run(later=2)[0] == 0
    assert trees.difference(site.expected, trees.tree(ROOT)) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_rebuilt_and_said(site: Site, workspace: Path, damage: str) -> None:
    """It says what the other files say as well. Iterations that are there stay, and are not made again."""
    path = ROOT / "working/checkpoint.json"
    path.write_bytes(damaged := DAMAGES[damage](path.read_bytes()))
    kept = {name: content for name, content in files().items() if "iteration_" in name.name}
    code, told = scenes.run(later=1)
    assert code == 0 and any("damaged" in note and "rebuilt" in note for note in told["notes"]), told
    assert {name: name.read_bytes() for name in kept} == kept
    aside = path.with_name("checkpoint.damaged.json")
    assert aside.read_bytes() == damaged
    aside.unlink()
    assert trees.difference(site.expected, trees.tree(ROOT)) == []


def test_a_damaged_picture_is_not_published(site: Site, workspace: Path) -> None:
    """It was judged to be the best, but it is not what was judged any more."""
    (picture,) = ROOT.glob("working/*/images/iteration_2.png")
    picture.write_bytes(flipped(4)(picture.read_bytes()))
    (ROOT / "working/checkpoint.json").unlink()  # so that the best is decided and published anew
    before = files()
    code, told = scenes.run(later=1)
    assert code == USAGE and f"{picture} is damaged" in told["message"], told
    assert [name for name in left_alone(before) if "checkpoint" not in name and "AIGen" not in name] == []
