"""From facts to a request: rendered prompt, schema, pictures, and the same values as `facts`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from iterativectl.config.types import Criterion, PromptTemplates
from iterativectl.images.regions import Box, Size
from iterativectl.judging import conventions, critique, schemas, wording
from iterativectl.model import Assessment, Item, Parameters, Picture, Prompts, Similarity, Value
from iterativectl.ports import VisionRequest
from iterativectl.vision.wire import MAX_TOKENS

ORIGINAL, RESULT = (
    "original",
    "result",
)  # how a model is told which picture is which; the prompts say the same
REGIONS = ("original, region", "result, region")
NOT_DESCRIBED = "(no description)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What is judged: both pictures, the original in words, and what was measured on the result.

    `size` is the result's own (width, height), None where it is shown as it is. `regions`: the same region
    cut out of both and enlarged, () where there is none; `region` is its box in the original's pixels.
    """

    original: Picture
    result: Picture
    description: str = ""
    measured: Mapping[tuple[str, str], float] = field(default_factory=dict)
    size: Size | None = None
    regions: tuple[Picture, ...] = ()
    region: Box | None = None

    @property
    def shown(self) -> tuple[tuple[str, Picture], ...]:
        """The pictures as a judge is shown them, under their names."""
        whole = ((ORIGINAL, self.original), (RESULT, self.result))
        return (*whole, *zip(REGIONS, self.regions, strict=False))

    @property
    def in_words(self) -> str:
        """What a prompt says of pictures 3 and 4; "" where there are none."""
        return wording.REGION if self.regions else ""

    def asked(self, model: str) -> critique.Asked:
        """How `model` is asked to point at something in the result."""
        shown = (self.result.width, self.result.height)
        return critique.asked_for(model, shown, self.size or shown)


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
            region=pictures.in_words,
            description=pictures.description or NOT_DESCRIBED,
            schema=schemas.sketch(schema),
        ),
        items=tuple(items),
        images=pictures.shown,
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
    pointing: critique.Asked | None = None,
) -> VisionRequest:
    """The criteria, with both pictures and the answers. What the generator was asked for is not told.

    `pointing`: how the critique is asked for as well; None: it is not.
    """
    schema = schemas.criteria_schema(items, critique.schema(pointing.family) if pointing else None)
    return VisionRequest(
        kind="evaluate_criteria",
        prompt=templates.render(
            "evaluate_criteria",
            criteria=wording.items(items),
            answers=wording.answers(answers),
            description=pictures.description or NOT_DESCRIBED,
            measurements=wording.measurements(pictures.measured),
            region=pictures.in_words,
            critique=flaws(templates, pointing) if pointing else "",
            schema=schemas.sketch(schema),
        ),
        items=tuple(items),
        images=pictures.shown,
        schema=schema,
        sample=sample,
        max_tokens=MAX_TOKENS + critique.MAX_TOKENS if pointing else None,
        facts={
            "answers": dict(answers),
            "measurements": wording.measured_facts(pictures.measured),
            "description": pictures.description,
        },
    )


def flaws(templates: PromptTemplates, pointing: critique.Asked) -> str:
    """How a judge is asked for what is wrong: a part of two of the templates."""
    return templates.render(
        "name_flaws",
        modes=critique.modes_in_words(),
        faults=critique.faults_in_words(),
        convention=conventions.in_words(pointing.family, pointing.sent),
    ).strip()


def compare(templates: PromptTemplates, pictures: Pictures, similarity: Similarity) -> VisionRequest:
    """Both pictures, to be compared."""
    schema = schemas.comparison_schema()
    return VisionRequest(
        kind="compare_images",
        prompt=templates.render(
            "compare_images",
            description=pictures.description or NOT_DESCRIBED,
            measurements=wording.measurements(pictures.measured),
            region=pictures.in_words,
            schema=schemas.sketch(schema),
        ),
        images=pictures.shown,
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
            critique=wording.critique(assessment.critique),
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
            "critique": [flaw.mode for flaw in assessment.critique],
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
