"""`doctor`: every kind of damage is found, named, and comes with something to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.rehearsal import barn, judge, point_to
from tests.cli.shell import Shell

from iterativectl import doctor
from iterativectl.errors import ExitCode
from iterativectl.model import Finding
from iterativectl.project import lock
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.runs import run_ids


def found(workspace: Path, project: Path) -> list[Finding]:
    return doctor.examine(WorkspacePaths(workspace), ProjectPaths(project))


def worse(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.status != "ok"]


def run_folder(project: Path) -> Path:
    return project / "working" / run_ids(ProjectPaths(project))[-1]


def test_a_sound_project(workspace: Path, ran: Path) -> None:
    findings = found(workspace, ran)
    assert worse(findings) == []
    assert {"packages", "disk space", "settings", "input picture", "lock", "runs"} <= {
        f.what for f in findings
    }


def test_without_a_project_it_looks_at_the_program() -> None:
    findings = doctor.examine(None, None)
    assert [finding.what for finding in findings][1:] == ["packages", "disk space"]
    assert worse(findings) == []


def test_findings_of_the_backends_are_among_them(workspace: Path, ran: Path) -> None:
    warning = Finding(status="warning", what="ComfyUI 0.3.64", why="has known holes", todo="Update it.")
    assert warning in doctor.examine(WorkspacePaths(workspace), ProjectPaths(ran), [warning])


def cut_picture(project: Path) -> None:
    path = next((run_folder(project) / "images").glob("*.png"))
    path.write_bytes(path.read_bytes()[:-40])


def lose_picture(project: Path) -> None:
    (run_folder(project) / "images" / "iteration_1.png").unlink()


def break_record(project: Path) -> None:
    (run_folder(project) / "metadata" / "iteration_2_metadata.json").write_text("{")


def edit_evaluation(project: Path) -> None:
    path = run_folder(project) / "evaluation" / "iteration_1_evaluation.json"
    path.write_text(path.read_text().replace("failed", "passed"))


def break_run(project: Path) -> None:
    (run_folder(project) / "run.json").write_text("{}")


def newer_run(project: Path) -> None:
    path = run_folder(project) / "run.json"
    path.write_text(path.read_text().replace('"run/1"', '"run/2"'))


def break_checkpoint(project: Path) -> None:
    (project / "working" / "checkpoint.json").write_text('{"format": "checkpoint/1"}')


def change_output(project: Path) -> None:
    (project / "output" / "output.png").write_bytes(b"something else")


def lose_output_record(project: Path) -> None:
    (project / "output" / "output_metadata.json").unlink()


def break_input(project: Path) -> None:
    (project / "input" / "input.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")


def lose_input(project: Path) -> None:
    (project / "input" / "input.png").unlink()


def turn_input(project: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4)).save(project / "input" / "input.png", exif=exif)


def misspell_rules(project: Path) -> None:
    path = project / "config" / "rules.yaml"
    path.write_text(path.read_text().replace("intent: change", "intent: chnage"))


def put_key_into_file(project: Path) -> None:
    path = project / "config" / "AIVis.yaml"
    path.write_text(path.read_text() + "api_key: abcdefgh1234\n")


def leave_ticket(project: Path) -> None:
    ticket = {"ticket": "0b9d", "host": "gpu", "sent_at": "2026-01-09T22:26:00+01:00", "outcome": None}
    path = run_folder(project) / "plan" / "iteration_3_tickets.json"
    path.write_text(json.dumps({"format": "tickets/1", "tickets": [ticket]}))


@pytest.mark.parametrize(
    ("harm", "status", "says"),
    [
        (cut_picture, "error", "is not what was written"),
        (lose_picture, "error", "picture of a finished iteration is missing"),
        (break_record, "error", "iteration_2_metadata.json is damaged"),
        (edit_evaluation, "error", "evaluation/iteration_1_evaluation.json is not what was written"),
        (break_run, "error", "run.json is damaged"),
        (newer_run, "error", "newer program"),
        (break_checkpoint, "error", "checkpoint.json is damaged"),
        (change_output, "warning", "output.png is not the picture it was"),
        (lose_output_record, "warning", "output_metadata.json is missing"),
        (break_input, "error", "input.png"),
        (lose_input, "error", "input.png is missing"),
        (turn_input, "warning", "not upright"),
        (misspell_rules, "error", "Did you mean 'change'?"),
        (put_key_into_file, "warning", "environment"),
        (leave_ticket, "warning", "not collected"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_harm_is_found_and_comes_with_a_cure(
    workspace: Path, ran: Path, harm: Callable[[Path], None], status: str, says: str
) -> None:
    harm(ran)
    bad = worse(found(workspace, ran))
    assert [(finding.status, says in finding.why) for finding in bad] == [(status, True)], bad
    assert bad[0].todo
    assert "abcdefgh1234" not in str(bad)


def test_a_lock_names_its_holder(workspace: Path, ran: Path) -> None:
    with lock.held(ProjectPaths(ran).lock, started="2026-01-09T22:25:59"):
        (finding,) = worse(found(workspace, ran))
    assert "pid " in finding.why and "2026-01-09T22:25:59" in finding.why


def test_every_file_is_broken_and_it_still_ends(workspace: Path, ran: Path) -> None:
    for path in ran.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\x00\xff{")
    findings = found(workspace, ran)
    assert len(worse(findings)) >= 6


def test_the_command_asks_the_judge_and_shows_it_a_picture(shell: Shell, workspace: Path, ran: Path) -> None:
    with judge() as server:
        server.answer = lambda asked: "yellow, then green"
        point_to(ran, server.url)
        said = shell("doctor", "--project", "barn")
        assert server.asked_count == 1
        assert shell("doctor", "--project", "barn", "--no-canary").code == ExitCode.OK
        assert server.asked_count == 1
        server.answer = lambda asked: "red and blue"
        blind = shell("doctor", "--project", "barn", "--json")
    assert said.code == ExitCode.OK
    assert "sees pictures" in said.out and "embedded engine" in said.out
    assert said.out.splitlines()[-1].startswith("It will run; ")
    assert blind.code == ExitCode.USAGE
    assert blind.json["format"] == "doctor/1" and not blind.json["ok"]
    assert any(f["status"] == "error" and "red and blue" in f["why"] for f in blind.json["findings"])


def test_the_command_on_a_broken_config(shell: Shell, workspace: Path, ran: Path) -> None:
    misspell_rules(ran)
    said = shell("doctor", "--project", "barn")
    assert said.code == ExitCode.USAGE
    assert "rules.yaml:5" in said.out and "not asked: the settings have errors" in said.out
    assert "1 thing must be mended" in said.out


def test_the_command_without_a_judge(shell: Shell, workspace: Path) -> None:
    barn(workspace)
    said = shell("doctor", "--project", "barn", "-q")
    assert said.code == ExitCode.USAGE
    assert "cannot be reached" in said.out and "  ok  " not in said.out


def test_the_command_without_a_project(shell: Shell, workspace: Path) -> None:
    said = shell("doctor")
    assert said.code == ExitCode.OK
    assert "With --project NAME" in said.out


def test_the_packages_it_looks_for_are_those_that_are_declared() -> None:
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [")[2].partition("]")[0]
    assert sorted(re.findall(r'"([\w.-]+)', block)) == sorted(doctor.PACKAGES)
