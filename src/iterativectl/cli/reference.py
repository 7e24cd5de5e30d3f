"""The command reference of the README, from what click knows. A test compares the two.

`python -m iterativectl.cli.reference README.md` writes it between the markers.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from iterativectl import files
from iterativectl.cli.main import PROGRAM, cli

START, END = "<!-- commands -->", "<!-- /commands -->"
_OF_EVERY_COMMAND = ("workspace", "quiet", "verbose", "version")


def markdown() -> str:
    """Every command with its options, and the options that all of them take once, at the end."""
    root = click.Context(cli, info_name=PROGRAM)
    parts = [part for context in _commands(root) for part in _command(context)]
    parts += ["#### Every command", _options(root, of_every_command=True)]
    return "\n\n".join(parts) + "\n"


def inserted(text: str) -> str:
    """`text` with the reference between the markers. ValueError when a marker is missing."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the markers {START} and {END} are not both there")
    return f"{before}{START}\n{markdown()}{END}{after}"


def _commands(context: click.Context) -> Iterator[click.Context]:
    """The contexts of all commands that do something, in the table's order."""
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield from _commands(click.Context(command, info_name=name, parent=context))


def _command(context: click.Context) -> Iterator[str]:
    arguments = [
        value if parameter.required or value.startswith("[") else f"[{value}]"
        for parameter in context.command.params
        if isinstance(parameter, click.Argument)
        for value in [_value(parameter)]
    ]
    yield f"#### `{' '.join([context.command_path, *arguments])}`"
    yield _paragraphs(context.command.help or "")
    options = _options(context, of_every_command=False)
    if options:
        yield options


def _options(context: click.Context, *, of_every_command: bool) -> str:
    """A table of options, built from their own fields: click's help lines differ between its versions."""
    rows = []
    for option in context.command.params:
        if not isinstance(option, click.Option) or option.hidden:
            continue
        if (option.name in _OF_EVERY_COMMAND) == of_every_command:
            rows.append(f"| `{_written(option)}` | {option.help} |")
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) if rows else ""


def _written(option: click.Option) -> str:
    names = ", ".join(option.opts)
    if option.secondary_opts:
        names += f" / {', '.join(option.secondary_opts)}"
    return names if option.is_flag else _in_a_cell(f"{names} {_value(option)}")


def _value(parameter: click.Parameter) -> str:
    """What stands for a parameter's value: the name given to it, else its choices, else its own name."""
    if parameter.metavar:
        return parameter.metavar
    if isinstance(parameter.type, click.Choice):
        return "|".join(parameter.type.choices)
    return (parameter.name or "").upper()


def _in_a_cell(code: str) -> str:
    """A bar would end the cell of a table, even inside code."""
    return code.replace("|", "\\|")


def _paragraphs(text: str) -> str:
    """Help text for Markdown: lines of a paragraph joined; what click leaves as it is becomes a block."""
    shown = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        lines = paragraph.split("\n")
        if lines[0].strip() == "\b":
            shown.append("\n".join(["```", *lines[1:], "```"]))
        else:
            shown.append(" ".join(line.strip() for line in lines))
    return "\n\n".join(shown)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        files.write_text(Path(name), inserted(Path(name).read_text(encoding="utf-8")))
