"""A run in one zip file: whole, safe to unpack, silent about this machine; and the contact sheet."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime, timezone

import pytest
from PIL import Image
from tests.report.conftest import NOW

from iterativectl.errors import ProjectError, UsageError
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths
from iterativectl.report.archive import archive
from iterativectl.report.contact import contact_sheet
from iterativectl.report.gathering import Gathered, gather


def packed(run: Gathered) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(b"".join(archive(run))))
    assert found.testzip() is None
    return found


def test_everything_is_in_it_below_one_folder(run: Gathered) -> None:
    found = packed(run)
    top, run_id = f"barn_{run.paths.run_id}", run.paths.run_id
    names = {name.removeprefix(f"{top}/") for name in found.namelist()}
    assert all(name.startswith(f"{top}/") for name in found.namelist()) and len(names) == len(
        found.namelist()
    )
    assert {"README.txt", "report.html", "report.json", "iterations.csv", "contact_sheet.png"} <= names
    assert {
        f"{run_id}/run.json",
        f"{run_id}/human/ranking.json",
        f"{run_id}/metadata/iteration_2_metadata.json",
    } <= names
    assert found.read(f"{top}/{run_id}/images/iteration_1.png") == run.paths.image(1).read_bytes()
    assert found.read(f"{top}/original.png") == run.project.input.read_bytes()
    assert found.getinfo(f"{top}/report.html").date_time == (2026, 1, 9, 22, 25, 58)
    left = ("events", "usage", "answers/", "tickets", ".lock", "app.log", "checkpoint")
    assert not [name for name in names if any(part in name for part in left)]


def test_it_comes_in_pieces(run: Gathered) -> None:
    pieces = [len(piece) for piece in archive(run)]
    assert len(pieces) > 20 and max(pieces) <= 1 << 20


def test_nothing_in_it_says_where_this_machine_keeps_things(hostile_run: Gathered) -> None:
    found = packed(hostile_run)
    for name in found.namelist():
        if not name.endswith(".png"):
            text = found.read(name).decode("utf-8-sig")
            for secret in ("10.1.2.3", "/home/jane", "abcdefghijklmnop", str(hostile_run.project.root)):
                assert secret not in text, name


def test_the_folder_in_it_is_a_run_that_can_be_looked_at(run: Gathered) -> None:
    other = ProjectPaths(run.project.root.parent / "copy")
    found = packed(run)
    for info in found.infolist():
        _, _, name = info.filename.partition("/")
        if name.startswith(run.paths.run_id):
            path = other.working / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found.read(info))
    again = gather(other, "latest", NOW)
    assert runs.read_run(again.paths).rules == runs.read_run(run.paths).rules
    assert [line["score"] for line in again.lines] == [line["score"] for line in run.lines]
    assert again.ranking == run.ranking
    assert [problem for problem in again.run["problems"] if "input.png" not in problem] == []


def test_what_lies_outside_of_the_project_stays_outside(run: Gathered) -> None:
    secret = run.project.root.parent / "secret.png"
    secret.write_bytes(run.paths.image(1).read_bytes())
    run.paths.image(1).unlink()
    run.paths.image(1).symlink_to(secret)
    assert gather(run.project, "latest", NOW).picture(1) is None
    plan = run.paths.plan(1)
    outside = run.project.root.parent / "plan.json"
    plan.rename(outside)
    plan.symlink_to(outside)
    names = packed(run).namelist()
    assert not [name for name in names if name.endswith(("images/iteration_1.png", "iteration_1_plan.json"))]
    with pytest.raises(ProjectError, match="iteration_1_plan.json is a link that leads out of the project"):
        gather(run.project, "latest", NOW)


def test_an_old_clock_is_no_matter(project: ProjectPaths) -> None:
    run = gather(project, "latest", datetime(1970, 1, 1, tzinfo=timezone.utc))
    assert packed(run).infolist()[0].date_time[0] == 1980


def test_the_contact_sheet_shows_the_original_and_every_picture(run: Gathered) -> None:
    sheet = Image.open(io.BytesIO(contact_sheet(run)))
    assert sheet.format == "PNG" and sheet.width > sheet.height * 0.8
    whole = contact_sheet(run)
    run.paths.image(2).unlink()
    assert contact_sheet(gather(run.project, "latest", NOW)) != whole, "a grey place in its stead"


@pytest.mark.parametrize("asked", ["2020-01-01_00-00-00", "../..", "newest"])
def test_a_run_that_is_not_there(project: ProjectPaths, asked: str) -> None:
    with pytest.raises(UsageError, match="barn has no run") as told:
        gather(project, asked, NOW)
    assert told.value.hint


def test_a_project_without_a_run(project: ProjectPaths) -> None:
    with pytest.raises(UsageError, match="has had no run yet"):
        gather(ProjectPaths(project.root.parent / "none"), "latest", NOW)


def test_json_in_it_is_json(hostile_run: Gathered) -> None:
    found = packed(hostile_run)
    names = [name for name in found.namelist() if name.endswith(".json")]
    assert len(names) >= 10 and all(isinstance(json.loads(found.read(name)), dict) for name in names)
