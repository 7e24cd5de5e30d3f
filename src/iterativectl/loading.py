"""From a project's files and the command line's options to what a run needs to know."""

from __future__ import annotations

import hashlib
import platform
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iterativectl import __version__, masked, resources
from iterativectl.clock import Clock
from iterativectl.config.aigen import ALL_MASKS, load_aigen
from iterativectl.config.aivis import load_aivis
from iterativectl.config.metrics import MASKED
from iterativectl.config.prompts import load_prompts, prompt_warnings
from iterativectl.config.rules import load_rules
from iterativectl.config.types import AIGen, AIVis, PromptTemplates, Rules
from iterativectl.errors import ConfigError, Problem, ProjectError, UsageError
from iterativectl.images.decode import decode
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import masks, runs
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.runs import RunRecord

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What surrounds the program: environment variables and time."""

    environ: Mapping[str, str]
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `iterativectl run`. `seed` is the run's seed: every picture's seed is drawn from it.

    `mask` replaces AIGen.yaml's active_mask: a name, or "all". `seed_from`: the run whose ranking a new run
    starts from, "latest" or "none"; None: nothing is said. `seed_mode` is one of policy.seeding.MODES.
    """

    reset: bool = False
    resume_from: int | None = None
    max_iterations: int | None = None
    seed: int | None = None
    embedded: bool = False
    mask: str | None = None
    seed_from: str | None = None
    seed_mode: str = "rank1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A project's files, loaded. `notes` are sentences for the person (defaults used, warnings).

    `masks` are those in play, by name in order: path, sha256.
    """

    rules: Rules
    aigen: AIGen
    aivis: AIVis
    prompts: PromptTemplates
    notes: tuple[str, ...]
    masks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_config(
    workspace: WorkspacePaths, project: ProjectPaths, options: RunOptions, start: AIGen | None = None
) -> Config:
    """All files of a project. Raises ConfigError with the problems of all of them at once.

    `start` takes the place of config/AIGen.yaml, but for the backend and where it is to be found.
    """
    _require(project)
    problems: list[Problem] = []
    notes: list[str] = []
    layers = prompt_layers(workspace, project)
    rules = _loaded(project.rules, load_rules, problems, notes)
    aigen = _loaded(_or_default(project, project.aigen, notes), load_aigen, problems, notes)
    aivis = _loaded(_or_default(project, project.aivis, notes), load_aivis, problems, notes)
    try:
        prompts = load_prompts(layers)
        notes += [str(warning) for warning in prompt_warnings(layers)]
    except ConfigError as error:
        problems += error.problems
    if problems:
        warnings = [Problem(where="", path="", message=note, severity="warning") for note in notes]
        raise ConfigError([*problems, *warnings], "Mend these lines; nothing was started.")
    if start is not None:
        aigen = replace(start, backend=aigen.backend, comfyui=aigen.comfyui)
    config = Config(rules=rules, aigen=aigen, aivis=aivis, prompts=prompts, notes=tuple(notes))
    return _with_masks(project, _with_options(config, options))


def remembered(project: ProjectPaths, options: RunOptions, *, variants: bool = False) -> RunOptions:
    """The options, with the mask that was asked for when the run began which they go on with.

    `variants`: whether they are for a run of variants, which goes on with no other.
    """
    ids = runs.run_ids(project)
    if options.mask is not None or options.reset or not ids:
        return options
    checkpoint, _ = checkpoint_file.read_or_rebuildable(project.checkpoint)
    ended = checkpoint is not None and checkpoint.run_id == ids[-1] and checkpoint.finished
    if checkpoint and ended and options.resume_from is None and not _has_more(project, checkpoint, options):
        return options
    before = runs.read_run(project.run(ids[-1]))
    return replace(options, mask=before.asked_mask) if bool(before.variants) == variants else options


def _has_more(project: ProjectPaths, checkpoint: Checkpoint, options: RunOptions) -> bool:
    """Whether a run that was used up has more iterations now."""
    allowed = options.max_iterations
    if checkpoint.status != "exhausted":
        return False
    if allowed is None:
        try:
            allowed = load_rules(project.rules)[0].max_iterations
        except ConfigError:  # said, with everything else, when the files are loaded
            return False
    return allowed > checkpoint.last_iteration


def _loaded(
    path: Path,
    load: Callable[[Path], tuple[Any, tuple[Problem, ...]]],
    problems: list[Problem],
    notes: list[str],
) -> Any:
    """One file, its warnings into `notes`; None with its problems into `problems`."""
    try:
        value, warnings = load(path)
    except ConfigError as error:
        problems += error.problems
        return None
    notes += [str(warning) for warning in warnings]
    return value


def _or_default(project: ProjectPaths, path: Path, notes: list[str]) -> Path:
    if path.exists():
        return path
    notes.append(f"{project.name} has no {path.name}: the one in defaults/ is used")
    return resources.path("defaults", "config", path.name)


def prompt_layers(workspace: WorkspacePaths, project: ProjectPaths) -> list[Path]:
    """The prompt files that are there, weakest first: shipped, workspace, project."""
    own = [path for path in (workspace.prompts, project.prompts) if path.exists()]
    return [resources.path("defaults", "prompts.yaml"), *own]


def wanted_run(
    workspace: WorkspacePaths, project: ProjectPaths, config: Config, options: RunOptions
) -> RunRecord:
    """A run as the files are now. Raises ImageError for an input picture that cannot be used."""
    if not project.input.exists():
        raise ProjectError(
            f"{project.input} is missing",
            "Put the picture to edit there, or make the project with `project create NAME --input PICTURE`.",
        )
    data = project.input.read_bytes()
    decode(data, name=str(project.input))
    workflow = config.aigen.settings.workflow
    graph = (
        b"" if config.aigen.backend == EMBEDDED else find_workflow(workspace, project, workflow).read_bytes()
    )
    return RunRecord(
        run_id="",
        started_at="",
        rules=config.rules,
        prompts=config.prompts,
        aigen=config.aigen,
        aivis=config.aivis,
        input={"path": "input/input.png", "sha256": hashlib.sha256(data).hexdigest()},
        workflow={"file": workflow, "sha256": hashlib.sha256(graph).hexdigest()},
        run_seed=secrets.randbits(32) if options.seed is None else options.seed,
        versions={"iterativectl": __version__, "python": platform.python_version()},
        masks=config.masks,
        control=_control(project, config.aigen.control_image),
        asked_mask=options.mask,
    )


def _control(project: ProjectPaths, name: str | None) -> dict[str, str] | None:
    """The control picture that AIGen.yaml names. Raises ConfigError, ImageError."""
    if name is None:
        return None
    path = project.root / name
    try:
        data = path.read_bytes()
    except OSError as error:
        why = "there is no" if isinstance(error, FileNotFoundError) else f"{error.strerror}:"
        problem = Problem(where="AIGen.yaml", path="control_image", message=f"{why} {path}")
        raise ConfigError([problem], "Put the picture there, or set control_image to null.") from error
    decode(data, name=str(path))
    return {"path": name, "sha256": hashlib.sha256(data).hexdigest()}


def find_workflow(workspace: WorkspacePaths, project: ProjectPaths, name: str) -> Path:
    """A workflow file by the name in AIGen.yaml: absolute, in the project, the workspace, or shipped."""
    candidates = (
        [Path(name)]
        if Path(name).is_absolute()
        else [project.root / name, workspace.root / name, resources.root() / name]
    )
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ConfigError(
        [Problem(where="AIGen.yaml", path="workflow_file", message=f"{name} was not found")],
        f"Looked at: {', '.join(str(candidate) for candidate in candidates)}.",
    )


def _require(project: ProjectPaths) -> None:
    if not project.root.is_dir():
        raise UsageError(
            f"there is no project {project.name} in {project.root.parent}",
            "`iterativectl project list` shows the projects; `project create NAME` makes one.",
        )


def _with_options(config: Config, options: RunOptions) -> Config:
    """The files, changed by the command line's options; base prompts of the rules where AIGen's are empty."""
    rules, aigen, aivis = config.rules, config.aigen, config.aivis
    if options.max_iterations is not None:
        rules = replace(rules, max_iterations=options.max_iterations)
    if options.embedded:
        aigen = replace(aigen, backend=EMBEDDED)
        aivis = replace(
            aivis, provider=EMBEDDED, model="measurements", fallback_provider=None, fallback_model=None
        )
        aivis = replace(aivis, calls="separate", ensemble=())
    if options.mask is not None:
        aigen = replace(aigen, masking=replace(aigen.masking, enabled=True, active_mask=options.mask))
    return replace(config, rules=rules, aigen=aigen, aivis=aivis)


def _with_masks(project: ProjectPaths, config: Config) -> Config:
    """What is in play, and the base prompts that go with it, where AIGen.yaml's own are empty.

    With several masks each has its own base prompts, which the policy takes when it comes to the mask.
    """
    aigen, rules = config.aigen, config.rules
    used, notes = masked.in_use(project, aigen.masking)
    idle = _idle_masks(rules, aigen, tuple(masks.found(project, aigen.masking)), tuple(used))
    refuse_unmasked(rules, tuple(used))
    active = next(iter(used)) if len(used) == 1 else ALL_MASKS if used else None
    own = aigen.settings.prompts
    aigen = replace(
        aigen,
        masking=replace(aigen.masking, active_mask=active),
        settings=replace(
            aigen.settings, mask=active, prompts=own if len(used) > 1 else rules.base_prompts(active, own)
        ),
    )
    return replace(config, aigen=aigen, masks=used, notes=(*config.notes, *notes, *idle))


def _idle_masks(rules: Rules, aigen: AIGen, found: tuple[str, ...], in_play: tuple[str, ...]) -> list[str]:
    """What is there and does nothing: masks that are not in play, and rules for masks that are not there."""
    notes = []
    idle = [name for name in found if name not in in_play]
    if idle and not in_play and aigen.masking.enabled:
        notes.append(f"no mask is in play; there are {', '.join(idle)}: `--mask NAME` or masking.active_mask")
    unknown = [entry.name for entry in rules.masks if entry.name not in found]
    if unknown:
        notes.append(f"rules.yaml: masking names masks that are not there: {', '.join(unknown)}")
    return notes


def refuse_unmasked(rules: Rules, in_play: tuple[str, ...]) -> None:
    """Without a mask there is nothing to measure inside or outside of it."""
    lost = [c for c in rules.acceptance_criteria if c.measure and c.measure.region in MASKED]
    if lost and not in_play:
        problems = [
            Problem(where="rules.yaml", path=f"{c.field}.measure.region", message="no mask is in play")
            for c in lost
        ]
        raise ConfigError(problems, "Name a mask with --mask or masking.active_mask, or measure the whole.")
