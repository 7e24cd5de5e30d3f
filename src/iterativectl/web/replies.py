"""What a handler answers: data as JSON, and errors for people with their hint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iterativectl.errors import ConfigError, IterativeError, LockedError, StorageError, UsageError

MAX_BODY = 1_000_000  # bytes; a ranking of ten thousand pictures with notes is less


class Conflict(Exception):
    """Somebody else has written since the page was loaded. `current` is what the file says now."""

    def __init__(self, message: str, current: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.message = message
        self.current = current


def data(value: Any, status: int = 200) -> Response:
    """JSON, in UTF-8."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(content.encode("utf-8", "replace"), status, media_type="application/json")


async def body_of(request: Request, limit: int = MAX_BODY) -> dict[str, Any]:
    """The JSON object that was sent. Raises UsageError for anything else, or more than `limit` bytes."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise UsageError(f"more than {limit} bytes were sent", "Send less.")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError("what was sent is not JSON", "Load the page again.") from error
    if not isinstance(value, dict):
        raise UsageError("what was sent is not a JSON object", "Load the page again.")
    return value


def told(error: IterativeError) -> Response:
    """An error for people: `{error: {code, message, hint, problems?}}`."""
    said: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, ConfigError):
        said["problems"] = [
            {"where": p.where, "path": p.path, "message": p.message, "severity": p.severity}
            for p in error.problems
        ]
    return data({"error": said}, _status(error))


def conflict(found: Conflict) -> Response:
    """409, with what the file says now."""
    hint = "Look at what is there now, then decide again."
    said = {"code": "conflict", "message": found.message, "hint": hint}
    return data({"error": said, "current": found.current}, 409)


def _status(error: IterativeError) -> int:
    kinds: tuple[tuple[type[IterativeError], int], ...] = (
        (ConfigError, 422),
        (UsageError, 400),
        (LockedError, 423),
        (StorageError, 507),
    )
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)
