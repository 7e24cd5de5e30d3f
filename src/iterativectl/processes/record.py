"""What is known of a program that was started here: one small file, and the log beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from iterativectl import files
from iterativectl.errors import ProjectError
from iterativectl.processes import identity

FORMAT = "process/1"
Standing = Literal["alive", "ended", "replaced", "unidentified", "elsewhere"]


@dataclass(frozen=True, slots=True)
class ProcessPaths:
    """The files of one program, FOLDER/KEY.*; ComfyUI's key is its port, the viewer's is `viewer`."""

    folder: Path
    key: str

    @property
    def state(self) -> Path:
        return self.folder / f"{self.key}.json"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.key}.log"

    @property
    def previous_log(self) -> Path:
        """The log of the start before."""
        return self.folder / f"{self.key}.previous.log"

    @property
    def lock(self) -> Path:
        return self.folder / f"{self.key}.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A program as it was started: `start` and `host` as identity tells them, `command` its command line.

    `address` is where it answers, `ready_at` when it first did (None before); times are local with offset.
    """

    pid: int
    start: str
    host: str
    command: tuple[str, ...]
    cwd: str
    address: str
    started_at: str
    ready_at: str | None = None


def standing(record: Record) -> Standing:
    """What has become of it.

    replaced: it has ended, and its number belongs to another process. unidentified: number and start time are
    its own, the command line or folder is not. elsewhere: it was started on another machine.
    """
    seen = identity.look(record.pid)
    if seen is not None and seen.start == record.start:
        return "alive" if seen.runs(record.command, record.cwd) else "unidentified"
    if record.host != identity.host():
        return "elsewhere"
    return "ended" if seen is None else "replaced"


def read(path: Path) -> Record | None:
    """The record in a file; None when there is none. Raises ProjectError for a damaged or newer one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    try:
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise _damaged(path, f"its format is {data.get('format')!r} instead of {FORMAT!r}")
        return _record(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def write(path: Path, record: Record) -> None:
    """Write a record, durably."""
    files.write_json(path, {"format": FORMAT, **asdict(record)})


def keys(folder: Path) -> list[str]:
    """The programs of a folder that were started and not stopped again."""
    return sorted(path.stem for path in folder.glob("*.json"))


def keys_of_logs(folder: Path) -> list[str]:
    """The programs of a folder that have a log, the last written one first."""
    found = [path for path in folder.glob("*.log") if "." not in path.stem]
    return [path.stem for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]


def _record(data: Mapping[str, Any]) -> Record:
    pid = data["pid"]
    if not isinstance(pid, int) or pid <= 1:  # 0 and -1 would mean groups, 1 is the system itself
        raise ValueError(f"{pid!r} is no pid of ours")
    texts = {name: data[name] for name in ("start", "host", "cwd", "address", "started_at")}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    command = tuple(data["command"])
    if wrong or not command or not all(isinstance(part, str) for part in command):
        raise ValueError(f"not as it was written: {', '.join(wrong) or 'command'}")
    return Record(pid=pid, command=command, ready_at=data.get("ready_at"), **texts)


def _damaged(path: Path, why: str) -> ProjectError:
    return ProjectError(
        f"{path} is damaged or from another version: {why}",
        "It says which process was started here. See whether it still runs, end it by hand, delete the file.",
    )
