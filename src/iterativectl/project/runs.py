"""The runs of a project: begin one, load what it has committed, put iterations aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from iterativectl import files
from iterativectl.config import aigen as aigen_file
from iterativectl.config import aivis as aivis_file
from iterativectl.config import prompts as prompts_file
from iterativectl.config import rules as rules_file
from iterativectl.config.types import AIGen, AIVis, PromptTemplates, Rules
from iterativectl.errors import ConfigError
from iterativectl.model import Advice, History, Iteration, Plan, Variant
from iterativectl.project import metadata, preferences, records
from iterativectl.project.layout import RUN_ID, ProjectPaths, RunPaths, iteration_of
from iterativectl.project.seed import SeededFrom

RUN_FORMAT = "run/1"
PLAN_FORMAT = "plan/1"
ADVICE_FORMAT = "advice/1"
SUPERSEDED_FORMAT = "superseded/1"
_TIME = "%Y-%m-%d_%H-%M-%S"
_STEP_FOLDERS = ("metadata", "plan", "workflow", "images", "questions", "evaluation", "comparison", "advice")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """run.json: the resolved config of a run, seeds, versions. No secrets: keys and header values stay out.

    `masks` are those the run works through, by name in order; `asked_mask` is what `--mask` said.
    `variants`: what a run of variants compares, () for any other run; `left_out`: workflow -> why it is not
    among them. `seeded_from`: the ranking that the settings come from.

    On resume it wins; addresses, headers, timeouts, limits, keys and max_iterations come from the files as
    they are now.
    """

    run_id: str
    started_at: str
    rules: Rules
    prompts: PromptTemplates
    aigen: AIGen
    aivis: AIVis
    input: Mapping[str, str]  # path, sha256
    workflow: Mapping[str, str]  # file, sha256
    run_seed: int
    versions: Mapping[str, str]
    masks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # name -> path, sha256
    control: Mapping[str, str] | None = None  # path, sha256
    asked_mask: str | None = None
    variants: tuple[Variant, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    seeded_from: SeededFrom | None = None


def run_ids(project: ProjectPaths) -> list[str]:
    """The runs that have begun (run.json is there), oldest first."""
    if not project.working.is_dir():
        return []
    found = [entry.name for entry in project.working.iterdir() if RUN_ID.fullmatch(entry.name)]
    return sorted(name for name in found if project.run(name).run_json.exists())


def new_run_id(project: ProjectPaths, now: datetime) -> str:
    """Local time as a run id; a second later where a folder of that name is there already."""
    while True:
        run_id = now.strftime(_TIME)
        root = project.run(run_id).root
        if not root.exists() or not any(root.iterdir()):
            return run_id
        now += timedelta(seconds=1)


def write_run(paths: RunPaths, record: RunRecord) -> None:
    """Write run.json: from here on the run exists."""
    files.write_json(
        paths.run_json,
        {
            "format": RUN_FORMAT,
            "run_id": record.run_id,
            "started_at": record.started_at,
            "run_seed": record.run_seed,
            "input": dict(record.input),
            "masks": [{"name": name, **mask} for name, mask in record.masks.items()],
            "control": dict(record.control) if record.control else None,
            "asked_mask": record.asked_mask,
            "workflow": dict(record.workflow),
            "variants": records.to_json(record.variants),
            "left_out": dict(record.left_out),
            "seeded_from": records.to_json(record.seeded_from),
            "rules": rules_file.rules_to_json(record.rules),
            "settings": aigen_file.aigen_to_json(record.aigen),
            "judge": aivis_file.aivis_to_json(record.aivis),
            "prompts": prompts_file.prompts_to_json(record.prompts),
            "versions": dict(record.versions),
        },
    )


def read_run(paths: RunPaths) -> RunRecord:
    """A run's resolved config. Raises ProjectError when damaged or from a newer program."""
    data = records.read(paths.run_json, RUN_FORMAT)
    try:
        return RunRecord(
            run_id=data["run_id"],
            started_at=data["started_at"],
            run_seed=int(data["run_seed"]),
            input=data["input"],
            workflow=data["workflow"],
            rules=rules_file.rules_from_json(data["rules"]),
            aigen=aigen_file.aigen_from_json(data["settings"]),
            aivis=aivis_file.aivis_from_json(data["judge"]),
            prompts=prompts_file.prompts_from_json(data["prompts"]),
            versions=data["versions"],
            masks={mask["name"]: _picture(mask) for mask in data.get("masks", ())},
            control=_picture(data["control"]) if data.get("control") else None,
            asked_mask=data.get("asked_mask"),
            variants=tuple(records.from_json(Variant, entry) for entry in data.get("variants", ())),
            left_out={str(name): str(why) for name, why in data.get("left_out", {}).items()},
            seeded_from=records.from_json(SeededFrom, data["seeded_from"])
            if data.get("seeded_from")
            else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, ConfigError) as error:
        raise records.damaged(paths.run_json, str(error)) from error


def _picture(entry: Mapping[str, Any]) -> dict[str, str]:
    return {"path": str(entry["path"]), "sha256": str(entry["sha256"])}


def write_plan(paths: RunPaths, plan: Plan) -> None:
    """Freeze a plan on disk."""
    files.write_json(paths.plan(plan.iteration), {"format": PLAN_FORMAT, **records.to_json(plan)})


def read_plan(paths: RunPaths, iteration: int) -> Plan | None:
    """The frozen plan of an iteration, None when it was not planned yet."""
    path = paths.plan(iteration)
    return records.read_fact(path, PLAN_FORMAT, Plan) if path.exists() else None


def read_advice(paths: RunPaths, iteration: int) -> Advice | None:
    """The recorded advice of an iteration, None when none was asked for."""
    path = paths.advice(iteration)
    return records.read_fact(path, ADVICE_FORMAT, Advice, key="advice") if path.exists() else None


def committed(paths: RunPaths) -> list[int]:
    """The numbers of the committed iterations, in order."""
    folder = paths.root / "metadata"
    if not folder.is_dir():
        return []
    numbers = (iteration_of(entry.name) for entry in folder.iterdir())
    return sorted(number for number in numbers if number is not None)


def read_iteration(paths: RunPaths, number: int) -> Iteration:
    """One committed iteration. Raises ProjectError when its record or its picture is damaged or gone."""
    iteration = metadata.read(paths.metadata(number), read_advice(paths, number))
    if iteration.status == "ok" and not paths.image(number).exists():
        raise records.damaged(paths.image(number), "the picture of a finished iteration is missing")
    return iteration


def load_history(paths: RunPaths) -> History:
    """All that a policy may know: the committed iterations and how often numbers were planned before."""
    numbers = committed(paths)
    iterations = tuple(read_iteration(paths, number) for number in numbers)
    preferred = tuple(found for number in numbers for found in preferences.of(paths, number))
    return History(iterations=iterations, takes=takes(paths), preferences=preferred)


def takes(paths: RunPaths) -> dict[int, int]:
    """How often each number was planned and put aside."""
    counts: dict[int, int] = {}
    for plan in paths.superseded.glob("*/plan/iteration_*_plan.json"):
        number = iteration_of(plan.name)
        if number is not None:
            counts[number] = counts.get(number, 0) + 1
    return counts


def superseded_folder(paths: RunPaths, now: datetime) -> Path:
    """superseded/TIME/; a second later where a folder of that name is there already."""
    while (folder := paths.superseded / now.strftime(_TIME)).exists():
        now += timedelta(seconds=1)
    return folder


def supersede(paths: RunPaths, first: int, folder: Path) -> None:
    """Move iterations `first` and above to a folder below superseded/, losing nothing.

    The intent is written first, so that a kill in the middle is finished by the next start.
    """
    files.write_json(folder / "intent.json", {"format": SUPERSEDED_FORMAT, "first": first})
    finish_superseding(paths)


def finish_superseding(paths: RunPaths) -> None:
    """Complete every move that was begun. The commit records go first: half-moved is never half-done."""
    for intent in sorted(paths.superseded.glob("*/intent.json")):
        first = int(records.read(intent, SUPERSEDED_FORMAT)["first"])
        for folder in _STEP_FOLDERS:
            _move_steps(paths.root / folder, intent.parent / folder, first)
        files.move(intent, intent.with_name("superseded.json"))


def remove_partials(paths: RunPaths) -> None:
    """Delete what a kill left half-written."""
    if paths.root.is_dir():
        files.remove_partials(paths.root)
    for folder in paths.superseded.glob("*"):
        files.remove_empty_dir(folder)


def remove_leftovers(project: ProjectPaths) -> None:
    """Delete half-written files beside the runs, and the folders of runs killed before they began."""
    for folder in (project.working, project.descriptions, project.output):
        for leftover in folder.glob(f"*{files.TEMPORARY_SUFFIX}"):
            files.remove(leftover)
    for folder in project.working.iterdir() if project.working.is_dir() else ():
        run_json = project.run(folder.name).run_json
        if RUN_ID.fullmatch(folder.name) and not run_json.exists():
            files.remove(files.partial_path(run_json))
            files.remove_empty_dir(folder)


def file_hashes(paths: RunPaths, iteration: int, known: Mapping[Path, str]) -> dict[str, str]:
    """Project-relative path -> sha256 of every step file of an iteration that is there.

    `known`: hashes that need not be taken again, because the file was just written so.
    """
    candidates = (
        paths.plan(iteration),
        paths.tickets(iteration),
        paths.graph(iteration),
        paths.image(iteration),
        paths.raw_image(iteration),
        paths.questions(iteration),
        paths.evaluation(iteration),
        paths.comparison(iteration),
        paths.advice(iteration),
        *preferences.files_of(paths, iteration),
    )
    return {paths.relative(path): known.get(path) or sha256_of(path) for path in candidates if path.exists()}


def digest_of(value: Any) -> str:
    """The hex digest of JSON values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """The hex digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _move_steps(source: Path, target: Path, first: int) -> None:
    if not source.is_dir():
        return
    for entry in sorted(source.iterdir()):
        number = iteration_of(entry.name)
        if number is not None and number >= first:
            files.move(entry, target / entry.name)


def changes(old: RunRecord, new: RunRecord) -> list[str]:
    """What differs so much that an unfinished run cannot go on: words for people; [] when it can."""
    differs: list[tuple[str, Any, Any]] = [
        ("rules", judged_by(old.rules), judged_by(new.rules)),
        ("the prompt templates", old.prompts, new.prompts),
        ("the prompts in AIGen.yaml", old.aigen.settings.prompts, new.aigen.settings.prompts),
        ("the input picture", old.input["sha256"], new.input["sha256"]),
        ("the masks", list(old.masks.items()), list(new.masks.items())),
        ("the control picture", old.control, new.control),
        ("the workflow", old.workflow["sha256"], new.workflow["sha256"]),
        ("the generating backend", old.aigen.backend, new.aigen.backend),
        ("the judge", _judges(old.aivis), _judges(new.aivis)),
        ("the list of variants", old.variants, new.variants),
    ]
    return [name for name, before, after in differs if before != after]


def _judges(aivis: AIVis) -> tuple[Any, ...]:
    """Whose word counts, and how."""
    others = [(opinion.provider, opinion.model) for opinion in aivis.ensemble]
    return (aivis.provider, aivis.model, others, aivis.disagreement)


def changed(old: RunRecord, new: RunRecord) -> str:
    """Why an unfinished run cannot go on, in words for people; "" when it can."""
    if bool(old.variants) != bool(new.variants):
        return "it was a run of variants" if old.variants else "it was not a run of variants"
    names = changes(old, new)
    return f"{', '.join(names)} changed" if names else ""


def judged_by(rules: Rules) -> Rules:
    """The rules less what may change in the middle of a run."""
    return replace(rules, max_iterations=0, patience=None, max_failures=0)


def retuned(old: RunRecord, new: RunRecord) -> list[str]:
    """Sentences on what differs and may: an unfinished run goes on with the values of today."""
    notes = []
    for name in ("max_iterations", "patience", "max_failures"):
        before, now = getattr(old.rules, name), getattr(new.rules, name)
        if before != now:
            notes.append(f"{name} is {_said(now)} now (it was {_said(before)})")
    servers = (aigen_file.aigen_to_json(run.aigen)["comfyui"] for run in (old, new))
    judges = (aivis_file.aivis_to_json(run.aivis) for run in (old, new))
    for file, prefix, (before, now) in (("AIGen.yaml", "comfyui.", servers), ("AIVis.yaml", "", judges)):
        names = [prefix + name for name in now if before.get(name) != now[name]]
        if names:
            notes.append(f"{', '.join(names)} in {file} changed since this run began: used as they are now")
    return notes


def _said(value: int | None) -> str:
    return "null" if value is None else str(value)
