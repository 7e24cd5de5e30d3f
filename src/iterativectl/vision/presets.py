"""Servers that speak the OpenAI chat format, as data. A further one is one more entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from iterativectl.vision.costs import PictureTokens

# What a server tells of a model: OpenRouter's catalogue, a bare list, or an endpoint of its own.
Probe = Literal["catalogue", "list", "lmstudio", "llamacpp", "vllm"]
_NO_THOUGHTS = {"chat_template_kwargs": {"enable_thinking": False}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one provider differs.

    `base_url` "" must be configured. `key_variables` are looked for in this order. `body` goes into every
    request; `droppable` as well, until the model rejects it. `bound_name` is tried first as the name of the
    bound on the reply. `seeded`: the number of the sample is sent as seed. `account`: GET /key tells the
    credit. `complete`: what its list of models does not name does not exist. `free`: nobody is paid.
    """

    name: str
    base_url: str = ""
    key_variables: tuple[str, ...]
    key_required: bool = False
    key_page: str = ""  # where a person gets a key
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    droppable: Mapping[str, Any] = field(default_factory=dict)
    bound_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seeded: bool = False
    probe: Probe = "list"
    account: bool = False
    complete: bool = False
    free: bool = False
    unreachable_hint: str = "Check the address, that the server runs, and the way to the internet."

    def picture_tokens(self, model: str) -> PictureTokens:
        """The most that one picture can count for with this model."""
        if self.name == "gemini-openai":
            return GEMINI_PICTURES
        if "4o-mini" in model:
            return _OF_4O_MINI
        return _OF_OPENAI if self.name in ("openai", "openrouter") else PictureTokens()


# OpenAI's guide to images: 85 and 170 a tile of 512 px for most models, 2833 and 5667 for gpt-4o-mini. A
# large picture has more patches than that; a small one has not.
_OF_OPENAI = PictureTokens(base=85, per_tile=170)
_OF_4O_MINI = PictureTokens(base=2833, per_tile=5667)
# Google: 258 a picture or a tile of 256 to 768 px; 1120 a picture with Gemini 3.
GEMINI_PICTURES = PictureTokens(least=1120, tile=256, per_tile=258)

OPENROUTER = Preset(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    key_variables=("OPENROUTER_API_KEY",),
    key_required=True,
    key_page="https://openrouter.ai/keys",
    headers={"X-Title": "Iterative Imagination"},
    # without it a route that cannot keep the schema ignores it without a word
    body={"provider": {"require_parameters": True}},
    probe="catalogue",
    account=True,
    complete=True,
)
OPENAI = Preset(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_variables=("OPENAI_API_KEY",),
    key_required=True,
    key_page="https://platform.openai.com/api-keys",
    droppable={"reasoning_effort": "low"},  # thoughts count against the bound on the reply
    bound_name="max_completion_tokens",  # reasoning models refuse the older name
    seeded=True,
    complete=True,
)
LM_STUDIO = Preset(
    name="lmstudio",
    base_url="http://localhost:1234/v1",
    key_variables=("LM_API_TOKEN",),
    seeded=True,
    probe="lmstudio",
    free=True,
    unreachable_hint="Start the server in LM Studio (`lms server start`), or write its address as base_url.",
)
LLAMA_CPP = Preset(
    name="llamacpp",
    base_url="http://localhost:8080/v1",
    key_variables=("LLAMA_API_KEY",),
    droppable=_NO_THOUGHTS,
    seeded=True,
    probe="llamacpp",
    free=True,
    unreachable_hint="Start `llama-server -m MODEL --mmproj FILE`, or write its address as base_url.",
)
VLLM = Preset(
    name="vllm",
    base_url="http://localhost:8000/v1",
    key_variables=("VLLM_API_KEY",),
    droppable=_NO_THOUGHTS,
    seeded=True,
    probe="vllm",
    complete=True,
    free=True,
    unreachable_hint="Start `vllm serve MODEL`, or write its address as base_url.",
)
GEMINI_OPENAI = Preset(
    name="gemini-openai",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    key_required=True,
    key_page="https://aistudio.google.com/apikey",
    droppable={"reasoning_effort": "low"},
)
OPENAI_COMPATIBLE = Preset(name="openai_compatible", key_variables=("OPENAI_API_KEY",))

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (OPENROUTER, OPENAI, LM_STUDIO, LLAMA_CPP, VLLM, GEMINI_OPENAI, OPENAI_COMPATIBLE)
}
