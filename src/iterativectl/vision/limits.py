"""Hard limits of a run: looked at before every request, retries included.

The ledger calls this while it is locked, so that threads cannot pass a limit together.
"""

from __future__ import annotations

from iterativectl.config.types import Limits
from iterativectl.errors import LimitReached

_ROUNDING = 1e-9  # USD; sums of floats


def require_room(limits: Limits, worst_cost_usd: float | None, model: str, requests: int, usd: float) -> None:
    """Raise LimitReached if one more request, at its worst, would pass a limit. Nothing is sent then.

    `requests` and `usd` are what is spent or reserved so far.
    """
    if limits.max_requests is not None and requests + 1 > limits.max_requests:
        raise LimitReached(
            f"the limit of {limits.max_requests} requests is reached",
            "Raise limits.max_requests in AIVis.yaml and run again: it goes on where it stopped.",
        )
    if limits.max_cost_usd is None:
        return
    if worst_cost_usd is None:
        raise LimitReached(
            f"the price of {model} is not known, so max_cost_usd cannot be kept",
            "Write `prices: {input: ..., output: ...}` (USD per million tokens) in AIVis.yaml.",
        )
    if usd + worst_cost_usd > limits.max_cost_usd + _ROUNDING:
        raise LimitReached(
            f"the limit of {limits.max_cost_usd:g} USD could be passed: {usd:.4f} are spent or reserved, and "
            f"the next request can cost up to {worst_cost_usd:.4f}",
            "Raise limits.max_cost_usd in AIVis.yaml and run again: it goes on where it stopped.",
        )
