"""The shipped prompts: they load, use every placeholder, and hold what the design asks of them."""

from __future__ import annotations

import string

import pytest

from iterativectl.config.prompts import (
    BESIDE_RUNS,
    PLACEHOLDERS,
    load_prompts,
    load_prompts_beside_runs,
    prompt_warnings,
)
from iterativectl.resources import path, root

SHIPPED = path("defaults", "prompts.yaml")


def test_the_shipped_prompts_are_without_a_warning() -> None:
    assert prompt_warnings([SHIPPED, root() / "prompts.yaml"]) == ()


@pytest.mark.parametrize("name", [*PLACEHOLDERS, *BESIDE_RUNS])
def test_every_placeholder_is_used(name: str) -> None:
    shipped = load_prompts([SHIPPED]).templates | load_prompts_beside_runs([SHIPPED]).templates
    used = {part[1] for part in string.Formatter().parse(shipped[name]) if part[1]}
    assert used == set((PLACEHOLDERS | BESIDE_RUNS)[name])


@pytest.mark.parametrize("name", ["ask_questions", "evaluate_criteria"])
def test_a_judge_may_say_that_it_cannot_tell(name: str) -> None:
    text = load_prompts([SHIPPED]).templates[name]
    assert '"unclear"' in text
    assert "guess" in text


def test_reasons_come_before_answers() -> None:
    text = load_prompts([SHIPPED]).templates["evaluate_criteria"]
    assert text.index('"reason"') < text.index('"answer"')
    assert "original" in text and "result" in text


def test_the_workspace_changes_nothing_as_shipped() -> None:
    both = load_prompts([SHIPPED, root() / "prompts.yaml"])
    assert both.templates == load_prompts([SHIPPED]).templates
