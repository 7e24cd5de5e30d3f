"""From AIVis.yaml to a Router: both providers set up, one HTTP session each; how pictures get smaller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from iterativectl.clock import Clock
from iterativectl.config.providers import owner_of_key
from iterativectl.config.types import AIVis
from iterativectl.errors import JudgeUnavailable
from iterativectl.images.normalise import to_picture
from iterativectl.model import Picture
from iterativectl.ports import AnswerCache, Ledger, VisionModel
from iterativectl.vision import build
from iterativectl.vision.router import Absent, Patience, Router


def build_models(aivis: AIVis, environ: Mapping[str, str]) -> tuple[VisionModel, VisionModel | None]:
    """The provider and the fallback that AIVis.yaml names. One without a key says so when it is asked."""
    fallback = None
    if aivis.fallback_provider:
        fallback = _built(aivis.fallback_provider, aivis, aivis.fallback_model or "", environ)
    return _built(aivis.provider, aivis, aivis.model, environ), fallback


def build_second(aivis: AIVis, environ: Mapping[str, str]) -> VisionModel | None:
    """The model of the second opinion that AIVis.yaml names; its address and prices are its own.

    The file's key is not handed to it unless it is that of the same provider.
    """
    if not aivis.ensemble:
        return None
    opinion = aivis.ensemble[0]
    owner = owner_of_key((aivis.provider, aivis.fallback_provider, opinion.provider))
    alone = replace(
        aivis,
        provider=opinion.provider,
        model=opinion.model,
        fallback_provider=None,
        fallback_model=None,
        base_url=opinion.base_url,
        api_key=aivis.api_key if owner == opinion.provider else "",
        prices=opinion.prices,
        ensemble=(),
    )
    return _built(opinion.provider, alone, opinion.model, environ)


def build_router(
    aivis: AIVis,
    models: tuple[VisionModel, VisionModel | None],
    *,
    cache: AnswerCache,
    ledger: Ledger,
    clock: Clock,
    attend: Callable[[], None] = lambda: None,
) -> Router:
    """The way of every question to these models, with the patience and limits of AIVis.yaml."""
    primary, fallback = models
    return Router(
        primary=primary,
        fallback=fallback,
        cache=cache,
        ledger=ledger,
        patience=Patience(
            retries=aivis.retries, delay_seconds=aivis.retry_delay_seconds, limits=aivis.limits
        ),
        clock=clock,
        attend=attend,
        shrink=smaller,
    )


def smaller(picture: Picture) -> Picture:
    """The picture at two thirds of its size: less than half of its tokens."""
    longest = max(picture.width, picture.height)
    return to_picture(picture.png, max_px=max(1, longest * 2 // 3))


def _built(name: str, aivis: AIVis, model: str, environ: Mapping[str, str]) -> VisionModel:
    try:
        return build(name, aivis, model, environ)
    except JudgeUnavailable as error:
        return Absent(name, model, error)
