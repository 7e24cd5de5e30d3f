"""config/rules.yaml: load, check, and turn into JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iterativectl.config.check import check, in_order, refuse_errors
from iterativectl.config.rules_checks import semantic_problems
from iterativectl.config.types import Criterion, MaskCriteria, Measure, Question, Rules
from iterativectl.config.yaml_source import Document, parse_yaml, read_yaml, require_mapping
from iterativectl.errors import Problem
from iterativectl.model import Prompts


def load_rules(path: Path) -> tuple[Rules, tuple[Problem, ...]]:
    """The rules and the warnings of a file. Raises ConfigError with every problem of the file."""
    return _rules(read_yaml(path))


def parse_rules(text: str, name: str = "rules.yaml") -> tuple[Rules, tuple[Problem, ...]]:
    """Like load_rules, from text; `name` is what problems call it."""
    return _rules(parse_yaml(text, name))


def rules_from_json(data: Any, name: str = "run.json: rules") -> Rules:
    """Rules from what `rules_to_json` made. Raises ConfigError when it cannot be that."""
    return _rules(Document(name, data))[0]


def rules_to_json(rules: Rules) -> dict[str, Any]:
    """The resolved rules in the shape of rules.yaml, every key written out."""
    return {
        "project": {
            "name": rules.name,
            "max_iterations": rules.max_iterations,
            "disable_general_notes": rules.disable_general_notes,
            "pass_score": rules.pass_score,
            "patience": rules.patience,
            "max_failures": rules.max_failures,
            "lock_seed": rules.lock_seed,
            "policy": rules.policy,
        },
        "acceptance_criteria": [_criterion_json(criterion) for criterion in rules.acceptance_criteria],
        "questions": [_question_json(question) for question in rules.questions],
        "masking": {
            "masks": [{"name": m.name, "active_criteria": list(m.active_criteria)} for m in rules.masks]
        },
        "prompts": {
            "global": _prompts_json(rules.prompts),
            "masks": {name: _prompts_json(prompts) for name, prompts in rules.mask_prompts.items()},
        },
    }


def _rules(document: Document) -> tuple[Rules, tuple[Problem, ...]]:
    data = require_mapping(document)
    problems = check(document, "rules")
    if all(problem.severity == "warning" for problem in problems):
        problems = in_order(document, [*problems, *semantic_problems(document)])
    warnings = refuse_errors(problems)
    return _build(data), warnings


def _build(data: Mapping[str, Any]) -> Rules:
    project = data["project"]
    prompts = data.get("prompts") or {}
    return Rules(
        name=project["name"],
        max_iterations=int(project.get("max_iterations", 20)),
        disable_general_notes=project.get("disable_general_notes", False),
        pass_score=float(project.get("pass_score", 100)),
        patience=_int_or_none(project.get("patience")),
        max_failures=int(project.get("max_failures", 3)),
        lock_seed=project.get("lock_seed", False),
        policy=project.get("policy", "classic"),
        acceptance_criteria=tuple(_criterion(entry) for entry in data["acceptance_criteria"]),
        questions=tuple(_question(entry) for entry in data.get("questions") or ()),
        masks=tuple(
            MaskCriteria(name=entry["name"], active_criteria=tuple(entry["active_criteria"]))
            for entry in (data.get("masking") or {}).get("masks") or ()
        ),
        prompts=build_prompts(prompts.get("global")),
        mask_prompts={name: build_prompts(entry) for name, entry in (prompts.get("masks") or {}).items()},
    )


def build_prompts(data: Mapping[str, Any] | None) -> Prompts:
    """A {positive, negative} block; what is absent or null is empty."""
    data = data or {}
    return Prompts(positive=data.get("positive") or "", negative=data.get("negative") or "")


def _criterion(data: Mapping[str, Any]) -> Criterion:
    return Criterion(
        field=data["field"],
        question=data.get("question", ""),
        type=data.get("type", "boolean"),
        min=_float_or_none(data.get("min")),
        max=_float_or_none(data.get("max")),
        intent=data.get("intent", "change"),
        edit_strength=data.get("edit_strength", "medium"),
        must_include=tuple(data.get("must_include") or ()),
        ban_terms=tuple(data.get("ban_terms") or ()),
        avoid_terms=tuple(data.get("avoid_terms") or ()),
        weight=float(data.get("weight", 1)),
        depends_on=tuple(data.get("depends_on") or ()),
        gate=data.get("gate", False),
        measure=_measure(data.get("measure")),
    )


def _measure(data: Mapping[str, Any] | None) -> Measure | None:
    if data is None:
        return None
    region = data.get("region") or "whole"
    block = region if isinstance(region, Mapping) else {}
    return Measure(
        metric=data["metric"],
        region=next(iter(block), region),
        box=_box(block.get("box")),
        border=_float_or_none(block.get("border")),
        colors=tuple(data.get("colors") or ()),
        relative=data.get("relative", False),
        min=_float_or_none(data.get("min")),
        max=_float_or_none(data.get("max")),
    )


def _box(data: Any) -> tuple[float, float, float, float] | None:
    if data is None:
        return None
    x, y, width, height = (float(number) for number in data)
    return x, y, width, height


def _question(data: Mapping[str, Any]) -> Question:
    items = data.get("items")
    return Question(
        field=data["field"],
        question=data["question"],
        type=data.get("type", "string"),
        min=_float_or_none(data.get("min")),
        max=_float_or_none(data.get("max")),
        enum=tuple(data.get("enum") or ()),
        items={"enum": items} if isinstance(items, list) else items,
    )


def _int_or_none(value: Any) -> int | None:
    return None if value is None else int(value)  # 20.0 is a whole number too


def _float_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def _criterion_json(criterion: Criterion) -> dict[str, Any]:
    head = {"field": criterion.field}
    judged = {
        "question": criterion.question,
        "type": criterion.type,
        "min": criterion.min,
        "max": criterion.max,
    }
    measured = criterion.measure and {"measure": _measure_json(criterion.measure)}
    return {
        **head,
        **(measured or judged),
        "intent": criterion.intent,
        "edit_strength": criterion.edit_strength,
        "must_include": list(criterion.must_include),
        "ban_terms": list(criterion.ban_terms),
        "avoid_terms": list(criterion.avoid_terms),
        "weight": criterion.weight,
        "depends_on": list(criterion.depends_on),
        "gate": criterion.gate,
    }


def _measure_json(measure: Measure) -> dict[str, Any]:
    blocks = {"box": list(measure.box or ()), "border": measure.border}
    return {
        "metric": measure.metric,
        "region": {measure.region: blocks[measure.region]} if measure.region in blocks else measure.region,
        "colors": list(measure.colors),
        "relative": measure.relative,
        "min": measure.min,
        "max": measure.max,
    }


def _question_json(question: Question) -> dict[str, Any]:
    return {
        "field": question.field,
        "question": question.question,
        "type": question.type,
        "min": question.min,
        "max": question.max,
        "enum": list(question.enum) or None,
        "items": None if question.items is None else dict(question.items),
    }


def _prompts_json(prompts: Prompts) -> dict[str, str]:
    return {"positive": prompts.positive, "negative": prompts.negative}
