"""What one try works with, and how a step becomes a file that is not made twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from iterativectl import files
from iterativectl.attention import Attention
from iterativectl.clock import Clock
from iterativectl.config.types import Criterion
from iterativectl.events import Event
from iterativectl.images.normalise import Pixels, to_picture, to_pixels
from iterativectl.images.similarity import working_size
from iterativectl.judging.judge import Judge, Record
from iterativectl.masked import Regions
from iterativectl.model import Call, History, Picture, Plan, Stop, Ticket
from iterativectl.overlap import Overlap
from iterativectl.policy import stages
from iterativectl.policy.tuning import Direction
from iterativectl.ports import Generator, Purpose, Reporter
from iterativectl.project import records
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord
from iterativectl.standing import Standing


class Policy(Protocol):
    """Decides and does nothing else."""

    def decide(self, history: History) -> Stop | Sequence[Plan]:
        """The next plans, of which the first is made next, or why the run ends."""

    def direction(self, history: History) -> Direction | None:
        """Which way parameters go next; None: no model is asked for any."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """All that one try works with. `policy` says whether advice is wanted, and in which direction.

    `overlap`: how many requests to the judge may be in the air.
    """

    project: ProjectPaths
    paths: RunPaths
    run: RunRecord
    policy: Policy
    generator: Generator
    judge: Judge
    standing: Standing
    attention: Attention
    report: Reporter
    clock: Clock
    overlap: Overlap = field(default_factory=Overlap)

    @property
    def masks(self) -> tuple[str, ...]:
        """The masks that this run works through, in order; () for the whole picture."""
        return tuple(self.run.masks)

    def criteria(self, plan: Plan) -> tuple[Criterion, ...]:
        """What a plan's picture is judged by: the criteria of its mask and of those before it."""
        return stages.in_force(self.run.rules, self.masks, plan.mask)

    @cached_property
    def original(self) -> Picture:
        """The input picture as the judge is shown it; prepared once a run."""
        return to_picture(self.project.input.read_bytes(), max_px=self.run.aivis.max_image_px)

    @cached_property
    def original_pixels(self) -> Pixels:
        """The input picture as comparisons take it."""
        return working_size(to_pixels(self.project.input.read_bytes(), name=self.project.input.name))

    @cached_property
    def regions(self) -> Regions:
        """What the run's masks stand for."""
        return Regions(self.project, self.run)

    def held(self, held: bool) -> None:
        """The checkpoint says so while a person holds the run."""
        self.standing.save(status="held" if held else "running")


def step(
    work: Attempt,
    plan: Plan,
    path: Path,
    kind: str,
    purpose: Purpose,
    ask: Callable[[], tuple[dict[str, Any], Record]],
) -> tuple[dict[str, Any], tuple[Call, ...]]:
    """A step's file: read when it is there, else made by `ask` and written at once."""
    if path.exists():
        body = records.read(path, kind)
    else:
        work.attention.between_steps(work.report, work.held)
        work.report(Event(type="judging", iteration=plan.iteration, data={"purpose": purpose}))
        found, record = ask()
        body = {"format": kind, "iteration": plan.iteration, **found}
        body |= {"raw": list(record.raw), "calls": records.to_json(record.calls)}
        files.write_json(path, body)
        for warning in record.warnings:
            work.report(Event(type="warning", iteration=plan.iteration, data={"message": warning}))
    try:
        return body, tuple(records.from_json(Call, call) for call in body["calls"])
    except (KeyError, TypeError, ValueError) as error:
        raise records.damaged(path, str(error)) from error


def stand(work: Attempt, plan: Plan, step: str, ticket: Ticket | None = None) -> None:
    """Say in the checkpoint what is in flight."""
    work.standing.in_flight(iteration=plan.iteration, step=step, ticket=ticket.ticket if ticket else None)
