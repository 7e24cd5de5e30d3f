"""prompts.yaml: what the models are asked, merged key by key from the defaults, workspace and project."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from iterativectl import resources
from iterativectl.config.check import check, in_order
from iterativectl.config.types import PromptTemplates
from iterativectl.config.wording import did_you_mean
from iterativectl.config.yaml_source import HINT, Document, Place, parse_yaml, read_yaml, require_mapping
from iterativectl.errors import ConfigError, Problem

# What each template may use. The texts are in defaults/prompts.yaml.
PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {
    "describe_image": (),
    "ask_questions": ("questions", "region", "schema", "description"),
    "evaluate_criteria": (
        "criteria",
        "answers",
        "description",
        "measurements",
        "region",
        "critique",
        "schema",
    ),
    "compare_images": ("description", "measurements", "region", "schema"),
    "judge_at_once": (
        "questions",
        "criteria",
        "description",
        "measurements",
        "region",
        "critique",
        "schema",
    ),
    "name_flaws": ("modes", "faults", "convention"),
    "compare_results": ("criteria", "schema"),
    "improve_prompts": (
        "positive",
        "negative",
        "answers",
        "criteria_results",
        "failed_criteria",
        "passed_criteria",
        "comparison",
        "critique",
        "description",
        "notes",
        "schema",
    ),
    "suggest_parameters": ("aigen_yaml", "similarity", "direction", "bounds", "schema"),
}
REQUIRED = tuple(PLACEHOLDERS)
YOUNGER = ("judge_at_once", "name_flaws", "compare_results")  # the run.json of an older program lacks them
# No run uses these: to change one of them ends no run, and run.json does not hold them.
BESIDE_RUNS: Mapping[str, tuple[str, ...]] = {
    "locate_region": ("target", "convention", "schema"),
    "suggest_rules": ("goal", "criteria", "questions", "guidelines", "notes", "faults", "schema"),
    "base_prompts": ("description", "criteria", "current", "style", "faults", "schema"),
}

# Without these a template asks about nothing.
ESSENTIAL: Mapping[str, tuple[str, ...]] = {
    "ask_questions": ("questions",),
    "evaluate_criteria": ("criteria",),
    "judge_at_once": ("questions", "criteria"),
    "compare_results": ("criteria",),
    "improve_prompts": ("positive", "failed_criteria"),
    "suggest_parameters": ("aigen_yaml", "direction"),
    "locate_region": ("target", "convention"),
    "suggest_rules": ("goal", "criteria"),
    "base_prompts": ("description", "criteria"),
}


def load_prompts(layers: Sequence[Path]) -> PromptTemplates:
    """A run's templates: prompts.yaml files merged, later ones winning key by key, absent ones left out.

    Raises ConfigError with every problem of all files, and when a required template is in none of them.
    """
    return _merged(layers, REQUIRED)


def load_prompts_beside_runs(layers: Sequence[Path]) -> PromptTemplates:
    """The templates of BESIDE_RUNS, merged and checked as a run's are."""
    return _merged(layers, tuple(BESIDE_RUNS))


def _merged(layers: Sequence[Path], required: Sequence[str]) -> PromptTemplates:
    documents = _read_layers(layers)
    problems = [problem for document in documents for problem in _layer_problems(document)]
    merged: dict[str, str] = {}
    for document in documents:
        if isinstance(document.data, dict):
            merged.update({key: text for key, text in document.data.items() if key in required})
    problems += [
        Problem(where=_name(layers[0]) if layers else "prompts.yaml", path="", message=_missing(key))
        for key in required
        if key not in merged
    ]
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(problems, HINT)
    return PromptTemplates(templates=merged)


def prompt_warnings(layers: Sequence[Path]) -> tuple[Problem, ...]:
    """What load_prompts passes over: ignored keys, templates without what they are for."""
    documents = _read_layers(layers)
    problems = (problem for document in documents for problem in _layer_problems(document))
    return tuple(problem for problem in problems if problem.severity == "warning")


def parse_prompts(text: str, name: str = "prompts.yaml") -> tuple[PromptTemplates, tuple[Problem, ...]]:
    """One layer from text, which need not be complete, and its warnings. Raises ConfigError."""
    document = parse_yaml(text, name)
    problems = _layer_problems(document)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(problems, HINT)
    templates = {key: text for key, text in (document.data or {}).items() if key in _known()}
    return PromptTemplates(templates=templates), tuple(problems)


def prompts_to_json(prompts: PromptTemplates) -> dict[str, str]:
    """The merged templates by name."""
    return dict(prompts.templates)


def prompts_from_json(data: Any, name: str = "run.json: prompts") -> PromptTemplates:
    """Templates from what `prompts_to_json` made. Raises ConfigError when it cannot be that.

    Those that an older program did not know yet are the shipped ones.
    """
    document = Document(name, data)
    problems = [problem for problem in _layer_problems(document) if problem.severity == "error"]
    problems += [
        Problem(where=name, path="", message=_missing(key))
        for key in REQUIRED
        if key not in (data or {}) and key not in YOUNGER
    ]
    if problems:
        raise ConfigError(problems, HINT)
    missing = [key for key in YOUNGER if key not in data]
    shipped = load_prompts([resources.path("defaults", "prompts.yaml")]).templates if missing else {}
    return PromptTemplates(templates={**{key: shipped[key] for key in missing}, **data})


def template_faults(name: str, text: str) -> Iterator[tuple[int, str, str]]:
    """(newlines before it, message, severity) of each fault in a template's text."""
    known = PLACEHOLDERS.get(name, BESIDE_RUNS.get(name))
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        yield _brace_line(text), "a literal brace must be doubled: {{ or }}", "error"
        return
    used: set[str] = set()
    faults = False
    lines = 0
    for literal, placeholder, spec, conversion in parts:
        lines += literal.count("\n")
        if placeholder is None:
            continue
        used.add(placeholder)
        fault = _placeholder_fault(placeholder, spec or conversion, known)
        if fault:
            faults = True
            yield lines, fault, "error"
    for needed in ESSENTIAL.get(name, ()):
        if needed not in used and not faults:  # the faulty placeholder may have been meant to be this one
            yield 0, f"the template does not use {{{needed}}}: the model will not see it", "warning"


def _placeholder_fault(placeholder: str, extra: str | None, known: Sequence[str] | None) -> str:
    if extra or not placeholder.replace("_", "a").isalnum():
        written = "{" + placeholder + (":..." if extra else "") + "}"
        return f"{written}: only a plain {{name}} is filled in; a literal brace must be doubled: {{{{ or }}}}"
    if known is None or placeholder in known:
        return ""
    there = ", ".join(f"{{{name}}}" for name in known) or "none"
    guess = did_you_mean(placeholder, known)
    return f"there is no placeholder {{{placeholder}}} here (there are: {there}).{guess}"


def _brace_line(text: str) -> int:
    """Newlines before the first brace that is neither doubled nor part of a {name}."""
    rest = text.replace("{{", "\0\0").replace("}}", "\0\0")
    depth_open = -1
    for position, character in enumerate(rest):
        if character == "{":
            if depth_open >= 0:
                return rest.count("\n", 0, depth_open)
            depth_open = position
        elif character == "}":
            if depth_open < 0:
                return rest.count("\n", 0, position)
            depth_open = -1
    return rest.count("\n", 0, max(depth_open, 0))


def _read_layers(layers: Sequence[Path]) -> list[Document]:
    return [read_yaml(path, _name(path)) for path in layers if path.exists()]


def _name(path: Path) -> str:
    """How problems call a layer: several files are called prompts.yaml, so the folder is named too."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _layer_problems(document: Document) -> list[Problem]:
    if document.data is None:
        return []  # a file of comments only changes nothing
    data = require_mapping(document)
    problems = check(document, "prompts")
    for key, text in data.items():
        if key in _known() and isinstance(text, str):
            place = document.places.get((key,), Place(0, 0))
            for lines, message, severity in template_faults(key, text):
                line = place.line + (lines if place.literal else 0)
                problems.append(document.problem((key,), message, severity, line))
    return in_order(document, problems)


def _known() -> tuple[str, ...]:
    return (*REQUIRED, *BESIDE_RUNS)


def _missing(key: str) -> str:
    return f"the template '{key}' is missing from all prompts.yaml files, the shipped one included"
