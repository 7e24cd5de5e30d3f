"""`iterativectl doctor [--project NAME]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import ConfigError, ExitCode, IterativeError

if TYPE_CHECKING:
    from iterativectl.loading import World
    from iterativectl.model import Finding
    from iterativectl.project.layout import ProjectPaths, WorkspacePaths

FREE = ("ollama",)  # judges that a person may ask at no cost
MEASURING = ("embedded",)  # no vision model: there is nothing to try


@click.command(name="doctor")
@options.project
@click.option(
    "--canary/--no-canary",
    default=None,
    help="Show the judge two test pictures: does it see? One request; by default where it is free (Ollama).",
)
@options.json_output
@options.common
def command(project: str | None, canary: bool | None) -> int:
    """Look for what is missing or wrong, and say why and what to do. Exit code 2 when something must be done.

    Without a project: Python, packages, disk. With one: also its settings, input picture, servers and models,
    its lock, tickets in flight, and whether every file of its runs is as it was written.
    """
    from iterativectl import doctor

    invocation = current()
    workspace, paths = _place(invocation, project)
    asked: list[Finding] = []
    if workspace is not None and paths is not None:
        asked = _backends(workspace, paths, invocation.world, canary)
    findings = doctor.examine(workspace, paths, asked)
    wrong = any(finding.status == "error" for finding in findings)
    if invocation.as_json:
        _as_json(invocation, findings, paths, wrong)
    else:
        _as_text(invocation, findings, paths)
    return ExitCode.USAGE if wrong else ExitCode.OK


def _place(invocation: Invocation, name: str | None) -> tuple[WorkspacePaths | None, ProjectPaths | None]:
    """A project where one is named or around; else what there is of a workspace."""
    if name is not None:
        return invocation.workspace(), invocation.project(name)
    try:
        workspace = invocation.workspace()
    except IterativeError:
        return None, None
    try:
        return workspace, invocation.project(None)
    except IterativeError:
        return workspace, None


def _backends(
    workspace: WorkspacePaths, project: ProjectPaths, world: World, canary: bool | None
) -> list[Finding]:
    """What generator and judge say. A settings file that cannot be used is reported by doctor itself."""
    from iterativectl import compose
    from iterativectl.model import Finding

    try:
        return [
            *compose.findings(workspace, project, world),
            *_canary(workspace, project, world, canary),
        ]
    except ConfigError:
        return [
            Finding(status="warning", what="servers and models", why="not asked: the settings have errors")
        ]
    except IterativeError as error:
        return [Finding(status="error", what="servers and models", why=error.message, todo=error.hint)]


def _canary(
    workspace: WorkspacePaths, project: ProjectPaths, world: World, wanted: bool | None
) -> list[Finding]:
    """Show the judge two pictures, where that is wanted; a judge out of reach is reported already."""
    from iterativectl import vision
    from iterativectl.loading import RunOptions, load_config
    from iterativectl.model import Finding
    from iterativectl.vision.canary import canary

    config = load_config(workspace, project, RunOptions())
    if wanted is False or config.aivis.provider in MEASURING:
        return []
    if wanted is None and config.aivis.provider not in FREE:
        todo = "Add --canary: it costs one request."
        return [
            Finding(status="ok", what="vision canary", why="not asked: this judge may cost money", todo=todo)
        ]
    model = vision.build(config.aivis.provider, config.aivis, config.aivis.model, world.environ)
    if any(finding.status == "error" for finding in model.check()):
        return []
    return [canary(model)]


def _as_text(invocation: Invocation, findings: list[Finding], project: ProjectPaths | None) -> None:
    from iterativectl.cli import findings as view

    invocation.out.show(*view.blocks(findings, invocation.verbosity))
    if project is None:
        from iterativectl.cli.blocks import Line

        invocation.out.show(
            Line("With --project NAME it looks at a project, its servers and models too.", "quiet")
        )


def _as_json(
    invocation: Invocation, findings: list[Finding], project: ProjectPaths | None, wrong: bool
) -> None:
    from iterativectl.project import records

    name = project.name if project else None
    invocation.print_json("doctor/1", project=name, ok=not wrong, findings=records.to_json(findings))
