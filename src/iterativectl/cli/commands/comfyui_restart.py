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

    invocation = current()
    place = shared.meant(invocation, project, port, shared.started_here)
    before = place.local.recorded()
    if before is None:
        raise UsageError(
            f"no ComfyUI was started here at {place.local.url}",
            f"`iterativectl comfyui start{place.options}` starts one.",
        )
    stop(invocation, place, force)
    return finish(invocation, place, place.local.start(lambda: place.local.again(before)), wait)
