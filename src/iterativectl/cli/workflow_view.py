"""One workflow, as blocks for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import Block, Cell, Line, table

if TYPE_CHECKING:
    from iterativectl.cli.workflows import Shelved
    from iterativectl.config.sidecar import ModelFile, Range, Sidecar
    from iterativectl.generation.inspection import Inspection, ModelNeed

HOMES = {
    "project": "the project's own",
    "workspace": "the workspace's",
    "shipped": "ships with the program",
    "file": "a file of yours",
}


def blocks(shelved: Shelved, told: Sidecar | None, inspection: Inspection) -> list[Block]:
    """What `workflow show` shows."""
    return [
        Line(told.title if told else shelved.name, "head"),
        *([Line(told.purpose)] if told else []),
        table(("", ""), [(Cell(name, "quiet"), text) for name, text in _facts(shelved, told, inspection)]),
        *_settings(shelved, told, inspection),
        *_models(told, inspection),
        *_ranges(told),
        *_notes(told, inspection),
        Line("How the graph was read", "head"),
        table(("role", "node", "found as"), [(role.role, role.where, role.how) for role in inspection.roles]),
    ]


def data(shelved: Shelved, told: Sidecar | None, inspection: Inspection) -> dict[str, Any]:
    """workflow/1. `told` is what the file beside the workflow says, null without one."""
    from iterativectl.project import records

    return {
        "workflow": shelved.name,
        "workflow_file": shelved.setting,
        "from": shelved.home,
        "path": str(shelved.path),
        "strategy": inspection.strategy,
        "roles": records.to_json(inspection.roles),
        "models": [model(need, told) for need in inspection.models],
        "notes": list(inspection.notes),
        "told": records.to_json(told) if told else None,
    }


def model(need: ModelNeed, told: Sidecar | None) -> dict[str, Any]:
    """A model file for programs; `there` is null where no server was asked."""
    known = described(need.file, told)
    return {
        "file": need.file,
        "folder": need.folder or None,
        "node": need.node,
        "input": need.input,
        "pages": list(known.pages) if known else [],
        "there": need.there,
    }


def described(file: str, told: Sidecar | None) -> ModelFile | None:
    """What the sidecar says of a model file."""
    return next((known for known in told.models if known.file == file), None) if told else None


def pages(told: Sidecar | None) -> dict[str, tuple[str, ...]]:
    """Model file -> where people get it."""
    return {known.file: known.pages for known in told.models} if told else {}


def _facts(shelved: Shelved, told: Sidecar | None, inspection: Inspection) -> Iterator[tuple[str, str]]:
    yield "strategy", ", ".join(told.strategies) if told else inspection.strategy
    if told:
        yield "models of", ", ".join(told.family)
    yield "file", f"{shelved.path} ({HOMES[shelved.home]})"


def _settings(shelved: Shelved, told: Sidecar | None, inspection: Inspection) -> Iterator[Block]:
    """The lines to put into AIGen.yaml, ready to be copied."""
    yield Line("In the project's config/AIGen.yaml", "head")
    yield Line(f"workflow_file: {shelved.setting}", indent=1, whole=True)
    for name, file in _chosen(told, inspection):
        yield Line(f"model: {{{name}: {file}}}", indent=1, whole=True)
    start = ", ".join(f"{name}: {value}" for name, value in _starts(told))
    if start:
        yield Line(f"parameters: {{{start}}}", indent=1, whole=True)
    roles = {role.role for role in inspection.roles}
    if "control" in roles:
        yield Line("control_image: input/control.png", indent=1, whole=True)
    if inspection.depth:
        made = "Leave control_image out to have a depth map made, where ComfyUI has a node for it."
        yield Line(made, "quiet", 1)
    if "mask" in roles:
        yield Line("`iterativectl mask create` draws a mask; `run --mask NAME` uses it.", "quiet", 1)


def _chosen(told: Sidecar | None, inspection: Inspection) -> Iterator[tuple[str, str]]:
    for need in inspection.models:
        if need.chosen:
            known = described(need.file, told)
            yield (known.chosen_by if known and known.chosen_by else "ckpt_name"), need.file


def _starts(told: Sidecar | None) -> Iterator[tuple[str, str]]:
    if told:
        yield from ((_parameter(name), f"{known.start:g}") for name, known in told.ranges.items())
        names = {"sampler_name": told.samplers, "scheduler": told.schedulers}
        yield from ((name, values[0]) for name, values in names.items() if values)


def _parameter(name: str) -> str:
    """The setting that a range is about: a model's own guidance is written with cfg."""
    return "cfg" if name == "guidance" else name


def _models(told: Sidecar | None, inspection: Inspection) -> Iterator[Block]:
    """Names and addresses in lines of their own, so that they can be copied from a narrow terminal."""
    if inspection.models:
        yield Line("Model files, below ComfyUI's models/", "head")
    for need in inspection.models:
        known = described(need.file, told)
        yield Line(f"{need.folder or '?'}/{need.file}", indent=1, whole=True)
        yield Line(known.what if known else f"read by {need.where}", "quiet", 2)
        yield from (Line(page, "quiet", 2, whole=True) for page in (known.pages if known else ()))


def _ranges(told: Sidecar | None) -> Iterator[Block]:
    rows = [*_range_rows(told)] if told else []
    if rows:
        yield Line("What suits it", "head")
        yield table(("", ""), [(Cell(name, "quiet"), text) for name, text in rows])


def _range_rows(told: Sidecar) -> Iterator[tuple[str, str]]:
    for name, known in told.ranges.items():
        written = " (written as cfg: the model's own guidance)" if name == "guidance" else ""
        yield name, f"{_span(known)}{written}"
    for name, values in (("sampler_name", told.samplers), ("scheduler", told.schedulers)):
        if values:
            yield name, ", ".join(values)


def _span(known: Range) -> str:
    return f"{known.min:g} to {known.max:g}, begin with {known.start:g}"


def _notes(told: Sidecar | None, inspection: Inspection) -> Iterator[Block]:
    """Those of the sidecar say it better than those of the tracing."""
    notes = told.notes if told else inspection.notes
    if notes:
        yield Line("Good to know", "head")
        yield from (Line(f"- {note}", indent=1) for note in notes)
