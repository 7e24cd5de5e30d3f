"""What can go wrong with one request to a model, in one type that says whether to try again."""

from __future__ import annotations

from typing import Literal

from iterativectl.errors import JudgeError

Kind = Literal[
    "auth",  # key missing or refused: pauses the run
    "billing",  # credit gone: pauses the run
    "quota_long",  # a limit that lasts longer than we wait (a day): pauses the run
    "rate_limit",  # try again after wait_seconds
    "overloaded",  # busy, 5xx, connection lost, timed out: try again
    "unreachable",  # connection refused, no such host
    "not_found",  # no such model
    "too_large",  # picture or prompt beyond the context: once smaller
    "refused",  # the model or its provider will not answer this
    "truncated",  # cut at the token limit: once with more tokens
    "empty",  # HTTP 200 and no text
    "unsupported",  # a parameter the model rejects (`parameter` names it): once without
    "bad_request",  # the caller's fault in another way
    "bad_reply",  # not JSON, HTML, an unknown shape
]
RETRYABLE: frozenset[str] = frozenset({"rate_limit", "overloaded", "unreachable", "empty", "bad_reply"})


class ProviderError(JudgeError):
    """One request failed. `wait_seconds` is what the server asked for (None: our own delay)."""

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
        super().__init__(message, hint)
        self.kind = kind
        self.status = status
        self.wait_seconds = wait_seconds
        self.parameter = parameter

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed if sent again."""
        return self.kind in RETRYABLE
