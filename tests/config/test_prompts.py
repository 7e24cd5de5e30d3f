"""prompts.yaml: three layers, merged key by key."""

from pathlib import Path

import pytest

from iterativectl.config.prompts import (
    BESIDE_RUNS,
    PLACEHOLDERS,
    REQUIRED,
    YOUNGER,
    load_prompts,
    load_prompts_beside_runs,
    prompt_warnings,
    prompts_from_json,
    prompts_to_json,
)
from iterativectl.errors import ConfigError
from iterativectl.resources import path as resource


def complete(word: str) -> str:
    """A file with every required template, each naming all that it may use."""
    lines = []
    for name, placeholders in PLACEHOLDERS.items():
        used = " ".join(f"{{{placeholder}}}" for placeholder in placeholders)
        lines.append(f'{name}: "{word} {used}"\n')
    return "".join(lines)


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    paths = [
        tmp_path / "defaults" / "prompts.yaml",
        tmp_path / "prompts.yaml",
        tmp_path / "projects" / "mine" / "config" / "prompts.yaml",
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    paths[0].write_text(complete("shipped"), encoding="utf-8")
    return paths


def test_later_layers_win_key_by_key(layers: list[Path]) -> None:
    layers[1].write_text("describe_image: workspace\ncompare_images: workspace {schema}\n", encoding="utf-8")
    layers[2].write_text("compare_images: project {schema}\n", encoding="utf-8")
    prompts = load_prompts(layers)
    assert prompts.templates["describe_image"] == "workspace"
    assert prompts.render("compare_images", schema="S", description="", measurements="") == "project S"
    assert prompts.templates["ask_questions"].startswith("shipped")
    assert prompt_warnings(layers) == ()


def test_absent_layers_and_files_of_comments_change_nothing(layers: list[Path]) -> None:
    layers[1].write_text("# nothing yet\n", encoding="utf-8")
    assert set(load_prompts(layers).templates) == set(REQUIRED)


def test_a_wrong_placeholder_names_file_line_and_the_right_ones(layers: list[Path]) -> None:
    layers[2].write_text("# mine\nask_questions: |\n  Look.\n  {question}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_prompts(layers)
    assert str(caught.value) == (
        "config/prompts.yaml:4: ask_questions: there is no placeholder {question} here "
        "(there are: {questions}, {region}, {schema}, {description}). Did you mean 'questions'?"
    )


def test_problems_of_all_layers_are_said_at_once(layers: list[Path]) -> None:
    layers[1].write_text("describe_image: '{a}'\n", encoding="utf-8")
    layers[2].write_text("describe_image: '{b}'\nask_question: x\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_prompts(layers)
    assert [problem.path for problem in caught.value.problems] == [
        "describe_image",
        "describe_image",
        "ask_question",
    ]


def test_a_template_that_is_nowhere_is_an_error(layers: list[Path]) -> None:
    layers[0].write_text("describe_image: x\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="the template 'evaluate_criteria' is missing"):
        load_prompts(layers)


def test_warnings_are_kept_for_who_asks(layers: list[Path]) -> None:
    layers[2].write_text("shout: x\nask_questions: What is there?\n", encoding="utf-8")
    load_prompts(layers)
    assert [problem.path for problem in prompt_warnings(layers)] == ["shout", "ask_questions"]


def test_what_no_run_uses_stands_beside_the_runs(layers: list[Path]) -> None:
    """A run that an older program began goes on, and a new way of finding masks ends none."""
    before = load_prompts(layers)
    layers[0].write_text(
        complete("shipped") + "locate_region: 'find {target} {convention}'\n"
        "suggest_rules: 'more for {goal} than {criteria}'\nbase_prompts: '{description} {criteria}'\n",
        encoding="utf-8",
    )
    layers[2].write_text("locate_region: 'where is {target} {convention}'\n", encoding="utf-8")
    assert load_prompts(layers) == before
    assert load_prompts_beside_runs(layers).templates == {
        "locate_region": "where is {target} {convention}",
        "suggest_rules": "more for {goal} than {criteria}",
        "base_prompts": "{description} {criteria}",
    }
    layers[2].write_text("locate_region: 'where is {thing}'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"there is no placeholder \{thing\}"):
        load_prompts_beside_runs(layers)


def test_the_template_beside_the_runs_must_be_somewhere(layers: list[Path]) -> None:
    with pytest.raises(ConfigError, match="the template 'locate_region' is missing"):
        load_prompts_beside_runs(layers)


def test_templates_come_back_from_run_json(layers: list[Path]) -> None:
    prompts = load_prompts(layers)
    data = prompts_to_json(prompts)
    assert prompts_from_json(data) == prompts
    del data["describe_image"]
    with pytest.raises(ConfigError, match="describe_image"):
        prompts_from_json(data)


def test_the_schema_knows_the_templates_of_the_table() -> None:
    from iterativectl.config.check import load_schema

    described = load_schema("prompts")["properties"]
    assert set(REQUIRED) <= set(described)
    for name, placeholders in (PLACEHOLDERS | BESIDE_RUNS).items():
        for placeholder in placeholders:
            assert f"{{{placeholder}}}" in described[name]["description"]


def test_templates_that_an_older_run_did_not_have_are_the_shipped_ones() -> None:
    shipped = load_prompts([resource("defaults", "prompts.yaml")])
    older = {name: text for name, text in prompts_to_json(shipped).items() if name not in YOUNGER}
    assert prompts_from_json(older) == shipped
    del older["evaluate_criteria"]
    with pytest.raises(ConfigError, match="evaluate_criteria"):
        prompts_from_json(older)
