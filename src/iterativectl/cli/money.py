"""Costs in words. What nobody knows is called unknown; nothing is said of what is free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import count

if TYPE_CHECKING:
    from iterativectl.project.spending import PerAccepted


def cost(usage: Mapping[str, Any]) -> str:
    """What requests cost, by a ledger's totals; "" for nothing."""
    known = usage.get("at_least_usd", usage["cost_usd"]) or 0.0
    unpriced = usage.get("unpriced", 0)
    if not unpriced:
        return f"{known:.4f} USD" if known else ""
    without = f"{count(unpriced, 'request')} without a price"
    return f"at least {known:.4f} USD ({without})" if known else f"cost unknown ({without})"


def counter(usage: Mapping[str, Any]) -> str:
    """Requests, tokens and cost so far, for a line that moves."""
    tokens = usage["input_tokens"] + usage["output_tokens"]
    parts = [count(usage["requests"], "request"), f"{tokens} tokens" if tokens else "", cost(usage)]
    return ", ".join(filter(None, parts))


def for_a_picture(found: PerAccepted) -> str:
    """The cost per accepted picture; "" where there is none to tell."""
    if not found.pictures or found.usd == 0:
        return ""
    over = f"{count(found.pictures, 'accepted picture')} in {count(found.runs, 'run')}"
    usd = "unknown" if found.usd is None else f"{found.usd:.4f} USD"
    return f"cost per accepted picture: {usd} ({over})"
