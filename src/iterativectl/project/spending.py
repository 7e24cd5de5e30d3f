"""What an accepted picture of a project costs, over all of its runs."""

from __future__ import annotations

from dataclasses import dataclass

from iterativectl.errors import ProjectError
from iterativectl.project import checkpoint, records, runs
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.usage import UsageFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PerAccepted:
    """What `runs` runs cost, divided by the `pictures` that were accepted, one a run.

    Every run counts that asked a model behind a server, whatever came of it; runs of variants do not: their
    pictures are compared, not accepted. `usd` None: a run's cost is not known, or nothing was accepted yet.
    """

    usd: float | None
    pictures: int
    runs: int


def per_accepted(project: ProjectPaths) -> PerAccepted:
    """Read from the files of all runs. A damaged one leaves the cost unknown: nothing is guessed."""
    costs: list[float | None] = []
    pictures = 0
    for run_id in runs.run_ids(project):
        paths = project.run(run_id)
        try:
            totals = UsageFile(paths.usage, lambda: "").totals()
            if not totals["requests"] or records.read(paths.run_json, runs.RUN_FORMAT).get("variants"):
                continue
            pictures += _status(project, paths) == "passed"
            costs.append(totals["cost_usd"])
        except ProjectError:
            costs.append(None)
    known = [cost for cost in costs if cost is not None]
    complete = pictures and len(known) == len(costs)
    return PerAccepted(
        usd=round(sum(known) / pictures, 6) if complete else None, pictures=pictures, runs=len(costs)
    )


def _status(project: ProjectPaths, paths: RunPaths) -> str | None:
    """How a run ended: the newest one's checkpoint is the project's, an earlier one's lies in its folder."""
    for path in (project.checkpoint, paths.root / project.checkpoint.name):
        found = checkpoint.read(path)
        if found is not None and found.run_id == paths.run_id:
            return found.status
    return None
