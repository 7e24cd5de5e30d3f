"""What a run was asked to make: criteria, questions, the input picture, limits, who makes and who judges."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from iterativectl import resources
from iterativectl.config import metrics
from iterativectl.config.aivis import load_aivis
from iterativectl.config.types import Criterion
from iterativectl.images import png
from iterativectl.overview import RunState
from iterativectl.project.layout import ProjectPaths
from iterativectl.project.links import lies_inside
from iterativectl.project.runs import RunRecord
from iterativectl.showing.reading import tried
from iterativectl.showing.shelf import Shelf
from iterativectl.showing.values import number, plain, table, tables, text, whole, within, word

Facts = dict[str, Any]
HEADER = 64  # bytes of a PNG that tell its size


def facts(run: RunRecord | None, data: Facts) -> Facts:
    """What does not change while a run goes on, out of run.json; `run` None: it is damaged in parts."""
    rules, judge = table(data.get("rules")), table(data.get("judge"))
    return {
        "engine": word(within(data, "settings", "backend")),
        "judge": "/".join(filter(None, (text(judge.get("provider")), text(judge.get("model"))))) or None,
        "workflow": word(within(data, "workflow", "file")),
        "mask": run.aigen.masking.active_mask if run else None,
        "masks": [name for entry in tables(data.get("masks")) if (name := word(entry.get("name")))],
        "seeded_from": plain(data.get("seeded_from")),
        "variants": _variants(data),
        "pass_score": number(within(rules, "project", "pass_score")),
        "criteria": _criteria(run, rules),
        "questions": [
            {"field": text(entry.get("field")), "question": text(entry.get("question"))}
            for entry in tables(rules.get("questions"))
        ],
    }


def start(data: Facts) -> Facts:
    """`{prompts, parameters}` that the run began with; without what was left open, such as the seed."""
    settings = table(data.get("settings"))
    known = {
        **table(settings.get("parameters")),
        "workflow": settings.get("workflow_file"),
        "ckpt_name": within(settings, "model", "ckpt_name"),
    }
    return {
        "prompts": {side: text(within(settings, "prompts", side)) for side in ("positive", "negative")},
        "parameters": {name: plain(value) for name, value in known.items() if value is not None},
    }


def input_facts(project: ProjectPaths, data: Facts, shelf: Shelf, problems: list[str]) -> Facts:
    """The picture that the run edits: `{width, height, sha256, changed}`.

    `changed`: input/input.png is another picture now than the run began with; None where nobody can tell.
    """
    began = word(within(data, "input", "sha256"))

    def look() -> tuple[int, int, str]:
        content = project.input.read_bytes()
        head = png.header(content[:HEADER], name="input/input.png")
        return head.width, head.height, hashlib.sha256(content).hexdigest()

    if not project.input.is_file():
        problems.append("input/input.png is missing")
        return {"width": None, "height": None, "sha256": None, "changed": None}
    found = tried(problems, lambda: shelf.of("input", [project.input], look))
    width, height, sha256 = found or (None, None, None)
    changed = sha256 != began if sha256 and began else None
    return {"width": width, "height": height, "sha256": sha256, "changed": changed}


def masks_changed(project: ProjectPaths, data: Facts, shelf: Shelf) -> list[str]:
    """The names of those of the run's masks whose file is another one now than the run used, or is gone."""
    return [
        name
        for entry in tables(data.get("masks"))
        if (name := word(entry.get("name"))) is not None
        and (began := word(entry.get("sha256"))) is not None
        and _sha256(project, project.root / (word(entry.get("path")) or ""), shelf) != began
    ]


def _sha256(project: ProjectPaths, path: Path, shelf: Shelf) -> str | None:
    """Of a file in the project; None where there is none."""
    if not path.is_file() or not lies_inside(path, project.root):
        return None
    return tried(
        [], lambda: shelf.of("sha256", [path], lambda: hashlib.sha256(path.read_bytes()).hexdigest())
    )


def limits(project: ProjectPaths, state: RunState, data: Facts, shelf: Shelf) -> Facts:
    """`{max_cost_usd, max_requests}`: of an unfinished run as the files are now, else as it began with."""
    said = table(within(data, "judge", "limits"))
    began = {
        "max_cost_usd": number(said.get("max_cost_usd")),
        "max_requests": whole(said.get("max_requests")),
    }
    if not state.unfinished or within(data, "judge", "provider") == "embedded":
        return began
    path = project.aivis if project.aivis.exists() else resources.path("defaults", "config", "AIVis.yaml")
    found = tried([], lambda: shelf.of("aivis", [path], lambda: load_aivis(path)[0].limits))
    if found is None:
        return began
    return {"max_cost_usd": found.max_cost_usd, "max_requests": found.max_requests}


def _criteria(run: RunRecord | None, rules: Facts) -> list[Facts]:
    """As the rules of the run have them; `in_words` says what passes."""
    meant = {criterion.field: criterion for criterion in run.rules.acceptance_criteria} if run else {}
    found = []
    for entry in tables(rules.get("acceptance_criteria")):
        field = text(entry.get("field"))
        criterion = meant.get(field)
        found.append(
            {
                "field": field,
                "question": text(entry.get("question")),
                "intent": word(entry.get("intent")),
                "weight": number(entry.get("weight")),
                "measured": isinstance(entry.get("measure"), dict),
                "in_words": _in_words(criterion) if criterion else "",
                "gate": entry.get("gate") is True,
                "depends_on": [text(name) for name in criterion.depends_on] if criterion else [],
            }
        )
    return found


def _in_words(criterion: Criterion) -> str:
    """What passes, for people."""
    if criterion.measure is not None:
        return metrics.wanted_in_words(criterion.measure)
    low, high = criterion.min, criterion.max
    if criterion.type == "boolean":
        return "no" if high == 0 else "yes"
    if low is not None and high is not None:
        return f"exactly {low:g}" if low == high else f"{low:g} to {high:g}"
    if low is None and high is None:
        return "any number"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"


def _variants(data: Facts) -> list[Facts]:
    """Of a run of variants, one an iteration: `{name, workflow, strategy}`; [] for any other run."""
    names = ("name", "workflow", "strategy")
    return [{name: text(entry.get(name)) for name in names} for entry in tables(data.get("variants"))]
