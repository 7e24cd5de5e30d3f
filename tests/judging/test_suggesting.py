"""What a model proposes for rules.yaml: tests/cases/suggest/*.json, one file a bad habit.

A case holds a reply (a text, or an object that is sent as JSON) and what must come of it beside the rules
below: the entries as they would be written, what is dropped with words of the reason, what is mended, the
notes; or `failure`, words that say why nothing can be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iterativectl.config.lint import lint
from iterativectl.config.prompts import load_prompts_beside_runs
from iterativectl.config.rules import parse_rules
from iterativectl.config.rules_edit import Addition, with_additions
from iterativectl.config.yaml_source import parse_yaml
from iterativectl.judging import asking_well, suggesting
from iterativectl.judging.asking_well import Without
from iterativectl.judging.suggesting import Context, Fared, Raw
from iterativectl.judging.vetting import Vetted, vet
from iterativectl.model import Picture
from iterativectl.resources import path

CASES = sorted((Path(__file__).parent.parent / "cases" / "suggest").glob("*.json"))
RULES = """\
project: {name: barn}
acceptance_criteria:
  - field: golden
    question: Is the barn in golden light?
    intent: change
    must_include: [sunset]
  - field: same_barn
    question: Is there a barn in the picture?
    intent: preserve
    avoid_terms: [neon light]
  - {field: still, measure: {metric: similarity, min: 0.3}, intent: preserve}
questions:
  - {field: light, question: "What is the light like?"}
prompts: {global: {positive: a farm in the last light of the day}}
"""
PICTURE = Picture(png=b"", width=4, height=3, sha256="0" * 64)


def load(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


def text_of(case: Mapping[str, Any]) -> str:
    reply = case["reply"]
    return reply if isinstance(reply, str) else json.dumps(reply)


def outcome(case: Mapping[str, Any], without: Without = frozenset()) -> tuple[Raw, Vetted]:
    raw = suggesting.read(text_of(case), case.get("finish", "stop"))
    return raw, vet(raw, parse_rules(RULES)[0], None, without)


def wrong(case: Mapping[str, Any], raw: Raw, vetted: Vetted) -> list[str]:
    """How an outcome differs from what the case expects."""
    expect, found = case["expect"], []
    if expect.get("failure", "\0") not in (raw.failure or "\0"):
        found.append(f"failure {raw.failure!r}")
    for key, block in (("criteria", "acceptance_criteria"), ("questions", "questions")):
        entries = [dict(p.entry) for p in vetted.proposals if p.block == block]
        found += [f"{key}: {entries}"] if entries != expect[key] else []
    dropped = [(d.what, d.reason) for d in vetted.dropped]
    said = [len(dropped) == len(expect["dropped"])]
    said += [w in what and r in why for (what, why), (w, r) in zip(dropped, expect["dropped"], strict=False)]
    found += [] if all(said) else [f"dropped {dropped}"]
    mended = [text for proposal in vetted.proposals for text in proposal.mended]
    same = [words in text for text, words in zip(mended, expect["mended"], strict=False)]
    found += [] if all(same) and len(mended) == len(expect["mended"]) else [f"mended {mended}"]
    return found + ([] if list(vetted.notes) == expect["notes"] else [f"notes {vetted.notes}"])


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file: Path) -> None:
    case = load(file)
    assert wrong(case, *outcome(case)) == []


def findings(text: str) -> list[str]:
    rules, warnings = parse_rules(text)
    return [str(p) for p in (*warnings, *lint(rules, None, None, parse_yaml(text, "rules.yaml")))]


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_what_comes_of_it_has_nothing_against_it(file: Path) -> None:
    """As it would be written: `rules check` finds no more than before, which is nothing."""
    assert findings(RULES) == []
    _, vetted = outcome(load(file))
    new = with_additions(RULES, [Addition(block=p.block, entry=p.entry, why=p.why) for p in vetted.proposals])
    assert findings(new) == []
    assert "field: evil" not in [line.strip(" -") for line in new.splitlines()]


def eager(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A reader that takes what it is given."""
    try:
        records = json.loads(text_of(case))["criteria"]
        return [
            {key: value for key, value in record.items() if key not in ("why", "passes_on") and value}
            | {"type": "boolean"}
            for record in records
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def test_an_eager_reader_gets_most_habits_wrong() -> None:
    """Most files are there for something that the simplest reader does not do."""
    easy = [case["about"] for case in map(load, CASES) if eager(case) == case["expect"]["criteria"]]
    assert len(easy) < len(CASES) * 0.35, easy


@pytest.mark.parametrize("check", [*asking_well.QUESTION_CHECKS, *asking_well.CRITERION_CHECKS])
def test_every_check_of_a_question_is_there_for_a_case(check: str) -> None:
    """The planted mistake: the check is left out. Some case goes wrong without it."""
    assert any(wrong(case, *outcome(case, frozenset([check]))) for case in map(load, CASES))


# What the model is told


def request(**changes: Any) -> Any:
    rules, _ = parse_rules(RULES)
    given: dict[str, Any] = {"goal": "an evening {x}", "rules": rules, **changes}
    templates = load_prompts_beside_runs([path("defaults", "prompts.yaml")])
    return suggesting.request(templates, Context(**given), PICTURE, 1, given.get("faults", ()))


def test_the_prompt_says_all_that_is_known() -> None:
    asked = request(
        fared={"golden": Fared(failed=6), "same_barn": Fared(passed=2, failed=1, unclear=1)},
        guidelines="Never ask about the sky.\n",
        notes=["on picture 3, place 1: too\nred"],
    )
    for words in (
        "an evening {x}",
        "- golden (change): Is the barn in golden light?; must_include: sunset; failed in all 6 pictures",
        "- same_barn (preserve): Is there a barn in the picture?; avoid_terms: neon light; "
        "passed 2, failed 1, unclear 1 of 4 pictures",
        "- still (preserve): measured: similarity; not judged yet",
        "- light: What is the light like?",
        "Never ask about the sky.",
        "- on picture 3, place 1: too red",
    ):
        assert words in asked.prompt, words
    assert asked.kind == "suggest_rules" and asked.sample == 1
    assert [label for label, _ in asked.images] == ["the original"]


def test_without_anything_to_say_it_says_so() -> None:
    asked = request(goal="")
    assert "What is wanted:\n(not said" in asked.prompt
    assert asked.prompt.count("(none)") == 3


def test_general_notes_are_asked_for_only_where_they_are_wanted() -> None:
    wanted, unwanted = request(), request(general_notes=False)
    assert "notes" in wanted.schema["properties"] and '"notes"' in wanted.prompt
    assert "notes" not in unwanted.schema["properties"] and '"notes"' not in unwanted.prompt


def test_shape_and_schema_name_the_same_keys() -> None:
    shown = suggesting.shape(True)
    for name, block in suggesting.schema(True)["properties"].items():
        assert f'"{name}": [' in shown
        record = block["items"]
        assert record.get("required", []) == list(record.get("properties", {}))
        assert all(f'"{key}": ' in shown for key in record.get("required", []))


@pytest.mark.parametrize(
    ("fared", "words"),
    [
        (Fared(), "not judged yet"),
        (Fared(failed=1), "failed in the only picture"),
        (Fared(unclear=3), "unclear in all 3 pictures"),
        (Fared(passed=1), "never failed (1 picture)"),
        (Fared(passed=1, unclear=1), "passed 1, unclear 1 of 2 pictures"),
    ],
)
def test_how_a_criterion_fared_in_words(fared: Fared, words: str) -> None:
    assert fared.in_words() == words


# What comes is anything at all

texts = st.sampled_from(
    [
        "Is there a hat?",
        "Is there no hat?",
        "hat",
        "",
        "change",
        "keep",
        "yes",
        "no",
        "a, b",
        "x" * 300,
        "\n- a: b",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    ["why", "field", "Field", "question", "passes_on", "intent", "edit_strength", "must_include", "ban_terms"]
    + ["avoid_terms", "type", "allowed", "weight", "gate"]
)
records = st.dictionaries(keys, values, max_size=9) | values


@given(st.lists(records, max_size=3), st.lists(records, max_size=3), st.lists(values, max_size=2))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_proposal_breaks_the_rules(criteria: list[Any], questions: list[Any], notes: list[Any]) -> None:
    """Whatever is proposed: what is taken can be written, and `rules check` has nothing against it."""
    raw = Raw(criteria=tuple(criteria), questions=tuple(questions), notes=tuple(notes))
    vetted = vet(raw, parse_rules(RULES)[0], None)
    assert len(vetted.proposals) + len(vetted.dropped) == len(criteria) + len(questions)
    if vetted.proposals:
        additions = [Addition(block=p.block, entry=p.entry, why=p.why) for p in vetted.proposals]
        assert findings(with_additions(RULES, additions)) == []


@given(
    st.text(max_size=80) | st.sampled_from(['{"criteria": [', "[{]", '{"criteria": {"question": "Is it?"}}'])
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_reply_breaks_the_reading(text: str) -> None:
    raw = suggesting.read(text)
    assert raw.failure or raw.criteria or raw.questions or raw.notes or "criteria" in text
