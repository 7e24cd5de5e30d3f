"""Servers that speak the OpenAI chat format, as data. A further one is one more entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one provider differs. `base_url` "" must be configured; `body` goes into every request.

    `catalogue`: GET /models tells prices and what a model takes; `account`: GET /key tells the credit.
    """

    name: str
    base_url: str = ""
    key_variable: str
    key_required: bool = False
    key_page: str = ""  # where a person gets a key
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    catalogue: bool = False
    account: bool = False


OPENROUTER = Preset(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    key_variable="OPENROUTER_API_KEY",
    key_required=True,
    key_page="https://openrouter.ai/keys",
    headers={"X-Title": "Iterative Imagination"},
    # without it a route that cannot keep the schema ignores it without a word
    body={"provider": {"require_parameters": True}},
    catalogue=True,
    account=True,
)
OPENAI_COMPATIBLE = Preset(name="openai_compatible", key_variable="OPENAI_API_KEY")

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (OPENROUTER, OPENAI_COMPATIBLE)}
