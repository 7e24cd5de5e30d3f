"""`variants` from the keyboard to the sheet: what is printed where, what it exits with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.cli.rehearsal import barn, judge, never
from tests.cli.shell import Shell
from tests.fakes.comfyui import FakeComfyUI

from iterativectl.cli.main import COMMANDS
from iterativectl.errors import ExitCode

SOURCE = Path(__file__).resolve().parents[2] / "src"
CONTROLNET = {"ControlNetLoader.control_net_name": ["control_v11p_sd15_canny_fp16.safetensors"]}


def at_comfyui(project: Path, url: str) -> None:
    path = project / "config" / "AIGen.yaml"
    text = path.read_text().replace("backend: embedded", f'backend: comfyui\ncomfyui: {{url: "{url}"}}')
    path.write_text(text.replace("ckpt_name: none", "ckpt_name: tiny_sd15.safetensors"))


def sunny(workspace: Path, url: str) -> Path:
    """The barn with a prompt that the painter understands: each strength is another picture."""
    project = barn(workspace, url)
    path = project / "config" / "AIGen.yaml"
    path.write_text(path.read_text().replace('"barn"', '"barn, sunset"'))
    return project


def run_of(project: Path) -> Path:
    """The newest run's folder."""
    return sorted((project / "working").glob("20*"))[-1]


def test_the_table_the_sheet_and_what_to_write_down(shell: Shell, workspace: Path) -> None:
    with judge() as server:  # satisfied from the second picture on
        project = sunny(workspace, server.url)
        said = shell("variants", "--project", "barn", "--seed", "7")
    assert said.code == ExitCode.OK
    lines = said.out.splitlines()
    assert lines[0] == "All 3 variants were made; 2 and 3 pass every criterion."
    assert lines[1].split() == ["nr", "variant", "score", "similarity", "result"]
    assert [line.split()[0] for line in lines[2:5]] == ["2", "3", "1"]
    assert lines[2].split()[1:4] == ["denoise", "0.5", "100"] and lines[2].endswith("passes")
    assert "failed: golden" in lines[4]
    assert lines[5] == f"  side by side: {run_of(project) / 'variants.png'}"
    assert lines[-1] == (
        "  next: `iterativectl run --project barn --seed 7` begins with number 2, as AIGen.yaml says it"
    )
    with Image.open(run_of(project) / "variants.png") as sheet:
        assert sheet.width > 900
    for text in ("Iteration 1 of 3", "variant 2 of 3: denoise 0.5", "embedded engine to compare"):
        assert text in said.err, text
    assert not (project / "output").exists()


def test_what_differs_from_aigen_is_shown_as_yaml(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        said = shell("variants", "--project", "barn", "--seed", "7", "--set", "denoise=0.3,0.6")
    lines = said.out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("  next: to begin a run with number 2"))
    assert lines[start].endswith(str(project / "config" / "AIGen.yaml"))
    assert lines[start + 1 :] == [
        "      parameters:",
        "        denoise: 0.6",
        "  then `iterativectl run --project barn --seed 7`",
    ]


def test_quiet_says_the_table_and_the_path(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        barn(workspace, server.url)
        said = shell("variants", "--project", "barn", "-q")
    assert said.err == "" and len(said.out.splitlines()) == 5


def test_json_is_all_that_is_on_stdout(shell: Shell, workspace: Path) -> None:
    with judge(never) as server:
        project = barn(workspace, server.url)
        said = shell("variants", "--project", "barn", "--json", "--set", "cfg=5,7")
    found = said.json
    assert (found["format"], found["project"], found["exit_code"]) == ("variants/1", "barn", 0)
    assert (found["status"], found["best"]) == ("stopped", 1)
    assert [entry["parameters"]["cfg"] for entry in found["variants"]] == [5.0, 7.0]
    assert found["sheet"] == str(run_of(project) / "variants.png")
    assert found["usage"]["requests"] > 3


def test_a_terminal_gets_the_same_story(shell: Shell, workspace: Path) -> None:
    shell.is_tty = True
    shell.environ.update(TERM="xterm", COLUMNS="120", LINES="40")
    with judge() as server:
        barn(workspace, server.url)
        said = shell("variants", "--project", "barn")
    assert said.code == ExitCode.OK
    assert "3 variants were made" in said.out and "side by side:" in said.out and "passes" in said.out


def test_workflows_are_named_as_in_the_list_or_by_path(shell: Shell, workspace: Path, tmp_path: Path) -> None:
    with judge() as server, FakeComfyUI("B", models=CONTROLNET) as comfyui:
        project = barn(workspace, server.url)
        at_comfyui(project, comfyui.url)
        mine = tmp_path / "mine.json"
        mine.write_bytes((SOURCE.parent / "workflow" / "img2img_no_mask_api.json").read_bytes())
        said = shell(
            *("variants", "--project", "barn", "--json", "--workflow", "control_canny_img2img_api"),
            *("--workflow", mine, "--workflow", "img2img_no_mask_api"),
        )
    assert said.code == ExitCode.OK, said.err
    assert [entry["workflow"] for entry in said.json["variants"]] == [
        *("workflow/control_canny_img2img_api.json", str(mine), "workflow/img2img_no_mask_api.json")
    ]
    assert said.json["variants"][1]["name"] == "mine"


def test_without_options_the_workflows_that_can_be_run(shell: Shell, workspace: Path) -> None:
    with judge() as server, FakeComfyUI("B", models=CONTROLNET) as comfyui:
        at_comfyui(barn(workspace, server.url), comfyui.url)
        dry = shell("variants", "--project", "barn", "--dry-run")
        said = shell("variants", "--project", "barn", "--json")
    assert dry.code == ExitCode.OK and "variant 2 of 2: " in dry.out
    assert "left out: workflow/flux_img2img_api.json: " in dry.out
    assert [entry["workflow"] for entry in said.json["variants"]] == [
        *("workflow/img2img_no_mask_api.json", "workflow/control_canny_img2img_api.json")
    ]
    left = {entry["workflow"] for entry in said.json["left_out"]}
    assert {"workflow/txt2img_api.json", "workflow/flux_fill_api.json"} <= left


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--set", "denoise=2"), "denoise lies between 0 and 1"),
        (("--set", "size=3"), "there is no parameter 'size'"),
        (("--workflow", "flux_img2img_apo"), "Did you mean 'flux_img2img_api'?"),
        (("--mask", "jacket"), "jacket"),
        (("--workflow", "flux_img2img_api"), "runs no workflows"),
    ],
)
def test_a_wrong_command_line(shell: Shell, workspace: Path, options: Any, message: str) -> None:
    with judge() as server:
        project = barn(workspace, server.url)
        said = shell("variants", "--project", "barn", *options)
    assert said.code == ExitCode.USAGE and message in said.err and "Traceback" not in said.err
    assert not list((project / "working").glob("20*"))


def test_when_every_variant_fails(shell: Shell, workspace: Path) -> None:
    with judge() as server, FakeComfyUI("B", server="error") as comfyui:
        at_comfyui(barn(workspace, server.url), comfyui.url)
        said = shell("variants", "--project", "barn", "--set", "denoise=0.4,0.6")
    assert said.code == ExitCode.FAILED
    assert "None of the 2 variants could be made" in said.out and said.out.count("not made: ComfyUI") == 2


def test_a_server_that_is_not_there(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        at_comfyui(barn(workspace, server.url), "http://127.0.0.1:9")
        said = shell("variants", "--project", "barn")
    assert said.code == ExitCode.PAUSED and "127.0.0.1:9" in said.err


def test_status_speaks_of_variants(shell: Shell, workspace: Path) -> None:
    with judge() as server:
        project = sunny(workspace, server.url)
        shell("variants", "--project", "barn")
    said = shell("status", "--project", "barn")
    assert "barn: variants: all 3 variants were made; 2 and 3 pass every criterion" in said.out
    assert f": 3 of 3 variants, side by side: {run_of(project) / 'variants.png'}" in said.out
    data = shell("status", "--project", "barn", "--json").json
    assert (data["variants"], data["status"], data["best"]["iteration"]) == (3, "passed", 2)
    listed = shell("project", "list")
    assert "variants: all 3" in listed.out
    assert "1 of them, every file is as it was written" in shell("doctor", "--project", "barn", "-v").out


def test_an_ordinary_run_is_none(shell: Shell, ran: Path) -> None:
    assert shell("status", "--project", "barn", "--json").json["variants"] == 0


def test_ctrl_c_is_said_and_the_same_command_goes_on(workspace: Path) -> None:
    with judge() as server, FakeComfyUI("B", job_seconds=20.0) as comfyui:
        project = barn(workspace, server.url)
        at_comfyui(project, comfyui.url)
        command = [sys.executable, "-m", "iterativectl", "variants", "--project", "barn", "--set", "cfg=5,7"]
        child = subprocess.Popen(
            [*command, "--workspace", str(workspace)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            cwd=workspace,
        )
        deadline = time.monotonic() + 20
        while not comfyui.counters["sampled"] and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
        assert child.returncode == ExitCode.INTERRUPTED
        assert "Interrupted. What was made is saved." in errors
        assert "`iterativectl variants --project barn` goes on." in errors
        comfyui.engine.job_seconds = 0.0
        said = Shell(workspace)("variants", "--project", "barn", "--json")
    assert said.code == ExitCode.OK, said.err
    assert len(list((project / "working").glob("20*"))) == 1
    assert [entry["parameters"]["cfg"] for entry in said.json["variants"]] == [5.0, 7.0]


def test_after_a_kill_nothing_is_made_twice(workspace: Path) -> None:
    with (
        judge() as server,
        FakeComfyUI("B", job_seconds=0.5) as one,
        FakeComfyUI("B", job_seconds=0.5) as two,
    ):
        project = barn(workspace, server.url)
        at_comfyui(project, one.url)
        path = project / "config" / "AIGen.yaml"
        path.write_text(path.read_text().replace(f'url: "{one.url}"', f'hosts: ["{one.url}", "{two.url}"]'))
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "iterativectl", "variants", "--project", "barn"),
                *("--workspace", str(workspace), "--set", "cfg=4,5,6,7,8"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            cwd=workspace,
        )
        deadline = time.monotonic() + 20
        while one.counters["sampled"] + two.counters["sampled"] < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        child.kill()
        child.wait(10)
        said = Shell(workspace)("variants", "--project", "barn", "--json")
        assert said.code == ExitCode.OK, said.err
        assert one.counters["renders"] + two.counters["renders"] == 5
    assert [entry["status"] for entry in said.json["variants"]] == ["ok"] * 5
    assert len(list((project / "working").glob("20*"))) == 1


def test_its_help_imports_nothing_slow() -> None:
    slow = "'cv2', 'numpy', 'PIL', 'requests', 'rich', 'yaml', 'jsonschema'"
    code = f"import sys, iterativectl.cli.commands.variants; print([m for m in ({slow}) if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert found.stdout.strip() == "[]" and "variants" in COMMANDS
