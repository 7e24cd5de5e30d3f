"""What can go wrong with one request to a model, in one type that says whether to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from iterativectl.errors import JudgeError
from iterativectl.ports import Usage

Kind = Literal[
    "auth",  # key missing or refused: pauses the run
    "billing",  # credit gone: pauses the run
    "quota_long",  # a limit that lasts longer than we wait (a day): pauses the run
    "rate_limit",  # try again after wait_seconds
    "overloaded",  # busy, 5xx, connection lost, timed out: try again
    "unreachable",  # connection refused, no such host: try again, then it pauses the run
    "not_found",  # no such model, or one that cannot do this (it sees no pictures): pauses the run
    "too_large",  # picture or prompt beyond the context: once smaller
    "refused",  # the model or its provider will not answer this
    "truncated",  # cut at the token limit: once with more tokens
    "empty",  # HTTP 200 and no text
    "unsupported",  # a parameter the model rejects (`parameter` names it): once without
    "bad_request",  # the caller's fault in another way
    "bad_reply",  # not JSON, HTML, an unknown shape
]
RETRYABLE: frozenset[str] = frozenset({"rate_limit", "overloaded", "unreachable", "empty", "bad_reply"})
# No other picture would fare better: when every judge ends with one of these, the run pauses.
PAUSING: frozenset[str] = frozenset({"auth", "billing", "quota_long", "unreachable", "not_found"})
LONGEST_WAIT = 120.0  # seconds; a server that asks for more is not waited for


class ProviderError(JudgeError):
    """One request failed. `wait_seconds` is what the server asked for (None: our own delay).

    A wait beyond LONGEST_WAIT turns the kind into "quota_long". `usage` is what the failed request used
    all the same, where the provider said so.
    """

    code = "provider"

    def __init__(
        self,
        kind: Kind,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        wait_seconds: float | None = None,
        parameter: str | None = None,
    ) -> None:
        if wait_seconds is not None and wait_seconds > LONGEST_WAIT and kind in RETRYABLE:
            kind = "quota_long"
        if kind == "quota_long":
            hint = hint or f"Run again in {_duration(wait_seconds) if wait_seconds else 'some hours'}."
        super().__init__(message, hint)
        self.kind: Kind = kind
        self.status = status
        self.wait_seconds = wait_seconds
        self.parameter = parameter
        self.usage: Usage | None = None

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed if sent again."""
        return self.kind in RETRYABLE

    @property
    def unbilled(self) -> bool:
        """Whether this request has certainly cost nothing: it never arrived, or was refused at the door."""
        return self.kind == "unreachable" or (self.status is not None and 400 <= self.status < 500)

    def redact(self, scrub: Callable[[str], str]) -> None:
        """Pass the texts through `scrub`, in place: an error's text may quote what was sent."""
        self.message, self.hint = scrub(self.message), scrub(self.hint)
        self.args = (self.message,)


def _duration(seconds: float) -> str:
    """1 h 05 min, 3 min: for people."""
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{minutes} min"
