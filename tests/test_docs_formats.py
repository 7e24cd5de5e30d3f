"""docs/formats.md and docs/rules.md name every field, default, file and figure as the program has them.

Each check is a function that returns what is wrong, so that it can be shown a text with a fault, too.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.papers import ROOT, not_named, section, tables, text_of

from iterativectl.config.prompts import BESIDE_RUNS, PLACEHOLDERS
from iterativectl.events import EventType
from iterativectl.model import (
    Call,
    Failure,
    Generation,
    Iteration,
    Parameters,
    Plan,
    Prompts,
    Similarity,
    Ticket,
    Verdict,
)
from iterativectl.policy import stopping, tuning
from iterativectl.ports import Reply
from iterativectl.project import metadata
from iterativectl.project.checkpoint import Checkpoint, Status
from iterativectl.project.layout import RunPaths
from iterativectl.project.runs import RunRecord

FORMATS = text_of(ROOT / "docs" / "formats.md")
RULES = text_of(ROOT / "docs" / "rules.md")

SETTINGS = {
    "rules": "config/rules.yaml",
    "AIGen": "config/AIGen.yaml",
    "AIVis": "config/AIVis.yaml",
    "prompts": "prompts.yaml",
}


def load_schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    )
    return loaded


def properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property in a schema, wherever it stands."""
    for name, inner in schema.get("properties", {}).items():
        yield name, inner
    for value in schema.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from properties(inner)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_field_of_a_schema_is_explained(name: str) -> None:
    fields = [field for field, _ in properties(load_schema(name))]
    assert not_named(section(FORMATS, SETTINGS[name]), fields) == []


def test_a_field_that_is_not_explained_is_noticed() -> None:
    text = section(FORMATS, "config/AIVis.yaml").replace("`keep_alive`", "").replace("`prices.input`", "")
    assert not_named(text, [field for field, _ in properties(load_schema("AIVis"))]) == [
        "input",
        "keep_alive",
    ]


def stated_defaults(text: str) -> Iterator[tuple[str, str]]:
    """(field, default) of the tables that have both columns; fields that share a row share it in order."""
    for row in (row for table in tables(text) for row in table if "default" in row):
        fields = re.findall(r"`([^`]+)`", row["field"])
        stated = [value.strip() for value in row["default"].split(", ")]
        if len(stated) == len(fields):
            yield from zip(fields, stated, strict=True)


def wrong_defaults(text: str, schema: Mapping[str, Any]) -> list[str]:
    """Fields whose stated default is not the schema's."""
    known: dict[str, set[str]] = {}
    for name, inner in properties(schema):
        if "default" in inner and inner["default"] not in ([], None):
            known.setdefault(name, set()).add(json.dumps(inner["default"]).strip('"') or '""')
    found = ((field.rpartition(".")[2], stated) for field, stated in stated_defaults(text))
    return [
        f"{field}: {stated}"
        for field, stated in found
        if field in known and (stated or '""') not in known[field]
    ]


@pytest.mark.parametrize("name", ["rules", "AIGen", "AIVis"])
def test_stated_defaults_are_the_schemas(name: str) -> None:
    text = section(FORMATS, SETTINGS[name])
    assert len(list(stated_defaults(text))) >= 10  # the tables were found
    assert wrong_defaults(text, load_schema(name)) == []


def test_a_wrong_default_is_noticed() -> None:
    text = section(FORMATS, "config/AIGen.yaml").replace("| 1800 |", "| 180 |")
    assert wrong_defaults(text, load_schema("AIGen")) == ["timeout_seconds: 180"]


def later_values(schema: Any) -> Iterator[str]:
    """What the schemas name as not available yet, as it should stand in the papers."""
    for name, inner in properties(schema):
        if inner.get("x-later"):
            yield name
            if isinstance(inner["x-later"], list):
                yield from inner["x-later"]


@pytest.mark.parametrize("name", ["rules", "AIGen", "AIVis"])
def test_what_is_not_available_yet_is_said(name: str) -> None:
    later = list(later_values(load_schema(name)))
    assert later or name == "AIVis"  # all of it is there
    assert not_named(section(FORMATS, "Not available yet"), later) == []


def test_the_templates_and_their_placeholders() -> None:
    text = section(FORMATS, "prompts.yaml")
    (table,) = tables(text)
    stated = {row["template"].strip("`"): set(re.findall(r"{(\w+)}", row["placeholders"])) for row in table}
    assert stated == {name: set(names) for name, names in (PLACEHOLDERS | BESIDE_RUNS).items()}


PLAN = Plan(
    iteration=1,
    take=0,
    strategy="img2img",
    parent=None,
    source="input",
    workflow="w.json",
    ckpt_name="c",
    parameters=Parameters(denoise=0.5, cfg=7.0, steps=25, sampler_name="euler", scheduler="normal"),
    prompts=Prompts(positive="", negative=""),
    seed=1,
    mask=None,
    reasons=(),
)


def record() -> dict[str, Any]:
    """A commit record as the program writes it."""
    failed = Iteration(plan=PLAN, status="failed", failure=Failure(code="x", message="y"))
    told = metadata.Circumstances(at=("", 0.0), generation=None, calls=(), files={}, seconds={})
    return metadata.record(RunPaths(Path("p"), "2026-01-09_22-25-59"), failed, told)


def keys(value: Any) -> set[str]:
    """Every key of JSON data, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(keys(inner) for inner in value.values()))
    return set().union(*(keys(inner) for inner in value)) if isinstance(value, list) else set()


def fields(*classes: type) -> list[str]:
    return [field.name for cls in classes for field in dataclasses.fields(cls)]


def test_every_field_of_the_commit_record_is_explained() -> None:
    text = section(FORMATS, "metadata/iteration_N_metadata.json")
    written = keys(record()) - {"format"} - set(fields(Plan))
    facts = set(fields(Generation, Verdict, Similarity, Call)) - {"field"}
    assert not_named(text, sorted(written | facts)) == []


def test_every_field_of_the_other_files_is_explained() -> None:
    text = section(FORMATS, "working/RUN_ID/")
    run = set(fields(RunRecord)) - {"aigen", "aivis"} | {"settings", "judge"}
    assert not_named(text, sorted(run | set(fields(Plan, Parameters, Prompts, Ticket, Reply)))) == []
    assert not_named(section(FORMATS, "working/"), fields(Checkpoint)) == []


def test_every_status_and_event_is_explained() -> None:
    statuses, *_ = (table for table in tables(FORMATS) if "status" in table[0])
    assert {row["status"].strip("`") for row in statuses} == set(get_args(Status))
    assert not_named(section(FORMATS, "working/RUN_ID/"), get_args(EventType)) == []


def written_paths() -> set[str]:
    """The files of a run as layout.py names them."""
    paths = RunPaths(Path("p"), "R")
    steps = (
        "plan",
        "tickets",
        "graph",
        "image",
        "questions",
        "evaluation",
        "comparison",
        "advice",
        "metadata",
    )
    named = [getattr(paths, step)(7) for step in steps] + [paths.run_json, paths.events, paths.usage]
    return {path.relative_to(paths.root).as_posix().replace("_7", "_N") for path in named}


def test_every_file_of_a_run_is_named() -> None:
    stated = set(re.findall(r"^\| `([^`]+)`", section(FORMATS, "working/RUN_ID/"), re.MULTILINE))
    assert written_paths() - stated == set()


def test_the_policys_figures_are_the_programs() -> None:
    text = section(FORMATS, "The classic policy")
    up, down = f"denoise + {tuning.DENOISE_STEP}", f"denoise - {tuning.DENOISE_STEP}"
    change = "a change criterion has not passed"
    assert f"| above {tuning.TOO_SIMILAR} | {change} | {up}, cfg + {tuning.CFG_STEP:g} |" in text
    assert f"| below {tuning.TOO_DIFFERENT} | | {down} |" in text
    assert f"denoise stays between {tuning.DENOISE_BOUNDS[0]} and {tuning.DENOISE_BOUNDS[1]:g}" in text
    assert f"cfg between {tuning.CFG_BOUNDS[0]:g} and {tuning.CFG_BOUNDS[1]:g}" in text
    assert f"be {tuning.STEPS_BOUNDS[0]} to {tuning.STEPS_BOUNDS[1]}" in text
    assert stopping.UNCLEAR_RUNS == 3 and "unclear in three judged iterations running" in text
    low, medium, high = (tuning.STRENGTH_CAPS[name] for name in ("low", "medium", "high"))
    assert f"at or below {low} (`low`), {medium}\n(`medium`) or {high} (`high`)" in RULES


def test_the_measured_criteria_are_the_programs() -> None:
    from iterativectl.images.measure import METRICS

    (table,) = tables(section(RULES, "Measured criteria"))
    assert [row["metric"].strip("`") for row in table] == list(METRICS)
