"""`iterativectl variants --project NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import RunInterrupted

if TYPE_CHECKING:
    from iterativectl.events import Event
    from iterativectl.ports import Reporter
    from iterativectl.project.layout import ProjectPaths, WorkspacePaths
    from iterativectl.variants import Asked


@click.command(name="variants")
@options.project
@click.option(
    "--workflow",
    "workflows",
    multiple=True,
    metavar="NAME",
    help="Compare this workflow: a name of `workflow list`, or a file. May be given several times.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Compare these values of a parameter, such as denoise=0.4,0.6. Several: every combination.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and what is left out and why.")
@click.option("--reset", is_flag=True, help="Put the unfinished run aside and begin anew. Nothing is lost.")
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    metavar="N",
    help="The run's seed: the one seed of all variants is drawn from it.",
)
@click.option("--mask", metavar="NAME", help="Edit only this mask's region: input/masks/NAME.png.")
@click.option(
    "--embedded",
    is_flag=True,
    help="Rehearse with the built-in painter and measurements: no servers, no cost, no diffusion model.",
)
@options.json_output
@options.common
def command(project: str | None, workflows: tuple[str, ...], dry_run: bool, **chosen: Any) -> int:
    """Make the picture in several ways, each once, to see which suits it before a long run.

    Without --workflow and --set every workflow is tried that suits and that the servers can run. All have the
    same prompts and the same seed, and are judged as in any run. Several servers are used at the same time.
    An interrupted run goes on. output/ is not touched: the run's folder gets variants.png with all of them
    side by side. Exit codes: 0 made and judged, 1 none could be made, 3 stopped before the end, 4 paused (run
    the same command again), 2 a wrong file or command line, 130 interrupted.
    """
    invocation = current()
    workspace, paths = invocation.workspace(), invocation.project(project)
    asked = _asked(invocation, paths, workflows, chosen)
    if dry_run:
        return _dry_run(invocation, workspace, paths, asked)
    return _run(invocation, workspace, paths, asked)


def _asked(
    invocation: Invocation, project: ProjectPaths, workflows: tuple[str, ...], chosen: dict[str, Any]
) -> Asked:
    from iterativectl.cli.workflows import meant, shelf
    from iterativectl.loading import RunOptions
    from iterativectl.variants import Asked

    return Asked(
        options=RunOptions(
            reset=chosen["reset"],
            seed=chosen["seed"],
            embedded=chosen["embedded"],
            mask=chosen["mask"],
        ),
        workflows=tuple(meant(invocation, project, given).setting for given in workflows),
        shelf=tuple(shelved.setting for shelved in shelf(invocation, project)),
        sets=chosen["sets"],
    )


def _run(invocation: Invocation, workspace: WorkspacePaths, project: ProjectPaths, asked: Asked) -> int:
    from iterativectl import compose_variants
    from iterativectl.cli import variants_view
    from iterativectl.cli.console import reporting
    from iterativectl.cli.logs import log_event

    begun = False
    try:
        with reporting(invocation.env, invocation.verbosity) as show:
            in_turn = _InTurn(show)

            def report(event: Event) -> None:
                nonlocal begun
                begun = begun or event.type == "run_started"
                log_event(event)
                in_turn(event)

            ended = compose_variants.run_variants(workspace, project, asked, invocation.world, report)
    except KeyboardInterrupt:
        invocation.env.deafen()
        raise RunInterrupted(*_interrupted(begun, project.name)) from None
    found = variants_view.read(project, ended)
    code = variants_view.exit_code(found)
    if invocation.as_json:
        invocation.print_json("variants/1", **variants_view.data(found, project, ended))
    else:
        if invocation.verbosity >= 0 and invocation.err.is_tty:
            invocation.err.write("\n")
        invocation.out.show(*variants_view.blocks(found, project, ended, invocation.verbosity))
    return code


def _interrupted(begun: bool, project: str) -> tuple[str, str]:
    """(what is saved, how to go on)."""
    if not begun:
        return "Interrupted before the run began; nothing was changed.", ""
    return "Interrupted. What was made is saved.", f"`iterativectl variants --project {project}` goes on."


def _dry_run(invocation: Invocation, workspace: WorkspacePaths, project: ProjectPaths, asked: Asked) -> int:
    from iterativectl import compose_variants
    from iterativectl.cli.findings import show_dry_run

    return show_dry_run(
        invocation, project, compose_variants.dry_run(workspace, project, asked, invocation.world)
    )


class _InTurn:
    """Shows the variant whose turn it is: of those that are made meanwhile only warnings are told."""

    def __init__(self, show: Reporter) -> None:
        self._show = show
        self._turn: int | None = None

    def __call__(self, event: Event) -> None:
        if event.type == "iteration_planned":
            self._turn = event.iteration
        if event.iteration in (None, self._turn) or event.type == "warning":
            self._show(event)
