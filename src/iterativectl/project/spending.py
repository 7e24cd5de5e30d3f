"""What an accepted picture of a project costs, over all of its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iterativectl.errors import ProjectError
from iterativectl.project import checkpoint, records, runs
from iterativectl.project.layout import ProjectPaths
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a run cost (None: not known), and whether it ended with an accepted picture."""

    usd: float | None
    accepted: bool


Look = Callable[[ProjectPaths, str], Spent | None]


def spent(project: ProjectPaths, run_id: str) -> Spent | None:
    """What a run cost; None for one that does not count. A damaged file leaves it unknown."""
    paths = project.run(run_id)
    try:
        totals = UsageFile(paths.usage, lambda: "").totals()
        if not totals["requests"] or records.read(paths.run_json, runs.RUN_FORMAT).get("variants"):
            return None
        found = checkpoint.of_run(project, run_id)
    except ProjectError:
        return Spent(usd=None, accepted=False)
    return Spent(usd=totals["cost_usd"], accepted=found is not None and found.status == "passed")


def per_accepted(project: ProjectPaths, look: Look = spent) -> PerAccepted:
    """Read from the files of all runs. A damaged one leaves the cost unknown: nothing is guessed.

    `look` tells of one run, for whoever remembers what it found before.
    """
    found = [told for run_id in runs.run_ids(project) if (told := look(project, run_id))]
    pictures = sum(told.accepted for told in found)
    known = [told.usd for told in found if told.usd is not None]
    complete = pictures and len(known) == len(found)
    return PerAccepted(
        usd=round(sum(known) / pictures, 6) if complete else None, pictures=pictures, runs=len(found)
    )
