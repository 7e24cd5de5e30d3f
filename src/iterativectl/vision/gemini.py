"""Gemini's own format, generateContent, with the key in a header (in the address it would get into logs).

Pictures first, each behind its label, then the text. The schema goes into responseJsonSchema, for older
models into responseSchema. Thoughts count against the bound on the reply: they are turned off, or down as far
as the model lets them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from iterativectl.config.types import AIVis, Prices
from iterativectl.model import Finding
from iterativectl.ports import VisionRequest
from iterativectl.vision import gemini_check, gemini_reply
from iterativectl.vision.gemini_schema import json_schema, open_api
from iterativectl.vision.keys import require_address, require_key
from iterativectl.vision.presets import GEMINI_PICTURES
from iterativectl.vision.remote import Remote, configured
from iterativectl.vision.transport import Server
from iterativectl.vision.wire import Read, bound, in_base64, labels, temperature

DEFAULT_URL = "https://generativelanguage.googleapis.com/v1beta"
KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
KEY_PAGE = "https://aistudio.google.com/apikey"
SCHEMA_FORMS = ("responseJsonSchema", "responseSchema")
# How a model is told to think little: by a budget in tokens up to Gemini 2.5 (Pro takes no less than 128), by
# a level from Gemini 3 on. Keys are the names that a rejection is remembered under.
_THINKING: Mapping[str, Mapping[str, Any]] = {
    "thinkingBudget 0": {"thinkingBudget": 0},
    "thinkingBudget 128": {"thinkingBudget": 128},
    "thinkingLevel": {"thinkingLevel": "low"},
}
_BUDGETS = ("thinkingBudget 0", "thinkingBudget 128")
_LEVELS = ("thinkingLevel", "thinkingBudget 0")


@dataclass(kw_only=True)
class Gemini(Remote):
    """One model at Google, or at a gateway that speaks its format. `model` is without "models/"."""

    prices: Prices = Prices()
    wire_version: str = "gemini/1"

    @property
    def name(self) -> str:
        """The provider's name in AIVis.yaml."""
        return "gemini"

    @property
    def options(self) -> Mapping[str, Any]:
        """What beside the request decides the answer; part of a cached answer's key."""
        return {**self._temperature(), "thinking": self._thinking_forms()[0]}

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """USD that this request can cost at most, thoughts included; None: no price is configured."""
        return configured(self.prices).worst(request, GEMINI_PICTURES)

    def check(self) -> Sequence[Finding]:
        """Whether the server answers, knows the key and the model, and the model can judge."""
        return gemini_check.findings(self.server, self.model)

    def exchange(self, request: VisionRequest) -> Read:
        """Send once and read the answer. Raises ProviderError."""
        config, thinking = self._config(request)
        body = {
            "contents": [{"role": "user", "parts": parts(request)}],
            "generationConfig": {"maxOutputTokens": bound(request), **config},
        }
        asked = gemini_reply.Asked(
            model=self.model,
            sent=tuple(config),
            thinking=thinking,
            wants_json=request.schema is not None,
            prices=configured(self.prices),
        )
        path = f"/models/{quote(self.model, safe='')}:generateContent"
        return gemini_reply.read(self.server.post(path, body), asked)

    def _config(self, request: VisionRequest) -> tuple[dict[str, Any], str]:
        """The optional part of generationConfig, and under which name its thinkingConfig is remembered."""
        sampled = dict.fromkeys(self._temperature(), temperature(request))
        wanted = {**sampled, "seed": request.sample, **self._schema(request)}
        thinking = self.form(self._thinking_forms())
        if thinking and "thinkingConfig" not in self.rejected:
            wanted["thinkingConfig"] = _THINKING[thinking]
        return self.taken(wanted), thinking or ""

    def _schema(self, request: VisionRequest) -> dict[str, Any]:
        if request.schema is None or "responseMimeType" in self.rejected:
            return {}
        mime = {"responseMimeType": "application/json"}
        form = self.form(SCHEMA_FORMS)
        if form is None:
            return mime
        return {**mime, form: (json_schema if form == "responseJsonSchema" else open_api)(request.schema)}

    def _temperature(self) -> dict[str, int]:
        """0, but nothing from Gemini 3 on: Google warns that it loops below its own default there."""
        return {} if self._newer() else {"temperature": 0}

    def _thinking_forms(self) -> tuple[str, ...]:
        return _LEVELS if self._newer() else _BUDGETS

    def _newer(self) -> bool:
        """Whether this is Gemini 3 or newer, or a name such as gemini-flash-latest."""
        version = re.search(r"gemini-(\d+)", self.model)
        return int(version[1]) >= 3 if version else "latest" in self.model


def parts(request: VisionRequest) -> list[dict[str, Any]]:
    """The user message: label and picture by turns, then the text."""
    found: list[dict[str, Any]] = []
    for label, (_, picture) in zip(labels(request.images), request.images, strict=True):
        data = {"mimeType": "image/png", "data": in_base64(picture)}
        found += [{"text": label}, {"inlineData": data}]
    return [*found, {"text": request.prompt}]


def build(
    name: str,
    aivis: AIVis,
    model: str,
    environ: Mapping[str, str],
    session: requests.Session | None = None,
) -> Gemini:
    """The model at base_url, else at Google. Raises JudgeUnavailable without a key."""
    server = Server(
        provider=name,
        base_url=require_address(name, aivis.base_url or DEFAULT_URL),
        key=require_key(name, KEY_VARIABLES, environ, aivis.api_key, KEY_PAGE),
        key_header="x-goog-api-key",
        timeout_seconds=aivis.timeout_seconds,
        session=session or requests.Session(),
        unreachable_hint="Check the way to the internet, and base_url in AIVis.yaml if it is set.",
    )
    return Gemini(server=server, model=model.removeprefix("models/"), prices=aivis.prices)
