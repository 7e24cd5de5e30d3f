"""events.jsonl: what happened in a run, for the viewer and people. A view: losing a line loses nothing.

Hence it is not forced to the disk: a power cut may take the last lines, a kill takes none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from iterativectl import files
from iterativectl.errors import StorageError
from iterativectl.events import Event, to_json

PROGRESS_SECONDS = 1.0  # sampler steps are written at most this often

_log = logging.getLogger(__name__)


class EventLog:
    """A Reporter that appends to events.jsonl. Never raises: a run is never ended by its spectators."""

    def __init__(self, path: Path, run_id: str, now: Callable[[], datetime]) -> None:
        self._path = path
        self._run_id = run_id
        self._now = now
        self._last_progress: datetime | None = None

    def __call__(self, event: Event) -> None:
        """Append one event."""
        now = self._now()
        if event.type == "generation_progress":
            if self._last_progress and (now - self._last_progress).total_seconds() < PROGRESS_SECONDS:
                return
            self._last_progress = now
        line = json.dumps(to_json(event, at=now.isoformat(), run_id=self._run_id), ensure_ascii=False)
        try:
            files.append_line(self._path, line, durable=False)
        except StorageError as error:
            _log.warning("an event was not written: %s", error.message)
