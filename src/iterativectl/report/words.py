"""The figures of a run in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def verdict(run: Mapping[str, Any]) -> str:
    """How the run ended, in one sentence."""
    made = count(len(run["iterations"]), "iteration")
    best = run["best_iteration"]
    score = "" if run["best_score"] is None else f", score {run['best_score']:g}"
    if run["accepted"]:
        return f"Accepted: iteration {best}{score}, after {made}."
    ends = "" if best is None else f" The best is iteration {best}{score}."
    return f"{str(run['words'])[:1].upper()}{str(run['words'])[1:]}, after {made}.{ends}"


def count(number: int, name: str) -> str:
    """`1 iteration`, `3 iterations`."""
    return f"{number} {name}{'' if number == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """`42 s`, `3 min 20 s`, `2 h 5 min`; "" for what is not known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def money(usd: float | None) -> str:
    """`$0.0123`; a free one `$0`; "" for what is not known."""
    if usd is None:
        return ""
    if usd == 0:
        return "$0"
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.2g}" if usd >= 0.0001 else f"${usd:.6f}"


def spent(usage: Mapping[str, Any]) -> str:
    """What was asked of models and what it cost."""
    if not usage.get("requests"):
        return "no model was asked"
    tokens = (usage.get("input_tokens") or 0) + (usage.get("output_tokens") or 0)
    parts = [count(usage["requests"], "request")]
    if tokens:
        parts.append(f"{tokens:,} tokens".replace(",", " "))
    cost = usage.get("cost_usd")
    if cost is not None:
        parts.append(money(cost))
    elif usage.get("at_least_usd"):
        parts.append(f"at least {money(usage['at_least_usd'])}")
    if usage.get("unknown"):
        parts.append(f"{usage['unknown']} of unknown outcome")
    return ", ".join(parts)


def number(value: Any, digits: int = 2) -> str:
    """A figure, without needless zeros; a dash for nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
