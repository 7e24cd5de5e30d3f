"""`iterativectl calibrate --project NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import RunInterrupted, UsageError

if TYPE_CHECKING:
    from iterativectl.calibration import Material
    from iterativectl.project.layout import ProjectPaths, RunPaths

MOST_ASKINGS = 99
YES, NO, NEITHER = ("yes", "true", "y", "1"), ("no", "false", "n", "0"), ("none", "-")


@click.command(name="calibrate")
@options.project
@click.option("--run", "run_id", metavar="ID", help="This run alone, not all with the newest one's judge.")
@click.option(
    "--label",
    type=click.IntRange(min=1),
    metavar="N FIELD=yes ...",
    help="Write down whether iteration N meets these criteria: yes, no, or none to take it back.",
)
@click.argument("said", nargs=-1, metavar="[FIELD=yes|no]...")
@click.option("--rank", metavar="N,N,...", help="Write down your order of iterations, best first.")
@click.option(
    "--repeat",
    type=click.IntRange(1, MOST_ASKINGS),
    metavar="N",
    help="Ask the judge anew, N times about each picture. This may cost money: it says how much at most.",
)
@click.option(
    "--judge", metavar="PROVIDER/MODEL", help="Ask this model anew, and calibrate it instead of AIVis.yaml's."
)
@options.json_output
@options.common
def command(
    project: str | None,
    run_id: str | None,
    label: int | None,
    said: tuple[str, ...],
    rank: str | None,
    repeat: int | None,
    judge: str | None,
) -> int:
    """Compare the judge with your own eyes: what it sees, what it does not, how often it changes its mind.

    You say of some pictures of a run which criteria they meet (--label), or put them in order (--rank); both
    are files in working/RUN_ID/human/ that you may write yourself. The report says what to change: the
    question, the votes, a bound, the model. It is kept beside them as calibration.md.
    """
    invocation = current()
    paths = invocation.project(project)
    if said and label is None:
        raise UsageError(f"{said[0]}: of which iteration?", "Give --label N FIELD=yes ...")
    if label is not None or rank is not None:
        return _write(invocation, paths, (run_id, label, rank), said)
    return _report(invocation, paths, run_id, (repeat, judge))


def _write(
    invocation: Invocation,
    project: ProjectPaths,
    asked: tuple[str | None, int | None, str | None],
    said: tuple[str, ...],
) -> int:
    """Write labels and a ranking of one run; everything that was typed is looked at first."""
    from iterativectl import calibration
    from iterativectl.cli.blocks import Line, count

    run_id, label, rank = asked
    now = invocation.env.clock.now().isoformat(timespec="seconds")
    run = calibration.chosen_run(project, run_id)
    labels = _labels(said)
    order = _order(rank) if rank is not None else None
    if label is not None and not labels:
        raise UsageError(f"--label {label}: which criteria?", f"--label {label} FIELD=yes FIELD=no")
    calibration.require(run, [*(order or ()), *([label] if label is not None else ())], list(labels))
    written: dict[str, str] = {}
    lines = []
    if label is not None:
        kept = calibration.label(run, label, labels, now)
        told = ", ".join(f"{field} {_word(value)}" for field, value in labels.items())
        total = sum(len(fields) for fields in kept.labels.values())
        lines.append(f"iteration {label}: {told} ({count(total, 'label')} in all)")
        written["labels"] = str(run.labels)
    if order is not None:
        calibration.rank(run, order, now)
        lines.append(f"your order, best first: {', '.join(str(number) for number in order)}")
        written["ranking"] = str(run.ranking)
    if invocation.as_json:
        invocation.print_json("said/1", project=project.name, run_id=run.run_id, written=written)
        return 0
    lines += [f"written to {path}" for path in written.values()]
    invocation.out.show(*(Line(text, whole=True) for text in lines))
    return 0


def _labels(said: tuple[str, ...]) -> dict[str, bool | None]:
    found: dict[str, bool | None] = {}
    for text in said:
        field, equals, value = text.partition("=")
        word = value.strip().casefold()
        if not equals or word not in (*YES, *NO, *NEITHER):
            raise UsageError(f"'{text}' is no label", "FIELD=yes, FIELD=no, or FIELD=none to take it back.")
        found[field.strip()] = None if word in NEITHER else word in YES
    return found


def _order(text: str) -> list[int]:
    names = [part for part in text.replace(",", " ").split() if part]
    if not names or any(not name.isdecimal() for name in names):
        raise UsageError(f"--rank {text} is no order", "Numbers of iterations, best first: --rank 3,20,12")
    numbers = [int(name) for name in names]
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"--rank {text} names an iteration twice", "Each has one place.")
    return numbers


def _word(value: bool | None) -> str:
    return "taken back" if value is None else "yes" if value else "no"


def _report(
    invocation: Invocation,
    project: ProjectPaths,
    run_id: str | None,
    again: tuple[int | None, str | None],
) -> int:
    """Compare, show, and keep the page."""
    from iterativectl import calibration, files
    from iterativectl.cli import calibrate_view
    from iterativectl.cli.blocks import Line
    from iterativectl.cli.markdown import markdown
    from iterativectl.judging.calibrating import findings

    material = calibration.gather(project, run_id)
    if material is None:
        raise _nothing(project, calibration.chosen_run(project, run_id))
    repeat, judge = again
    if repeat is not None or judge is not None:
        material = _asked_again(invocation, project, material, (repeat or 1, judge))
    found = findings(material.criteria, material.cases)
    blocks = calibrate_view.blocks(found, material)
    page = material.newest.paths.calibration
    files.write_text(page, markdown(f"How far {material.judge} sees what you see: {project.name}", blocks))
    if invocation.as_json:
        body = calibrate_view.data(found, material)
        invocation.print_json("calibration/1", project=project.name, **body, page=str(page))
    else:
        invocation.out.show(*blocks, Line(""), Line(f"kept as {page}", "quiet", whole=True))
    return 0


def _asked_again(
    invocation: Invocation, project: ProjectPaths, material: Material, again: tuple[int, str | None]
) -> Material:
    from iterativectl import calibration, compose_calibrate
    from iterativectl.cli.progress import judging
    from iterativectl.cli.status_view import spent

    askings, judge = again
    aivis = compose_calibrate.current_judge(project, judge)
    sets = compose_calibrate.of_runs(material.voiced, aivis, invocation.world)
    try:
        with judging(invocation.env, invocation.verbosity) as report:
            for line in compose_calibrate.foretold(material.voiced, sets, askings):
                report(line)
            name = f"{aivis.provider}/{aivis.model}"
            benches = {run_id: one.bench for run_id, one in sets.items()}
            anew = calibration.asked_again(material, lambda v: benches[v.run.run_id], name, askings, report)
            if (usage := next(iter(benches.values())).ledger.totals())["requests"]:
                report(f"spent: {spent(usage)}")
            return anew
    except KeyboardInterrupt:
        invocation.env.deafen()
        raise RunInterrupted("Interrupted. What was answered is kept.", "The same command goes on.") from None


def _nothing(project: ProjectPaths, run: RunPaths) -> UsageError:
    """Nobody has said anything yet: how it is said, with this run's own numbers and fields."""
    from iterativectl.project import runs

    numbers = [str(number) for number in runs.committed(run)][:3] or ["1"]
    fields = [criterion.field for criterion in runs.read_run(run).rules.acceptance_criteria][:2] or ["suit"]
    said = ", ".join(f'"{field}": {value}' for field, value in zip(fields, ("true", "false"), strict=False))
    typed = " ".join(f"{field}={value}" for field, value in zip(fields, ("yes", "no"), strict=False))
    listed = ", ".join(f'"{number}"' for number in numbers)
    hint = [
        f"Look at the pictures in {run.root / 'images'} and say which criteria they meet:",
        f"  iterativectl calibrate --project {project.name} --label {numbers[0]} {typed}",
        f"  or write {run.labels}:",
        f'    {{"labels": {{"{numbers[0]}": {{{said}}}}}}}',
        "Or put them in order, best first:",
        f"  iterativectl calibrate --project {project.name} --rank {','.join(numbers)}",
        f"  or write {run.ranking}:",
        f'    {{"ranking": [{listed}], "notes": {{"{numbers[0]}": "why"}}}}',
    ]
    return UsageError(
        f"there is nothing to compare the judge with: nobody has said anything of run {run.run_id}",
        "\n".join(hint),
    )
