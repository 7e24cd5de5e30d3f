"""What a request can cost at most, before it is sent. Pure.

Hard limits are kept by counting this worst case: every byte of text as a token (byte-pair vocabularies
never need more), a picture as one token per 14 x 14 px (the finest patches in use; most models merge
several), and the whole of the bound on the reply.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.config.types import Prices
from iterativectl.ports import VisionRequest
from iterativectl.vision.wire import bound

PATCH = 14  # pixels
MILLION = 1_000_000
_OVERHEAD = 64  # tokens for roles, labels and separators


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """USD: per million tokens in and out, and per request and per picture where a provider asks for that."""

    tokens: Prices
    request: float = 0.0
    picture: float = 0.0

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """USD for these tokens; None where a price is not known."""
        if self.tokens.input is None or self.tokens.output is None:
            return None
        return (input_tokens * self.tokens.input + output_tokens * self.tokens.output) / MILLION

    def worst(self, request: VisionRequest) -> float | None:
        """USD that this request can cost at most; None where a price is not known."""
        by_tokens = self.cost(most_input_tokens(request), bound(request))
        if by_tokens is None:
            return None
        return by_tokens + self.request + self.picture * len(request.images)


FREE = PriceList(tokens=Prices(input=0.0, output=0.0))
UNKNOWN = PriceList(tokens=Prices())


def most_input_tokens(request: VisionRequest) -> int:
    """An upper bound of the tokens that go in."""
    text = len(request.prompt.encode("utf-8"))
    schema = len(json.dumps(dict(request.schema))) if request.schema is not None else 0
    pictures = sum(-(-picture.width // PATCH) * -(-picture.height // PATCH) for _, picture in request.images)
    return text + schema + pictures + _OVERHEAD * (1 + len(request.images))


def listed(pricing: Mapping[str, Any]) -> PriceList:
    """OpenRouter's price entry of a model: strings, USD per token, request and picture."""
    return PriceList(
        tokens=Prices(input=_million(pricing.get("prompt")), output=_million(pricing.get("completion"))),
        request=_price(pricing.get("request")) or 0.0,
        picture=_price(pricing.get("image")) or 0.0,
    )


def _million(value: Any) -> float | None:
    price = _price(value)
    return None if price is None else price * MILLION


def _price(value: Any) -> float | None:
    """A price; None for none, and for OpenRouter's -1 ("it depends")."""
    try:
        price = float(value)
    except (TypeError, ValueError):
        return None
    return price if 0.0 <= price < float("inf") else None
