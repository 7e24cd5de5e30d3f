"""A person's rules.yaml is extended, and every byte of it that is not meant stays."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iterativectl import resources
from iterativectl.config import rules_edit, yaml_words
from iterativectl.config.rules import parse_rules
from iterativectl.config.rules_edit import Addition, with_additions, with_prompts
from iterativectl.config.yaml_source import parse_yaml
from iterativectl.errors import ConfigError
from iterativectl.model import Prompts

REPEATABLE = settings(
    max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
CHANGE = Addition(
    block="acceptance_criteria",
    entry={
        "field": "hat",
        "question": "Is the person wearing a hat: a red one?",
        "type": "boolean",
        "intent": "change",
        "must_include": ["red hat", "50's hat", "yes", "010"],
    },
    why="The goal asks for a hat, and nothing looks at the head.",
)
PRESERVE = Addition(
    block="acceptance_criteria",
    entry={
        "field": "fingers",
        "question": "Is there a hand with six fingers?",
        "type": "boolean",
        "min": 0,
        "max": 0,
        "intent": "preserve",
    },
)
QUESTION = Addition(
    block="questions",
    entry={"field": "hat_kind", "question": "What hat is it?", "type": "string", "enum": ["red", "1e3"]},
)
ALL = (CHANGE, PRESERVE, QUESTION)

GROUPED = """\
# mine
project: {name: barn}

acceptance_criteria:

  # what must come
  - field: golden          # by evening
    question: "Is it golden?"
    must_include: [ golden hour,   'sunset' ]

  # what must stay
  - field: same_barn
    question: Is it the same barn?
    intent: preserve
      # to be looked at again

# the end of the criteria
questions:
  - {field: light, question: What is the light like}   # one line
# prompts: none yet
"""
ODD = """\
project:
      name:   barn      # three blanks
acceptance_criteria:
-     question: |
        Is it
        golden?
      field: golden
-
      # the barn
      field: barn
      question: 'Is it the barn?'
"""
FLOW = "{project: {name: x}, acceptance_criteria: [{field: a, question: 'Is it?'},\n  ],\n questions: []}\n"
ANCHORED = """\
project: {name: x}
acceptance_criteria:
  - &first
    field: a
    question: Is it a?
    ban_terms: &bad [one, two]
  - <<: *first
    field: b
    ban_terms: *bad
questions:
  - {field: c, question: What is it}
"""
TEXTS = {"grouped": GROUPED, "odd": ODD, "flow": FLOW, "anchored": ANCHORED}
TEXTS |= {
    "template": resources.path("defaults", "config", "rules.yaml").read_text(encoding="utf-8"),
    "example": resources.path("projects", "example", "config", "rules.yaml").read_text(encoding="utf-8"),
    "no_end": GROUPED.rstrip("\n"),
    "windows": GROUPED.replace("\n", "\r\n"),
    "bom": "\ufeff" + GROUPED,
    "marked": f"---\n{GROUPED}...\n",
}


def data(text: str) -> Any:
    return parse_yaml(text.removeprefix("\ufeff"), "rules.yaml").data


def lines_in_order(old: str, new: str) -> bool:
    """Whether every line of the old text is in the new one, in its order, with its own line end."""
    there = iter(new.splitlines(keepends=True))
    return all(line in there for line in old.splitlines(keepends=True))


def with_them(old: Any, additions: tuple[Addition, ...]) -> tuple[Any, Any]:
    """The criteria and questions that must be there, by field."""
    wanted = copy.deepcopy(old)
    for addition in additions:
        wanted[addition.block] = [*(wanted.get(addition.block) or []), dict(addition.entry)]
    by_field = [{e["field"]: e for e in wanted[name] or []} for name in ("acceptance_criteria", "questions")]
    return by_field[0], by_field[1]


@pytest.mark.parametrize("name", TEXTS)
def test_what_was_there_stays_as_it_was(name: str) -> None:
    old = TEXTS[name]
    new = with_additions(old, ALL)
    criteria, questions = with_them(data(old), ALL)
    found = data(new)
    assert {entry["field"]: entry for entry in found["acceptance_criteria"]} == criteria
    assert {entry["field"]: entry for entry in found["questions"]} == questions
    others = [key for key in data(old) if key not in ("acceptance_criteria", "questions")]
    assert [found[key] for key in others] == [data(old)[key] for key in others]
    if name not in ("flow", "no_end"):
        assert lines_in_order(old, new)
    assert ("\r\n" in new) == (name == "windows") and new.count("\r") == (
        new.count("\n") if name == "windows" else 0
    )
    assert new.startswith("\ufeff") == (name == "bom")
    assert new.endswith("\n") == (name != "no_end")
    parse_rules(new.removeprefix("\ufeff"))


@pytest.mark.parametrize("name", ["grouped", "odd", "anchored", "template"])
def test_all_readers_see_the_same(name: str) -> None:
    new = with_prompts(with_additions(TEXTS[name], ALL), Prompts(positive="on", negative="no: 1"), {})
    by_ruamel = ruamel.yaml.YAML(typ="safe", pure=True).load(new)
    assert yaml.safe_load(new) == by_ruamel == data(new)


def test_a_change_goes_where_the_changes_are() -> None:
    new = with_additions(GROUPED, ALL)
    assert [entry["field"] for entry in data(new)["acceptance_criteria"]] == [
        "golden",
        "hat",
        "same_barn",
        "fingers",
    ]
    assert (
        "    must_include: [ golden hour,   'sunset' ]\n"
        "\n"
        "  # The goal asks for a hat, and nothing looks at the head.\n"
        "  - field: hat\n"
        '    question: "Is the person wearing a hat: a red one?"\n'
        "    type: boolean\n"
        "    intent: change\n"
        '    must_include: [red hat, "50\'s hat", "yes", "010"]\n'
        "\n"
        "  # what must stay\n"
    ) in new
    # a remark that is further in belongs to the entry above it
    assert "      # to be looked at again\n\n  - field: fingers\n" in new


def test_where_intents_take_turns_a_new_one_comes_last() -> None:
    mixed = GROUPED.replace(
        "# the end of the criteria", "  - {field: third, question: 'Is it?'}\n# the end of the criteria"
    )
    new = with_additions(mixed, [CHANGE, PRESERVE])
    fields = [entry["field"] for entry in data(new)["acceptance_criteria"]]
    assert fields == ["golden", "same_barn", "third", "hat", "fingers"]


def test_an_odd_indentation_is_taken_over() -> None:
    new = with_additions(ODD, [CHANGE])
    assert (
        "\n# The goal asks for a hat, and nothing looks at the head.\n-     field: hat\n      question:"
        in new
    )


@pytest.mark.parametrize("empty", ["", " []", " null", " ~", "   # none yet", " []  # none yet"])
def test_a_list_that_is_empty_is_filled(empty: str) -> None:
    old = (
        f"project: {{name: x}}\nquestions:{empty}\nacceptance_criteria: [{{field: a, question: 'Is it?'}}]\n"
    )
    new = with_additions(old, [QUESTION])
    assert data(new)["questions"] == [QUESTION.entry]
    assert ("# none yet" in new) == ("# none yet" in old)
    assert "\n  - field: hat_kind\n" in new


def test_a_list_that_is_missing_is_made_after_the_criteria() -> None:
    new = with_additions(ODD, [QUESTION])
    assert new == ODD + (
        "\nquestions:\n  - field: hat_kind\n    question: What hat is it?\n"
        '    type: string\n    enum: [red, "1e3"]\n'
    )


# Prompts

LONG = "a barn in the last light of the day, " * 5 + "photograph"
BOTH = Prompts(positive=LONG, negative="blurry: 1")
PROMPTS = {
    "none": "",
    "empty": "prompts:\n",
    "braces": "prompts: {}\n",
    "null": "prompts: {global: null}\n",
    "flow": 'prompts: {global: {positive: "", negative: ""}}   # mine\n',
    "block": "prompts:   # mine\n  global:\n    positive: old   # as before\n    negative: ''\n",
    "folded": "prompts:\n  global:\n    positive: >-   # as before\n      old\n      text\n    negative: n\n",
    "literal": "prompts:\n    global:\n        positive: |\n            old # text\n\n    # masks: none\n",
    "masks": "prompts:\n  masks:\n    left: {positive: here}\n    right:\n      negative: there\n",
    "remark": "prompts:\n  global:\n    positive:   # mine\n      old\n",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts_are_written(name: str) -> None:
    old = GROUPED + PROMPTS[name]
    new = with_prompts(old, BOTH, {"left": Prompts(positive="left", negative="")})
    written = data(new)["prompts"]
    assert written["global"] == {"positive": LONG, "negative": "blurry: 1"}
    assert written["masks"]["left"] == {"positive": "left", "negative": ""}
    if name == "masks":
        assert written["masks"]["right"] == {"negative": "there"}
    assert new.startswith(GROUPED)
    assert [new.count(word) for word in ("# mine", "# as before", "# masks: none")] == [
        old.count(word) for word in ("# mine", "# as before", "# masks: none")
    ]
    parse_rules(new)


@pytest.mark.parametrize("name", PROMPTS)
@pytest.mark.parametrize("mask", ["on", "1", "null", "-x"])
def test_a_mask_of_any_name_is_written(name: str, mask: str) -> None:
    new = with_prompts(GROUPED + PROMPTS[name], BOTH, {mask: Prompts(positive="p", negative="n")})
    for read in (data(new), yaml.safe_load(new)):
        assert read["prompts"]["masks"][mask] == {"positive": "p", "negative": "n"}


def test_a_long_prompt_is_folded() -> None:
    new = with_prompts(GROUPED, BOTH, {})
    assert max(map(len, new.splitlines())) <= yaml_words.WIDTH
    assert "    positive: >-\n      a barn in the last light" in new
    assert "\n\nprompts:\n" in new


def test_the_same_prompts_change_nothing() -> None:
    once = with_prompts(GROUPED, BOTH, {})
    assert with_prompts(once, BOTH, {}) == once


# What cannot be done is not done


def test_what_others_share_is_left_alone() -> None:
    shared = ODD + "questions: &q\n  - {field: c, question: What}\n"
    text = shared.replace("questions: &q", "x_shared: &q") + "questions: *q\n"
    with pytest.raises(ConfigError) as caught:
        with_additions(text, [QUESTION])
    assert "cannot be extended" in str(caught.value)
    assert "field: hat_kind" in caught.value.hint


def test_a_file_that_is_no_yaml_is_refused() -> None:
    for text in ("", "- a\n", "a: [\n", "a: 1\na: 2\n"):
        with pytest.raises(ConfigError):
            with_additions(text, [QUESTION])


def test_ruamel_writes_what_cannot_be_put_between() -> None:
    """The blank lines after `|+` belong to the text: nothing can be put below it by insertion."""
    kept = GROUPED.replace("    intent: preserve\n      # to be looked at again\n", "    ban_terms: [x]\n")
    kept = kept.replace(
        "question: Is it the same barn?\n    ban_terms: [x]\n", "question: |+\n      Is it?\n\n"
    )
    new = with_additions(kept, [PRESERVE])
    assert data(new)["acceptance_criteria"][1] == data(kept)["acceptance_criteria"][1]
    assert data(new)["acceptance_criteria"][-1] == PRESERVE.entry
    for remark in ("# mine", "# by evening", "# what must come", "# what must stay", "# one line"):
        assert remark in new


def test_a_wrong_insertion_is_never_handed_out() -> None:
    """The planted mistake: a place that is wrongly found. What comes of it does not hold what it should."""
    spoilt = lambda old, *_: old.replace("golden", "silver")  # noqa: E731
    changed = rules_edit._changed(GROUPED, lambda loaded, made: loaded.update(x=1), spoilt, "by hand")
    assert data(changed) == data(GROUPED) | {"x": 1}
    assert "silver" not in changed


# Files as nobody would write them

remarks = st.sampled_from(["", "   # a remark", "  # - field: no entry", " # 'quoted: \"#"])
blanks = st.sampled_from(["", "\n", "\n\n", "# between\n", "\n  # further in\n", "\n\n# two\n\n"])
texts = st.sampled_from(
    ["Is it?", "'Is it: so?'", '"Is it # so?"', "Is it\n%s so?", "|\n%sIs it?", ">-\n%sIs it?\n\n%s# so?"]
)


@st.composite
def files_of_rules(draw: st.DrawFn) -> str:
    """A rules file with remarks, blank lines and indentation anywhere."""
    column = draw(st.integers(0, 5))
    offset = draw(st.integers(2, 6))
    parts = [draw(blanks), f"project: {{name: x}}{draw(remarks)}\n", draw(blanks), "acceptance_criteria:"]
    parts += [draw(remarks), "\n"]
    inner = " " * (column + offset)
    for number in range(draw(st.integers(1, 3))):
        intent = draw(st.sampled_from(["change", "preserve"]))
        question = draw(texts).replace("%s", inner + "  ")
        parts += [draw(blanks), " " * column, "-", " " * (offset - 1), f"field: f{number}{draw(remarks)}\n"]
        parts += [inner, f"question: {question}\n", inner, f"intent: {intent}{draw(remarks)}\n"]
    if draw(st.booleans()):
        parts += [
            draw(blanks),
            "questions:",
            draw(st.sampled_from(["", " []", " [{field: q, question: Q}]"])),
        ]
        parts += [draw(remarks), "\n"]
    return "".join(parts) + draw(blanks)


words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)


@given(files_of_rules(), words, words)
@REPEATABLE
def test_any_file_is_extended_and_otherwise_kept(text: str, question: str, term: str) -> None:
    question = yaml_words.one_line(question) or "Q"
    term = yaml_words.one_line(term) or "T"
    new_entry = {"field": "new", "question": question, "intent": "change", "must_include": [term]}
    additions = (
        Addition(block="acceptance_criteria", entry=new_entry, why=f"{question} {term}"),
        Addition(block="questions", entry={"field": "new", "question": term}),
    )
    new = with_additions(text, additions)
    criteria, questions = with_them(data(text), additions)
    assert {entry["field"]: entry for entry in data(new)["acceptance_criteria"]} == criteria
    assert {entry["field"]: entry for entry in data(new)["questions"]} == questions
    if "questions: [" not in text:
        assert lines_in_order(text, new)
    if "Q}]" not in text:
        assert with_prompts(new, BOTH, {}).startswith(new.rstrip("\n").rsplit("\n", 1)[0])


@given(words)
@REPEATABLE
def test_a_text_comes_back_from_its_words(text: str) -> None:
    """In a block, between brackets and folded; control characters are escaped."""
    safe = "".join(one for one in text if one.isprintable() or one == "\n")
    for written in (
        f"a: {yaml_words.value(safe)}\n",
        f"a: [{yaml_words.value(safe, between_brackets=True)}]\n",
    ):
        for found in (yaml.safe_load(written)["a"], data(written)["a"]):
            assert found in (safe, [safe])
    if yaml_words.foldable(safe):
        assert yaml.safe_load("a: >-\n" + "\n".join(yaml_words.folded(safe, 2)) + "\n")["a"] == safe


def test_the_shipped_rules_can_all_be_extended() -> None:
    for path in sorted(Path(resources.path("rules")).glob("*.yaml")):
        old = path.read_text(encoding="utf-8")
        new = with_prompts(with_additions(old, ALL), BOTH, {})
        assert len(new) > len(old)
        assert lines_in_order(old, with_additions(old, ALL))
