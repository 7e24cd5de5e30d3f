"""`rules check`: what the golden cases cannot reach through a file, since loading refuses it first."""

import pytest

from iterativectl.config.lint import lint
from iterativectl.config.phrases import contains
from iterativectl.config.types import Criterion, PromptTemplates, Question, Rules

SUIT = Criterion(field="suit", question="Is it a suit?")


def test_duplicate_fields_and_criteria_without_a_question() -> None:
    rules = Rules(
        name="x",
        acceptance_criteria=(SUIT, SUIT, Criterion(field="tie")),
        questions=(Question(field="suits", question="Which suit?"),) * 2,
    )
    assert [str(problem) for problem in lint(rules)] == [
        "rules.yaml: acceptance_criteria[1].field: 'suit' is used twice",
        "rules.yaml: acceptance_criteria[2]: the criterion has no question: nobody can decide it",
        "rules.yaml: questions[1].field: 'suits' is used twice",
    ]


def test_unknown_placeholders_in_prompts() -> None:
    prompts = PromptTemplates(templates={"describe_image": "{picture}", "ask_questions": "{questions}"})
    problems = lint(Rules(name="x", acceptance_criteria=(SUIT,)), prompts)
    assert [(problem.severity, str(problem)) for problem in problems] == [
        (
            "error",
            "prompts.yaml: describe_image: there is no placeholder {picture} here (there are: none).",
        )
    ]


@pytest.mark.parametrize(
    ("text", "term", "inside"),
    [
        ("warm candlelight", "light", False),
        ("warm candlelight", "cold light", False),
        ("a Cold\n Light, blue", "cold light", True),
        ("t-shirt", "shirt", True),
        ("shirts", "shirt", False),
        ("(suit:1.2)", "suit", True),
        ("c++ code", "c++", True),
        ("anything", "", False),
        ("anything", "  ", False),
    ],
)
def test_terms_are_phrases_at_word_boundaries(text: str, term: str, inside: bool) -> None:
    assert contains(text, term) is inside
