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
from iterativectl.model import Picture
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

    def worst(self, request: VisionRequest, pictures: PictureTokens | None = None) -> float | None:
        """USD that this request can cost at most; None where a price is not known."""
        by_tokens = self.cost(most_input_tokens(request, pictures), bound(request))
        if by_tokens is None:
            return None
        return by_tokens + self.request + self.picture * len(request.images)


FREE = PriceList(tokens=Prices(input=0.0, output=0.0))
UNKNOWN = PriceList(tokens=Prices())


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTokens:
    """How a provider counts a picture where that can be more than one token per patch.

    `least` and `base` are tokens a picture; `per_tile` tokens for each begun tile of `tile` px squared.
    `extra` tokens are added to a request by the provider itself.
    """

    base: int = 0
    least: int = 0
    tile: int = 512
    per_tile: int = 0
    extra: int = 0

    def most(self, picture: Picture) -> int:
        """An upper bound of the tokens of one picture."""
        by_tiles = self.base + self.per_tile * _cells(picture, self.tile)
        return max(_cells(picture, PATCH), by_tiles, self.least)


def most_input_tokens(request: VisionRequest, pictures: PictureTokens | None = None) -> int:
    """An upper bound of the tokens that go in."""
    count = pictures or PictureTokens()
    text = len(request.prompt.encode("utf-8"))
    schema = len(json.dumps(dict(request.schema))) if request.schema is not None else 0
    seen = sum(count.most(picture) for _, picture in request.images)
    return text + schema + seen + count.extra + _OVERHEAD * (1 + len(request.images))


def _cells(picture: Picture, side: int) -> int:
    """How many squares of this side cover a picture."""
    return -(-picture.width // side) * -(-picture.height // side)


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
