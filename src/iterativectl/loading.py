"""From a project's files and the command line's options to what a run needs to know."""

from __future__ import annotations

import hashlib
import platform
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iterativectl import __version__, resources
from iterativectl.clock import Clock
from iterativectl.config.aigen import load_aigen
from iterativectl.config.aivis import load_aivis
from iterativectl.config.prompts import load_prompts, prompt_warnings
from iterativectl.config.rules import load_rules
from iterativectl.config.types import AIGen, AIVis, PromptTemplates, Rules
from iterativectl.errors import ConfigError, Problem, ProjectError, UsageError
from iterativectl.images.decode import decode
from iterativectl.model import Prompts
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
    """The options of `iterativectl run`. `seed` is the run's seed: every picture's seed is drawn from it."""

    reset: bool = False
    resume_from: int | None = None
    max_iterations: int | None = None
    seed: int | None = None
    embedded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A project's files, loaded. `notes` are sentences for the person (defaults used, warnings)."""

    rules: Rules
    aigen: AIGen
    aivis: AIVis
    prompts: PromptTemplates
    notes: tuple[str, ...]


def load_config(workspace: WorkspacePaths, project: ProjectPaths, options: RunOptions) -> Config:
    """All files of a project. Raises ConfigError with the problems of all of them at once."""
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
    config = Config(rules=rules, aigen=aigen, aivis=aivis, prompts=prompts, notes=tuple(notes))
    return _with_options(config, options)


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
    )


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
    own, base = aigen.settings.prompts, rules.prompts
    prompts = Prompts(positive=own.positive or base.positive, negative=own.negative or base.negative)
    aigen = replace(aigen, settings=replace(aigen.settings, prompts=prompts))
    return replace(config, rules=rules, aigen=aigen, aivis=aivis)
