"""`rules base-prompts`: the whole command line, with a judge on a real port."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.rehearsal import barn, point_to
from tests.cli.shell import Said, Shell
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama

from iterativectl.config.lint import lint
from iterativectl.config.rules import parse_rules
from iterativectl.judging.base_prompts import PHRASES, SENTENCES, TAGS

RULES = """\
# mine
project: {name: barn}
acceptance_criteria:
  - {field: golden, question: "Is the light golden?", must_include: [golden hour], ban_terms: [grey sky]}
  - {field: barn, question: "Is it the barn?", intent: preserve, ban_terms: [ruin], avoid_terms: [cartoon]}
  - {field: door, question: "Is the door red?", must_include: [red door]}
prompts:      # where AIGen.yaml has none
  global: {positive: "old", negative: ""}
"""
MASKED = RULES.replace(
    "prompts:  ", "masking:\n  masks: [{name: door, active_criteria: [door, barn]}]\nprompts:  "
)
WHOLE = {
    "positive": "cartoon of a barn, Grey Sky, golden hour light",
    "negative": "blurry, golden hour, text",
}
DOOR = {"positive": "a wooden door, no ruin", "negative": "handle"}


def saying(**masks: Any) -> Callable[[Asked], str]:
    reply: dict[str, Any] = {"reason": "The light first.", "global": WHOLE}
    if masks:
        reply["masks"] = masks
    return lambda asked: json.dumps(reply) if asked.schema else "A barn under a grey sky."


@pytest.fixture
def project(workspace: Path) -> Path:
    root = barn(workspace)
    (root / "config" / "rules.yaml").write_text(RULES)
    aigen(root)
    return root


def aigen(root: Path, positive: str = "", backend: str = "embedded", workflow: str = "none.json") -> None:
    text = f"backend: {backend}\nworkflow_file: {workflow}\nmodel: {{ckpt_name: none}}\n"
    text += f'prompts: {{positive: "{positive}", negative: ""}}\n'
    (root / "config" / "AIGen.yaml").write_text(text)


def base_prompts(
    shell: Shell, project: Path, answer: Callable[[Asked], str], *argv: object
) -> tuple[Said, FakeOllama]:
    with FakeOllama(answer) as server:
        assert isinstance(server, FakeOllama)
        point_to(project, server.url)
        return shell("rules", "base-prompts", "--project", "barn", *argv), server


def rules_of(project: Path) -> str:
    return (project / "config" / "rules.yaml").read_text()


def asked_of(server: FakeOllama) -> str:
    text: str = server.last["messages"][-1]["content"]
    return text


def test_the_change_is_shown_and_nothing_is_written(shell: Shell, project: Path) -> None:
    said, server = base_prompts(shell, project, saying())
    assert said.code == 0, said.err
    assert '\n-  global: {positive: "old", negative: ""}\n' in said.out
    assert rules_of(project) == RULES
    for words in (
        "ollama/qwen3-vl:4b: The light first.",
        "positive prompt: 'red door' added",
        "positive prompt: 'grey sky', 'cartoon' taken out",
        "negative prompt: 'grey sky' added",
        "negative prompt: 'golden hour' taken out",
        "Spent: 2 requests",
        "iterativectl rules base-prompts --project barn --apply",
    ):
        assert words in said.err, words
    assert server.last.get("images") is None and not server.last["messages"][-1].get("images")


def test_the_terms_hold_whatever_the_model_wrote(shell: Shell, project: Path) -> None:
    said, _ = base_prompts(shell, project, saying(), "--apply", "--json")
    rules, _ = parse_rules(rules_of(project))
    assert rules.prompts.positive == "of a barn, golden hour light, red door"
    assert rules.prompts.negative == "blurry, text, grey sky"
    assert lint(rules) == ()
    data = said.json
    assert data["format"] == "base_prompts/1" and data["written"] and data["masks"] == {}
    assert data["global"] == {"positive": rules.prompts.positive, "negative": rules.prompts.negative}
    assert Path(data["backup"]).read_text() == RULES
    assert "# where AIGen.yaml has none" in rules_of(project) and rules_of(project).startswith("# mine\n")


def test_the_models_own_words_would_break_them(project: Path) -> None:
    """The planted mistake: what the model wrote, as it is."""
    rules, _ = parse_rules(RULES.replace('positive: "old"', f'positive: "{WHOLE["positive"]}"'))
    assert lint(rules) != ()


def test_every_mask_gets_its_own(shell: Shell, project: Path) -> None:
    (project / "config" / "rules.yaml").write_text(MASKED)
    said, server = base_prompts(shell, project, saying(door=DOOR), "--apply")
    assert said.code == 0, said.err
    rules, _ = parse_rules(rules_of(project))
    assert rules.mask_prompts["door"].positive == "a wooden door, no, red door"
    assert rules.mask_prompts["door"].negative == "handle"
    assert (
        "golden hour" in rules.prompts.positive and "golden hour" not in rules.mask_prompts["door"].positive
    )
    assert 'For the mask "door":\n- barn (preserve)' in asked_of(server)
    assert "positive prompt for the mask door: 'red door' added" in said.err


def test_a_mask_that_was_left_out_is_asked_for_again(shell: Shell, project: Path) -> None:
    (project / "config" / "rules.yaml").write_text(MASKED)
    said, server = base_prompts(shell, project, saying(window=DOOR), "--apply")
    assert said.code == 1 and rules_of(project) == MASKED
    assert "the positive prompt for the mask door is missing" in said.err
    assert "- the positive prompt for the mask door is missing or is no text" in asked_of(server)


def test_the_picture_is_described_once_for_all(shell: Shell, project: Path) -> None:
    _, server = base_prompts(shell, project, saying())
    assert server.asked_count == 2 and "A barn under a grey sky." in asked_of(server)
    (described,) = (project / "working" / "descriptions").glob("*.json")
    assert json.loads(described.read_text())["text"] == "A barn under a grey sky."
    _, server = base_prompts(shell, project, saying(), "--fresh")
    assert server.asked_count == 1


def test_a_run_and_this_share_the_description(shell: Shell, ran: Path) -> None:
    _, server = base_prompts(shell, ran, saying())
    assert server.asked_count == 1 and "The original picture in words:\na barn\n" in asked_of(server)


@pytest.mark.parametrize(
    ("workflow", "style"),
    [
        ("workflow/flux_img2img_api.json", SENTENCES),
        ("workflow/sd3_img2img_api.json", SENTENCES),
        ("workflow/img2img_no_mask_api.json", TAGS),
        ("workflow/nowhere.json", PHRASES),
    ],
)
def test_each_family_is_told_in_its_way(shell: Shell, project: Path, workflow: str, style: str) -> None:
    aigen(project, backend="comfyui", workflow=workflow)
    _, server = base_prompts(shell, project, saying())
    assert f"- {style}" in asked_of(server)


def test_a_sentence_keeps_its_end(shell: Shell, project: Path) -> None:
    answer = json.dumps({"reason": "", "global": {"positive": "A barn stands in a field.", "negative": ""}})
    base_prompts(shell, project, lambda asked: answer if asked.schema else "A barn.", "--apply")
    assert (
        parse_rules(rules_of(project))[0].prompts.positive
        == "A barn stands in a field, golden hour, red door."
    )


def test_where_they_do_not_count_is_said(shell: Shell, project: Path) -> None:
    aigen(project, positive="barn")
    said, _ = base_prompts(shell, project, saying())
    assert (
        "Note: AIGen.yaml has its own positive prompt: base prompts count only where it has none." in said.err
    )


def test_the_same_again_changes_nothing(shell: Shell, project: Path) -> None:
    base_prompts(shell, project, saying(), "--apply")
    before = rules_of(project)
    said, _ = base_prompts(shell, project, saying(), "--apply")
    assert said.out == "" and rules_of(project) == before
    assert "rules.yaml stays as it is" in said.err
    assert len(list((project / "config").glob("*.bak"))) == 1


def test_the_embedded_judge_says_that_it_cannot(shell: Shell, project: Path) -> None:
    (project / "config" / "AIVis.yaml").write_text("provider: embedded\nmodel: measurements\n")
    said = shell("rules", "base-prompts", "--project", "barn")
    assert said.code == 2 and "it cannot write rules" in said.err
