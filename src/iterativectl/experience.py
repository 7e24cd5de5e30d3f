"""What a project's last runs say of its criteria: how each fared, and what a person noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from iterativectl.config.types import Criterion, Rules
from iterativectl.errors import ProjectError
from iterativectl.judging.suggesting import Fared
from iterativectl.model import Iteration
from iterativectl.project import human, runs
from iterativectl.project.layout import ProjectPaths, RunPaths

LAST_RUNS = 3  # older ones were about other rules, mostly
LAST_PICTURES = 60  # of a run
_NOT_LOOKED_AT = ("depends_on:", "gate:")  # such a verdict says nothing of the criterion that has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """`fared` by field; `notes` of a person, the newest run's first; `remarks` on what was passed over."""

    fared: Mapping[str, Fared] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    runs: int = 0
    remarks: tuple[str, ...] = ()


def look_back(project: ProjectPaths, rules: Rules) -> Experience:
    """The last runs. A verdict counts where its criterion asked the same as now; damage is passed over."""
    counts: dict[str, Counter[str]] = {}
    notes: list[str] = []
    remarks: list[str] = []
    ids = runs.run_ids(project)[-LAST_RUNS:][::-1]
    for run_id in ids:
        paths = project.run(run_id)
        try:
            notes += _notes(paths)
        except ProjectError as error:
            remarks.append(f"passed over: {error.message}")
        try:
            for name, verdict in _verdicts(paths, rules):
                counts.setdefault(name, Counter())[verdict] += 1
        except ProjectError as error:
            remarks.append(f"passed over: {error.message}")
    fared = {
        name: Fared(passed=found["passed"], failed=found["failed"], unclear=found["unclear"])
        for name, found in counts.items()
    }
    return Experience(fared=fared, notes=tuple(notes), runs=len(ids), remarks=tuple(remarks))


def _verdicts(paths: RunPaths, rules: Rules) -> Iterator[tuple[str, str]]:
    """(field, verdict) of every picture of a run. Raises ProjectError for a damaged file."""
    then = {
        criterion.field: _asked(criterion) for criterion in runs.read_run(paths).rules.acceptance_criteria
    }
    same = {c.field for c in rules.acceptance_criteria if then.get(c.field) == _asked(c)}
    for number in runs.committed(paths)[-LAST_PICTURES:]:
        yield from _of_picture(runs.read_iteration(paths, number), same)


def _of_picture(iteration: Iteration, same: set[str]) -> Iterator[tuple[str, str]]:
    for verdict in iteration.assessment.verdicts if iteration.assessment else ():
        if verdict.field in same and not verdict.by.startswith(_NOT_LOOKED_AT):
            yield verdict.field, verdict.verdict


def _asked(criterion: Criterion) -> tuple[object, ...]:
    """What makes a verdict of then one on the criterion of now."""
    return criterion.question, criterion.type, criterion.min, criterion.max, criterion.measure


def _notes(paths: RunPaths) -> Iterator[str]:
    """What a person noted on a run's pictures, best picture first. Raises ProjectError for a damaged file."""
    ranking = human.read_ranking(paths.ranking)
    if ranking is None:
        return
    order = [*ranking.ranking, *(name for name in ranking.notes if name not in ranking.ranking)]
    for name in order:
        note = " ".join(ranking.notes.get(name, "").split())
        if note:
            place = f", place {ranking.ranking.index(name) + 1}" if name in ranking.ranking else ""
            yield f"on picture {name}{place}: {note}"
