"""`iterativectl report --project NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import UsageError

if TYPE_CHECKING:
    from iterativectl.report.gathering import Gathered

FORMATS = ("html", "png", "zip", "json", "csv")


@click.command(name="report")
@options.project
@click.option(
    "--run", "run_id", metavar="RUN_ID", default="latest", help="Of which run; the newest if it is not said."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    help="html: a page. png: a contact sheet. zip: everything. json, csv: the iterations. Else by --out's "
    "ending, else html.",
)
@click.option(
    "--out", metavar="FILE", help="Where to; a file or a folder. Else a file in the current folder."
)
@click.option(
    "--pictures",
    type=click.Choice(["embedded", "beside"]),
    help="In the page, made smaller (what you get), or full in a folder beside it.",
)
@options.json_output
@options.common
def command(
    project: str | None, run_id: str, kind: str | None, out: str | None, pictures: str | None
) -> None:
    """A run on one page, to read, to print, to hand on: the verdict, the pictures, why, and what was tried.

    The page needs no network and no script. Nothing in it, nor in the other formats, says where on this
    machine the project lies or where its servers are. Reads files only; a run that is going on is not
    disturbed.
    """
    from iterativectl.report.gathering import gather
    from iterativectl.report.writing import write

    invocation = current()
    paths = invocation.project(project)
    target = invocation.env.cwd / Path(out).expanduser() if out else invocation.env.cwd
    kind = kind or _by_ending(target)
    if pictures == "beside" and kind != "html":
        raise UsageError(f"--pictures means nothing with {kind}", "It goes with --format html.")
    run = gather(paths, run_id, invocation.env.clock.now())
    written = write(run, kind, target, beside=pictures == "beside")
    _show(invocation, run, kind, written)


def _by_ending(target: Path) -> str:
    """The format that a file's name asks for."""
    ending = target.suffix.lower().removeprefix(".")
    if target.is_dir() or not ending:
        return "html"
    kind = {"htm": "html"}.get(ending, ending)
    if kind not in FORMATS:
        raise UsageError(f"a report is no {ending} file", f"End --out in one of {', '.join(FORMATS)}.")
    return kind


def _show(invocation: Invocation, run: Gathered, kind: str, written: list[Path]) -> None:
    from iterativectl.cli.blocks import Line, count
    from iterativectl.report.words import verdict

    if invocation.as_json:
        names = [str(path) for path in written]
        invocation.print_json(
            "report_written/1", project=run.project.name, run_id=run.paths.run_id, kind=kind, files=names
        )
        return
    invocation.out.show(Line(str(written[0]), whole=True))
    if invocation.verbosity >= 0:
        beside = f"; {count(len(written) - 1, 'picture')} beside it" if written[1:] else ""
        invocation.err.show(Line(f"run {run.paths.run_id}: {verdict(run.run)}{beside}", "quiet"))
