"""rules/: ten files that are models of their kind, each used as a person would use it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.shell import Shell

from iterativectl import resources
from iterativectl.config.rules import load_rules
from iterativectl.judging import asking_well

RULES = sorted(resources.path("rules").glob("*.yaml"))
TEN = {
    "portrait_business_attire",
    "room_staging",
    "product_background",
    "season_and_light",
    "object_removal",
    "style_transfer",
    "text_on_a_sign",
    "restoration",
    "character_sheet",
    "food",
}
TEMPLATE = "portrait_business_attire"  # equals the template of new projects, which another test holds it to

each = pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)


def test_there_are_ten() -> None:
    assert {path.stem for path in RULES} == TEN
    names = [load_rules(path)[0].name for path in RULES]
    assert len(set(names)) == len(names)


@each
def test_rules_check_has_nothing_to_say(path: Path, shell: Shell, workspace: Path) -> None:
    config = workspace / "projects" / "mine" / "config"
    config.mkdir(parents=True)
    shutil.copy(path, config / "rules.yaml")
    checked = shell("rules", "check", "--project", "mine", "--json")
    assert checked.code == 0, checked.err
    assert checked.json["problems"] == []


@each
def test_it_can_be_run_as_it_is(path: Path, shell: Shell, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path / path.name)
    picture = tmp_path / "photo.jpg"
    Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(picture)
    said = shell("run", "--rules", tmp_path / path.name, "--input", picture, "--embedded", "--dry-run")
    assert said.code == 0, said.out + said.err


@each
def test_it_has_what_good_rules_have(path: Path) -> None:
    rules, warnings = load_rules(path)
    criteria = rules.acceptance_criteria
    assert warnings == ()
    assert {criterion.intent for criterion in criteria} == {"change", "preserve"}
    assert any(criterion.measure for criterion in criteria)
    assert any(criterion.depends_on for criterion in criteria)
    assert any(criterion.max == 0 for criterion in criteria if criterion.type == "boolean")
    assert any(criterion.ban_terms for criterion in criteria) and any(c.avoid_terms for c in criteria)
    assert 3 <= len(rules.questions) <= 8
    assert rules.prompts.positive and rules.prompts.negative
    assert any(criterion.gate for criterion in criteria) or path.stem == TEMPLATE
    asked = [c for c in criteria if c.intent == "change" and not c.measure and c.max != 0]
    assert all(c.must_include for c in asked if c.type == "boolean"), (
        "what is wanted has words for the prompt"
    )
    # Without a mask there is nothing inside or outside of one.
    assert all(c.measure.region == "whole" for c in criteria if c.measure)


@each
def test_every_criterion_asks_well(path: Path) -> None:
    """The same checks that a model's proposals are held to."""
    for criterion in load_rules(path)[0].acceptance_criteria:
        if criterion.question and criterion.type == "boolean":
            assert asking_well.criterion(criterion.question, []) == (criterion.question, False)


@each
def test_it_teaches(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    remarks = re.findall(r"#[^\n]*", text)
    assert len(remarks) >= 14
    assert "What it teaches:" in text or path.stem == TEMPLATE
    if path.stem != TEMPLATE:  # the judge looks before it decides, and so does the reader
        assert text.index("\nquestions:") < text.index("\nacceptance_criteria:")


def test_a_new_workspace_has_them(shell: Shell, tmp_path: Path) -> None:
    assert shell("init", tmp_path / "new").code == 0
    assert {path.stem for path in (tmp_path / "new" / "rules").glob("*.yaml")} == TEN
