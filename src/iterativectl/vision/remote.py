"""What every provider behind a server does around one exchange, whatever its wire format.

A parameter that the server will not take is named by ProviderError.parameter, remembered here, and left out
(or sent in its next form) from then on, as long as the model object lives: a run asks with one object.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iterativectl.config.types import Prices
from iterativectl.ports import Reply, VisionRequest
from iterativectl.vision.costs import UNKNOWN, PriceList
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.transport import Server
from iterativectl.vision.wire import Read


@dataclass(kw_only=True)
class Remote:
    """Base of the providers. Subclasses give `name`, `wire_version`, `options`, `check` and `exchange`."""

    server: Server
    model: str
    sees_images: bool = True
    rejected: set[str] = field(default_factory=set, init=False)

    @property
    def name(self) -> str:
        """The provider's name in AIVis.yaml."""
        raise NotImplementedError

    def exchange(self, request: VisionRequest) -> Read:
        """Send once and read the answer. Raises ProviderError, not yet scrubbed."""
        raise NotImplementedError

    def ask(self, request: VisionRequest) -> Reply:
        """Send once, no retries. Raises ProviderError; no text that comes out holds the key."""
        started = time.monotonic()
        try:
            read = self.exchange(request)
        except ProviderError as error:
            if error.kind == "unsupported" and error.parameter:
                self.rejected.add(error.parameter)
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

    def taken(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of a body that the server has not rejected."""
        return {name: value for name, value in body.items() if name not in self.rejected}

    def form(self, forms: Sequence[str]) -> str | None:
        """The first of these ways to ask for one thing that is not rejected; None: none is left."""
        return next((form for form in forms if form not in self.rejected), None)


def configured(prices: Prices) -> PriceList:
    """The prices of AIVis.yaml; UNKNOWN unless both are written."""
    known = prices.input is not None and prices.output is not None
    return PriceList(tokens=prices) if known else UNKNOWN
