"""Anthropic's own format, /v1/messages. Its OpenAI-compatible door ignores schemas without a word.

Pictures first, each behind its label, then the text. Temperature is never sent: newer models and versions of
the API refuse it, even at its default. A schema goes into `output_config`; a model that does not know that is
given a tool to answer with, whose input has the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from iterativectl.config.types import AIVis, Prices
from iterativectl.model import Finding
from iterativectl.ports import VisionRequest
from iterativectl.vision import anthropic_check, anthropic_reply
from iterativectl.vision.costs import PictureTokens
from iterativectl.vision.keys import require_address, require_key
from iterativectl.vision.remote import Remote, configured
from iterativectl.vision.strict_schema import strict
from iterativectl.vision.transport import Server
from iterativectl.vision.wire import Read, bound, in_base64, labels

DEFAULT_URL = "https://api.anthropic.com"
KEY_VARIABLES = ("ANTHROPIC_API_KEY",)
KEY_PAGE = "https://platform.claude.com/settings/keys"
VERSION = "2023-06-01"  # of the API: the one that every model knows
SCHEMA_FORMS = ("output_config", "tools")
# Tokens of the system prompt that a forced tool adds: 313 to 530 in Anthropic's table.
_PICTURES = PictureTokens(extra=600)


@dataclass(kw_only=True)
class Anthropic(Remote):
    """One model at Anthropic, or at a gateway that speaks its format."""

    prices: Prices = Prices()
    wire_version: str = "anthropic/1"

    @property
    def name(self) -> str:
        """The provider's name in AIVis.yaml."""
        return "anthropic"

    @property
    def options(self) -> Mapping[str, Any]:
        """What beside the request decides the answer; part of a cached answer's key."""
        return {"version": VERSION, "thinking": "disabled"}

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """USD that this request can cost at most; None: no price is configured."""
        return configured(self.prices).worst(request, _PICTURES)

    def check(self) -> Sequence[Finding]:
        """Whether the server answers, knows the key and the model, and the model can judge."""
        found, can = anthropic_check.look(self.server, self.model)
        if can.schema is False:
            self.rejected.add("output_config")  # no need to be told by a request
        return found

    def exchange(self, request: VisionRequest) -> Read:
        """Send once and read the answer. Raises ProviderError."""
        optional = self.taken({"thinking": {"type": "disabled"}}) | self._schema(request)
        body = {
            "model": self.model,
            "max_tokens": bound(request),
            "messages": [{"role": "user", "content": content(request)}],
            **optional,
        }
        asked = anthropic_reply.Asked(
            model=self.model,
            sent=tuple(optional),
            wants_json=request.schema is not None,
            prices=configured(self.prices),
        )
        return anthropic_reply.read(self.server.post("/v1/messages", body), asked)

    def _schema(self, request: VisionRequest) -> dict[str, Any]:
        if request.schema is None:
            return {}
        schema, form = strict(request.schema), self.form(SCHEMA_FORMS)
        if form == "output_config":
            return {form: {"format": {"type": "json_schema", "schema": schema}}}
        if form == "tools":
            tool = {"name": request.kind, "description": "Give the answer.", "input_schema": schema}
            choice = {"type": "tool", "name": request.kind, "disable_parallel_tool_use": True}
            return {form: [tool], "tool_choice": choice}
        return {}


def content(request: VisionRequest) -> str | list[dict[str, Any]]:
    """The user message: plain text, or label and picture by turns, then the text."""
    if not request.images:
        return request.prompt
    parts: list[dict[str, Any]] = []
    for label, (_, picture) in zip(labels(request.images), request.images, strict=True):
        source = {"type": "base64", "media_type": "image/png", "data": in_base64(picture)}
        parts += [{"type": "text", "text": label}, {"type": "image", "source": source}]
    return [*parts, {"type": "text", "text": request.prompt}]


def build(
    name: str,
    aivis: AIVis,
    model: str,
    environ: Mapping[str, str],
    session: requests.Session | None = None,
) -> Anthropic:
    """The model at base_url, else at Anthropic. Raises JudgeUnavailable without a key."""
    server = Server(
        provider=name,
        base_url=require_address(name, (aivis.base_url or DEFAULT_URL).rstrip("/").removesuffix("/v1")),
        key=require_key(name, KEY_VARIABLES, environ, aivis.api_key, KEY_PAGE),
        key_header="x-api-key",
        timeout_seconds=aivis.timeout_seconds,
        session=session or requests.Session(),
        headers={"anthropic-version": VERSION},
        unreachable_hint="Check the way to the internet, and base_url in AIVis.yaml if it is set.",
    )
    return Anthropic(server=server, model=model, prices=aivis.prices)
