"""Ollama: a vision model on this machine or in the house. Native API, because /v1 cannot set num_ctx.

/api/chat by default; /api/generate where AIVis.yaml says `api: generate`. `think: false` always (thinking
is on by default for models that can, and eats the answer); `num_ctx` is constant, because another value
reloads the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import requests

from iterativectl.config.types import AIVis
from iterativectl.model import Finding
from iterativectl.ports import VisionRequest
from iterativectl.vision import ollama_check, ollama_reply
from iterativectl.vision.keys import find_key, require_address
from iterativectl.vision.remote import Remote
from iterativectl.vision.transport import Server
from iterativectl.vision.wire import Read, bound, in_base64, labels, temperature

DEFAULT_URL = "http://localhost:11434"
HINT = "Start Ollama (`ollama serve`), or write its address as base_url in AIVis.yaml."


@dataclass(kw_only=True)
class Ollama(Remote):
    """One model at one Ollama. Free: nothing here is paid for."""

    api: str = "chat"
    num_ctx: int = 8192
    keep_alive: str = "10m"
    wire_version: str = "ollama/1"

    @property
    def name(self) -> str:
        """The provider's name in AIVis.yaml."""
        return "ollama"

    @property
    def options(self) -> Mapping[str, Any]:
        """What beside the request decides the answer; part of a cached answer's key."""
        return {"api": self.api, "num_ctx": self.num_ctx, "temperature": 0}

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """Always 0: the machine is the user's own."""
        return 0.0

    def check(self) -> Sequence[Finding]:
        """Whether the server answers, has the model, and the model sees pictures."""
        return ollama_check.findings(self.server, self.model, self.num_ctx)

    def exchange(self, request: VisionRequest) -> Read:
        """Send once and read the answer. Raises ProviderError."""
        body = self._body(request)
        asked = ollama_reply.Asked(
            model=self.model,
            num_ctx=self.num_ctx,
            prompt_length=len(request.prompt),
            wants_json=request.schema is not None,
            sent=tuple(name for name in ("think", "format") if name in body),
        )
        return ollama_reply.read(self.server.post(f"/api/{self.api}", body), asked)

    def _body(self, request: VisionRequest) -> dict[str, Any]:
        pictures = [in_base64(picture) for _, picture in request.images]
        text = "\n".join((*labels(request.images), "", request.prompt)) if pictures else request.prompt
        body: dict[str, Any] = {
            "model": self.model,
            "stream": False,
            "think": False,
            "keep_alive": _keep_alive(self.keep_alive),
            "options": {
                "temperature": temperature(request),
                "seed": request.sample,
                "num_ctx": self.num_ctx,
                "num_predict": bound(request),
            },
        }
        if request.schema is not None:
            body["format"] = dict(request.schema)
        if self.api == "generate":
            body.update(prompt=text, **({"images": pictures} if pictures else {}))
        else:
            message = {"role": "user", "content": text, **({"images": pictures} if pictures else {})}
            body["messages"] = [message]
        return self.taken(body)


def build(
    name: str,
    aivis: AIVis,
    model: str,
    environ: Mapping[str, str],
    session: requests.Session | None = None,
) -> Ollama:
    """The model at base_url, else OLLAMA_HOST, else this machine's Ollama.

    OLLAMA_API_KEY is sent only to an address that is not this machine. `name` is "ollama". Raises
    JudgeUnavailable for an address that is none.
    """
    url = require_address(name, address(aivis.base_url or environ.get("OLLAMA_HOST", "")))
    server = Server(
        provider=name,
        base_url=url,
        timeout_seconds=aivis.timeout_seconds,
        session=session or requests.Session(),
        unreachable_hint=HINT,
    )
    if not server.loopback:
        server = replace(server, key=find_key(name, ["OLLAMA_API_KEY"], environ))
    return Ollama(
        server=server, model=model, api=aivis.api, num_ctx=aivis.num_ctx, keep_alive=aivis.keep_alive
    )


def address(text: str) -> str:
    """An address as people write it in OLLAMA_HOST ("0.0.0.0", "host:1234", "https://...") as a base URL."""
    text = text.strip().rstrip("/")
    if not text:
        return DEFAULT_URL
    scheme, written, rest = text.rpartition("://")
    netloc, slash, path = rest.partition("/")
    netloc = netloc.replace("0.0.0.0", "127.0.0.1")  # what a server listens on, not where one calls
    if not written and not re.search(r":\d+$", netloc):
        netloc = f"{netloc}:11434"  # as Ollama: a written scheme brings its own port
    return f"{scheme or 'http'}://{netloc}{slash}{path}"


def _keep_alive(text: str) -> str | int:
    """Ollama takes "10m", or a bare number of seconds that must not be a string."""
    return int(text) if text.lstrip("-").isdigit() else text
