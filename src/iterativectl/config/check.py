"""Check a file's data against its JSON Schema: all problems at once, in words for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from iterativectl import resources
from iterativectl.config import wording
from iterativectl.config.yaml_source import HINT, Document, dotted
from iterativectl.errors import ConfigError, Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError


def check(document: Document, schema: str) -> list[Problem]:
    """Errors and warnings of `document` against schemas/SCHEMA.schema.json, in the order of the file."""
    found = list(_validator(schema).iter_errors(document.data))
    wrong_type = {tuple(error.absolute_path) for error in found if error.validator == "type"}
    problems: list[Problem] = []
    for error in found:
        if error.validator != "type" and tuple(error.absolute_path) in wrong_type:
            continue  # an enum of texts has nothing to add to "must be text"
        problems.extend(_problems(document, error))
    return in_order(document, problems)


def refuse_errors(problems: list[Problem]) -> tuple[Problem, ...]:
    """The warnings among `problems`. Raises ConfigError with all of them when one is an error."""
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(problems, HINT)
    return tuple(problems)


def in_order(document: Document, problems: list[Problem]) -> list[Problem]:
    """Problems by line, those of one line by where they stand in it; equal ones once.

    jsonschema goes through additional properties in the order of a set, which changes from run to run.
    """
    if not problems:
        return []
    rank = {dotted(path): number for number, path in enumerate(document.places)}

    def place(problem: Problem) -> tuple[int, int, str]:
        number = problem.where.removeprefix(document.name).lstrip(":")
        line = int(number) if number.isdigit() else 0
        return line, rank.get(problem.path, len(rank)), problem.path

    return sorted(dict.fromkeys(problems), key=place)


@cache
def _validator(schema: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import, and --help must not pay for it

    return Draft202012Validator(load_schema(schema))


@cache
def load_schema(schema: str) -> dict[str, Any]:
    """schemas/SCHEMA.schema.json as data."""
    text = resources.path("schemas", f"{schema}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    schema = cast("dict[str, Any]", error.schema)
    if error.validator != "additionalProperties":
        message = wording.explain(str(error.validator), error.instance, error.validator_value, schema)
        if message:
            yield document.problem(path, message)
        return
    known: dict[str, Any] = schema.get("properties", {})
    for key in cast("dict[str, Any]", error.instance):
        if key not in known:
            severity, message = wording.unknown_key(key, known)
            yield document.problem((*path, key), message, severity)
