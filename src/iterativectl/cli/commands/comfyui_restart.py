"""`iterativectl comfyui restart`."""

from __future__ import annotations

import click

from iterativectl.cli import comfyui as shared
from iterativectl.cli import options
from iterativectl.cli.invocation import current
from iterativectl.errors import UsageError


@click.command(name="restart")
@options.project
@shared.port_option
@shared.wait_option
@shared.force_option
@options.json_output
@options.common
def command(project: str | None, port: int | None, wait: float, force: bool) -> int:
    """Stop the ComfyUI that was started here and start it as it was: same folder, Python and arguments.

    One that ended by itself is started again, too. For other arguments: `comfyui stop`, `comfyui start`.
    """
    from iterativectl.cli.commands.comfyui_start import finish
    from iterativectl.cli.commands.comfyui_stop import stop
    from iterativectl.processes import target

    invocation = current()
    place = shared.meant(invocation, project, port, shared.started_here)
    target.target(place.local.url)
    before = place.local.recorded()
    if before is None:
        raise UsageError(
            f"no ComfyUI was started here at {place.local.url}",
            f"`iterativectl comfyui start{place.options}` starts one.",
        )
    stopped = stop(invocation, place, force)
    started = place.local.start(lambda: place.local.again(before))
    return finish(invocation, place, started, wait, stopped)
