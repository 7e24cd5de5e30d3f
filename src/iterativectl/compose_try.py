"""One picture of a run judged by other rules, which need not be saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from iterativectl import resources
from iterativectl.bench import Doing
from iterativectl.compose_bench import books, of_run
from iterativectl.config.aivis import load_aivis
from iterativectl.config.types import Rules
from iterativectl.errors import ImageError
from iterativectl.judgement import Judged, judge_all
from iterativectl.judging import merged
from iterativectl.loading import World, refuse_unmasked
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, RunPaths

Say = Callable[[str], None]
_WORDS = {
    "": "measuring",
    "describe_image": "describing the original",
    "ask_questions": "asking the questions",
    "evaluate_criteria": "deciding the criteria",
    merged.KIND: "asking all at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it. `judge` is PROVIDER/MODEL, `notes` are sentences for people."""

    judged: Judged
    judge: str
    notes: tuple[str, ...]


def tried(paths: RunPaths, number: int, rules: Rules, world: World, say: Say) -> Tried:
    """Judge an iteration's picture as `judge` does: by AIVis.yaml, within its limits, answers kept.

    Masks and prompts are those of the run, so that only the rules make a difference. What `say` raises ends
    it. Raises ConfigError, ImageError, ProjectError, JudgeUnavailable, LimitReached.
    """
    project = ProjectPaths(paths.project)
    run = replace(runs.read_run(paths), rules=rules)
    own = project.aivis if project.aivis.exists() else resources.path("defaults", "config", "AIVis.yaml")
    laid = of_run(paths, run, load_aivis(own)[0], world, books(project.judged, world))
    mask, masks = runs.read_iteration(paths, number).plan.mask, laid.bench.masks
    in_play = masks[: masks.index(mask) + 1] if mask in masks else ()
    refuse_unmasked(rules, in_play)
    notes: list[str] = []

    def report(told: Doing | Judged | str) -> None:
        if isinstance(told, Doing):
            say(_WORDS.get(told.purpose, told.purpose))
        elif isinstance(told, str) and told not in notes:
            notes.append(told)

    picture = (f"iteration {number}", paths.image(number))
    session = judge_all(replace(laid.bench, masks=in_play), [picture], 1, report)
    if session.stopped is not None:
        raise session.stopped
    judged = session.pictures[0]
    if judged.fault is not None:
        raise ImageError(judged.fault.message, judged.fault.hint)
    return Tried(judged=judged, judge=laid.judge, notes=tuple(notes))
