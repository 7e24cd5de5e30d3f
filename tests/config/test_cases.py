"""Golden cases: tests/cases/config/KIND/NAME.case is a file, a line `# output`, and what is said about it.

Adding a case is adding a file. Cases of kind lint may carry an AIGen.yaml after a line `# AIGen.yaml`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from iterativectl.config.aigen import parse_aigen
from iterativectl.config.aivis import parse_aivis
from iterativectl.config.lint import lint
from iterativectl.config.prompts import parse_prompts
from iterativectl.config.rules import parse_rules
from iterativectl.config.yaml_source import parse_yaml
from iterativectl.errors import ConfigError, Problem

CASES = Path(__file__).parents[1] / "cases" / "config"
OUTPUT = "# output\n"
SECOND = "# AIGen.yaml\n"


def find_cases() -> list[Path]:
    return sorted(CASES.glob("*/*.case"))


def run_lint(text: str, name: str) -> list[Problem]:
    rules_text, _, aigen_text = text.partition(SECOND)
    rules, warnings = parse_rules(rules_text, name)
    aigen = parse_aigen(aigen_text)[0] if aigen_text else None
    return [*warnings, *lint(rules, None, aigen, parse_yaml(rules_text, name))]


KINDS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "yaml": ("file.yaml", lambda text, name: parse_yaml(text, name) and ()),
    "rules": ("rules.yaml", lambda text, name: parse_rules(text, name)[1]),
    "AIGen": ("AIGen.yaml", lambda text, name: parse_aigen(text, name)[1]),
    "AIVis": ("AIVis.yaml", lambda text, name: parse_aivis(text, name)[1]),
    "prompts": ("config/prompts.yaml", lambda text, name: parse_prompts(text, name)[1]),
    "lint": ("rules.yaml", run_lint),
}


def said_about(kind: str, text: str) -> str:
    name, look = KINDS[kind]
    try:
        problems = look(text, name)
    except ConfigError as error:
        assert any(problem.severity == "error" for problem in error.problems)
        problems = error.problems
    lines = [f"{problem.severity}: {problem}\n" for problem in problems]
    return "".join(lines) or "fine\n"


@pytest.mark.parametrize("case", find_cases(), ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_case(case: Path) -> None:
    text, marker, expected = case.read_bytes().decode().partition(OUTPUT)
    assert marker, "the case has no '# output' line"
    said = said_about(case.parent.name, text)
    assert said == expected
    assert "hunter2" not in said  # stands for a secret in every case that has one


def test_every_kind_has_cases() -> None:
    assert {case.parent.name for case in find_cases()} == set(KINDS)
