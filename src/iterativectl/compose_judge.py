"""From AIVis.yaml to a judge: the same in a run and outside of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from iterativectl.clock import Clock
from iterativectl.config.types import AIVis, PromptTemplates
from iterativectl.judging.judge import Judge
from iterativectl.ports import AnswerCache, Ledger, Reply, VisionModel, VisionRequest
from iterativectl.vision import STEADY
from iterativectl.vision.routes import build_router

SAMPLES = 1000  # more samples than one asking can take


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How questions go out: what was answered already, what is spent, time, and a person's wishes."""

    cache: AnswerCache
    ledger: Ledger
    clock: Clock
    attend: Callable[[], None] = lambda: None


def build_judge(
    aivis: AIVis, prompts: PromptTemplates, models: tuple[VisionModel, VisionModel | None], desk: Desk
) -> Judge:
    """The judge that AIVis.yaml describes, asking these models."""
    router = build_router(
        aivis, models, cache=desk.cache, ledger=desk.ledger, clock=desk.clock, attend=desk.attend
    )
    return Judge(ask=router.ask, templates=prompts, votes=aivis.votes, steady=STEADY)


def again(judge: Judge, nth: int) -> Judge:
    """The judge asked as for the nth time, from 0: no answer of the other times counts as its own."""

    def ask(request: VisionRequest) -> Reply:
        return judge.ask(replace(request, sample=request.sample + nth * SAMPLES))

    return replace(judge, ask=ask) if nth else judge
