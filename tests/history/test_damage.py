"""Whatever lies in a project: the others are listed, it is named, and nothing is raised."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.history.spaces import Space

Spoil = Callable[[Path], None]


def with_values(**changes: Any) -> Spoil:
    def spoil(path: Path) -> None:
        body = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**body, **changes}), "utf-8")

    return spoil


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(30_000_000)


SPOILED: dict[str, Spoil] = {
    "empty": lambda path: path.write_bytes(b"") and None,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]) and None,
    "not text": lambda path: path.write_bytes(b"\xff\xfe" * 50) and None,
    "a list": lambda path: path.write_text("[]") and None,
    "very deep": lambda path: path.write_text("[" * 100_000) and None,
    "newer": with_values(format="metadata/99"),
    "another format": with_values(format="run/1"),
    "another number": with_values(iteration=7),
    "verdicts are a list": with_values(verdicts=[1]),
    "no plan": with_values(plan=None),
    "no seconds": with_values(seconds="long"),
    "no prompts": with_values(prompts_used=None),
    "a folder": as_folder,
    "a pipe": as_pipe,
    "huge": huge,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_iteration_is_a_problem_of_its_run(unread: Space, spoil: Spoil) -> None:
    spoil(unread.run(2).metadata(3))
    unread.refresher.refresh(deep=True)
    line = unread.line(2)
    assert (line.iterations, len(line.problems)) == (3, 1)
    assert "iteration_3_metadata.json" in line.problems[0]
    assert str(unread.root) not in line.problems[0]
    assert unread.projects()[0].problems == line.problems
    assert [other.iterations for other in unread.runs().runs if other.run_id != line.run_id] == [4] * 5


@pytest.mark.parametrize(
    "spoil", [SPOILED[name] for name in ("empty", "a list", "a folder", "a pipe", "huge")]
)
@pytest.mark.parametrize("name", ["run.json", "checkpoint.json", "usage.jsonl"])
def test_so_is_any_other_file(unread: Space, spoil: Spoil, name: str) -> None:
    path = unread.run(2).root / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text('{"id": "a", "event": "settled"}\n', "utf-8")
    spoil(path)
    unread.refresher.refresh(deep=True)
    found = unread.runs()
    assert found.total == 6 or name == "run.json"
    assert sum(line.iterations for line in found.runs) >= 20


STRANGE: dict[str, dict[str, Any]] = {
    "no number": {"evaluation": {"overall_score": float("nan")}},
    "endless": {"evaluation": {"overall_score": float("inf")}, "seconds": {"judge": float("-inf")}},
    "a yes": {"evaluation": {"overall_score": True}},
    "a large number": {"parameters_used": {"denoise": 1, "cfg": 10**400, "steps": 10**30, "seed": 2**64 - 1}},
    "halves of characters": {
        "prompts_used": {"positive": "sky \ud800", "negative": "\udfff"},
        "at": "\ud83d",
    },
    "nothing measured": {"similarity": None},
    "no picture": {"generation": None},
}


@pytest.mark.parametrize("changes", STRANGE.values(), ids=STRANGE)
def test_strange_values_are_not_known_and_can_be_sent(unread: Space, changes: dict[str, Any]) -> None:
    run = unread.run(2)
    for n in (1, 2, 3, 4):
        with_values(**changes)(run.metadata(n))
    unread.refresher.refresh(deep=True)
    json.dumps([repr(line) for line in unread.runs().runs], allow_nan=False).encode("utf-8")
    line = unread.line(2)
    numbers = [getattr(line, name) for name in ("score", "similarity", "seconds")]
    json.dumps(numbers, allow_nan=False)
    line.prompt.encode("utf-8")
    assert line.iterations + len(line.problems) == 4


def test_a_run_without_its_checkpoint_has_its_best_all_the_same(unread: Space) -> None:
    unread.project.checkpoint.unlink()
    unread.refresher.refresh(deep=True)
    line = unread.line()
    assert line.state == "unknown+latest" and line.best_iteration is not None and line.score is not None


def test_what_leads_out_is_no_project_and_no_run(unread: Space, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    os.rename(unread.run(1).root, outside)
    (unread.project.working / "2026-01-03_08-37-00").symlink_to(outside)
    (unread.workspace.projects / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "config").mkdir(parents=True)
    (tmp_path / "elsewhere" / "config" / "rules.yaml").write_text("")
    (unread.workspace.projects / "circle").symlink_to(unread.workspace.projects / "circle")
    unread.refresher.refresh(deep=True)
    big, linked = unread.projects()
    assert (big.facts.name, linked.facts.name, linked.runs) == ("big", "linked", 0)
    assert linked.problems and not big.problems
    assert unread.runs().total == 5


@pytest.mark.parametrize("name", ["My Portrait", "-odd", "portr\N{LATIN SMALL LETTER A WITH DIAERESIS}t"])
def test_a_project_whose_name_no_address_takes_is_listed_with_the_cure(unread: Space, name: str) -> None:
    odd = unread.workspace.project(name)
    shutil.copytree(unread.project.root, odd.root)
    (unread.workspace.projects / ".being-made" / "config").mkdir(parents=True)
    (unread.workspace.projects / ".being-made" / "config" / "rules.yaml").write_text("")
    unread.refresher.refresh(deep=True)
    found = {one.facts.name: one for one in unread.projects()}
    assert set(found) == {"big", name}
    assert found[name].runs == 0 and "Rename the folder." in found[name].facts.problems[0]
    odd.root.rename(unread.workspace.project("renamed").root)
    unread.refresher.refresh(deep=True)
    found = {one.facts.name: one for one in unread.projects()}
    assert set(found) == {"big", "renamed"} and found["renamed"].runs == found["big"].runs


def test_nothing_is_read_of_a_run_with_a_link_that_leads_out(unread: Space, tmp_path: Path) -> None:
    path = unread.run(1).metadata(2)
    os.rename(path, tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    unread.refresher.refresh(deep=True)
    line = unread.line(1)
    name = path.relative_to(unread.project.root)
    assert line.problems == (f"{name} is a link that leads out of the project: it is not followed",)
    assert (line.iterations, line.score, line.prompt) == (0, None, "")
    path.unlink()
    os.rename(tmp_path / "elsewhere.json", path)
    unread.refresher.refresh(deep=True)
    assert unread.line(1).problems == () and unread.line(1).iterations > 1


def test_runs_that_lie_elsewhere_are_said_of_the_project(unread: Space, tmp_path: Path) -> None:
    os.rename(unread.project.working, tmp_path / "elsewhere")
    unread.project.working.symlink_to(tmp_path / "elsewhere")
    unread.refresher.refresh(deep=True)
    (found,) = unread.projects()
    assert found.runs == 0 and found.problems[0].startswith("working is a link that leads out of the project")


def test_without_a_projects_folder_there_are_none(tmp_path: Path) -> None:
    space = Space.at(tmp_path)
    space.refresher.refresh(deep=True)
    assert space.projects() == []
    space.database.close()
