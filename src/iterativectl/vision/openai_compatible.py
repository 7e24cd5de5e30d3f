"""One client for every server that speaks the OpenAI chat format; OpenRouter and others are presets.

Text first, then each picture behind its label. Structured output is asked for as a strict json_schema. What
a server will not take (temperature, response_format, reasoning_effort, seed, the name of the token bound) is
left out from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from iterativectl.config.types import AIVis, Prices
from iterativectl.model import Finding
from iterativectl.ports import VisionRequest
from iterativectl.vision import openai_check, openai_reply
from iterativectl.vision.costs import FREE, UNKNOWN, PriceList
from iterativectl.vision.keys import find_key, require_address, require_key
from iterativectl.vision.presets import PRESETS, Preset
from iterativectl.vision.remote import Remote, configured
from iterativectl.vision.strict_schema import strict
from iterativectl.vision.transport import Server
from iterativectl.vision.wire import Read, Verbatim, bound, in_base64, labels, temperature

BOUNDS = ("max_tokens", "max_completion_tokens")


@dataclass(kw_only=True)
class OpenAICompatible(Remote):
    """One model at one server."""

    preset: Preset
    prices: Prices = Prices()  # as configured; they win over the server's list
    wire_version: str = "openai/1"
    _listed: PriceList | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """The provider's name in AIVis.yaml."""
        return self.preset.name

    @property
    def options(self) -> Mapping[str, Any]:
        """What beside the request decides the answer; part of a cached answer's key."""
        return {"temperature": 0, **self.preset.droppable, **self.preset.body}

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """USD that this request can cost at most; None: no price is configured or listed."""
        return self._price_list().worst(request, self.preset.picture_tokens(self.model))

    def check(self) -> Sequence[Finding]:
        """Whether the server answers, knows the key and the model, and the model can judge."""
        return openai_check.findings(self.server, self.preset, self.model)

    def exchange(self, request: VisionRequest) -> Read:
        """Send once and read the answer. Raises ProviderError."""
        optional = self._optional(request)
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": content(request)}],
            **optional,
            **self.preset.body,
        }
        asked = openai_reply.Asked(
            provider=self.name,
            sent=tuple(optional),
            wants_json=request.schema is not None,
            prices=self._price_list(),
        )
        return openai_reply.read(self.server.post("/chat/completions", body), asked)

    def _optional(self, request: VisionRequest) -> dict[str, Any]:
        """What a server may reject. The bound has two names, and a reply is never unbounded."""
        names = sorted(BOUNDS, key=lambda name: name != self.preset.bound_name)
        wanted: dict[str, Any] = {
            "temperature": temperature(request),
            self.form(names) or names[-1]: bound(request),
        }
        if request.schema is not None:
            wanted["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": request.kind, "strict": True, "schema": strict(request.schema)},
            }
        if self.preset.seeded:
            wanted["seed"] = request.sample
        kept = self.taken({**wanted, **self.preset.droppable})
        return kept if set(kept) & set(BOUNDS) else {**kept, names[-1]: bound(request)}

    def _price_list(self) -> PriceList:
        """The prices: configured, free by nature, or looked up once in the server's list."""
        if self._listed is None:
            self._listed = self._find_prices()
        return self._listed

    def _find_prices(self) -> PriceList:
        written = configured(self.prices)
        if written is not UNKNOWN:
            return written
        if self.preset.probe == "catalogue":
            return FREE if self.model.endswith(":free") else openai_check.prices(self.server, self.model)
        return FREE if self.preset.free or self.server.loopback else UNKNOWN


def content(request: VisionRequest) -> str | list[dict[str, Any]]:
    """The user message: plain text, or text, then label and picture by turns."""
    if not request.images:
        return request.prompt
    parts: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
    for label, (_, picture) in zip(labels(request.images), request.images, strict=True):
        url = Verbatim(f"data:image/png;base64,{in_base64(picture)}")
        parts += [{"type": "text", "text": label}, {"type": "image_url", "image_url": {"url": url}}]
    return parts


def build(
    name: str,
    aivis: AIVis,
    model: str,
    environ: Mapping[str, str],
    session: requests.Session | None = None,
) -> OpenAICompatible:
    """The model at a preset's server. Raises JudgeUnavailable without a key or an address that is needed."""
    preset = PRESETS[name]
    if preset.key_required:
        key = require_key(name, preset.key_variables, environ, aivis.api_key, preset.key_page)
    else:
        key = find_key(name, preset.key_variables, environ, aivis.api_key)
    server = Server(
        provider=name,
        base_url=require_address(name, aivis.base_url or preset.base_url),
        key=key,
        timeout_seconds=aivis.timeout_seconds,
        session=session or requests.Session(),
        headers=preset.headers,
        unreachable_hint=preset.unreachable_hint,
    )
    return OpenAICompatible(server=server, preset=preset, model=model, prices=aivis.prices)
