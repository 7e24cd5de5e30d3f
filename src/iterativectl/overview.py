"""Where a project and its runs stand, read from their files alone. A run that is going on is not disturbed.

Works on damaged projects too: what cannot be read is named in `problems`, the rest is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from iterativectl.beginning import waiting
from iterativectl.config.types import Criterion
from iterativectl.doctor import unsettled
from iterativectl.errors import IterativeError
from iterativectl.model import Iteration
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import lock, output, runs
from iterativectl.project.checkpoint import FINISHED, Checkpoint
from iterativectl.project.layout import RUN_ID, ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.seed import Seed
from iterativectl.project.spending import PerAccepted, per_accepted
from iterativectl.project.usage import UsageFile

Fact = TypeVar("Fact")

STATUS_IN_WORDS = {
    "running": "running",
    "held": "held, a pause was asked for",
    "passed": "accepted",
    "exhausted": "ended, not accepted",
    "stopped": "stopped",
    "no_progress": "ended, not accepted",
    "unjudgeable": "ended, not accepted",
    "paused": "paused",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Where one run stands. `latest`: no later run has begun; only such a run can go on.

    `held` is whether a process works on it, `holder` who that is ({} where nobody can tell).
    """

    run_id: str
    checkpoint: Checkpoint | None = None
    latest: bool = True
    held: bool = False
    holder: dict[str, Any] | None = None
    variants: int = 0

    @property
    def status(self) -> str:
        """The run's status, but "interrupted" where nobody works on an unfinished one.

        One that was left unfinished is "stopped" as soon as a later run has begun.
        """
        status = self.checkpoint.status if self.checkpoint else "running"
        if not self.latest and status not in FINISHED:
            return "stopped"
        return "interrupted" if status in ("running", "held") and not self.held else status

    @property
    def reason(self) -> str:
        """Why it stands there, as it was written down; "" for nothing."""
        reason = self.checkpoint.reason if self.checkpoint else ""
        return reason or ("" if self.latest or self.status != "stopped" else "a later run began")

    @property
    def words(self) -> str:
        """The status for people."""
        if self.status == "interrupted":
            return f"interrupted: `{'variants' if self.variants else 'run'}` goes on where it stopped"
        if self.variants and self.status in ("passed", "stopped"):
            return f"variants: {self.reason}"
        said = STATUS_IN_WORDS[self.status]
        return f"{said}: {self.reason}" if self.reason and self.status != "passed" else said

    @property
    def unfinished(self) -> bool:
        """Whether it is going on, or would go on when it is run again."""
        return self.status in ("running", "held", "interrupted", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`holder` is who holds the lock ({} for nobody); `in_flight` are tickets that no one has settled.

    `seed` waits to start the next run.
    """

    project: ProjectPaths
    run: RunRecord | None = None
    run_id: str | None = None
    checkpoint: Checkpoint | None = None
    iterations: tuple[int, ...] = ()
    best: Iteration | None = None
    in_flight: tuple[dict[str, Any], ...] = ()
    usage: dict[str, Any] | None = None
    per_accepted: PerAccepted | None = None
    held: bool = False
    holder: dict[str, Any] | None = None
    output: dict[str, Any] | None = None
    seed: Seed | None = None
    problems: tuple[str, ...] = ()

    @property
    def state(self) -> RunState | None:
        """Where its newest run stands; None before the first."""
        if self.run_id is None:
            return None
        return RunState(
            run_id=self.run_id,
            checkpoint=self.checkpoint,
            held=self.held,
            holder=self.holder,
            variants=self.variants,
        )

    @property
    def status(self) -> str:
        """The newest run's status; "new" before the first."""
        return self.state.status if self.state else "new"

    @property
    def variants(self) -> int:
        """How many variants the run compares; 0 for an ordinary run."""
        return len(self.run.variants) if self.run else 0

    @property
    def words(self) -> str:
        """The status for people."""
        return self.state.words if self.state else "no run yet"


def run_state(project: ProjectPaths, run_id: str, *, latest: bool, variants: int = 0) -> RunState:
    """Where a run stands; `variants`: how many it compares. Raises ProjectError for a damaged checkpoint."""
    held = latest and lock.is_held(project.lock)
    return RunState(
        run_id=run_id,
        checkpoint=checkpoint_file.of_run(project, run_id),
        latest=latest,
        held=held,
        holder=lock.holder(project.lock) if held else None,
        variants=variants,
    )


def is_latest(project: ProjectPaths, run_id: str) -> bool:
    """Whether no later run has begun."""
    later = (entry.name for entry in project.working.iterdir() if entry.name > run_id)
    return not any(RUN_ID.fullmatch(name) and project.run(name).run_json.exists() for name in later)


def overview(project: ProjectPaths) -> Overview:
    """Read a project's files. Never raises for damaged ones."""
    problems: list[str] = []
    held = lock.is_held(project.lock)
    ids = runs.run_ids(project)
    checkpoint = _reading(problems, lambda: checkpoint_file.read(project.checkpoint))
    base = Overview(
        project=project,
        held=held,
        holder=lock.holder(project.lock) if held else None,
        output=_reading(problems, lambda: output.read(project)),
        seed=_reading(problems, lambda: waiting(project)),
        problems=tuple(problems),
    )
    return _with_run(base, project.run(ids[-1]), checkpoint) if ids else base


def _with_run(base: Overview, paths: RunPaths, checkpoint: Checkpoint | None) -> Overview:
    problems = list(base.problems)
    current = checkpoint if checkpoint and checkpoint.run_id == paths.run_id else None
    numbers = runs.committed(paths)
    best_number = current.best_iteration if current else None
    best = None
    if best_number is not None:
        best = _reading(problems, lambda: runs.read_iteration(paths, best_number))
    usage = _reading(problems, lambda: UsageFile(paths.usage, lambda: "").totals())
    return Overview(
        project=base.project,
        run=_reading(problems, lambda: runs.read_run(paths)),
        run_id=paths.run_id,
        checkpoint=current,
        iterations=tuple(numbers),
        best=best,
        in_flight=tuple(_in_flight(paths, problems)),
        usage=usage,
        per_accepted=per_accepted(base.project),
        held=base.held,
        holder=base.holder,
        output=base.output,
        seed=base.seed,
        problems=tuple(problems),
    )


def criteria_of(view: Overview) -> dict[str, Criterion]:
    """The run's criteria by field."""
    return (
        {criterion.field: criterion for criterion in view.run.rules.acceptance_criteria} if view.run else {}
    )


def _in_flight(paths: RunPaths, problems: list[str]) -> list[dict[str, Any]]:
    """Tickets without an outcome whose iteration is not committed: sent, perhaps, and not collected."""
    found = _reading(problems, lambda: unsettled(paths)) or []
    return [
        {"iteration": number, "ticket": ticket.ticket, "host": ticket.host, "sent_at": ticket.sent_at}
        for number, ticket in found
    ]


def _reading(problems: list[str], read: Callable[[], Fact]) -> Fact | None:
    try:
        return read()
    except IterativeError as error:
        problems.append(error.message)
    except (OSError, ValueError) as error:
        problems.append(f"a file of the run cannot be read: {error}")
    return None
