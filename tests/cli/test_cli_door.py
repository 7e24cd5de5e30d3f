"""The front door: help, versions, wrong command lines, errors, bugs, interrupts."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.cli.shell import Shell

from iterativectl import __version__
from iterativectl.cli.lazy import Entry
from iterativectl.cli.main import COMMANDS, PROGRAM, cli, main
from iterativectl.cli.reference import END, START, inserted, markdown
from iterativectl.errors import ConfigError, ExitCode, IterativeError, LimitReached, Problem, ProjectError

SOURCE = Path(__file__).resolve().parents[2] / "src"
SLOW = ("rich", "yaml", "jsonschema", "numpy", "cv2", "PIL", "requests", "websocket", "ruamel", "json_repair")


def contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None, name
            yield from contexts(click.Context(command, info_name=name, parent=context))


ALL = list(contexts(click.Context(cli, info_name=PROGRAM)))


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_every_command_and_option_has_help(context: click.Context) -> None:
    assert context.command.help and context.command.help.strip().endswith((".", "fish"))
    for option in context.command.params:
        if isinstance(option, click.Option):
            assert option.help and option.help.endswith((".", ").")), option.name


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_the_help_of_every_command_can_be_shown(context: click.Context, shell: Shell) -> None:
    said = shell(*context.command_path.split()[1:], "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: {context.command_path}")
    assert said.err == ""


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_the_table_knows_a_command_by_the_name_it_gives_itself(context: click.Context) -> None:
    assert context.command.name == context.info_name


def test_the_readme_has_the_command_reference() -> None:
    readme = (SOURCE.parent / "README.md").read_text(encoding="utf-8")
    assert inserted(readme) == readme, "run: python -m iterativectl.cli.reference README.md"


def test_the_reference_names_every_command_and_shown_option() -> None:
    text = markdown()
    for context in ALL:
        if isinstance(context.command, click.Group):
            continue
        assert f"`{context.command_path}" in text
        for option in context.command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[-1] in text
    run = text.split("#### `iterativectl run`")[1].split("####")[0]
    assert "--seed" in run and "--rules" not in run


def test_the_reference_goes_between_its_markers() -> None:
    assert inserted(f"a\n{START}\nold\n{END}\nb") == f"a\n{START}\n{markdown()}{END}\nb"
    with pytest.raises(ValueError, match="markers"):
        inserted("no markers")


def imported_by(*argv: str, planted: str = "") -> set[str]:
    code = (
        f"import sys; {planted}\n"
        "from iterativectl.cli.main import entry\n"
        "try: entry()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv],
        env={"PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["project", "--help"]])
def test_help_imports_nothing_slow(argv: list[str]) -> None:
    modules = imported_by(*argv)
    assert not modules.intersection(SLOW)
    assert not [name for name in modules if name.startswith("iterativectl.cli.commands.run")]
    ours = {name for name in modules if name.startswith("iterativectl.")}
    assert not ours.intersection({"iterativectl.compose", "iterativectl.runner", "iterativectl.config"})


def test_the_look_at_imports_would_see_a_slow_one() -> None:
    assert "yaml" in imported_by("--help", planted="import yaml")
    assert "iterativectl.cli.commands.run" in imported_by("run", "--help")


def test_version(shell: Shell) -> None:
    said = shell("--version")
    assert (said.code, said.out) == (0, f"iterativectl {__version__}\n")


def test_without_arguments_it_shows_help_and_fails(shell: Shell) -> None:
    said = shell()
    assert said.code == ExitCode.USAGE
    assert said.err.startswith("Usage: iterativectl")
    assert said.out == ""


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["stauts"], "there is no command 'stauts'. Did you mean 'status'?", "`iterativectl --help`"),
        (["xyzzy"], "there is no command 'xyzzy'. There are: run, variants,", "`iterativectl --help`"),
        (["project", "creat", "a"], "Did you mean 'create'?", "`iterativectl project --help`"),
        (["run", "--max-iterations", "0"], "0 is not in the range", "`iterativectl run --help`"),
        (["run", "--colour"], "--colour", "`iterativectl run --help`"),
        (["project", "create"], "'NAME'", "`iterativectl project create --help`"),
    ],
)
def test_a_wrong_command_line(shell: Shell, argv: list[str], message: str, hint: str) -> None:
    said = shell(*argv)
    assert said.code == ExitCode.USAGE
    first, second = said.err.splitlines()
    assert first.startswith("Error: ") and message in first
    assert hint in second
    assert said.out == ""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A further command in the table, `fail`, that raises what the list holds."""
    raised: list[BaseException] = []

    @click.command(name="fail")
    def command() -> None:
        raise raised[0]

    module = type(sys)("failing_command")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "failing_command", module)
    monkeypatch.setitem(COMMANDS, "fail", Entry("failing_command", "Fail."))
    return raised


def test_an_error_is_two_lines(shell: Shell, failing: list[BaseException]) -> None:
    failing.append(ProjectError("the file is damaged", "Put it back."))
    said = shell("fail")
    assert said.code == ExitCode.USAGE
    assert said.err == "Error: the file is damaged\n  Put it back.\n"


def test_all_problems_of_a_file_are_lines(shell: Shell, failing: list[BaseException]) -> None:
    problems = [
        Problem(where="rules.yaml:3", path="project.name", message="is missing"),
        Problem(where="rules.yaml:9", path="", message="ignored", severity="warning"),
    ]
    failing.append(ConfigError(problems, "Mend it."))
    said = shell("fail")
    assert said.err.splitlines() == [
        "Error: rules.yaml:3: project.name: is missing",
        "Warning: rules.yaml:9: ignored",
        "  Mend it.",
    ]


def test_a_pause_says_so(shell: Shell, failing: list[BaseException]) -> None:
    failing.append(LimitReached("the limit of 10 requests is reached", "Raise it and run again."))
    said = shell("fail")
    assert said.code == ExitCode.PAUSED
    assert said.err.startswith("Paused: the limit")


def test_a_message_cannot_move_the_cursor(shell: Shell, failing: list[BaseException]) -> None:
    failing.append(IterativeError("server said \x1b[2J\x1b]0;pwned\x07 bye"))
    said = shell("fail")
    assert said.code == ExitCode.FAILED
    assert "\x1b" not in said.err and "\x07" not in said.err


def test_secrets_are_not_shown(shell: Shell, failing: list[BaseException]) -> None:
    shell.environ["OPENROUTER_API_KEY"] = "abcdefgh12345678"
    failing.append(IterativeError("refused: abcdefgh12345678", "Bearer zzzzzzzzzzzz was sent"))
    said = shell("fail")
    assert "abcdefgh12345678" not in said.err and "zzzzzzzzzzzz" not in said.err
    assert "(secret)" in said.err


def test_a_bug_says_that_it_is_one(shell: Shell, failing: list[BaseException]) -> None:
    failing.append(KeyError("oops"))
    said = shell("fail")
    assert said.code == ExitCode.BUG
    assert said.err.startswith("This is a bug in iterativectl")
    assert "Traceback" in said.err, "no project is known, so the traceback is here"


def test_an_interrupt(shell: Shell, failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())
    said = shell("fail")
    assert (said.code, said.err) == (130, "Interrupted.\n")


class ClosedPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("argv", [["--help"], ["project", "list"], ["project", "list", "--json"]])
def test_a_closed_pipe_is_quiet(shell: Shell, argv: list[str]) -> None:
    shell.stderr = io.StringIO()
    shell.stdout = ClosedPipe()
    assert main(argv, shell.env()) == ExitCode.OK
    assert shell.stderr.getvalue() == ""


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_data_that_cannot_be_written_is_no_success(shell: Shell) -> None:
    shell.stderr = io.StringIO()
    shell.stdout = FullDisk()
    assert main(["project", "list", "--json"], shell.env()) == ExitCode.PAUSED
    assert "No space left" in shell.stderr.getvalue()


def test_errors_are_data_too_when_json_is_asked_for(shell: Shell) -> None:
    said = shell("status", "--project", "nobody", "--json")
    assert said.code == ExitCode.USAGE
    assert said.json["format"] == "error/1"
    assert said.json["code"] == "usage" and said.json["exit_code"] == 2
    assert said.err.startswith("Error: there is no project 'nobody'")


def run_real(*argv: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iterativectl", *argv],
        env={"PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"], **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: Shell, shell_name: str) -> None:
    said = shell("completion", shell_name)
    assert said.code == 0
    assert "_ITERATIVECTL_COMPLETE" in said.out and "iterativectl" in said.out


def completions(words: str, workspace: Path) -> list[str]:
    done = run_real(
        cwd=workspace,
        _ITERATIVECTL_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    assert done.returncode == 0, done.stderr
    return [line.split(",")[-1] for line in done.stdout.split()]


def test_project_names_are_completed(workspace: Path) -> None:
    for name in ("portrait", "poster", "barn"):
        (workspace / "projects" / name / "config").mkdir(parents=True)
        (workspace / "projects" / name / "config" / "rules.yaml").touch()
    names = completions("iterativectl status --project po", workspace)
    assert sorted(names) == ["portrait", "poster"]
    assert "status" in completions("iterativectl st", workspace)


def test_the_real_process_prints_json_and_exits(workspace: Path) -> None:
    done = run_real("project", "list", "--json", cwd=workspace)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"format": "projects/1", "workspace": str(workspace), "projects": []}
    assert done.stderr == ""
