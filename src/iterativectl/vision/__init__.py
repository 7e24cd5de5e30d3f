"""Backends that look at pictures. PROVIDERS: name in AIVis.yaml -> builder, imported when it is needed.

A builder is called as `build(name, aivis, model, environ, session)` and returns a ports.VisionModel; it
raises JudgeUnavailable when a key or an address is missing. A further provider is one file and one line
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from iterativectl.config.providers import owner_of_address, owner_of_key
from iterativectl.config.types import AIVis
from iterativectl.errors import JudgeUnavailable
from iterativectl.ports import VisionModel

if TYPE_CHECKING:
    import requests

_OPENAI_FORMAT = (
    *("openrouter", "openai", "gemini-openai"),
    *("openai_compatible", "lmstudio", "llamacpp", "vllm"),
)
PROVIDERS: Mapping[str, str] = {
    "ollama": "iterativectl.vision.ollama:build",
    **dict.fromkeys(_OPENAI_FORMAT, "iterativectl.vision.openai_compatible:build"),
    "anthropic": "iterativectl.vision.anthropic:build",
    "gemini": "iterativectl.vision.gemini:build",
    "embedded": "iterativectl.vision.embedded:build",
}


# They measure: asked again they say the same again.
STEADY = frozenset({"embedded"})


def build(
    name: str,
    aivis: AIVis,
    model: str,
    environ: Mapping[str, str],
    session: requests.Session | None = None,
) -> VisionModel:
    """One provider. Raises JudgeUnavailable with the cure when it cannot be set up, or is not known."""
    place = PROVIDERS.get(name)
    if place is None:
        known = ", ".join(PROVIDERS)
        raise JudgeUnavailable(
            f"{name} is no provider of vision models", f"Known are {known}: see AIVis.yaml."
        )
    module, function = place.split(":")
    builder: Callable[..., VisionModel] = getattr(import_module(module), function)
    return builder(name, _only_its_own(name, aivis), model, environ, session)


def _only_its_own(name: str, aivis: AIVis) -> AIVis:
    """The settings without an address or a key of the other provider: a key must not go astray."""
    used = (aivis.provider, aivis.fallback_provider)
    keyed = (*used, *(opinion.provider for opinion in aivis.ensemble))
    return replace(
        aivis,
        base_url=aivis.base_url if name == (owner_of_address(used) or name) else None,
        api_key=aivis.api_key if name == (owner_of_key(keyed) or name) else "",
    )
