"""Which workspace and which project a command works on, and `init`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.cli.shell import Shell, files_below

from iterativectl.errors import ExitCode


def make_project(workspace: Path, name: str) -> None:
    config = workspace / "projects" / name / "config"
    config.mkdir(parents=True)
    (config / "rules.yaml").write_text("project: {name: x}\n")


def listed(shell: Shell, *argv: object) -> list[str]:
    return [project["project"] for project in shell(*argv, "project", "list", "--json").json["projects"]]


def test_found_from_a_folder_inside(shell: Shell, workspace: Path) -> None:
    make_project(workspace, "barn")
    shell.cwd = workspace / "projects" / "barn" / "config"
    assert listed(shell) == ["barn"]
    assert shell("status").out.startswith("barn: no run yet")


def test_the_option_wins_over_the_variable_over_the_folder(shell: Shell, tmp_path: Path) -> None:
    for name in ("option", "variable"):
        make_project(tmp_path / name, name)
    shell.environ["ITERATIVE_WORKSPACE"] = str(tmp_path / "variable")
    assert listed(shell) == ["variable"]
    assert listed(shell, "--workspace", tmp_path / "option") == ["option"]
    said = shell("project", "list", "--workspace", "../option", "--json")
    assert said.json["workspace"] == str(tmp_path / "option")


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_folder_must_be_a_workspace(shell: Shell, tmp_path: Path, by: str) -> None:
    (tmp_path / "empty").mkdir()
    if by == "variable":
        shell.environ["ITERATIVE_WORKSPACE"] = str(tmp_path / "empty")
    argv = ["--workspace", str(tmp_path / "empty")] if by == "option" else []
    said = shell(*argv, "project", "list")
    assert said.code == ExitCode.USAGE
    assert "holds no projects/ folder" in said.err and "iterativectl init" in said.err


def test_a_strangers_projects_folder_is_no_workspace(shell: Shell, tmp_path: Path, workspace: Path) -> None:
    """~/projects with other things in it: the checkout is taken, not that."""
    (tmp_path / "home" / "projects" / "garden shed").mkdir(parents=True)
    shell.cwd = tmp_path / "home"
    said = shell("project", "list", "--json")
    assert said.code == ExitCode.OK
    assert said.json["workspace"] == str(Path(__file__).resolve().parents[2])


def test_without_a_project_it_asks_which(shell: Shell, workspace: Path) -> None:
    make_project(workspace, "barn")
    said = shell("status")
    assert said.code == ExitCode.USAGE
    assert said.err == (
        "Error: which project? Give --project NAME.\n"
        "  There are: barn. `iterativectl project create NAME` makes a new one.\n"
    )


def test_did_you_mean(shell: Shell, workspace: Path) -> None:
    make_project(workspace, "portrait")
    said = shell("status", "--project", "potrait")
    assert said.code == ExitCode.USAGE
    assert "  Did you mean 'portrait'?\n" in said.err


def test_a_folder_without_rules_is_named_as_such(shell: Shell, workspace: Path) -> None:
    (workspace / "projects" / "half" / "config").mkdir(parents=True)
    assert "config/rules.yaml" in shell("status", "--project", "half").err


@pytest.mark.parametrize("name", ["../../etc", "/etc", ".", "a/../b"])
def test_a_project_is_a_name_and_no_path(shell: Shell, workspace: Path, name: str) -> None:
    said = shell("status", "--project", name)
    assert said.code == ExitCode.USAGE
    assert "there is no project" in said.err


def test_init_makes_a_workspace_that_is_found(shell: Shell, tmp_path: Path) -> None:
    said = shell("init", tmp_path / "new", "--json")
    assert said.code == ExitCode.OK
    root = tmp_path / "new"
    assert said.json["workspace"] == str(root)
    assert {"schemas", "rules", "workflow", "projects"} <= {path.name for path in root.iterdir()}
    assert sorted(said.json["created"]) == sorted(files_below(root))
    shell.cwd = root
    assert shell("project", "list", "--json").json["workspace"] == str(root)


def test_init_overwrites_nothing_and_puts_back_what_is_missing(shell: Shell, tmp_path: Path) -> None:
    root = tmp_path / "new"
    shell("init", root)
    note = root / "workflow" / "README.txt"
    note.write_text("mine")
    (root / "schemas" / "rules.schema.json").unlink()
    before = files_below(root)
    said = shell("init", root, "--json")
    assert said.json["created"] == ["schemas/rules.schema.json"]
    after = files_below(root)
    assert {name: after[name] for name in before} == before
    assert "everything is there" in shell("init", root).out


def test_init_in_this_folder(shell: Shell, tmp_path: Path) -> None:
    shell.cwd = tmp_path / "here"
    shell.cwd.mkdir()
    assert "Next: cd" in shell("init").out
    assert (shell.cwd / "projects").is_dir()


def test_init_refuses_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = shell("init", tmp_path / "file")
    assert said.code == ExitCode.USAGE and "is a file" in said.err


def test_the_schema_heads_of_the_example_lead_to_the_schemas(shell: Shell, tmp_path: Path) -> None:
    shell("init", tmp_path / "new")
    for config in (tmp_path / "new" / "projects").glob("*/config/*.yaml"):
        head = config.read_text(encoding="utf-8").splitlines()[0]
        assert (config.parent / head.split("$schema=")[1]).is_file(), config
        yaml.safe_load(config.read_text(encoding="utf-8"))
