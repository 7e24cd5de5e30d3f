"""`status`, `project list` and `rules check`: what they show, on sound and on damaged projects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.rehearsal import RULES, barn
from tests.cli.shell import Shell, files_below

from iterativectl.errors import ExitCode
from iterativectl.project.layout import ProjectPaths
from iterativectl.project.runs import run_ids


def test_before_the_first_run(shell: Shell, workspace: Path) -> None:
    barn(workspace)
    said = shell("status", "--project", "barn")
    assert said.code == ExitCode.OK
    assert said.out == "barn: no run yet\n  Next: iterativectl run --project barn\n"
    data = shell("status", "--project", "barn", "--json").json
    assert (data["format"], data["status"], data["run_id"], data["best"]) == ("status/1", "new", None, None)


def test_after_a_run(shell: Shell, ran: Path) -> None:
    said = shell("status", "--project", "barn")
    lines = said.out.splitlines()
    assert lines[0].startswith("barn: ended, not accepted: ")
    assert "2 iterations of at most 2" in said.out
    assert "best: iteration 1, score 50" in said.out
    assert f"picture: {ran / 'output' / 'output.png'} (best so far, not accepted" in said.out
    assert "  golden     failed   I see that golden is [b]no[/b]" in lines
    assert "requests to models" in said.out


def test_as_data(shell: Shell, ran: Path) -> None:
    data = shell("status", "--project", "barn", "--json").json
    assert data["format"] == "status/1"
    assert data["path"] == str(ran)
    assert (data["status"], data["iterations"], data["max_iterations"]) == ("exhausted", 2, 2)
    best = data["best"]
    assert (best["iteration"], best["score"]) == (1, 50.0)
    assert best["verdicts"]["golden"]["verdict"] == "failed"
    assert best["verdicts"]["same_barn"]["verdict"] == "passed"
    assert data["output"] == {
        "path": str(ran / "output" / "output.png"),
        "run_id": data["run_id"],
        "accepted": False,
        "score": 50.0,
    }
    assert data["held_by"] is None and data["in_flight"] == [] and data["problems"] == []


def test_looking_changes_nothing(shell: Shell, ran: Path) -> None:
    before = files_below(ran)
    shell("status", "--project", "barn")
    shell("project", "list")
    shell("rules", "check", "--project", "barn")
    assert files_below(ran) == before


def test_a_ticket_in_flight_is_named(shell: Shell, ran: Path) -> None:
    project = ProjectPaths(ran)
    paths = project.run(run_ids(project)[-1])
    ticket = {"ticket": "0b9d", "host": "gpu:8188", "sent_at": "2026-01-09T22:26:00+01:00", "outcome": None}
    paths.tickets(3).write_text(json.dumps({"format": "tickets/1", "tickets": [ticket]}))
    said = shell("status", "--project", "barn")
    assert "in flight: iteration 3, ticket 0b9d at gpu:8188" in said.out
    del ticket["outcome"]
    data = shell("status", "--project", "barn", "--json").json
    assert data["in_flight"] == [{"iteration": 3, **ticket}]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("working/checkpoint.json", "{"),
        ("working/RUN/run.json", "[]"),
        ("working/RUN/metadata/iteration_1_metadata.json", '{"format": "metadata/1"}'),
        ("working/RUN/usage.jsonl", "{not json}\n"),
        ("output/output_metadata.json", '{"format": "output/9"}'),
    ],
)
def test_damage_is_named_and_the_rest_is_shown(shell: Shell, ran: Path, file: str, content: str) -> None:
    run_id = run_ids(ProjectPaths(ran))[-1]
    path = ran / file.replace("RUN", run_id)
    path.write_text(content)
    said = shell("status", "--project", "barn")
    assert said.code == ExitCode.OK
    assert "damaged: " in said.out
    assert run_id in said.out
    assert "Traceback" not in said.err
    assert shell("status", "--project", "barn", "--json").json["problems"]
    assert "damaged files" in shell("project", "list").out


def test_the_list(shell: Shell, workspace: Path, ran: Path) -> None:
    other = workspace / "projects" / "shed" / "config"
    other.mkdir(parents=True)
    (other / "rules.yaml").write_text(RULES)
    (workspace / "projects" / "no project").mkdir()
    lines = shell("project", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["project", "barn", "shed"]
    assert lines[1].split()[:3] == ["barn", "2", "50"]
    data = shell("project", "list", "--json").json
    assert [project["status"] for project in data["projects"]] == ["exhausted", "new"]


def test_an_empty_list_says_how_to_begin(shell: Shell, workspace: Path) -> None:
    assert "project create NAME" in shell("project", "list").out


def test_create_says_what_comes_next(shell: Shell, workspace: Path) -> None:
    said = shell("project", "create", "portrait")
    assert said.code == ExitCode.OK
    assert f"Made the project portrait in {workspace / 'projects' / 'portrait'}" in said.out
    assert "iterativectl rules check --project portrait" in said.out
    assert shell("rules", "check", "--project", "portrait").code == ExitCode.OK
    again = shell("project", "create", "portrait")
    assert again.code == ExitCode.USAGE and "already" in again.err


def test_create_from_another_as_data(shell: Shell, workspace: Path, ran: Path) -> None:
    config = ran / "config" / "AIVis.yaml"
    config.write_text(config.read_text() + "api_key: abcdefgh1234\n")
    data = shell("project", "create", "copy", "--from", "barn", "--json").json
    assert data["format"] == "project/1"
    assert data["path"] == str(workspace / "projects" / "copy")
    assert "api_key" in data["notes"][0]
    assert "Did you mean 'barn'?" in shell("project", "create", "c2", "--from", "barm").err


def test_rules_without_a_fault(shell: Shell, workspace: Path) -> None:
    barn(workspace)
    said = shell("rules", "check", "--project", "barn")
    assert (said.code, said.out) == (ExitCode.OK, "barn: nothing to complain about.\n")
    data = shell("rules", "check", "--project", "barn", "--json").json
    assert data == {"format": "rules_check/1", "project": "barn", "ok": True, "problems": []}


def test_every_problem_with_its_line(shell: Shell, workspace: Path) -> None:
    project = barn(workspace)
    rules = (
        RULES.replace("field: same_barn", "field: golden")
        + "masking: {masks: [{name: a, active_criteria: [x]}]}\n"
    )
    (project / "config" / "rules.yaml").write_text(rules)
    (project / "config" / "prompts.yaml").write_text('ask_questions: "{nonsense}"\n')
    said = shell("rules", "check", "--project", "barn")
    assert said.code == ExitCode.USAGE
    assert "error: rules.yaml:7: acceptance_criteria[1].field" in said.out
    assert "prompts.yaml:1" in said.out and "nonsense" in said.out
    data = shell("rules", "check", "--project", "barn", "--json")
    assert data.code == ExitCode.USAGE
    assert not data.json["ok"] and len(data.json["problems"]) >= 2
    assert data.err == ""


def test_terms_against_each_other(shell: Shell, workspace: Path) -> None:
    project = barn(workspace)
    rules = RULES.replace("intent: preserve", "intent: preserve\n    ban_terms: [sunset]")
    (project / "config" / "rules.yaml").write_text(rules)
    said = shell("rules", "check", "--project", "barn")
    assert said.code == ExitCode.OK, "a warning"
    assert "warning: rules.yaml:6" in said.out
    assert "0 errors, 1 warning." in said.out
