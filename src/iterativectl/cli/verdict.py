"""The end of a run in a few lines: accepted or not, why, where the picture is, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import Block, Line, count
from iterativectl.cli.live import duration
from iterativectl.cli.money import for_a_picture
from iterativectl.cli.status_view import spent
from iterativectl.errors import ExitCode
from iterativectl.model import Verdict
from iterativectl.project import records, runs
from iterativectl.project.layout import ProjectPaths
from iterativectl.project.spending import per_accepted

if TYPE_CHECKING:
    from iterativectl.runner import Ended


def exit_code(ended: Ended) -> ExitCode:
    """0 accepted, 1 failed, 3 ran to its end without."""
    if ended.accepted:
        return ExitCode.OK
    return ExitCode.FAILED if ended.status == "failed" else ExitCode.NOT_ACCEPTED


def blocks(ended: Ended, project: ProjectPaths, verbosity: int) -> list[Block]:
    """The verdict. Quiet: its first line and the path."""
    shown: list[Block] = [Line(_first(ended), "good" if ended.accepted else "unsure")]
    shown += [
        Line(f"{verdict.field} {verdict.verdict}: {verdict.reason}", "bad", 1)
        for verdict in _open(ended, project)
    ]
    shown += (
        [Line(f"picture: {ended.output}", "head", 1, whole=True)]
        if ended.output
        else [Line("no picture was made", "bad", 1)]
    )
    if ended.kept_run_id is not None:
        text = f"output/ keeps the accepted picture of run {ended.kept_run_id}: this run did not better it"
        shown.append(Line(text, "unsure", 1))
    if verbosity >= 0:
        shown += [Line(text, "quiet", 1) for text in _cost(ended, project)]
        shown += [Line(f"next: {text}", indent=1, whole=True) for text in _next(ended, project)]
        if ended.iterations:
            shown.append(Line(f"look: iterativectl viewer start {project.name} latest --open", "quiet", 1))
    return shown


def data(ended: Ended, project: ProjectPaths) -> dict[str, Any]:
    """run/1."""
    return {
        "project": project.name,
        **records.to_json(ended),
        "cost_per_accepted_picture": records.to_json(per_accepted(project)),
        "output": str(ended.output) if ended.output else None,
        "exit_code": int(exit_code(ended)),
    }


def _first(ended: Ended) -> str:
    where = f"iteration {ended.best_iteration}, score {ended.score:.0f}" if ended.score is not None else ""
    if ended.accepted:
        return f"Accepted: {where}, after {count(ended.iterations, 'iteration')}."
    best = f" The best is {where}." if where else ""
    return f"Not accepted after {count(ended.iterations, 'iteration')}: {ended.reason}.{best}"


def _open(ended: Ended, project: ProjectPaths) -> list[Verdict]:
    """The criteria that the best picture does not meet."""
    if ended.accepted or ended.best_iteration is None:
        return []
    best = runs.read_iteration(project.run(ended.run_id), ended.best_iteration)
    verdicts = best.assessment.verdicts if best.assessment else ()
    return [verdict for verdict in verdicts if verdict.verdict != "passed"]


def _cost(ended: Ended, project: ProjectPaths) -> list[str]:
    usage = dict(ended.usage)
    if not usage.get("requests"):
        return [duration(ended.seconds)]
    lines = [f"{duration(ended.seconds)}, {spent(usage)}", for_a_picture(per_accepted(project))]
    return [line for line in lines if line]


def _next(ended: Ended, project: ProjectPaths) -> list[str]:
    run = f"iterativectl run --project {project.name}"
    if ended.status == "exhausted":
        return [f"{run} --max-iterations {ended.iterations + 10} goes on with this run"]
    if ended.status == "unjudgeable":
        return [
            f"rewrite that criterion in {project.rules} so that it can be seen and answered with yes or no"
        ]
    if ended.status == "no_progress":
        return [
            "edit working/AIGen.yaml or the rules, then run again; `--resume-from N` redoes from iteration N"
        ]
    return []
