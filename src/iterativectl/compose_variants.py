"""From files to a run of variants, as compose goes from files to an ordinary run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from iterativectl import beginning, compose, opening, runner, variants
from iterativectl.choosing import Chosen
from iterativectl.compose import DryRun, Place
from iterativectl.compose_judge import second_notes
from iterativectl.loading import EMBEDDED, Config, World, find_workflow, load_config, remembered, wanted_run
from iterativectl.model import Finding
from iterativectl.opening import open_run
from iterativectl.policy.variants import Variants
from iterativectl.ports import Generator, Reporter
from iterativectl.project import lock
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.runs import RunRecord
from iterativectl.variants import Asked
from iterativectl.vision.routes import build_models

__all__ = ["Asked", "dry_run", "run_variants"]


def run_variants(
    workspace: WorkspacePaths, project: ProjectPaths, asked: Asked, world: World, report: Reporter
) -> runner.Ended:
    """Do what `iterativectl variants` does. Raises IterativeError when the run cannot begin or pauses."""
    beginning.refuse_waiting(project)
    asked = replace(asked, options=remembered(project, asked.options, variants=True))
    config = load_config(workspace, project, asked.options)
    now = wanted_run(workspace, project, config, asked.options)
    with lock.held(project.lock, started=world.clock.now().isoformat(timespec="seconds")):
        generator = compose.build_generator(workspace, project, config.aigen, world)
        chosen = _chosen(workspace, project, now, asked, generator)
        models = build_models(config.aivis, world.environ)
        absent = (*compose.refuse_absent_judges(models), *second_notes(config.aivis, world.environ))
        notes = (*absent, *chosen.notes)
        place = Place(project=project, generator=generator, models=models, notes=notes)
        opened = open_run(project, chosen.run, world.clock.now(), reset=asked.options.reset, resume_from=None)
        opened = compose.seed_told(opened, asked.options.seed)
        work = compose.work_on(opened, config, place, world, report)
        return variants.run(work, cast(Variants, work.policy), _at_once(opened.run))


def dry_run(workspace: WorkspacePaths, project: ProjectPaths, asked: Asked, world: World) -> DryRun:
    """Look at everything, say what would be made and what not; nothing is written but the logs."""
    beginning.refuse_waiting(project)
    asked = replace(asked, options=remembered(project, asked.options, variants=True))
    config = load_config(workspace, project, asked.options)
    now = wanted_run(workspace, project, config, asked.options)
    generator = compose.build_generator(workspace, project, config.aigen, world)
    chosen = _chosen(workspace, project, now, asked, generator)
    begin = opening.preview(project, chosen.run, reset=asked.options.reset, resume_from=None)
    findings = [compose.disk(project), compose.picture(project), *_judges(config, world)]
    return DryRun(findings=tuple(findings), lines=(*config.notes, begin, *_lines(chosen)))


def _chosen(
    workspace: WorkspacePaths, project: ProjectPaths, now: RunRecord, asked: Asked, generator: Generator
) -> Chosen:
    def find(name: str) -> Path:
        return find_workflow(workspace, project, name)

    return variants.choose(project, now, asked, generator, find)


def _at_once(run: RunRecord) -> int:
    """How many pictures can be made at a time: one a server."""
    return 1 if run.aigen.backend == EMBEDDED else len(run.aigen.comfyui.base_urls)


def _judges(config: Config, world: World) -> Iterator[Finding]:
    for model in build_models(config.aivis, world.environ):
        yield from model.check() if model else ()


def _lines(chosen: Chosen) -> Iterator[str]:
    """What would be compared, one line each, then what would not."""
    total = len(chosen.run.variants)
    for number, variant in enumerate(chosen.run.variants, 1):
        told = "; ".join(variant.reasons)
        yield f"variant {number} of {total}: {variant.name}{f' ({told})' if told else ''}"
    yield from chosen.notes
