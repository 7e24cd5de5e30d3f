"""NAME.yaml beside a workflow NAME.json: what a person should know of it. A workflow runs without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iterativectl.config.check import check, refuse_errors
from iterativectl.config.yaml_source import read_yaml, require_mapping
from iterativectl.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model file that a workflow needs. `folder` is below ComfyUI's models/; `pages` are its publishers'.

    `chosen_by` is the setting in AIGen.yaml's model block that names the file, None where the graph does.
    """

    file: str
    folder: str
    what: str
    pages: tuple[str, ...]
    chosen_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values of a parameter that suit a workflow, and the one to begin with."""

    start: float
    min: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What is told of a workflow. `ranges` by parameter: denoise, cfg or guidance, steps.

    `guidance` stands in place of cfg where AIGen.yaml's cfg is written to the model's own guidance. Samplers
    and schedulers: the best first.
    """

    title: str
    purpose: str
    family: tuple[str, ...]
    strategies: tuple[str, ...]
    models: tuple[ModelFile, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    samplers: tuple[str, ...] = ()
    schedulers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def sidecar_of(workflow: Path) -> Path:
    """Where the sidecar of a workflow file would lie."""
    return workflow.with_suffix(".yaml")


def load_sidecar(path: Path) -> tuple[Sidecar, tuple[Problem, ...]]:
    """The sidecar and the warnings of a file. Raises ConfigError with every problem of the file."""
    document = read_yaml(path)
    require_mapping(document)
    warnings = refuse_errors(check(document, "workflow"))
    return _sidecar(document.data), warnings


def _sidecar(data: Mapping[str, Any]) -> Sidecar:
    parameters: Mapping[str, Any] = data.get("parameters") or {}
    ranges = {name: value for name, value in parameters.items() if isinstance(value, dict)}
    return Sidecar(
        title=data["title"],
        purpose=" ".join(data["purpose"].split()),
        family=tuple(data["family"]),
        strategies=tuple(data["strategies"]),
        models=tuple(_model(entry) for entry in data["models"]),
        ranges={name: Range(start=r["start"], min=r["min"], max=r["max"]) for name, r in ranges.items()},
        samplers=tuple(parameters.get("sampler_name") or ()),
        schedulers=tuple(parameters.get("scheduler") or ()),
        notes=tuple(data.get("notes") or ()),
    )


def _model(data: Mapping[str, Any]) -> ModelFile:
    return ModelFile(
        file=data["file"],
        folder=data["folder"],
        what=data["what"],
        pages=tuple(data["pages"]),
        chosen_by=data.get("chosen_by"),
    )
