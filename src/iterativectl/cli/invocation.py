"""One call of the program: what the commands share. It travels as click's `ctx.obj`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iterativectl.cli.env import Env

if TYPE_CHECKING:
    from iterativectl.cli.screen import Screen
    from iterativectl.loading import World
    from iterativectl.project.layout import ProjectPaths, WorkspacePaths


class Invocation:
    """The surroundings and the options that every command takes. `verbosity`: -1 quiet, 0, 1 verbose.

    `cleanup` is left when the program ends; `log` is the project's log file once a project is known.
    """

    def __init__(self, env: Env) -> None:
        self.env = env
        self.workspace_option: Path | None = None
        self.verbosity = 0
        self.as_json = False
        self.log: Path | None = None
        self.cleanup = ExitStack()

    @property
    def out(self) -> Screen:
        """stdout: what was asked for."""
        from iterativectl.cli.screen import Screen

        return Screen.out(self.env)

    @property
    def err(self) -> Screen:
        """stderr: what happens on the way."""
        from iterativectl.cli.screen import Screen

        return Screen.err(self.env)

    @property
    def world(self) -> World:
        """What the composed program needs of the surroundings."""
        from iterativectl.loading import World

        return World(environ=self.env.environ, clock=self.env.clock)

    def workspace(self) -> WorkspacePaths:
        """The workspace. Raises UsageError when there is none."""
        from iterativectl.cli.workspace import find

        return find(self.workspace_option, self.env)

    def project(self, name: str | None) -> ProjectPaths:
        """A project of the workspace by name, or the one the current folder is in; its log is opened.

        Raises UsageError with "did you mean" when there is none of that name.
        """
        from iterativectl.cli.workspace import require_project

        return self.working_on(require_project(self.workspace(), name, self.env.cwd))

    def working_on(self, project: ProjectPaths) -> ProjectPaths:
        """From here on everything worth keeping goes to this project's log."""
        from iterativectl.cli.logs import logging_to

        if self.log is None:
            self.log = project.log
            self.cleanup.enter_context(logging_to(project.log, self.env.environ, self.verbosity > 0))
        return project

    def print_json(self, name: str, **body: Any) -> None:
        """Data for programs on stdout: one JSON object, `"format": "NAME"` first."""
        text = json.dumps({"format": name, **body}, indent=2, ensure_ascii=False, default=str)
        self.out.write(text + "\n")


def current() -> Invocation:
    """The invocation of the running command."""
    invocation: Invocation = click.get_current_context().find_root().obj
    return invocation
