"""working/control.json: a request to pause, resume or stop, obeyed between steps and while waiting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

Request = Literal["pause", "resume", "stop"]


def requested(path: Path, run_id: str) -> Request | None:
    """What is asked of this run; None without a request. A stale run_id or a half-written file is ignored."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.get("run_id") != run_id:
        return None
    request = data.get("request")
    return request if request in ("pause", "resume", "stop") else None
