"""What a ranking makes of the start settings, case by case: tests/cases/seeding/*.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from iterativectl.model import (
    Advice,
    History,
    Iteration,
    Parameters,
    Plan,
    Prompts,
    Settings,
)
from iterativectl.policy.seeding import FIRST, MODES, Ranked, notes_due, seeded

CASES = sorted((Path(__file__).parents[1] / "cases" / "seeding").glob("*.yaml"))
PARAMETERS = {"denoise": 0.5, "cfg": 7.0, "steps": 25, "sampler_name": "euler", "scheduler": "karras"}
START = Settings(
    workflow="w.json",
    ckpt_name="c.safetensors",
    parameters=Parameters(**PARAMETERS),  # type: ignore[arg-type]
    prompts=Prompts(positive="the project's", negative="its own"),
)


def ranked(data: dict[str, Any]) -> Ranked:
    return Ranked(
        iteration=data["iteration"],
        parameters=Parameters(**{**PARAMETERS, **{k: v for k, v in data.items() if k in PARAMETERS}}),
        prompts=Prompts(positive=data.get("positive", "ranked"), negative=data.get("negative", "")),
        seed=data.get("seed", 1),
        note=data.get("note", ""),
    )


def start(data: dict[str, Any]) -> Settings:
    return replace(START, **data)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    found = seeded(
        [ranked(entry) for entry in case["ranked"]],
        case["mode"],
        start(case.get("start", {})),
        lock_seed=case.get("lock_seed", False),
    )
    settings = found.settings
    seen = {
        **{name: getattr(settings.parameters, name) for name in PARAMETERS},
        **{name: getattr(settings, name) for name in ("workflow", "ckpt_name", "mask", "seed")},
        "positive": settings.prompts.positive,
        "negative": settings.prompts.negative,
        "iterations": list(found.iterations),
        "notes": list(found.notes),
        "remarks": list(found.remarks),
    }
    assert case["expect"]
    assert {name: seen[name] for name in case["expect"]} == case["expect"]


def test_there_is_a_case_for_every_mode() -> None:
    assert {yaml.safe_load(path.read_text())["mode"] for path in CASES} == set(MODES) == set(FIRST)


def test_nothing_ranked_is_nothing_to_start_from() -> None:
    with pytest.raises(ValueError, match="nothing is ranked"):
        seeded([], "rank1", START, lock_seed=False)


def iteration(number: int, advice: Advice | None) -> Iteration:
    plan = Plan(
        iteration=number,
        take=0,
        strategy="img2img",
        parent=None,
        source="input",
        workflow="",
        ckpt_name="",
        parameters=START.parameters,
        prompts=START.prompts,
        seed=1,
        mask=None,
        reasons=(),
    )
    return Iteration(plan=plan, status="ok", advice=advice)


def test_notes_are_for_one_prompt_improvement() -> None:
    """One that came to nothing, or of parameters alone, has not used them up."""
    notes = ("too dark",)
    useless = (iteration(1, None), iteration(2, Advice()), iteration(3, Advice(parameters={"cfg": 8.0})))
    improved = iteration(4, Advice(prompts=START.prompts))
    assert notes_due(History(notes=notes)) == notes
    assert notes_due(History(iterations=useless, notes=notes)) == notes
    assert notes_due(History(iterations=(*useless, improved), notes=notes)) == ()
