"""Options that several commands share, each in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iterativectl.cli.invocation import Invocation

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound=Callable[..., Any])


def common(function: Function) -> Function:
    """--workspace, -q and -v: taken before the command's name and after it."""
    for option in (_workspace, _quiet, _verbose):
        function = option(function)
    return function


def json_output(function: Function) -> Function:
    """--json, for every command that shows something."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_set_json,
        help="Print JSON for programs on stdout (its key 'format' names the layout and its version).",
    )(function)


def project(function: Function) -> Function:
    """--project NAME."""
    return click.option(
        "--project",
        metavar="NAME",
        shell_complete=complete_projects,
        help="The project, a folder in projects/. Not needed inside that folder.",
    )(function)


def complete_projects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Project names that begin as typed; none where there is no workspace."""
    from click.shell_completion import CompletionItem

    from iterativectl.cli.workspace import project_names
    from iterativectl.errors import IterativeError

    invocation = ctx.find_root().obj
    if not isinstance(invocation, Invocation):
        return []
    try:
        names = project_names(invocation.workspace())
    except IterativeError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _invocation(ctx: click.Context) -> Invocation | None:
    found = ctx.find_root().obj
    return found if isinstance(found, Invocation) else None


def _set_workspace(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    invocation = _invocation(ctx)
    if invocation is not None and value is not None:
        invocation.workspace_option = Path(value).expanduser()


def _set_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    invocation = _invocation(ctx)
    if invocation is not None and value:
        invocation.verbosity = -1


def _set_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    invocation = _invocation(ctx)
    if invocation is not None and value:
        invocation.verbosity = 1


def _set_json(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    invocation = _invocation(ctx)
    if invocation is not None and value:
        invocation.as_json = True


_workspace = click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    callback=_set_workspace,
    is_eager=True,
    help="The folder that holds projects/. Else ITERATIVE_WORKSPACE, else found from here upwards.",
)
_quiet = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_set_quiet,
    help="Say only what was asked for.",
)
_verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_set_verbose,
    help="Say more: prompts, timings, what the judge answered.",
)
