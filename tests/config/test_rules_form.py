"""rules.yaml as a form: what the form says is what the file says afterwards, and all else in it stays."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iterativectl import resources
from iterativectl.config.rules_form import Form, diff, form_of, with_form, with_line_ends
from iterativectl.config.yaml_lists import origins_of, same, staying
from iterativectl.config.yaml_text import to_yaml
from iterativectl.errors import ConfigError

Data = dict[str, Any]
Mutation = Callable[[Data], None]
CRITERIA, QUESTIONS = "acceptance_criteria", "questions"
REPEATABLE = settings(
    max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def shipped() -> dict[str, str]:
    """Every rules file that is shipped."""
    paths = [
        *sorted(resources.path("rules").glob("*.yaml")),
        resources.path("defaults", "config", "rules.yaml"),
    ]
    paths.append(resources.path("projects", "example", "config", "rules.yaml"))
    return {f"{path.parent.parent.name}/{path.name}": path.read_text(encoding="utf-8") for path in paths}


GROUPED = """\
# mine
project: {name: barn}   # a barn

acceptance_criteria:

  # --- what must come ---

  - field: golden          # by evening
    question: "Is it golden?"
    must_include: [ golden hour,   'sunset' ]

  # --- what must stay ---
  - field: same_barn
    question: Is it the same barn?
    intent: preserve
      # to be looked at again

  # about the door
  - field: door
    question: >-   # folded
      Is the door where it was, and is it of the same
      shape?
    intent: preserve
    ban_terms:
      - open       # it was shut
      - broken
    mood: dark     # not a key of ours

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
      weight:          # nothing yet
-     {field: c,
       question: 'it''s?',   # here
       ban_terms: [a,
                   b]}
"""
FLOW = "{project: {name: x}, acceptance_criteria: [{field: a, question: 'Is it?'},\n  ],\n questions: []}\n"
COMPACT = """\
project: {name: x}
acceptance_criteria:
- field: a
  question: Is it a?
- field: b
  question: Is it b?
- field: c
  question: Is it c?
"""
TEXTS = shipped() | {"grouped": GROUPED, "odd": ODD, "flow": FLOW, "compact": COMPACT}
TEXTS |= {
    "no_end": GROUPED.rstrip("\n"),
    "compact_no_end": COMPACT.rstrip("\n"),
    "windows": GROUPED.replace("\n", "\r\n"),
    "bom": "\ufeff" + GROUPED,
    "marked": f"---\n{GROUPED}...\n",
}
ANCHORED = """\
project: {name: x}
acceptance_criteria:
  - &first
    field: a
    question: Is it a?
    ban_terms: &bad [one, two]   # both
  - <<: *first
    field: b
    ban_terms: *bad
  - field: c
    question: Is it c?
    ban_terms: *bad   # these too
"""


def changed(text: str, mutation: Mutation, origins: dict[str, list[int | None]] | None = None) -> str:
    """The text after a change of its form; what the form said is what the text says."""
    data = form_of(text)
    assert data is not None
    mutation(data)
    made = with_form(text, Form(data=data, origins=origins or {}))
    found = form_of(made)
    assert same(found, data), f"{found}\n{data}"
    return made


def gone(before: str, after: str) -> list[str]:
    return [line.text for line in diff(before, after) if line.kind == "removed"]


def come(before: str, after: str) -> list[str]:
    return [line.text for line in diff(before, after) if line.kind == "added"]


def remarks(text: str) -> Counter[str]:
    return Counter(match.rstrip() for match in re.findall(r"(?:^|(?<=\s))#[^\r\n]*", text, re.MULTILINE))


# What is touched


@pytest.mark.parametrize("name", TEXTS)
def test_a_form_that_says_the_same_changes_nothing(name: str) -> None:
    assert changed(TEXTS[name], lambda data: None) == TEXTS[name]


def test_one_value_touches_one_line_and_its_remark_stays_where_it_was() -> None:
    text = TEXTS["defaults/rules.yaml"]
    made = changed(text, lambda data: data["project"].update(max_iterations=5))
    assert gone(text, made) == ["  max_iterations: 20            # pictures made at most"]
    assert come(text, made) == ["  max_iterations: 5             # pictures made at most"]


def test_a_text_keeps_the_quotes_that_it_had() -> None:
    made = changed(GROUPED, lambda data: data[CRITERIA][0].update(question="Is it?"))
    assert come(GROUPED, made) == ['    question: "Is it?"']
    made = changed(ODD, lambda data: data[CRITERIA][1].update(question="Isn't it?"))
    assert come(ODD, made) == ["      question: 'Isn''t it?'"]


def test_a_folded_text_stays_folded_with_its_remark() -> None:
    long = "Is the door where it was, is it of the same shape, and is it shut as it was in the original, too?"
    made = changed(GROUPED, lambda data: data[CRITERIA][2].update(question=long))
    assert "    question: >-  # folded\n      Is the door where it was, is it" in made


def test_an_element_of_a_list_between_brackets_leaves_the_others_as_they_are() -> None:
    made = changed(GROUPED, lambda data: data[CRITERIA][0].update(must_include=["dusk", "sunset", "glow"]))
    assert come(GROUPED, made) == ["    must_include: [ dusk, 'sunset', glow ]"]


def test_an_element_of_a_list_with_dashes_has_a_line_of_its_own() -> None:
    made = changed(GROUPED, lambda data: data[CRITERIA][2].update(ban_terms=["open", "broken", "red"]))
    assert (gone(GROUPED, made), come(GROUPED, made)) == ([], ["      - red"])
    made = changed(GROUPED, lambda data: data[CRITERIA][2].update(ban_terms=["broken"]))
    assert (gone(GROUPED, made), come(GROUPED, made)) == (["      - open       # it was shut"], [])


def test_a_new_key_goes_where_it_is_written_and_an_old_one_goes_with_its_line() -> None:
    made = changed(GROUPED, lambda data: data[CRITERIA][0].update(intent="preserve", weight=2))
    assert come(GROUPED, made) == ["    intent: preserve", "    weight: 2"]
    assert made.index("golden?") < made.index("intent: preserve") < made.index("must_include")
    made = changed(GROUPED, lambda data: data[CRITERIA][0].pop("must_include"))
    assert (gone(GROUPED, made), come(GROUPED, made)) == (
        ["    must_include: [ golden hour,   'sunset' ]"],
        [],
    )


def test_the_key_behind_a_dash_can_go() -> None:
    made = changed(ODD, lambda data: data[CRITERIA][0].pop("question"))
    assert "-     field: golden\n-\n" in made


def test_a_question_becomes_a_measure() -> None:
    def measured(data: Data) -> None:
        one = data[CRITERIA][1]
        del one["question"]
        one["measure"] = {"min": 0.5, "metric": "similarity", "region": {"border": 10}}

    made = changed(GROUPED, measured)
    assert come(GROUPED, made) == ["    measure: {metric: similarity, region: {border: 10}, min: 0.5}"]
    assert gone(GROUPED, made) == ["    question: Is it the same barn?"]


def test_a_criterion_that_is_renamed_changes_its_name_where_it_is_depended_on() -> None:
    text = TEXTS["defaults/rules.yaml"]

    def renamed(data: Data) -> None:
        data[CRITERIA][0]["field"] = "jacket"
        data[CRITERIA][1]["depends_on"] = ["jacket"]

    made = changed(text, renamed)
    assert come(text, made) == [
        "  - field: jacket               # the criterion's own name: a-z, 0-9, _",
        "    depends_on: [jacket]        # without the jacket it cannot pass, whatever the judge says",
    ]


def test_a_criterion_that_is_moved_takes_its_remarks_along_and_headings_stay() -> None:
    def last_first(data: Data) -> None:
        data[CRITERIA].insert(0, data[CRITERIA].pop())

    made = changed(GROUPED, last_first)
    head, _, rest = made.partition("  - field: golden")
    assert head.endswith("    mood: dark     # not a key of ours\n\n") and "  # about the door\n" in head
    assert (
        rest.index("# --- what must stay") < rest.index("same_barn") < rest.index("# to be looked at again")
    )
    assert remarks(made) == remarks(GROUPED)


def test_a_new_criterion_stands_with_those_of_its_intent() -> None:
    def more(data: Data) -> None:
        data[CRITERIA][1:1] = [
            {"field": "dusk", "question": "Is it dusk?"},
            {"field": "roof", "question": "Is the roof the same?", "intent": "preserve"},
        ]

    made = changed(GROUPED, more)
    places = [made.index(word) for word in ("golden", "dusk", "what must stay", "roof", "same_barn")]
    assert places == sorted(places) and gone(GROUPED, made) == []


def test_a_criterion_that_goes_takes_its_remarks_along_and_no_others() -> None:
    made = changed(GROUPED, lambda data: data[CRITERIA].pop(2))
    lost = remarks(GROUPED) - remarks(made)
    assert set(lost) == {"# about the door", "# folded", "# it was shut", "# not a key of ours"}
    made = changed(GROUPED, lambda data: data[CRITERIA].pop(1))
    assert set(remarks(GROUPED) - remarks(made)) == {"# to be looked at again"}


def test_a_copy_of_a_criterion_is_a_new_one_and_leaves_the_first_as_it_is() -> None:
    def copied(data: Data) -> None:
        twin = copy.deepcopy(data[CRITERIA][1])
        data[CRITERIA].insert(2, twin | {"field": "twin"})

    made = changed(GROUPED, copied, {CRITERIA: [0, 1, None, 2]})
    assert gone(GROUPED, made) == [] and remarks(made) == remarks(GROUPED)


def test_two_criteria_that_swap_their_names_keep_their_remarks_where_origins_say_so() -> None:
    def swapped(data: Data) -> None:
        data[CRITERIA][0]["field"], data[CRITERIA][1]["field"] = "same_barn", "golden"

    made = changed(GROUPED, swapped, {CRITERIA: [0, 1, 2]})
    assert come(GROUPED, made) == ["  - field: same_barn       # by evening", "  - field: golden"]


def test_questions_are_begun_where_there_are_none() -> None:
    made = changed(COMPACT, lambda data: data.update(questions=[{"question": "What?", "field": "d"}]))
    assert made.endswith("  question: Is it c?\nquestions:\n  - field: d\n    question: What?\n")
    made = changed(FLOW, lambda data: data.update(questions=[{"question": "What?", "field": "d"}]))
    assert 'questions: [{field: d, question: "What?"}]}' in made


def test_a_file_is_begun() -> None:
    made = changed(
        "# mine\n", lambda data: data.update(project={"name": "a"}, acceptance_criteria=[{"field": "b"}])
    )
    assert made == "# mine\nproject: {name: a}\n\nacceptance_criteria:\n  - field: b\n"


# Oddly built files


def test_what_an_anchor_stands_for_stays_for_all_others() -> None:
    made = changed(ANCHORED, lambda data: data[CRITERIA][2].update(ban_terms=["one"]))
    assert come(ANCHORED, made) == ["    ban_terms: [one]  # these too"]
    made = changed(ANCHORED, lambda data: data[CRITERIA][1].update(question="Is it b?"))
    assert gone(ANCHORED, made) == []
    made = changed(ANCHORED, lambda data: data[CRITERIA][1].pop("question"))
    assert gone(ANCHORED, made)[0] == "  - <<: *first"


def test_what_would_change_others_too_is_refused() -> None:
    data = form_of(ANCHORED)
    assert data is not None
    data[CRITERIA][0]["ban_terms"] = ["one"]
    with pytest.raises(ConfigError, match="anchors"):
        with_form(ANCHORED, Form(data=data))


@pytest.mark.parametrize(
    "text", ["project: [", "acceptance_criteria: 3\n", "acceptance_criteria: [a]\n", "- a\n"]
)
def test_what_a_form_cannot_show_is_no_form(text: str) -> None:
    assert form_of(text) is None


def test_characters_that_no_file_holds_are_named_with_their_place() -> None:
    data = form_of(GROUPED)
    assert data is not None
    data[CRITERIA][1]["question"] = "a\x07b"
    with pytest.raises(ConfigError) as caught:
        with_form(GROUPED, Form(data=data))
    assert caught.value.problems[0].path == "acceptance_criteria[1].question"


@pytest.mark.parametrize("origins", [[0], [0, 0, 1], [0, 1, 7], [-1, 0, 1]])
def test_origins_that_do_not_fit_the_file_are_refused(origins: list[int | None]) -> None:
    data = form_of(GROUPED)
    assert data is not None
    data["project"]["name"] = "b"
    with pytest.raises(ConfigError, match="does not fit"):
        with_form(GROUPED, Form(data=data, origins={CRITERIA: origins}))


# Lines of a page


def test_line_ends_that_a_page_made_alike_are_those_of_the_file_again() -> None:
    windows = GROUPED.replace("\n", "\r\n")
    assert with_line_ends(GROUPED, windows) == windows
    mixed = windows.replace("# mine\r\n", "# mine\n")
    assert with_line_ends(GROUPED.replace("golden?", "red?"), mixed) == mixed.replace("golden?", "red?")
    assert with_line_ends(GROUPED, "\ufeff" + GROUPED) == "\ufeff" + GROUPED
    assert with_line_ends(GROUPED, COMPACT) == GROUPED


def test_a_diff_has_a_few_lines_around_each_change_and_says_where_it_goes_on() -> None:
    lines = diff(
        "".join(f"{n}\n" for n in range(40)), "".join(f"{n}\n" for n in range(40) if n not in (9, 30))
    )
    assert [line.text for line in lines if line.kind == "removed"] == ["9", "30"]
    assert [line.text for line in lines if line.kind == "gap"] == ["line 7", "line 27"]
    assert diff("a\n", "a\n") == []


def test_entries_that_were_moved_are_told_from_those_that_stayed() -> None:
    assert staying([1, 2, 3, 0]) == {1, 2, 3} and staying([None, 2, None]) == {2} and staying([]) == set()
    assert origins_of(["a", "b", "a"], ["a", "a", "c"]) == [0, 2, None]
    assert not same(1, True) and same(1, 1.0) and not same([1], [1, 2])


# Anything a person may do

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
ODDITIES = [
    "",
    " ",
    "a: b",
    "# no",
    "- a",
    "yes",
    "010",
    "a\nb\n",
    "\n",
    "  x\n y",
    "it's",
    '"',
    "[a, b",
    "x" * 150,
]
TEXT = st.one_of(WORDS, st.sampled_from(ODDITIES), st.text("ab :#'\"\n-[]{},&*!|>%@", max_size=12))
NUMBER = st.one_of(st.integers(-9, 10**6), st.floats(allow_nan=False, allow_infinity=False, width=32))
SCALAR = st.one_of(TEXT, NUMBER, st.booleans(), st.none())
NAME = st.from_regex(r"\A[a-z][a-z0-9_]{0,9}\Z")
ENTRY = st.fixed_dictionaries(
    {"field": NAME},
    optional={
        "question": TEXT,
        "intent": st.sampled_from(["change", "preserve"]),
        "ban_terms": st.lists(TEXT, max_size=3),
        "weight": NUMBER,
        "measure": st.fixed_dictionaries(
            {"metric": TEXT},
            optional={"region": st.fixed_dictionaries({"box": st.lists(NUMBER, max_size=4)})},
        ),
        "strange": SCALAR,
    },
)


@st.composite
def mutated(draw: st.DrawFn, data: Data) -> tuple[Data, dict[str, list[int | None]]]:
    """A form after some changes, and where its entries come from."""
    origins: dict[str, list[int | None]] = {}
    for block in (CRITERIA, QUESTIONS):
        entries = list(enumerate(data.get(block) or []))
        kept = draw(st.permutations(entries)) if draw(st.booleans()) else entries
        kept = kept[draw(st.integers(0, 2)) :]
        rows: list[tuple[int | None, Data]] = [(at, draw(changes(entry))) for at, entry in kept]
        for _ in range(draw(st.integers(0, 2))):
            rows.insert(draw(st.integers(0, len(rows))), (None, draw(ENTRY)))
        if rows or block in data:
            data[block] = [entry for _, entry in rows]
            origins[block] = [at for at, _ in rows]
    if isinstance(data.get("project"), dict):
        data["project"] = draw(changes(data["project"]))
    if draw(st.booleans()):
        data["prompts"] = {"global": {"positive": draw(TEXT), "negative": draw(TEXT)}}
    return data, origins if draw(st.booleans()) else {}


@st.composite
def changes(draw: st.DrawFn, entry: Data) -> Data:
    """A block with some values changed, added or gone."""
    made = dict(entry)
    for key in draw(st.lists(st.sampled_from(list(entry)), max_size=2)) if entry else []:
        action = draw(st.integers(0, 3))
        if action == 0 and len(made) > 1:
            made.pop(key, None)
        elif action == 1 and isinstance(made.get(key), list):
            made[key] = draw(st.permutations([*made[key], draw(TEXT)]))[draw(st.integers(0, 1)) :]
        elif key in made:
            made[key] = draw(SCALAR)
    if draw(st.booleans()):
        made[draw(st.sampled_from(["weight", "ban_terms", "strange"]))] = draw(
            st.one_of(SCALAR, st.lists(TEXT, max_size=3))
        )
    return made


@REPEATABLE
@given(st.data())
def test_whatever_the_form_says_is_what_the_file_says(drawn: st.DataObject) -> None:
    name = drawn.draw(st.sampled_from(sorted(TEXTS)))
    text = TEXTS[name]
    data = form_of(text)
    assert data is not None
    data, origins = drawn.draw(mutated(data))
    made = with_form(text, Form(data=data, origins=origins))
    assert same(form_of(made), data)
    headings = Counter(re.findall(r"^ *# ---.*$", text, re.MULTILINE))
    if data[CRITERIA]:
        assert not headings - Counter(re.findall(r"^ *# ---.*$", made, re.MULTILINE)), made
    assert made.count("\r\n") == (made.count("\n") if name == "windows" else 0)
    assert made.startswith("\ufeff") == (name == "bom")


@REPEATABLE
@given(st.data())
def test_remarks_of_entries_that_stay_stay_byte_for_byte(drawn: st.DataObject) -> None:
    """Moved, renamed, extended: nothing that a person wrote for people is lost."""
    text = TEXTS[drawn.draw(st.sampled_from(sorted(set(TEXTS) - {"flow"})))]
    data = form_of(text)
    assert data is not None
    for block in (CRITERIA, QUESTIONS):
        entries = data.get(block) or []
        rows: list[Any] = list(drawn.draw(st.permutations(entries)))
        rows.insert(drawn.draw(st.integers(0, len(rows))), drawn.draw(ENTRY))
        drawn.draw(st.sampled_from(rows)).update(weight=drawn.draw(NUMBER))
        data[block] = rows
    made = with_form(text, Form(data=data))
    assert same(form_of(made), data)
    assert not remarks(text) - remarks(made), made


def test_writing_all_of_it_anew_would_be_seen() -> None:
    assert remarks(GROUPED) - remarks(to_yaml(form_of(GROUPED)))
