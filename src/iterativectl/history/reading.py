"""From a run's files to its line in the index. What is damaged becomes a problem of the run, no error."""

from __future__ import annotations

import math
import os
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from iterativectl.errors import IterativeError
from iterativectl.history.facts import IterationFacts, ProjectFacts, RunFacts, RunRead
from iterativectl.history.said import plain, said_of, writable
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import links, output, records, runs
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import ProjectPaths, RunPaths, iteration_of
from iterativectl.project.metadata import FORMAT as METADATA
from iterativectl.project.usage import NOTHING, UsageFile

KEPT = 8  # runs whose iterations are remembered: those that are going on
DEEPER = "|"  # stands between the two halves of a stamp
HASH = 12  # characters of a picture's hash: enough to tell it from another one
SHORT = 400  # characters of a prompt in a list

Fact = TypeVar("Fact")
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A run among the others: whether it is the `latest` of its project, and a process works on it."""

    latest: bool
    held: bool


# (run id, checkpoint, standing, number of variants) -> (state, words for people)
Telling = Callable[[str, Checkpoint | None, Standing, int], tuple[str, str]]


class Reader:
    """Reads runs; iterations of the last few are remembered, so that of a live run only the new are read."""

    def __init__(self, tell: Telling) -> None:
        self._tell = tell
        self._remembered: OrderedDict[str, dict[int, tuple[Stamp, IterationFacts]]] = OrderedDict()

    def run(self, project: ProjectPaths, paths: RunPaths, standing: Standing, stamp: str) -> RunRead:
        """A run and its iterations. `stamp` is of its folder; the iterations' files are added to it."""
        astray = links.leading_out(paths)
        if astray is not None:
            return self._unread(paths, links.refusal(paths, astray).message, standing, stamp)
        problems: list[str] = []
        told = Problems(project, problems)
        begun = told.of(lambda: _read(paths.run_json, runs.RUN_FORMAT, _begun)) or {}
        checkpoint = told.of(lambda: _checkpoint(project, paths, standing))
        spent = told.of(lambda: _spent(paths)) or {**NOTHING, "cost_usd": None}
        said = said_of(paths)
        deep = deep_stamp(paths)
        iterations = [said.of(one) for one in self._iterations(paths, told)]
        state, words = self._tell(paths.run_id, checkpoint, standing, begun.get("variants", 0))
        facts = RunFacts(
            project=project.name,
            run_id=paths.run_id,
            state=state,
            words=writable(words),
            iterations=len(iterations),
            seconds=round(sum(one.seconds for one in iterations), 3),
            cost_usd=spent["cost_usd"],
            requests=spent["requests"],
            favourites=sum(one.favourite for one in iterations),
            ranked=sum(one.n in said.ranked for one in iterations),
            notes=sum(bool(one.note) for one in iterations),
            problems=tuple(problems),
            **begun,
        )
        best = _best(iterations, checkpoint)
        whole = f"{stamp}{DEEPER}{deep}"
        return RunRead(run=_with_best(facts, iterations, best), iterations=iterations, stamp=whole)

    def _unread(self, paths: RunPaths, why: str, standing: Standing, stamp: str) -> RunRead:
        """A run of which nothing is read."""
        state, words = self._tell(paths.run_id, None, standing, 0)
        facts = RunFacts(
            project=paths.project.name, run_id=paths.run_id, state=state, words=words, problems=(why,)
        )
        return RunRead(run=facts, iterations=(), stamp=f"{stamp}{DEEPER}{deep_stamp(paths)}")

    def _iterations(self, paths: RunPaths, told: Problems) -> list[IterationFacts]:
        known = self._remembered.pop(str(paths.root), {})
        found: dict[int, tuple[Stamp, IterationFacts]] = {}
        for number, name in _records(paths.metadata(1).parent):
            stamp, path = stamp_of(name), Path(name)
            old = known.get(number)
            if stamp is not None and old is not None and old[0] == stamp:
                found[number] = old
            elif facts := told.of(partial(_read, path, METADATA, partial(_iteration, number))):
                found[number] = (stamp or (0, 0, 0), facts)
        self._remembered[str(paths.root)] = found
        while len(self._remembered) > KEPT:
            self._remembered.popitem(last=False)
        return [found[number][1] for number in sorted(found)]


class Problems:
    """Collects what is wrong with a project's files, in words that name them from the project on."""

    def __init__(self, project: ProjectPaths, found: list[str]) -> None:
        self._root = f"{project.root}{os.sep}"
        self._found = found

    def of(self, read: Callable[[], Fact]) -> Fact | None:
        """What is read, or None and a problem."""
        try:
            return read()
        except IterativeError as error:
            said = error.message.splitlines()[0]
        except (OSError, ValueError) as error:
            said = f"a file cannot be read: {error}"
        self._found.append(writable(said.replace(self._root, "")))
        return None


def project_facts(project: ProjectPaths) -> ProjectFacts:
    """What is known of a project without its runs."""
    problems: list[str] = []
    made = Problems(project, problems).of(lambda: plain(project.output_metadata) and output.read(project))
    made = made or {}
    if not links.lies_inside(project.working, project.root):
        problems.append(f"{links.refused('working')}. {links.CURE}")
    number = made.get("iteration")
    return ProjectFacts(
        name=project.name,
        accepted=bool(made.get("accepted")),
        accepted_run=_text_or_none(made.get("run_id")),
        accepted_iteration=number if type(number) is int else None,
        has_input=project.input.is_file(),
        problems=tuple(problems),
    )


def stamp_of(path: str) -> Stamp | None:
    """By what a change of a file or folder is noticed; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of them a second
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def deep_stamp(paths: RunPaths) -> str:
    """By what a change of an iteration's file is noticed, also where its folder does not show it."""
    found = sorted((number, stamp_of(path)) for number, path in _records(paths.metadata(1).parent))
    return f"{zlib.crc32(repr(found).encode()):08x}"


def _records(folder: Path) -> list[tuple[int, str]]:
    try:
        with os.scandir(folder) as entries:
            found = [(iteration_of(entry.name), entry.path) for entry in entries]
    except OSError:
        return []
    return [(number, path) for number, path in found if number is not None]


def _checkpoint(project: ProjectPaths, paths: RunPaths, standing: Standing) -> Checkpoint | None:
    """Where a run stands: the newest one's checkpoint is the project's, an earlier one has its own."""
    places = (project.checkpoint, paths.checkpoint) if standing.latest else (paths.checkpoint,)
    found = (checkpoint_file.read(place) for place in places if plain(place))
    return next((one for one in found if one is not None and one.run_id == paths.run_id), None)


def _spent(paths: RunPaths) -> Mapping[str, Any]:
    return UsageFile(paths.usage, lambda: "").totals() if plain(paths.usage) else NOTHING


def _read(path: Path, format: str, understand: Callable[[Mapping[str, Any]], Fact]) -> Fact:
    """What is understood of a file of ours. Raises ProjectError naming it."""
    plain(path)
    data = records.read(path, format)
    try:
        return understand(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise records.damaged(path, repr(error)) from error


def _begun(data: Mapping[str, Any]) -> dict[str, Any]:
    """What run.json says."""
    judge = data["judge"]
    seeded = data.get("seeded_from")
    return {
        "started_at": writable(data["started_at"]),
        "max_iterations": _whole(data["rules"]["project"]["max_iterations"]),
        "engine": writable(data["settings"]["backend"]),
        "judge": writable(f"{judge['provider']}/{judge['model']}"),
        "variants": len(data.get("variants") or ()),
        "seeded_from": _text_or_none(seeded.get("run_id") if isinstance(seeded, dict) else seeded),
    }


def _iteration(number: int, data: Mapping[str, Any]) -> IterationFacts:
    """What the commit record of an iteration says. Raises ValueError, or what its odd content leads to."""
    if data["iteration"] != number:
        raise ValueError(f"it says that it is iteration {data['iteration']!r}")
    said = [verdict["verdict"] for verdict in data["verdicts"].values()]
    used, similarity, plan = data["parameters_used"], data["similarity"] or {}, data["plan"]
    return IterationFacts(
        n=number,
        status=writable(data["status"]),
        at=writable(data["at"]),
        score=_number(data["evaluation"]["overall_score"]),
        passed=said.count("passed"),
        failed=said.count("failed"),
        unclear=said.count("unclear"),
        similarity=_number(similarity.get("measured")),
        denoise=_number(used["denoise"]),
        cfg=_number(used["cfg"]),
        steps=_whole(used["steps"]),
        seed=_whole(used["seed"]),
        strategy=_text_or_none(plan.get("strategy")),
        workflow=_text_or_none(plan.get("workflow")),
        seconds=round(sum(_number(each) or 0.0 for each in data["seconds"].values()), 3),
        cost_usd=_number(data["usage"]["cost_usd"]),
        positive=writable(data["prompts_used"]["positive"]),
        negative=writable(data["prompts_used"]["negative"]),
        picture=_text_or_none((data["generation"] or {}).get("sha256", "")[:HASH]),
    )


def _best(iterations: list[IterationFacts], checkpoint: Checkpoint | None) -> IterationFacts | None:
    """The one that the run calls best, else the one that is."""
    named = checkpoint.best_iteration if checkpoint else None
    done = [one for one in iterations if one.status == "ok"]
    chosen = next((one for one in done if one.n == named), None)
    return chosen or max(done, key=lambda one: one.rank, default=None)


def _with_best(run: RunFacts, iterations: list[IterationFacts], best: IterationFacts | None) -> RunFacts:
    if best is None:
        first = iterations[0].positive if iterations else ""
        return replace(run, prompt=first[:SHORT])
    return replace(
        run,
        verdict=best.verdict,
        score=best.score,
        best_iteration=best.n,
        picture=best.picture,
        passed=best.passed,
        criteria=best.criteria,
        similarity=best.similarity,
        prompt=best.positive[:SHORT],
    )


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    """A number that SQLite can hold."""
    return value if type(value) is int and abs(value) < 2**63 else None


def _text_or_none(value: Any) -> str | None:
    return writable(value) if isinstance(value, str) and value else None
