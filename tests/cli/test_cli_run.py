"""`run` from the keyboard to the picture: what is printed where, what it exits with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.rehearsal import AIGEN, RULES, barn, judge, never, point_to
from tests.cli.shell import Shell
from tests.fakes.judge_server import Canned

from iterativectl.errors import ExitCode
from iterativectl.project.create import adhoc

SOURCE = Path(__file__).resolve().parents[2] / "src"


def test_an_accepted_run(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        said = shell("run", "--project", "barn")
    assert said.code == ExitCode.OK
    verdict = said.out.splitlines()
    assert verdict[0] == "Accepted: iteration 2, score 100, after 2 iterations."
    assert verdict[1] == f"  picture: {project / 'output' / 'output.png'}"
    assert verdict[-1] == "  look: iterativectl viewer start barn latest --open"
    assert (project / "output" / "output.png").is_file()
    for text in (
        "Iteration 1 of 4",
        "golden     failed   I see that golden is [b]no[/b]",
        "golden     passed   was failed",
        "positive prompt: + sunset",
        "why: ",
        "score 50, the best so far",
        "no diffusion model",
    ):
        assert text in said.err, text
    log = (project / "logs" / "app.log").read_text(encoding="utf-8")
    assert "run_started" in log and "run_finished" in log


def test_quiet_says_only_the_verdict(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        said = shell("run", "--project", "barn", "-q")
    assert said.out.splitlines() == [
        "Accepted: iteration 2, score 100, after 2 iterations.",
        f"  picture: {project / 'output' / 'output.png'}",
    ]
    assert said.err == ""


def test_verbose_says_prompts_seeds_and_answers(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        barn(workspace, server.url)
        said = shell("run", "--project", "barn", "--verbose", "--seed", "7")
    for text in ("positive: barn", "seed ", "light: none", "96 x 64 px", "I see that same_barn is"):
        assert text in said.err, text


def test_json_is_all_that_is_on_stdout(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        said = shell("run", "--project", "barn", "--json")
    ended = said.json
    assert ended["format"] == "run/1"
    assert (ended["status"], ended["accepted"], ended["exit_code"]) == ("passed", True, 0)
    assert ended["output"] == str(project / "output" / "output.png")
    assert (ended["best_iteration"], ended["iterations"], ended["usage"]["requests"] > 3) == (2, 2, True)


def test_a_terminal_gets_the_same_story(shell: Shell, workspace: Path) -> None:
    shell.is_tty = True
    shell.environ.update(TERM="xterm", COLUMNS="120", LINES="40")
    with judge() as server:
        barn(workspace, server.url)
        said = shell("run", "--project", "barn")
    assert said.code == ExitCode.OK
    assert "\x1b[" in said.err
    assert "[b]no[/b]" in said.err, "what a model writes is text and no markup"
    assert "Accepted: iteration 2" in said.out


def test_no_color(shell: Shell, workspace: Path) -> None:
    shell.is_tty = True
    shell.environ.update(TERM="xterm", NO_COLOR="1", COLUMNS="120", LINES="40")
    said = shell("project", "list")
    assert "\x1b[3" not in said.out + said.err


def test_nothing_accepted(shell: Shell, workspace: Path) -> None:
    with judge(never) as server:
        project = barn(workspace, server.url)
        said = shell("run", "--project", "barn", "--max-iterations", "2")
    assert said.code == ExitCode.NOT_ACCEPTED
    assert said.out.startswith("Not accepted after 2 iterations: ")
    assert "  golden failed: I see that golden is [b]no[/b]\n" in said.out
    assert "--max-iterations 12 goes on with this run" in said.out
    assert (project / "output" / "output.png").is_file()


def test_an_exhausted_run_goes_on_with_more_iterations(shell: Shell, workspace: Path) -> None:
    with judge(never) as server:
        barn(workspace, server.url)
        first = shell("run", "--project", "barn", "--max-iterations", "1", "--json").json
        second = shell("run", "--project", "barn", "--max-iterations", "2", "--json")
    assert second.json["run_id"] == first["run_id"]
    assert second.json["iterations"] == 2
    assert "goes on after iteration 1" in second.err


def test_a_missing_judge_pauses_and_the_same_command_goes_on(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        server.script.append(Canned(status=401, body={"error": "unauthorized"}))
        said = shell("run", "--project", "barn")
    assert said.code == ExitCode.PAUSED
    assert said.err.splitlines()[-2].startswith("Paused: ")
    assert shell("status", "--project", "barn", "--json").json["status"] == "paused"
    with judge() as server:
        point_to(project, server.url)
        assert shell("run", "--project", "barn").code == ExitCode.OK


def test_no_judge_at_all(shell: Shell, workspace: Path) -> None:
    barn(workspace)
    said = shell("run", "--project", "barn")
    assert said.code == ExitCode.PAUSED
    assert "Paused: " in said.err and "cannot be reached" in said.err


def test_a_dry_run_writes_nothing(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        said = shell("run", "--project", "barn", "--dry-run")
        data = shell("run", "--project", "barn", "--dry-run", "--json").json
        assert server.asked_count == 0
    assert said.code == ExitCode.OK
    assert "2 criteria" in said.out
    assert data["format"] == "dry_run/1" and data["ok"]
    assert not (project / "output").exists() and not list(project.glob("working/2*"))


def test_a_dry_run_says_what_is_missing(shell: Shell, workspace: Path) -> None:
    barn(workspace)
    said = shell("run", "--project", "barn", "--dry-run")
    assert said.code == ExitCode.USAGE
    assert "error" in said.out and "cannot be reached" in said.out


def test_all_problems_of_all_files_at_once(shell: Shell, workspace: Path) -> None:
    project = barn(workspace)
    (project / "config" / "rules.yaml").write_text(RULES.replace("intent: change", "intent: chnage"))
    (project / "config" / "AIVis.yaml").write_text("provider: olama\nmodel: x\n")
    said = shell("run", "--project", "barn")
    assert said.code == ExitCode.USAGE
    assert "rules.yaml:5" in said.err and "Did you mean 'change'?" in said.err
    assert "AIVis.yaml:1" in said.err and "Did you mean 'ollama'?" in said.err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--reset", "--resume-from", "2"], "give one of them"),
        (["--project", "barn", "--resume-from", "2"], "no run to resume from"),
        (["--input", "a.png"], "--input needs --rules"),
        (["--rules", "a.yaml", "--project", "barn"], "--rules makes a project of its own"),
        (["--rules", "a.yaml"], "there is no file"),
    ],
)
def test_options_that_do_not_go_together(
    shell: Shell, workspace: Path, argv: list[str], message: str
) -> None:
    with judge() as server:
        barn(workspace, server.url)
        said = shell("run", *argv)
    assert said.code == ExitCode.USAGE
    assert message in said.err


def test_resume_from_makes_a_number_again(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        run_id = shell("run", "--project", "barn", "--json").json["run_id"]
        said = shell("run", "--project", "barn", "--resume-from", "2", "--json")
    assert said.code == ExitCode.OK
    assert said.json["run_id"] == run_id
    assert list((project / "working" / run_id / "superseded").iterdir())


def test_rules_and_a_picture_without_a_project(shell: Shell, tmp_path: Path, workspace: Path) -> None:
    barn(workspace)
    (tmp_path / "loose.yaml").write_text(RULES)
    with judge() as server:
        picture = workspace / "projects" / "barn" / "input" / "input.png"
        made = adhoc(tmp_path / "loose.yaml", picture, shell.clock.now()).project.root
        (made / "config" / "AIGen.yaml").write_text(AIGEN)
        point_to(made, server.url)
        said = shell("run", "--rules", tmp_path / "loose.yaml", "--input", picture, "--json")
    assert said.code == ExitCode.OK
    assert f"uses the project {made}" in said.err
    assert said.json["output"] == str(made / "output" / "output.png")
    assert (made / "logs" / "app.log").is_file()


def start(workspace: Path, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "iterativectl", *argv],
        env={"PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"]},
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_run_in_order(shell: Shell, workspace: Path, number: signal.Signals) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        server.script.append(Canned(fault="silent"))
        process = start(workspace, "run", "--project", "barn")
        deadline = time.monotonic() + 30
        while server.asked_count == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-2].startswith("Interrupted. Run 20")
    assert "`iterativectl run --project barn` goes on from there." in err
    status = shell("status", "--project", "barn", "--json").json
    assert (status["status"], status["held_by"]) == ("interrupted", None)
    with judge() as server:
        point_to(project, server.url)
        assert shell("run", "--project", "barn").code == ExitCode.OK


def test_a_second_run_is_refused_and_told_who(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        barn(workspace, server.url)
        server.script.append(Canned(fault="silent"))
        process = start(workspace, "run", "--project", "barn", "--json")
        deadline = time.monotonic() + 30
        while server.asked_count == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        refused = shell("run", "--project", "barn")
        status = shell("status", "--project", "barn")
        listed = shell("project", "list", "--json").json
        process.kill()
        process.communicate(timeout=30)
    assert refused.code == ExitCode.USAGE
    assert f"pid {process.pid}" in refused.err
    assert status.out.startswith("barn: running")
    assert f"a process is working on it: pid {process.pid}" in status.out
    assert listed["projects"][0]["status"] == "running"
    assert shell("status", "--project", "barn", "--json").json["status"] == "interrupted"


def test_a_reader_that_goes_away_does_not_end_the_run(workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        process = start(workspace, "run", "--project", "barn", "--json")
        assert process.stderr is not None and process.stdout is not None
        process.stderr.close()
        process.stdout.close()
        assert process.wait(timeout=30) == ExitCode.OK
    assert json.loads((project / "output" / "output_metadata.json").read_text())["accepted"]
