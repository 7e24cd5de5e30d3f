"""working/checkpoint.json: where a run stands. All of it can be derived from the run's files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from iterativectl import files
from iterativectl.errors import ProjectError
from iterativectl.project import records
from iterativectl.project.layout import ProjectPaths

FORMAT = "checkpoint/1"
Status = Literal[
    "running", "held", "passed", "exhausted", "stopped", "no_progress", "unjudgeable", "paused", "failed"
]
FINISHED: frozenset[str] = frozenset(
    {"passed", "exhausted", "stopped", "no_progress", "unjudgeable", "failed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`in_flight`: [{iteration, step, ticket}]. `settings_sha256`: of working/AIGen.yaml as we wrote it."""

    run_id: str
    status: Status
    reason: str = ""
    last_iteration: int = 0
    best_iteration: int | None = None
    best_score: float | None = None
    in_flight: tuple[dict[str, Any], ...] = ()
    settings_sha256: str | None = None
    updated_at: str = ""

    @property
    def finished(self) -> bool:
        """Whether this run has ended by its own decision or a person's (a paused one has not)."""
        return self.status in FINISHED


def write(path: Path, checkpoint: Checkpoint, *, durable: bool = True) -> None:
    """Replace the checkpoint atomically; `durable` as in files.write_bytes."""
    files.write_json(path, {"format": FORMAT, **records.to_json(checkpoint)}, durable=durable)


def read(path: Path) -> Checkpoint | None:
    """The checkpoint, None when there is none. Raises ProjectError when it is damaged or too new."""
    if not path.exists():
        return None
    return records.read_fact(path, FORMAT, Checkpoint)


def of_run(project: ProjectPaths, run_id: str) -> Checkpoint | None:
    """How a run stands: the newest one's checkpoint is the project's, an earlier one's lies in its folder.

    None where neither speaks of this run. Raises ProjectError for a damaged one.
    """
    for path in (project.checkpoint, project.run(run_id).checkpoint):
        found = read(path)
        if found is not None and found.run_id == run_id:
            return found
    return None


def read_or_rebuildable(path: Path) -> tuple[Checkpoint | None, str | None]:
    """(checkpoint, damage). A damaged one is reported, not reset: the caller rebuilds it from the run.

    Raises ProjectError when a newer program wrote it: then nothing may be touched.
    """
    try:
        return read(path), None
    except ProjectError as error:
        if "newer program" in error.message:
            raise
        return None, error.message
