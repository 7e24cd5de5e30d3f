"""One client for every server that speaks the OpenAI chat format; OpenRouter and others are presets.

Text first, then each picture behind its label. Structured output is asked for as a strict json_schema. What
a server will not take (temperature, response_format, the name of the token bound) is left out from then on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from iterativectl.config.types import AIVis, Prices
from iterativectl.errors import JudgeUnavailable
from iterativectl.model import Finding
from iterativectl.ports import Reply, VisionRequest
from iterativectl.vision import openai_check, openai_reply
from iterativectl.vision.costs import FREE, UNKNOWN, PriceList
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.keys import find_key, require_address
from iterativectl.vision.presets import PRESETS, Preset
from iterativectl.vision.strict_schema import strict
from iterativectl.vision.transport import Server
from iterativectl.vision.wire import Verbatim, bound, in_base64, labels

OPTIONAL = ("temperature", "response_format", "max_tokens")


@dataclass(kw_only=True)
class OpenAICompatible:
    """One model at one server."""

    server: Server
    preset: Preset
    model: str
    prices: Prices = Prices()  # as configured; they win over the server's list
    wire_version: str = "openai/1"
    sees_images: bool = True
    _rejected: set[str] = field(
        default_factory=set, init=False
    )  # optional parameters this server will not take
    _listed: PriceList | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """The provider's name in AIVis.yaml."""
        return self.preset.name

    @property
    def options(self) -> Mapping[str, Any]:
        """What beside the request decides the answer; part of a cached answer's key."""
        return {"temperature": 0, **self.preset.body}

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """USD that this request can cost at most; None: no price is configured or listed."""
        return self._price_list().worst(request)

    def check(self) -> Sequence[Finding]:
        """Whether the server answers, knows the key and the model, and the model sees pictures."""
        return openai_check.findings(self.server, self.preset, self.model)

    def ask(self, request: VisionRequest) -> Reply:
        """Send once. Raises ProviderError."""
        started = time.monotonic()
        try:
            read = self._read(request)
        except ProviderError as error:
            if error.kind == "unsupported" and error.parameter:
                self._rejected.add(error.parameter)
            error.redact(self.server.scrub)
            raise
        scrub = self.server.scrub.literal
        return Reply(
            text=scrub(read.text),
            usage=read.usage,
            seconds=time.monotonic() - started,
            served_by=scrub(read.served_by),
            provider=self.name,
            model=self.model,
            finish=read.finish,
        )

    def _read(self, request: VisionRequest) -> openai_reply.Read:
        body = self._body(request)
        asked = openai_reply.Asked(
            provider=self.name,
            sent=tuple(name for name in OPTIONAL if name in body),
            wants_json=request.schema is not None,
            prices=self._price_list(),
        )
        return openai_reply.read(self.server.post("/chat/completions", body), asked)

    def _body(self, request: VisionRequest) -> dict[str, Any]:
        wanted: dict[str, Any] = {"temperature": 0, "max_tokens": bound(request)}
        if request.schema is not None:
            wanted["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": request.kind, "strict": True, "schema": strict(request.schema)},
            }
        kept = {name: value for name, value in wanted.items() if name not in self._rejected}
        if "max_tokens" in self._rejected:  # its newer name; a reply is never unbounded
            kept["max_completion_tokens"] = bound(request)
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": content(request)}],
            **kept,
            **self.preset.body,
        }

    def _price_list(self) -> PriceList:
        """The prices: configured, free by nature, or looked up once in the server's list."""
        if self._listed is None:
            self._listed = self._find_prices()
        return self._listed

    def _find_prices(self) -> PriceList:
        if self.prices.input is not None and self.prices.output is not None:
            return PriceList(tokens=self.prices)
        if self.preset.catalogue:
            return FREE if self.model.endswith(":free") else openai_check.prices(self.server, self.model)
        return FREE if self.server.loopback else UNKNOWN


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
    key = find_key(name, preset.key_variable, environ, aivis.api_key)
    if preset.key_required and not key:
        raise JudgeUnavailable(
            f"{name} needs a key and there is none",
            f"Set {preset.key_variable} in the environment (keys: {preset.key_page}).",
        )
    server = Server(
        provider=name,
        base_url=require_address(name, preset.base_url or aivis.base_url or ""),
        key=key,
        timeout_seconds=aivis.timeout_seconds,
        session=session or requests.Session(),
        headers=preset.headers,
        unreachable_hint="Check the address, that the server runs, and the way to the internet.",
    )
    return OpenAICompatible(server=server, preset=preset, model=model, prices=aivis.prices)
