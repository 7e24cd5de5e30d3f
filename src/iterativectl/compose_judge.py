"""From AIVis.yaml to a judge: the same in a run and outside of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from iterativectl.clock import Clock
from iterativectl.config.types import AIVis, PromptTemplates
from iterativectl.judging.judge import Judge
from iterativectl.model import Finding
from iterativectl.ports import AnswerCache, Ledger, Reply, VisionModel, VisionRequest
from iterativectl.vision import STEADY
from iterativectl.vision.router import Native, Router, here
from iterativectl.vision.routes import build_router, build_second

SAMPLES = 1000  # more samples than one asking can take


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How questions go out: what was answered already, what is spent, time, and a person's wishes.

    `environ` is where the keys are; `native` as for Router: who may work on pixels.
    """

    cache: AnswerCache
    ledger: Ledger
    clock: Clock
    attend: Callable[[], None] = lambda: None
    environ: Mapping[str, str] = field(default_factory=dict)
    native: Native = here


def build_judge(
    aivis: AIVis, prompts: PromptTemplates, models: tuple[VisionModel, VisionModel | None], desk: Desk
) -> Judge:
    """The judge that AIVis.yaml describes, asking these models."""
    return Judge(
        ask=_router(aivis, models, desk).ask,
        templates=prompts,
        votes=aivis.votes,
        steady=STEADY,
        model=models[0].model,
        second=_second(aivis, prompts, desk),
        disagreement=aivis.disagreement,
    )


def _second(aivis: AIVis, prompts: PromptTemplates, desk: Desk) -> Judge | None:
    other = build_second(aivis, desk.environ)
    if other is None:
        return None
    return Judge(ask=_router(aivis, (other, None), desk).ask, templates=prompts, model=other.model)


def _router(aivis: AIVis, models: tuple[VisionModel, VisionModel | None], desk: Desk) -> Router:
    """All questions of a run have one cache, one ledger and one set of limits, whoever is asked."""
    router = build_router(
        aivis, models, cache=desk.cache, ledger=desk.ledger, clock=desk.clock, attend=desk.attend
    )
    router.native = desk.native
    return router


def second_notes(aivis: AIVis, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences about a second opinion that cannot be had."""
    other = build_second(aivis, environ)
    absent = [f for f in other.check() if f.status == "error"] if other else []
    return tuple(
        f"{': '.join(filter(None, (finding.what, finding.why)))}; there is no second opinion, "
        "and the first judge decides alone"
        for finding in absent
    )


def second_findings(aivis: AIVis, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """What the second opinion's model says of itself; that it is not there is only a warning."""
    other = build_second(aivis, environ)
    found = other.check() if other else ()
    return tuple(
        replace(f, status="warning" if f.status == "error" else f.status, what=f"second opinion: {f.what}")
        for f in found
    )


def again(judge: Judge, nth: int) -> Judge:
    """The judge asked as for the nth time, from 0: no answer of the other times counts as its own."""

    def ask(request: VisionRequest) -> Reply:
        return judge.ask(replace(request, sample=request.sample + nth * SAMPLES))

    second = judge.second and again(judge.second, nth)
    return replace(judge, ask=ask, second=second) if nth else judge
