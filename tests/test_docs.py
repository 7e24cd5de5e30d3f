"""README.md and docs/ say what the program does: links, commands, exit codes, variables, promises.

Each check is a function that returns what is wrong, so that it can be shown a text with a fault, too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from tests.papers import PAPERS, PROMISES, README, ROOT, anchors, section, shell_lines, tables, text_of

from iterativectl.errors import ExitCode

OTHER_PROGRAMS = {
    *("--cpu", "--listen", "--max-upload-size", "--preview-method"),  # ComfyUI's
    *("--mmproj", "--limit-mm-per-prompt"),  # llama.cpp's and vLLM's
    *("--no-deps", "--only-binary"),  # pip's
}


def broken_links(paper: Path, text: str) -> list[str]:
    """Relative links whose file or heading is not there."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (paper.parent / name).resolve() if name else paper
        headed = not anchor or (file.suffix == ".md" and anchor in anchors(text_of(file)))
        if not file.exists() or not headed:
            broken.append(target)
    return broken


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_link_leads_somewhere(paper: Path) -> None:
    assert broken_links(paper, text_of(paper)) == []


def test_a_link_to_nowhere_is_noticed() -> None:
    text = (
        "[a](docs/no_such.md) [b](#no-such-heading) [c](docs/formats.md#no-such) [d](docs/formats.md#output)"
    )
    assert broken_links(README, text) == ["docs/no_such.md", "#no-such-heading", "docs/formats.md#no-such"]


def command_tree(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command by its words."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from command_tree(found, (*path, name))


def program() -> dict[tuple[str, ...], click.Command]:
    from iterativectl.cli.main import cli

    return dict(command_tree(cli))


def options_of(command: click.Command) -> set[str]:
    parameters = command.get_params(click.Context(command))
    return {name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)}


def unknown_commands(text: str, known: Mapping[tuple[str, ...], click.Command]) -> list[str]:
    """Command lines in a paper that the program would not understand."""
    wrong = []
    for line in shell_lines(text):
        words = shlex.split(line) if line.startswith(("./iterativectl", "iterativectl ")) else []
        if len(words) < 2 or words[1] in ("test", "COMMAND"):  # the launcher's own word; a placeholder
            continue
        path: tuple[str, ...] = ()
        rest = words[1:]
        while rest and (*path, rest[0]) in known:
            path, rest = (*path, rest[0]), rest[1:]
        given = {word.partition("=")[0] for word in rest if word.startswith("-")}
        if not path or isinstance(known[path], click.Group) or given - options_of(known[path]):
            wrong.append(line)
    return wrong


def unknown_options(text: str, known: set[str]) -> set[str]:
    """Long options named anywhere in a paper's code that no command has."""
    named = {option for line in shell_lines(text) for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)}
    return named - known - OTHER_PROGRAMS


def all_options() -> set[str]:
    runner_alone = set(re.findall(r'"(--[a-z-]+)"', text_of(ROOT / "iterative_imagination.py")))
    return runner_alone.union(*(options_of(command) for command in program().values()))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_command_and_option_exists(paper: Path) -> None:
    text = text_of(paper)
    assert unknown_commands(text, program()) == []
    assert unknown_options(text, all_options()) == set()


def test_a_command_that_is_not_there_is_noticed() -> None:
    block = "```\n./iterativectl run --project x --quickly\n./iterativectl rules\n```\n"
    text = block + "`iterativectl dance`, `run --slowly`"
    lines = ["./iterativectl run --project x --quickly", "./iterativectl rules", "iterativectl dance"]
    assert unknown_commands(text, program()) == lines
    assert unknown_options(text, all_options()) == {"--quickly", "--slowly"}


def test_the_two_commands_come_first() -> None:
    blocks = re.findall(r"```\n(.*?)```", text_of(README), re.DOTALL)
    assert blocks[0].splitlines() == ["./iterativectl run --project example", "./iterativectl test"]


def test_the_exit_codes_are_the_programs() -> None:
    (table,) = tables(section(text_of(README), "Exit codes"))
    assert [int(row["code"]) for row in table] == [code.value for code in ExitCode]


def variables_read() -> set[str]:
    """Environment variables that the program's text asks for, but for what a terminal sets itself."""
    texts = (text_of(file) for file in (ROOT / "src" / "iterativectl").rglob("*.py"))
    lines = (
        line for text in texts for line in text.splitlines() if re.search("environ|variable", line, re.I)
    )
    return {name for line in lines for name in re.findall(r'"([A-Z][A-Z_]{3,})"', line)} - {"TERM"}


def variables_named(text: str) -> set[str]:
    (table,) = tables(section(text, "Environment variables"))
    return {name for row in table for name in re.findall(r"`([A-Z][A-Z_]+)`", row["variable"])}


def test_every_environment_variable_is_in_the_readme_and_read() -> None:
    assert variables_named(text_of(README)) == variables_read()


def unproved(text: str) -> list[str]:
    """Tests that docs/promises.md names and that are not there; rows that name none."""
    wrong = []
    for row in (row for table in tables(text) for row in table if "proved by" in row):
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row["proved by"])
        if not named:
            wrong.append(row["promise"])
        for file, function in named:
            path = ROOT / file
            content = text_of(path) if path.is_file() else ""
            if not content or (function and not re.search(rf"def {function}\(", content)):
                wrong.append(f"{file}::{function}" if function else file)
    return wrong


def test_every_promise_has_its_test() -> None:
    text = text_of(PROMISES)
    assert any("proved by" in row for table in tables(text) for row in table)
    assert unproved(text) == []


def test_a_promise_without_a_test_is_noticed() -> None:
    text = (
        "| promise | proved by |\n|---|---|\n"
        "| one | `tests/no_such.py` |\n| two | |\n| three | `tests/test_docs.py::test_no_such` |\n"
        "| four | `tests/test_docs.py::test_every_promise_has_its_test` |\n"
    )
    assert unproved(text) == ["tests/no_such.py", "two", "tests/test_docs.py::test_no_such"]
