"""What a handler answers: data as JSON, and errors for people with their hint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from iterativectl.errors import (
    ConfigError,
    ImageError,
    IterativeError,
    LockedError,
    Problem,
    ProjectError,
    StorageError,
    UsageError,
)

MAX_BODY = 1_000_000  # bytes; a ranking of ten thousand pictures with notes is less


STORAGE = "What was there is still there. Free some space, or let the viewer write there; then do it again."


class NotThere(HTTPException):
    """404 for something that has a name in people's words: `what` is "project", "run", "iteration"."""

    def __init__(self, what: str) -> None:
        super().__init__(404, f"There is no such {what} here.")


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
    content = bytearray()
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
    return data({"error": error_of(error)}, _status(error))


def error_of(error: IterativeError) -> dict[str, Any]:
    """`{code, message, hint, problems?}`."""
    said: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, StorageError):
        said["hint"] = STORAGE  # its own is for the command line
    if isinstance(error, ConfigError):
        said["problems"] = [problem_json(problem) for problem in error.problems]
    return said


def problem_json(problem: Problem) -> dict[str, str]:
    """`{where, path, message, severity}`."""
    said = {"where": problem.where, "path": problem.path}
    return said | {"message": problem.message, "severity": problem.severity}


def conflict(found: Conflict) -> Response:
    """409, with what the file says now."""
    hint = "Look at what is there now, then decide again."
    said = {"code": "conflict", "message": found.message, "hint": hint}
    return data({"error": said, "current": found.current}, 409)


def is_known(request: Request, tag: str) -> bool:
    """Whether the browser has it in this very state (RFC 9110, 13.1.2). `tag` stands in quotes."""
    given = request.headers.get("if-none-match", "")
    return tag in [each.strip().removeprefix("W/") for each in given.split(",")]


def kept(tag: str) -> dict[str, str]:
    """Headers of what the browser keeps, and asks about each time: a number can be made anew."""
    return {"ETag": tag, "Cache-Control": "private, no-cache"}


def unchanged(tag: str) -> Response:
    """304: what the browser has is what there is."""
    return Response(status_code=304, headers=kept(tag))


STATUSES = {
    404: ("not_there", "There is no such thing here."),
    405: ("method", "That is not done with this address."),
    415: ("not_a_picture", "It is not a picture that the viewer shows."),
    500: ("bug", "Something went wrong in the viewer itself."),
    503: ("busy", "The viewer has too much to do just now."),
}
HINTS = {
    404: "It may have been moved, renamed or deleted.",
    500: "`iterativectl viewer status` says where its log is.",
    503: "Load the page again.",
}


def failed(request: Request, error: HTTPException) -> Response:
    """An error that has no more than a status, and what is not there."""
    message = error.detail if isinstance(error, NotThere) else ""
    reply = status(request, error.status_code, message)
    reply.headers.update(error.headers or {})
    return reply


def status(request: Request, number: int, message: str = "") -> Response:
    """As JSON below /api/, else in a line of text; `message` in place of what is said of every such error."""
    code, usual = STATUSES.get(number, ("http", f"That is not answered here ({number})."))
    message = message or usual
    if request.scope["path"].startswith("/api/"):
        said = {"code": code, "message": message, "hint": HINTS.get(number, "")}
        return data({"error": said}, number)
    return PlainTextResponse(f"{message}\n", number)


def _status(error: IterativeError) -> int:
    kinds: tuple[tuple[type[IterativeError], int], ...] = (
        (ConfigError, 422),
        (UsageError, 400),
        (ProjectError, 422),
        (ImageError, 422),
        (LockedError, 423),
        (StorageError, 507),
    )
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)
