"""What Google's error bodies say beside message and code (google.rpc, as JSON). Pure.

There is no Retry-After header to rely on: the wait stands in RetryInfo, or only in the message's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PIECE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)")
_SAID = re.compile(r"(?:retry|try again) in ((?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h|d) ?)+)", re.IGNORECASE)


def seconds(text: Any) -> float | None:
    """A duration such as "46s", "1.5s" or "9h54m3s" in seconds; None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(rf"(?:{_PIECE.pattern} ?)+", text):
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(text))
    return round(total, 6)


def said_wait(message: str) -> float | None:
    """The seconds in "Please retry in 46.2s." or "Please try again in 6m0s."."""
    found = _SAID.search(message)
    return seconds(found[1].strip()) if found else None


def retry_delay(error: Mapping[str, Any]) -> float | None:
    """RetryInfo.retryDelay in seconds, None where there is none."""
    found = (seconds(detail.get("retryDelay")) for detail in _details(error))
    return next((delay for delay in found if delay is not None), None)


def reasons(error: Mapping[str, Any]) -> tuple[str, ...]:
    """The machine words of an error: its status, ErrorInfo's reasons, the ids of exceeded quotas."""
    words: list[Any] = [error.get("status")]
    for detail in _details(error):
        words.append(detail.get("reason"))
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            words += [violation.get("quotaId")] if isinstance(violation, Mapping) else []
    return tuple(word for word in words if isinstance(word, str))


def _details(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    details = error.get("details")
    yield from (
        detail for detail in (details if isinstance(details, list) else ()) if isinstance(detail, Mapping)
    )
