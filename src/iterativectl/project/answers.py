"""Replies already paid for: working/RUN_ID/answers/KEY.json, durable before they are used."""

from __future__ import annotations

from pathlib import Path

from iterativectl import files
from iterativectl.ports import Reply
from iterativectl.project import records

FORMAT = "answer/1"


class AnswerFiles:
    """ports.AnswerCache over a directory. `key` is a hex digest chosen by the router."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, key: str) -> Reply | None:
        """The stored reply. Raises ProjectError when its file is damaged: a paid answer is never dropped."""
        path = self._path(key)
        return records.read_fact(path, FORMAT, Reply, key="reply") if path.exists() else None

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply; durably unless it was free."""
        paid = reply.usage.cost_usd != 0
        files.write_json(self._path(key), {"format": FORMAT, "reply": records.to_json(reply)}, durable=paid)

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.json"
