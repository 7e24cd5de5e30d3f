"""A run that goes on while a page looks at it: an ended one, told again with the program's own writers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iterativectl import files
from iterativectl.clock import SystemClock
from iterativectl.events import Event, EventType
from iterativectl.project import checkpoint, lock, preview
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.event_log import EventLog
from iterativectl.project.layout import ProjectPaths, RunPaths


@dataclass(frozen=True)
class Living:
    """A run of the example whose later iterations wait in `kept` to be committed again."""

    project: ProjectPaths
    run: RunPaths
    kept: Path
    events: EventLog

    def tell(self, kind: EventType, iteration: int | None = None, **data: Any) -> None:
        """Something happened."""
        self.events(Event(type=kind, iteration=iteration, data=data))

    def stand(self, **changes: Any) -> None:
        """Write the checkpoint with these changes."""
        old = checkpoint.read(self.project.checkpoint)
        assert old is not None
        fields = {name: getattr(old, name) for name in Checkpoint.__dataclass_fields__}
        checkpoint.write(self.project.checkpoint, Checkpoint(**{**fields, **changes}), durable=False)

    def begin(self, n: int) -> None:
        """An iteration was planned and is being made."""
        shutil.copy2(self.kept / "plan" / self.run.plan(n).name, self.run.plan(n))
        flight = ({"iteration": n, "step": "generate", "ticket": None},)
        self.stand(in_flight=flight)
        self.tell("generation_queued", n, ticket="t", host="embedded", position=0)

    def sample(self, n: int, value: int, most: int, node: str = "KSampler") -> None:
        """The sampler came this far."""
        self.tell("generation_progress", n, value=value, max=most, node=node)

    def look(self, n: int) -> None:
        """The sampler showed its picture so far."""
        preview.show(self.run, (self.kept / f"images/iteration_{n}.png").read_bytes())

    def commit(self, n: int) -> None:
        """The iteration is done: its files come back, its record last."""
        for path in sorted(self.kept.rglob(f"iteration_{n}*")):
            if path.parent.name != "metadata":
                target = self.run.root / path.relative_to(self.kept)
                target.parent.mkdir(exist_ok=True)
                shutil.copy2(path, target)
        for path in preview.paths_of(self.run).values():
            path.unlink(missing_ok=True)
        record = json.loads((self.kept / "metadata" / self.run.metadata(n).name).read_bytes())
        files.write_json(self.run.metadata(n), record)
        score = record["evaluation"]["overall_score"]
        self.stand(best_iteration=n, best_score=score, last_iteration=n, in_flight=())
        self.tell(
            "iteration_committed", n, score=score, best=n, best_score=score, similarity=0.5, cost_usd=0.0
        )

    def end(self, status: Any = "stopped", reason: str = "a person asked for it") -> None:
        """The run is over."""
        self.stand(status=status, reason=reason, in_flight=())
        self.tell("run_finished", status=status, reason=reason)


@contextmanager
def living(project: ProjectPaths, run: RunPaths, done: int, kept: Path) -> Iterator[Living]:
    """Turn the run back to `done` iterations (0: it has just begun), and hold its project as a run does."""
    shutil.copytree(run.root, kept)
    for path in run.root.rglob("iteration_*"):
        number = int(path.name.split("_")[1].split(".")[0])
        if number > done:
            path.unlink()
    lines = run.events.read_text("utf-8").splitlines(keepends=True)
    last = ("iteration_committed", done) if done else ("run_started", None)
    end = next(at for at, line in enumerate(lines) if _is(json.loads(line), *last))
    run.events.write_text("".join(lines[: end + 1]), "utf-8")
    told = Living(project, run, kept, EventLog(run.events, run.run_id, SystemClock().now))
    best, score = None, None
    if done:
        best, score = done, json.loads(run.metadata(done).read_bytes())["evaluation"]["overall_score"]
    told.stand(status="running", reason="", best_iteration=best, best_score=score, last_iteration=done)
    with lock.held(project.lock, started=SystemClock().now().isoformat()):
        yield told


def _is(event: dict[str, Any], kind: str, iteration: int | None) -> bool:
    return event["type"] == kind and event["iteration"] == iteration
