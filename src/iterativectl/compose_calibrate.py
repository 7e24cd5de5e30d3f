"""From a project's runs to benches, for `calibrate` to ask a judge again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from iterativectl import resources
from iterativectl.bench import requests
from iterativectl.calibration import Voiced
from iterativectl.compose_bench import Set, books, of_run, other_judge
from iterativectl.config.aivis import load_aivis
from iterativectl.config.types import AIVis
from iterativectl.loading import World
from iterativectl.project.layout import ProjectPaths
from iterativectl.vision.router import Metered


def current_judge(project: ProjectPaths, judge: str | None) -> AIVis:
    """Who is asked again: AIVis.yaml as it is now, or PROVIDER/MODEL; each asking a single answer.

    Raises ConfigError, UsageError.
    """
    own = project.aivis if project.aivis.exists() else resources.path("defaults", "config", "AIVis.yaml")
    return replace(other_judge(load_aivis(own)[0], judge), votes=1, ensemble=())


def of_runs(voiced: Sequence[Voiced], aivis: AIVis, world: World) -> dict[str, Set]:
    """A bench for each run, by its id, with one ledger: limits hold for all of them together.

    Raises ProjectError as `of_run` does.
    """
    ledger = books(ProjectPaths(voiced[0].paths.project).judged, world)
    return {one.run.run_id: of_run(one.paths, one.run, aivis, world, ledger) for one in voiced}


def foretold(voiced: Sequence[Voiced], sets: Mapping[str, Set], askings: int) -> Iterator[str]:
    """What asking so many times about all pictures comes to, in sentences, before it is done."""
    pictures = sum(len(one.spoken_of) for one in voiced)
    judge = next(iter(sets.values())).judge
    yield f"asking {judge} about {pictures} pictures, {askings} times each"
    worst = [_worst(sets[one.run.run_id], one, number) for one in voiced for number in one.spoken_of]
    if None in worst:
        yield "what it costs is not known: its price is neither reported nor in AIVis.yaml"
    elif total := askings * sum(usd or 0.0 for usd in worst):
        limits = "the limits of AIVis.yaml hold"
        yield f"it costs at most {total:.4f} USD if every question is answered at once; {limits}"


def _worst(laid: Set, voiced: Voiced, number: int) -> float | None:
    """USD that judging a picture once can cost at most; None where the price is not known."""
    model = laid.models[0]
    if not isinstance(model, Metered):
        return 0.0
    path = voiced.paths.image(number)
    asked = requests(laid.bench, path.read_bytes(), voiced.iterations[number].plan.mask, path.name)
    costs = [model.worst_cost_usd(request) for request in asked]
    return None if None in costs else sum(cost or 0.0 for cost in costs)
