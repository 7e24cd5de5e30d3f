"""working/control.json: a request to pause, resume or stop, obeyed between steps and while waiting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, get_args

from iterativectl import files

FORMAT = "control/1"
Request = Literal["pause", "resume", "stop"]
REQUESTS: tuple[str, ...] = get_args(Request)


def requested(path: Path, run_id: str) -> Request | None:
    """What is asked of this run; None without a request. A stale run_id or a half-written file is ignored."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("run_id") != run_id:
        return None
    request = data.get("request")
    return request if request in REQUESTS else None


def ask(path: Path, run_id: str, request: Request, now: str) -> None:
    """Ask a run for something, instead of what was asked before. `now` is ISO 8601. Raises StorageError."""
    files.write_json(path, {"format": FORMAT, "run_id": run_id, "request": request, "at": now})


def take_back(path: Path, run_id: str, request: Request | None = None) -> None:
    """Remove a request to this run, so that it does not meet the run again; with `request`, only that one."""
    found = requested(path, run_id)
    if found is not None and request in (None, found):
        files.remove(path)
