"""`iterativectl run --project NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import RunInterrupted, UsageError

if TYPE_CHECKING:
    from iterativectl.events import Event
    from iterativectl.loading import RunOptions
    from iterativectl.project.layout import ProjectPaths, WorkspacePaths


@click.command(name="run")
@options.project
@click.option(
    "--reset", is_flag=True, help="Put the unfinished run aside and begin a new one. Nothing is lost."
)
@click.option(
    "--resume-from",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep the iterations below N, set the others aside, go on at N with the settings of then.",
)
@click.option("--dry-run", is_flag=True, help="Check everything the run needs and say what it would do.")
@click.option(
    "--max-iterations",
    type=click.IntRange(min=1),
    metavar="N",
    help="Pictures made at most, whatever the rules say.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    metavar="N",
    help="The run's seed: every picture's seed is drawn from it, so that a run can be repeated.",
)
@click.option(
    "--mask",
    metavar="NAME",
    help="Edit only this mask's region: input/masks/NAME.png. all: one mask after the other.",
)
@click.option(
    "--seed-from-ranking",
    metavar="RUN_ID|latest",
    help="Begin a new run with what you ranked best: that run's ranking, or the newest. none: take back one "
    "that waits.",
)
@click.option(
    "--seed-ranking-mode",
    type=click.Choice(["rank1", "top3", "top5"]),
    help="The settings of the first (rank1, which is what you get), or of the first 3 or 5 averaged.",
)
@click.option(
    "--embedded",
    is_flag=True,
    help="Rehearse with the built-in painter and measurements: no servers, no cost, no diffusion model.",
)
@click.option(
    "--rules", hidden=True, metavar="PATH", type=click.Path(), help="Run this rules file without a project."
)
@click.option(
    "--input",
    "picture",
    hidden=True,
    metavar="PATH",
    type=click.Path(),
    help="The picture that goes with --rules.",
)
@options.json_output
@options.common
def command(
    project: str | None,
    reset: bool,
    resume_from: int | None,
    dry_run: bool,
    max_iterations: int | None,
    seed: int | None,
    mask: str | None,
    seed_from_ranking: str | None,
    seed_ranking_mode: str | None,
    embedded: bool,
    rules: str | None,
    picture: str | None,
) -> int:
    """Work on a project until its picture passes every criterion, or nothing is left to try.

    An unfinished run goes on where it stopped; after a finished one a new one begins. The best picture is
    always in output/. Exit codes: 0 accepted, 3 ended without, 4 paused (a server, key, credit or disk space
    is missing: run the same command again), 2 a wrong file or command line, 130 interrupted.
    """
    from iterativectl.loading import RunOptions

    if reset and resume_from is not None:
        raise UsageError("--reset begins anew and --resume-from goes on: give one of them")
    _refuse_odd_seed(resume_from, seed_from_ranking, seed_ranking_mode)
    invocation = current()
    workspace, paths = _place(invocation, project, rules, picture)
    chosen = RunOptions(
        reset=reset,
        resume_from=resume_from,
        max_iterations=max_iterations,
        seed=seed,
        embedded=embedded,
        mask=mask,
        seed_from=seed_from_ranking,
        seed_mode=seed_ranking_mode or "rank1",
    )
    if dry_run:
        return _dry_run(invocation, workspace, paths, chosen)
    return _run(invocation, workspace, paths, chosen)


def _refuse_odd_seed(resume_from: int | None, seed_from: str | None, mode: str | None) -> None:
    if mode is not None and seed_from in (None, "none"):
        cure = "Say whose ranking: --seed-from-ranking RUN_ID, or latest."
        raise UsageError("--seed-ranking-mode means nothing without a ranking", cure)
    if resume_from is not None and seed_from not in (None, "none"):
        cure = "Leave one of them out."
        raise UsageError("--resume-from goes on with a run and --seed-from-ranking begins one", cure)


def _place(
    invocation: Invocation, name: str | None, rules: str | None, picture: str | None
) -> tuple[WorkspacePaths, ProjectPaths]:
    """The project by name, or the one made for a rules file."""
    if rules is None and picture is None:
        return invocation.workspace(), invocation.project(name)
    if rules is None:
        cure = "A project's picture is chosen when it is made: `project create NAME --input PICTURE`."
        raise UsageError("--input needs --rules", cure)
    if name is not None:
        raise UsageError("--rules makes a project of its own", "Leave --project out.")
    return _adhoc(invocation, rules, picture)


def _adhoc(invocation: Invocation, rules: str, picture: str | None) -> tuple[WorkspacePaths, ProjectPaths]:
    from iterativectl.cli.blocks import Line
    from iterativectl.project.create import adhoc
    from iterativectl.project.layout import WorkspacePaths

    env = invocation.env
    path = env.cwd / Path(rules).expanduser()
    made = adhoc(path, env.cwd / Path(picture).expanduser() if picture else None, env.clock.now())
    if invocation.verbosity >= 0:
        invocation.err.show(*(Line(note, "quiet") for note in made.notes))
    paths = invocation.working_on(made.project)
    try:
        return invocation.workspace(), paths
    except UsageError:
        return WorkspacePaths(path.resolve().parent), paths


def _run(invocation: Invocation, workspace: WorkspacePaths, project: ProjectPaths, chosen: RunOptions) -> int:
    from iterativectl import compose
    from iterativectl.cli import verdict
    from iterativectl.cli.console import reporting
    from iterativectl.cli.logs import log_event

    saved = _Saved()
    try:
        with reporting(invocation.env, invocation.verbosity) as show:

            def report(event: Event) -> None:
                log_event(event)
                saved(event)
                show(event)

            ended = compose.run_project(workspace, project, chosen, invocation.world, report)
    except KeyboardInterrupt:
        invocation.env.deafen()
        raise RunInterrupted(*saved.in_words(project.name)) from None
    if invocation.as_json:
        invocation.print_json("run/1", **verdict.data(ended, project))
    else:
        if invocation.verbosity >= 0 and invocation.err.is_tty:
            invocation.err.write("\n")
        invocation.out.show(*verdict.blocks(ended, project, invocation.verbosity))
    return verdict.exit_code(ended)


def _dry_run(
    invocation: Invocation, workspace: WorkspacePaths, project: ProjectPaths, chosen: RunOptions
) -> int:
    from iterativectl import compose
    from iterativectl.cli.findings import show_dry_run

    return show_dry_run(invocation, project, compose.dry_run(workspace, project, chosen, invocation.world))


class _Saved:
    """Counts what is on disk, for the line that an interrupted run ends with."""

    def __init__(self) -> None:
        self._run = ""
        self._done = 0

    def __call__(self, event: Event) -> None:
        if event.type == "run_started":
            self._run, self._done = event.data["run_id"], event.data["iterations_done"]
        elif event.type in ("iteration_committed", "iteration_failed"):
            self._done += 1

    def in_words(self, project: str) -> tuple[str, str]:
        """(what is saved, how to go on)."""
        from iterativectl.cli.blocks import count

        if not self._run:
            return "Interrupted before the run began; nothing was changed.", ""
        done = count(self._done, "finished iteration")
        told = f"Interrupted. Run {self._run} is saved with {done}."
        return told, f"`iterativectl run --project {project}` goes on from there."
