"""What the commands of `iterativectl viewer` share: the options, the page that is meant, the start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation
from iterativectl.errors import UsageError

if TYPE_CHECKING:
    from iterativectl.processes.launch import Launch
    from iterativectl.processes.viewer import LocalViewer
    from iterativectl.project.layout import ProjectPaths
    from iterativectl.web.address import Place

Function = TypeVar("Function", bound=Callable[..., Any])

# Where a browser can be shown; without any of them a text browser would take the terminal.
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
_OF_A_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where the viewer is to listen, by the options; None is what is usual."""

    port: int | None
    host: str | None
    allowed: tuple[str, ...]

    @property
    def given(self) -> list[str]:
        """The options that were given."""
        said = {"--port": self.port, "--host": self.host, "--allow-host": self.allowed}
        return [name for name, value in said.items() if value]


def place_options(function: Function) -> Function:
    """--port N, --host ADDRESS, --allow-host NAME."""
    for option in (
        click.option(
            "--allow-host",
            "allowed",
            multiple=True,
            metavar="NAME",
            help="A further name that the viewer is called by, as with --host or through a tunnel.",
        ),
        click.option(
            "--host",
            metavar="ADDRESS",
            help="Listen at this address of the machine, not at 127.0.0.1. Others reach it then: needs a "
            "password in ITERATIVE_VIEWER_TOKEN.",
        ),
        click.option(
            "--port",
            type=click.IntRange(1, 65535),
            metavar="N",
            help="This port and no other. Else 8420, or the next that is free.",
        ),
    ):
        function = option(function)
    return function


def page_arguments(function: Function) -> Function:
    """[PROJECT] [RUN_ID]."""
    function = click.argument("run", required=False, metavar="[RUN_ID|latest]")(function)
    return click.argument("project", required=False, shell_complete=options.complete_projects)(function)


def open_option(function: Function) -> Function:
    """--open."""
    return click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")(function)


def local(invocation: Invocation) -> LocalViewer:
    """The viewer of the workspace."""
    from iterativectl.processes.viewer import LocalViewer

    return LocalViewer(invocation.workspace().root, invocation.env.clock)


def page_of(invocation: Invocation, project: str | None, run: str | None) -> str:
    """The page's path. Raises UsageError for a project or run that is not there."""
    if project is None:
        return "/"
    from iterativectl.cli.workspace import require_project

    found = require_project(invocation.workspace(), project, invocation.env.cwd)
    path = f"/p/{quote(found.name)}"
    return path if run is None else f"{path}/r/{_run_id(found, run)}"


def _run_id(project: ProjectPaths, wanted: str) -> str:
    from iterativectl.project import runs

    there = runs.run_ids(project)
    if wanted == "latest" and there:
        return there[-1]
    if wanted in there:
        return wanted
    known = f"The last one is {there[-1]}." if there else "It has none yet."
    raise UsageError(f"{project.name} has no run '{wanted}'", known)


def entrance(url: str, page: str, token: str) -> str:
    """The address that lets a browser in, and shows the page."""
    return f"{url}{page}?{urlencode({'token': token})}"


def place_of(invocation: Invocation, wish: Wish) -> Place:
    """Where to listen now. Raises UsageError, PortTaken."""
    from iterativectl.processes import listeners
    from iterativectl.processes.errors import PortTaken
    from iterativectl.web import address

    host = wish.host or address.LOOPBACK
    found = address.place(host, wish.port or address.PORT, wish.allowed, invocation.env.environ)
    if wish.port is None:
        port = listeners.free_port(found.host, found.port)
        return address.place(host, port, wish.allowed, invocation.env.environ)
    if not listeners.is_free(found.host, found.port):
        raise PortTaken(
            f"the port {found.port} is taken by {listeners.who_has(found.port)}",
            "End that program, give another --port, or leave --port out: the next free one is taken then.",
        )
    return found


def launch_at(place: Place, invocation: Invocation, token: str) -> Launch:
    """This program again, as a viewer in the foreground of a session of its own."""
    import iterativectl
    from iterativectl.processes.launch import Launch

    root = invocation.workspace().root
    said = [part for name in place.allowed for part in ("--allow-host", name)]
    return Launch(
        command=(
            *(sys.executable, "-m", "iterativectl", "viewer", "start", "--foreground", "--quiet"),
            *("--workspace", str(root), "--host", place.host, "--port", str(place.port), *said),
        ),
        # From here Python finds this very program, and nothing of a workspace that is called as a module is.
        cwd=Path(iterativectl.__file__).resolve().parents[1],
        environ=child_environ(invocation, token),
        address=place.url,
    )


def child_environ(invocation: Invocation, token: str) -> dict[str, str]:
    """Our variables and the token. Those of Python stay behind where we did not heed them either."""
    from iterativectl.web.address import TOKEN_VARIABLE

    left = _OF_A_PYTHON if sys.flags.ignore_environment else ()
    kept = {name: value for name, value in invocation.env.environ.items() if name not in left}
    kept["PYTHONUNBUFFERED"] = "1"
    return {**kept, TOKEN_VARIABLE: token}


def warn_of_others(invocation: Invocation, place: Place) -> None:
    """Say it loudly where others reach the viewer."""
    from iterativectl.cli.blocks import Line

    if not place.is_loopback:
        invocation.err.show(
            Line(
                f"Warning: other machines reach the viewer at {place.host}, port {place.port}. It speaks "
                "plain HTTP: whoever is on the way reads all of it, the token too.",
                "bad",
            ),
            Line("Safer: `ssh -L`, or a proxy with TLS before it (docs/viewer.md).", "bad", 1),
        )


def open_browser(invocation: Invocation, address: str) -> None:
    """Open an address, or say that it cannot be done."""
    import webbrowser

    from iterativectl.cli.blocks import Line

    shown = sys.platform == "darwin" or any(map(invocation.env.environ.get, _SCREENS))
    if not (shown and webbrowser.open(address)):
        invocation.err.show(Line("No browser could be opened from here: open the address by hand.", "unsure"))
