"""From files to a working run: the only module that knows concrete backends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from iterativectl import beginning, files, generation, runner
from iterativectl.ahead import one_at_a_time
from iterativectl.attention import Attention
from iterativectl.compose_judge import Desk, build_judge, second_findings, second_notes
from iterativectl.config.types import AIGen
from iterativectl.errors import ConfigError, JudgeUnavailable, Problem, ServerUnavailable
from iterativectl.events import Event
from iterativectl.images.decode import decode
from iterativectl.loading import (
    EMBEDDED,
    Config,
    RunOptions,
    World,
    find_workflow,
    load_config,
)
from iterativectl.model import Finding
from iterativectl.opening import Opened
from iterativectl.overlap import Overlap
from iterativectl.policy.classic import Classic
from iterativectl.policy.variants import Variants
from iterativectl.ports import Generator, Reporter, Server, VisionModel
from iterativectl.project import lock, runs
from iterativectl.project.answers import AnswerFiles
from iterativectl.project.event_log import EventLog
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.usage import Totals, UsageFile
from iterativectl.standing import Standing
from iterativectl.steps import Policy
from iterativectl.vision.routes import build_models

if TYPE_CHECKING:
    from iterativectl.generation.comfyui.client import Client
    from iterativectl.generation.comfyui.inspect import Inspected

__all__ = ["DryRun", "RunOptions", "World", "dry_run", "findings", "run_project"]

_log = logging.getLogger(__name__)

POLICIES = {"classic": Classic}
LEAST_FREE_BYTES = 500 * 2**20
EMBEDDED_NOTES = {  # (pictures, judge)
    (
        True,
        True,
    ): "the embedded engine: a classical painter and measurements, no diffusion or vision model",
    (True, False): "the embedded painter: classical edits of light and style, no diffusion model",
    (False, True): "the embedded judge: measurements, no vision model; objects and faces it cannot see",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What `--dry-run` has to say: findings, and lines about what would be done."""

    findings: tuple[Finding, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A project with the backends that will work on it. `notes` are sentences about them."""

    project: ProjectPaths
    generator: Generator
    models: tuple[VisionModel, VisionModel | None]
    notes: tuple[str, ...]


def run_project(
    workspace: WorkspacePaths, project: ProjectPaths, options: RunOptions, world: World, report: Reporter
) -> runner.Ended:
    """Do what `iterativectl run` does. Raises IterativeError when the run cannot begin or pauses."""
    ready = beginning.prepared(workspace, project, options)
    with lock.held(project.lock, started=world.clock.now().isoformat(timespec="seconds")):
        place = _placed(workspace, project, ready.config, world)
        opened = beginning.opened(project, ready, world.clock.now())
        return runner.run(work_on(seed_told(opened, options.seed), ready.config, place, world, report))


def seed_told(opened: Opened, seed: int | None) -> Opened:
    """A run keeps the seed that it began with; whoever asked for another one is told."""
    if not opened.resumed or seed in (None, opened.run.run_seed):
        return opened
    note = f"this run goes on with its own seed, {opened.run.run_seed}; --seed {seed} would be a new run's"
    return replace(opened, notes=(*opened.notes, note))


def build_generator(
    workspace: WorkspacePaths, project: ProjectPaths, aigen: AIGen, world: World
) -> Generator:
    """The backend that AIGen.yaml names."""
    build = generation.builder(aigen.backend)
    return build(aigen, lambda name: find_workflow(workspace, project, name), world.environ)


def comfyui_server(url: str, headers: Mapping[str, str], world: World) -> Server:
    """The ComfyUI at an address, to be looked at from outside a run."""
    from iterativectl.generation.comfyui import address_at
    from iterativectl.generation.comfyui.status import ComfyUIServer

    return ComfyUIServer(address_at(url, headers, world.environ), world.clock)


def comfyui_client(url: str, headers: Mapping[str, str], world: World) -> Client:
    """The routes of the ComfyUI at an address, to be asked from outside a run."""
    from iterativectl.generation.comfyui import address_at
    from iterativectl.generation.comfyui.client import Client
    from iterativectl.generation.comfyui.status import LOOK
    from iterativectl.generation.comfyui.transport import Transport

    return Client(Transport(address_at(url, headers, world.environ), LOOK, world.clock))


def inspect_workflow(
    content: bytes, name: str, told: Mapping[str, str], aigen: AIGen | None = None
) -> Inspected:
    """A ComfyUI workflow, read and traced, to be asked what it does and needs. Raises WorkflowRejected."""
    from iterativectl.generation.comfyui.inspect import Inspected

    return Inspected(content, name, told, aigen)


def findings(
    workspace: WorkspacePaths, project: ProjectPaths, world: World, options: RunOptions | None = None
) -> tuple[Finding, ...]:
    """What generator and judge say of themselves and these settings; nothing is made or spent."""
    config = load_config(workspace, project, options or RunOptions())
    return _checked(workspace, project, config, world)


def dry_run(workspace: WorkspacePaths, project: ProjectPaths, options: RunOptions, world: World) -> DryRun:
    """Look at everything a run needs and say what it would do; nothing is written but the logs."""
    ready = beginning.prepared(workspace, project, options)
    found = [disk(project), picture(project), *_checked(workspace, project, ready.config, world)]
    lines = (*ready.config.notes, *beginning.preview_of(project, ready), *_intentions(ready.wanted))
    return DryRun(findings=tuple(found), lines=lines)


def _checked(
    workspace: WorkspacePaths, project: ProjectPaths, config: Config, world: World
) -> tuple[Finding, ...]:
    generator = build_generator(workspace, project, config.aigen, world)
    found = list(generator.check(config.aigen.settings))
    if any(finding.status == "error" for finding in found) and not generator.reachable():
        found += _startable(workspace, project, config.aigen, world)
    primary, fallback = build_models(config.aivis, world.environ)
    found += primary.check()
    for finding in fallback.check() if fallback else ():
        status: Literal["ok", "warning"] = "ok" if finding.status == "ok" else "warning"
        found.append(replace(finding, status=status, what=f"fallback judge: {finding.what}"))
    return (*found, *second_findings(config.aivis, world.environ))


def _startable(workspace: WorkspacePaths, project: ProjectPaths, aigen: AIGen, world: World) -> list[Finding]:
    """The local ComfyUI that would answer if it were started, where one is known."""
    from iterativectl.processes.comfyui import known_locally

    found = None if aigen.backend == EMBEDDED else known_locally(aigen.comfyui, workspace.root, world.environ)
    if found is None:
        return []
    todo = f"Start the one in {found.root}: `iterativectl comfyui start --project {project.name}`."
    return [Finding(status="warning", what="local ComfyUI", why="it does not run", todo=todo)]


def disk(project: ProjectPaths) -> Finding:
    free = files.free_bytes(project.root)
    text = f"{free / 2**30:.1f} GiB free at {project.root}"
    if free < LEAST_FREE_BYTES:
        return Finding(
            status="error", what="disk space", why=text, todo="Free some space: pictures of a run need it."
        )
    return Finding(status="ok", what="disk space", why=text)


def picture(project: ProjectPaths) -> Finding:
    decoded = decode(project.input.read_bytes(), name=project.input.name)
    return Finding(status="ok", what="input picture", why=f"{decoded.width} x {decoded.height} px")


def _intentions(wanted: RunRecord) -> list[str]:
    """What `run` would do, in sentences."""
    settings = wanted.aigen.settings
    parameters = settings.parameters
    judge = f"{wanted.aivis.provider}/{wanted.aivis.model}"
    return [
        f"pictures: {wanted.aigen.backend}, workflow {settings.workflow or '-'}, "
        f"model {settings.ckpt_name or '-'}",
        f"start: denoise {parameters.denoise}, cfg {parameters.cfg}, steps {parameters.steps}, "
        f"{parameters.sampler_name}/{parameters.scheduler}, seed {settings.seed or 'drawn each time'}",
        f"judge: {judge}; {len(wanted.rules.questions)} questions, "
        f"{len(wanted.rules.acceptance_criteria)} criteria",
        f"at most {wanted.rules.max_iterations} iterations, accepted at score {wanted.rules.pass_score:g}",
    ]


def work_on(opened: Opened, config: Config, place: Place, world: World, report: Reporter) -> runner.Work:
    """Everything that a run works with, put together; its beginning is reported."""
    paths, run = opened.paths, opened.run
    log = EventLog(paths.events, run.run_id, world.clock.now)

    @one_at_a_time
    def tell(event: Event) -> None:
        log(event)
        report(event)

    def told(spent: Totals) -> None:
        tell(Event(type="request_done", data={"usage": spent}))

    usage = UsageFile(paths.usage, lambda: world.clock.now().isoformat(), told)
    attention = Attention(place.project.control, run.run_id, world.clock)
    overlap = Overlap(run.aivis.max_concurrent, attention)
    desk = Desk(
        cache=AnswerFiles(paths.answers),
        ledger=usage,
        clock=world.clock,
        attend=overlap.attend,
        environ=world.environ,
        native=overlap.native,
    )
    tell(_started(opened, config, place))
    return runner.Work(
        project=place.project,
        paths=paths,
        run=run,
        policy=_policy(run, place.generator),
        generator=place.generator,
        judge=build_judge(run.aivis, run.prompts, place.models, desk),
        standing=Standing(place.project, opened.checkpoint, run.aigen, world.clock),
        attention=attention,
        report=tell,
        clock=world.clock,
        overlap=overlap,
        usage=usage,
        wait_seconds=run.aigen.comfyui.wait_seconds,
    )


def _policy(run: RunRecord, generator: Generator) -> Policy:
    settings = run.aigen.settings
    if run.variants:
        return Variants(
            rules=run.rules,
            variants=run.variants,
            start=settings,
            run_seed=run.run_seed,
            masks=tuple(run.masks),
        )
    return POLICIES[run.rules.policy](
        rules=run.rules,
        start=settings,
        run_seed=run.run_seed,
        strategy=generator.strategy(settings.workflow, mask=bool(run.masks)),
        masks=tuple(run.masks),
    )


def _started(opened: Opened, config: Config, place: Place) -> Event:
    run = opened.run
    notes = [*config.notes, *opened.notes, *_what_is_embedded(run), *place.notes]
    return Event(
        type="run_started",
        data={
            "run_id": run.run_id,
            "resumed": opened.resumed,
            "iterations_done": len(runs.committed(opened.paths)),
            "max_iterations": run.rules.max_iterations,
            "engine": run.aigen.backend,
            "judge": f"{place.models[0].name}/{place.models[0].model}",
            "notes": notes,
        },
    )


def _what_is_embedded(run: RunRecord) -> list[str]:
    """The embedded engine is called what it is wherever a person meets it."""
    embedded = (run.aigen.backend == EMBEDDED, run.aivis.provider == EMBEDDED)
    return [EMBEDDED_NOTES[embedded]] if any(embedded) else []


def _placed(workspace: WorkspacePaths, project: ProjectPaths, config: Config, world: World) -> Place:
    """Backends that have been looked at. Raises what makes it pointless to begin.

    A server that is not there ends it with exit code 4, settings that cannot work with 2.
    """
    generator = build_generator(workspace, project, config.aigen, world)
    faults = [finding for finding in generator.check(config.aigen.settings) if finding.status == "error"]
    if faults and not generator.reachable():
        cures = [faults[0], *_startable(workspace, project, config.aigen, world)]
        raise ServerUnavailable(_said(faults[0]), " ".join(finding.todo for finding in cures))
    if faults:
        problems = [Problem(where="AIGen.yaml", path=f.what, message=f.why) for f in faults]
        raise ConfigError(problems, faults[0].todo)
    models = build_models(config.aivis, world.environ)
    notes = (*refuse_absent_judges(models), *second_notes(config.aivis, world.environ))
    return Place(project=project, generator=generator, models=models, notes=notes)


def refuse_absent_judges(models: tuple[VisionModel, VisionModel | None]) -> tuple[str, ...]:
    """Sentences about a judge that is not there; raises JudgeUnavailable when no other is."""
    faults: list[Finding] = []
    for model in models:
        found = [finding for finding in model.check() if finding.status == "error"] if model else []
        if model and not found:
            return tuple(f"{_said(fault)}; the fallback judges" for fault in faults)
        faults += found
    raise JudgeUnavailable("; ".join(map(_said, faults)), faults[0].todo)


def _said(finding: Finding) -> str:
    return ": ".join(filter(None, (finding.what, finding.why)))
