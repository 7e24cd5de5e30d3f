"""From facts to a request: rendered prompt, schema, pictures, and the same values as `facts`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from iterativectl.config.types import Criterion, PromptTemplates
from iterativectl.judging import schemas, wording
from iterativectl.model import Assessment, Item, Parameters, Picture, Prompts, Similarity, Value
from iterativectl.ports import VisionRequest

ORIGINAL, RESULT = (
    "original",
    "result",
)  # how a model is told which picture is which; the prompts say the same
NOT_DESCRIBED = "(no description)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What is judged: both pictures, the original in words, and what was measured on the result."""

    original: Picture
    result: Picture
    description: str = ""
    measured: Mapping[tuple[str, str], float] = field(default_factory=dict)


def describe(templates: PromptTemplates, original: Picture) -> VisionRequest:
    """The original, to be put into words."""
    return VisionRequest(
        kind="describe_image",
        prompt=templates.render("describe_image"),
        images=((ORIGINAL, original),),
    )


def questions(
    templates: PromptTemplates, items: Sequence[Item], pictures: Pictures, sample: int
) -> VisionRequest:
    """The questions about the result, beside the original: some ask what differs from it."""
    schema = schemas.questions_schema(items)
    return VisionRequest(
        kind="ask_questions",
        prompt=templates.render(
            "ask_questions",
            questions=wording.items(items),
            description=pictures.description or NOT_DESCRIBED,
            schema=schemas.sketch(schema),
        ),
        items=tuple(items),
        images=((ORIGINAL, pictures.original), (RESULT, pictures.result)),
        schema=schema,
        sample=sample,
        facts={"description": pictures.description},
    )


def criteria(
    templates: PromptTemplates,
    items: Sequence[Item],
    pictures: Pictures,
    answers: Mapping[str, Value],
    sample: int,
) -> VisionRequest:
    """The criteria, with both pictures and the answers. What the generator was asked for is not told."""
    schema = schemas.criteria_schema(items)
    return VisionRequest(
        kind="evaluate_criteria",
        prompt=templates.render(
            "evaluate_criteria",
            criteria=wording.items(items),
            answers=wording.answers(answers),
            description=pictures.description or NOT_DESCRIBED,
            measurements=wording.measurements(pictures.measured),
            schema=schemas.sketch(schema),
        ),
        items=tuple(items),
        images=((ORIGINAL, pictures.original), (RESULT, pictures.result)),
        schema=schema,
        sample=sample,
        facts={
            "answers": dict(answers),
            "measurements": wording.measured_facts(pictures.measured),
            "description": pictures.description,
        },
    )


def compare(templates: PromptTemplates, pictures: Pictures, similarity: Similarity) -> VisionRequest:
    """Both pictures, to be compared."""
    schema = schemas.comparison_schema()
    return VisionRequest(
        kind="compare_images",
        prompt=templates.render(
            "compare_images",
            description=pictures.description or NOT_DESCRIBED,
            measurements=wording.measurements(pictures.measured),
            schema=schemas.sketch(schema),
        ),
        images=((ORIGINAL, pictures.original), (RESULT, pictures.result)),
        schema=schema,
        facts={
            "description": pictures.description,
            "measurements": wording.measured_facts(pictures.measured),
            "similarity": similarity.measured,
        },
    )


def improve(
    templates: PromptTemplates,
    prompts: Prompts,
    criteria: Sequence[Criterion],
    assessment: Assessment,
    notes: Sequence[str],
    description: str,
) -> VisionRequest:
    """The prompts with what failed and what passed (text only)."""
    failed, passed = wording.sorted_out(criteria, assessment)
    schema = schemas.prompts_schema()
    comparison = assessment.comparison
    return VisionRequest(
        kind="improve_prompts",
        prompt=templates.render(
            "improve_prompts",
            positive=prompts.positive or "(empty)",
            negative=prompts.negative or "(empty)",
            answers=wording.answers(assessment.answers),
            criteria_results=wording.results(assessment.verdicts),
            failed_criteria=wording.tagged(failed),
            passed_criteria=wording.tagged(passed) or "(none)",
            comparison=wording.comparison(comparison),
            description=description or NOT_DESCRIBED,
            notes=wording.lines(notes),
            schema=schemas.sketch(schema),
        ),
        schema=schema,
        facts={
            "positive": prompts.positive,
            "negative": prompts.negative,
            "failed": failed,
            "passed": passed,
            "similarity": comparison.similarity.steering,
            "notes": list(notes),
        },
    )


def suggest(
    templates: PromptTemplates,
    aigen_yaml: str,
    parameters: Parameters,
    criteria: Sequence[Criterion],
    assessment: Assessment,
    direction: str,
) -> VisionRequest:
    """The settings file with where similarity should go (text only)."""
    schema = schemas.parameters_schema()
    similarity = assessment.comparison.similarity.steering
    return VisionRequest(
        kind="suggest_parameters",
        prompt=templates.render(
            "suggest_parameters",
            aigen_yaml=aigen_yaml,
            similarity=f"{similarity:.2f}",
            direction=wording.DIRECTIONS[direction],
            bounds=wording.BOUNDS,
            schema=schemas.sketch(schema),
        ),
        schema=schema,
        facts={
            "parameters": wording.parameter_facts(parameters),
            "similarity": similarity,
            "direction": direction,
            "failed_intents": wording.failed_intents(criteria, assessment),
        },
    )
