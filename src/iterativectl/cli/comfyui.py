"""What the commands of `iterativectl comfyui` share: which ComfyUI is meant, and the wait for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iterativectl.cli.invocation import Invocation
from iterativectl.errors import IterativeError, RunInterrupted, UsageError

if TYPE_CHECKING:
    from iterativectl.config.types import ComfyUI
    from iterativectl.ports import Server
    from iterativectl.processes.comfyui import LocalComfyUI
    from iterativectl.processes.health import Waited
    from iterativectl.processes.record import Record
    from iterativectl.project.layout import ProjectPaths

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_PORT = 8188  # ComfyUI's own
SPINNER = 3  # columns of it, with a space at each end
TOLD_EVERY = 30.0  # seconds between two lines where there is no terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The ComfyUI that a command is about, and the settings that it comes from."""

    local: LocalComfyUI
    server: Server
    settings: ComfyUI
    project: ProjectPaths | None
    base: Path

    @property
    def options(self) -> str:
        """The options that mean the same one, for commands in hints."""
        return f" --port {self.local.paths.key}" if self.local.paths.key != str(DEFAULT_PORT) else ""


def port_option(function: Function) -> Function:
    """--port N."""
    return click.option(
        "--port",
        type=click.IntRange(1, 65535),
        metavar="N",
        help="The port on this machine, or at the project's host. Else the project's, or 8188.",
    )(function)


def wait_option(function: Function) -> Function:
    """--wait SECONDS."""
    return click.option(
        "--wait",
        type=click.FloatRange(min=0),
        default=300.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for its answer. It goes on starting when this is over.",
    )(function)


def force_option(function: Function) -> Function:
    """--force."""
    return click.option("--force", is_flag=True, help="Stop it although other people's jobs would be lost.")(
        function
    )


def meant(
    invocation: Invocation,
    project: str | None,
    port: int | None,
    otherwise: Callable[[Path], int | None] = lambda folder: None,
) -> Meant:
    """The ComfyUI of --port, of the project (named or around), or at 8188.

    `otherwise` chooses a port without any of these, from the folder of those started here. Raises UsageError,
    ConfigError.
    """
    from iterativectl import compose
    from iterativectl.config.types import ComfyUI
    from iterativectl.processes import target
    from iterativectl.processes.comfyui import FOLDER, LocalComfyUI, World

    workspace = invocation.workspace()
    folder = workspace.root / FOLDER
    paths = _project(invocation, project)
    settings = _settings(paths) if paths else ComfyUI()
    if paths is None and port is None:
        port = otherwise(folder)
    url = target.url_of(settings, port)
    server = compose.comfyui_server(url, settings.headers, invocation.world)
    world = World(environ=invocation.env.environ, clock=invocation.env.clock, listen=server.found)
    return Meant(
        local=LocalComfyUI(folder, url, world),
        server=server,
        settings=settings,
        project=paths,
        base=workspace.root,
    )


def started_here(folder: Path) -> int | None:
    """The port of the only ComfyUI that was started here; None when there is none, or one at 8188."""
    from iterativectl.processes import record

    ports = [key for key in record.keys(folder) if key.isdigit()]
    if not ports or str(DEFAULT_PORT) in ports:
        return None
    if len(ports) > 1:
        raise UsageError(f"which ComfyUI? There are some at the ports {', '.join(ports)}", "Give --port N.")
    return int(ports[0])


def last_logged(folder: Path) -> int | None:
    """The port of the ComfyUI started here whose log was written last; None when there is none."""
    from iterativectl.processes import record

    return next((int(key) for key in record.keys_of_logs(folder) if key.isdigit()), None)


@contextmanager
def waiting(invocation: Invocation) -> Iterator[Callable[[Waited], None]]:
    """Shows how the wait stands: a moving line on a terminal, else a line now and then. Quiet: nothing."""
    screen = invocation.err
    if invocation.verbosity < 0:
        yield lambda waited: None
        return
    if not screen.is_tty:
        yield _Lines(invocation)
        return
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    from iterativectl.cli.blocks import clean

    console = screen.console()
    spinner = Spinner("dots", style="cyan")

    def tell(waited: Waited) -> None:
        parts = [f"starting  {waited.seconds:.0f} s", clean(waited.line)]
        text = Text("  ·  ".join(filter(None, parts)), style="dim")
        text.truncate(max(10, console.width - SPINNER), overflow="ellipsis")  # one line, or it leaves traces
        spinner.update(text=text)

    with Live(spinner, console=console, refresh_per_second=5, transient=True):
        yield tell


def wait_for(invocation: Invocation, place: Meant, record: Record, limit: float) -> tuple[bool, float]:
    """(does it answer, seconds waited). Ctrl-C leaves it alone: RunInterrupted says so."""
    from iterativectl.cli.blocks import Line

    if invocation.verbosity >= 0:
        invocation.err.show(
            Line(f"Starting ComfyUI in {record.cwd} at {record.address}, pid {record.pid}"),
            Line(f"log: {place.local.paths.log}", indent=1, whole=True),
        )
    clock = invocation.env.clock
    began = clock.monotonic()
    try:
        with waiting(invocation) as tell:
            outcome = place.local.wait(record, limit, tell)
    except KeyboardInterrupt:
        invocation.env.deafen()
        raise RunInterrupted(
            f"Not waited for any longer; ComfyUI goes on starting (pid {record.pid}).",
            f"`iterativectl comfyui status{place.options}` looks at it; "
            f"`iterativectl comfyui stop{place.options}` stops it.",
        ) from None
    return outcome == "ready", clock.monotonic() - began


class _Lines:
    """Plain lines for logs and pipes."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._next = TOLD_EVERY

    def __call__(self, waited: Waited) -> None:
        from iterativectl.cli.blocks import Line

        if waited.seconds >= self._next:
            self._next += TOLD_EVERY
            self._invocation.err.show(Line(f"still starting after {waited.seconds:.0f} s: {waited.line}"))


def _project(invocation: Invocation, name: str | None) -> ProjectPaths | None:
    """The project by name, or the one around; None where there is none around."""
    if name is not None:
        return invocation.project(name)
    try:
        return invocation.project(None)
    except IterativeError:
        return None


def _settings(project: ProjectPaths) -> ComfyUI:
    """`comfyui` of the project's AIGen.yaml. Raises ConfigError."""
    from iterativectl.config.aigen import load_aigen
    from iterativectl.config.types import ComfyUI

    return load_aigen(project.aigen)[0].comfyui if project.aigen.exists() else ComfyUI()
