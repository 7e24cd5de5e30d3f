"""Questions, criteria and comparison in one request. Pure but for who is asked.

The reply is read part by part, by the readers of the single requests. What of it cannot be read is asked for
by itself, as if it had never been asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from iterativectl.config.types import PromptTemplates
from iterativectl.judging import critique, prompting, schemas, wording
from iterativectl.judging.asking import Asked, Record
from iterativectl.judging.prompting import Pictures
from iterativectl.model import Item
from iterativectl.ports import Reply, Usage, VisionRequest
from iterativectl.vision.wire import MAX_TOKENS

KIND: Literal["judge_at_once"] = "judge_at_once"
Part = Literal["answers", "criteria", "comparison"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked at once. `similarity` is the measured one."""

    questions: Sequence[Item]
    criteria: Sequence[Item]
    similarity: float


def request(templates: PromptTemplates, asking: Asking, pictures: Pictures, model: str) -> VisionRequest:
    """The one request. `model` is who is asked."""
    pointing = pictures.asked(model)
    schema = schemas.merged_schema(asking.questions, asking.criteria, critique.schema(pointing.family))
    return VisionRequest(
        kind=KIND,
        prompt=templates.render(
            KIND,
            questions=wording.items(asking.questions) or "(none)",
            criteria=wording.items(asking.criteria) or "(none)",
            description=pictures.description or prompting.NOT_DESCRIBED,
            measurements=wording.measurements(pictures.measured),
            region=pictures.in_words,
            critique=prompting.flaws(templates, pointing) if asking.criteria else "",
            schema=schemas.sketch(schema),
        ),
        items=(*asking.questions, *asking.criteria),
        images=pictures.shown,
        schema=schema,
        max_tokens=2 * MAX_TOKENS,  # three replies in one; cut short, all three would be paid for in vain
        facts={
            "measurements": wording.measured_facts(pictures.measured),
            "description": pictures.description,
            "similarity": asking.similarity,
        },
    )


def said(raw: Iterable[Mapping[str, Any]]) -> Reply | None:
    """The reply to such a request among the raw replies of a step; None when there is none."""
    for entry in raw:
        if entry.get("purpose") == KIND and isinstance(entry.get("text"), str):
            provider, _, model = str(entry.get("by", "")).partition("/")
            return Reply(
                text=entry["text"],
                usage=Usage(),
                seconds=0.0,
                served_by=model,
                provider=provider,
                model=model,
                finish=str(entry.get("finish", "stop")),
            )
    return None


def taken(reply: Reply, part: Part) -> Asked:
    """A part of that reply, as if it had been asked for by itself: no call is counted a second time."""
    record = Record(raw=({"purpose": KIND, "part": part, "by": f"{reply.provider}/{reply.model}"},))
    return Asked(reply=reply, record=record, alone=True)
