"""`iterativectl judge --project NAME --image FILE...`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import RunInterrupted, StorageError, UsageError

if TYPE_CHECKING:
    from iterativectl.bench import Doing
    from iterativectl.cli.judge_view import View
    from iterativectl.compose_bench import Set, Wish
    from iterativectl.judgement import Session

MOST_ASKINGS = 99


@click.command(name="judge")
@options.project
@click.option(
    "--rules",
    metavar="FILE",
    type=click.Path(),
    help="Judge by this rules file instead of a project. AIVis.yaml beside it says who judges.",
)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="FILE...",
    type=click.Path(),
    help="The pictures. More may follow as plain arguments: --image out/*.png.",
)
@click.argument("more", nargs=-1, metavar="[FILE]...", type=click.Path())
@click.option(
    "--original",
    metavar="FILE",
    type=click.Path(),
    help="What they are compared with. Without it, the project's input.",
)
@click.option("--mask", metavar="NAME", help="Judge as with this mask in play: its criteria, its region.")
@click.option("--judge", metavar="PROVIDER/MODEL", help="This model alone judges, instead of AIVis.yaml's.")
@click.option(
    "--repeat",
    type=click.IntRange(1, MOST_ASKINGS),
    default=1,
    metavar="N",
    help="Ask N times, and say how often each verdict flips. The majority counts.",
)
@click.option("--fresh", is_flag=True, help="Ask anew, also what was answered (and paid for) before.")
@click.option(
    "--junit", metavar="FILE", type=click.Path(), help="Write a JUnit report: a criterion is a test."
)
@options.json_output
@options.common
def command(
    project: str | None,
    rules: str | None,
    images: tuple[str, ...],
    more: tuple[str, ...],
    original: str | None,
    mask: str | None,
    judge: str | None,
    repeat: int,
    fresh: bool,
    junit: str | None,
) -> int:
    """Judge pictures by a project's rules; none is made. For guarding pictures in scripts and CI.

    Every criterion of every picture gets its verdict, as in a run. Answers are kept by content: the same
    picture by the same rules costs nothing the second time. Exit codes: 0 every picture passes, 3 one does
    not (failed or unclear), 2 a picture cannot be read, or a file or the command line is wrong, 4 the judge
    is missing or a limit is reached.
    """
    from iterativectl.cli import judge_view
    from iterativectl.compose_bench import Wish

    invocation = current()
    names = (*images, *more)
    if not names:
        raise UsageError("which pictures? Give --image FILE.")
    wish = Wish(mask=mask, judge=judge, original=_path(invocation, original), fresh=fresh)
    report = _report(_path(invocation, junit))
    laid = _laid(invocation, project, _path(invocation, rules), wish)
    began = invocation.env.clock.now()
    session = _judged(invocation, laid, names, repeat)
    view = judge_view.View(laid=laid, session=session, began=began, repeat=repeat)
    try:
        if report is not None:
            _write_junit(invocation, view, report)
    except StorageError:
        _show(invocation, view, None)  # it was paid for
        raise
    _show(invocation, view, junit)
    return judge_view.exit_code(session)


def _path(invocation: Invocation, name: str | None) -> Path | None:
    return None if name is None else invocation.env.cwd / Path(name).expanduser()


def _report(path: Path | None) -> Path | None:
    """Where the report goes; what cannot be is said before anything is asked."""
    if path is None:
        return None
    around = next(folder for folder in (path, *path.parents) if folder.exists())
    if path.is_dir() or not (around == path or around.is_dir()):
        raise UsageError(
            f"--junit: {around} is {'a folder' if path.is_dir() else 'no folder'}", "Name a file."
        )
    return path


def _laid(invocation: Invocation, project: str | None, rules: Path | None, wish: Wish) -> Set:
    from iterativectl import compose_bench

    if rules is None:
        workspace, paths = invocation.workspace(), invocation.project(project)
        return compose_bench.of_project(workspace, paths, wish, invocation.world)
    if project is not None:
        raise UsageError("--project has rules of its own: give it or --rules")
    if not rules.is_file():
        raise UsageError(f"--rules: there is no file {rules}", "Give the path of a rules file.")
    try:
        around = invocation.workspace()
    except UsageError:
        around = None
    return compose_bench.of_rules(rules, around, wish, invocation.world)


def _judged(invocation: Invocation, laid: Set, names: Sequence[str], repeat: int) -> Session:
    """Judge the pictures; Ctrl-C says what is kept."""
    from iterativectl import judgement
    from iterativectl.cli.progress import judging

    done = 0
    try:
        with judging(invocation.env, invocation.verbosity) as show:

            def report(told: Doing | judgement.Judged | str) -> None:
                nonlocal done
                done += isinstance(told, judgement.Judged)
                show(told)

            for note in laid.notes:
                report(note)
            pictures = [(name, invocation.env.cwd / Path(name).expanduser()) for name in names]
            return judgement.judge_all(laid.bench, pictures, repeat, report)
    except KeyboardInterrupt:
        invocation.env.deafen()
        told = f"Interrupted after {done} of {len(names)} pictures. What was answered is kept."
        raise RunInterrupted(told, "The same command asks only what is left.") from None


def _write_junit(invocation: Invocation, view: View, path: Path) -> None:
    from iterativectl import files
    from iterativectl.cli.junit import junit
    from iterativectl.cli.scrub import scrubber

    scrub = scrubber(invocation.env.environ)
    document = junit(view.session.pictures, view.laid.name, view.laid.judge, view.began, scrub)
    files.write_bytes(path, document)


def _show(invocation: Invocation, view: View, junit: str | None) -> None:
    from iterativectl.cli import judge_view

    if invocation.as_json:
        invocation.print_json("judge/1", **judge_view.data(view))
        return
    if invocation.verbosity >= 0 and invocation.err.is_tty:
        invocation.err.write("\n")
    invocation.out.show(*judge_view.blocks(view, invocation.verbosity, junit))
