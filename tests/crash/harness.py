"""Runs that are killed, or that meet a failing disk, at a chosen file operation; and trees to compare.

A run is a forked child: everything is imported already, so that a run of three iterations on small pictures takes
some tens of milliseconds. In the child the operating system's file functions are counted; at operation number k the
child dies (`kill`), dies in the middle of the write (`tear`), or gets an error once (`ENOSPC`, `EIO`) or from then on.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

OPERATIONS = ("open", "write", "fsync", "replace", "unlink", "mkdir", "ftruncate", "link")
KILLED = 137

# What differs between two runs of the same work, by file name pattern and key: the one list.
VOLATILE_KEYS = frozenset(
    {"timestamp", "at", "seconds", "ticket", "sent_at", "updated_at", "started_at", "cached", "id"}
)
# Events and usage tell what happened, kills included; the lock names a pid; hashes of JSON follow their volatile keys.
VOLATILE_FILES = ("events.jsonl", "usage.jsonl", "run.lock", "app.log")


@dataclass(frozen=True)
class Fault:
    """What happens at which operation. `kind`: kill | tear | ENOSPC | EIO; `lasting`: from there on."""

    at: int
    kind: str
    lasting: bool = False


class TickingClock:
    """Time that moves a little with every look and never waits."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> datetime:
        self.ticks += 1
        return datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc) + timedelta(milliseconds=self.ticks)

    def monotonic(self) -> float:
        self.ticks += 1
        return self.ticks / 1000

    def sleep(self, seconds: float) -> None:
        self.ticks += int(seconds * 1000)


class _Operations:
    """Counts the file operations below a folder and lets a fault happen at one of them."""

    def __init__(self, below: Path, fault: Fault | None) -> None:
        self.below = str(below)
        self.fault = fault
        self.count = 0
        self.descriptors: set[int] = set()
        self.real = {name: getattr(os, name) for name in OPERATIONS}

    def install(self) -> None:
        for name in OPERATIONS:
            setattr(os, name, self._wrapped(name))

    def _wrapped(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if not self._ours(name, args):
                return self.real[name](*args, **named)
            self.count += 1
            self._meet(name, args)
            result = self.real[name](*args, **named)
            if name == "open":
                self.descriptors.add(result)
            return result

        return call

    def _ours(self, name: str, args: tuple[Any, ...]) -> bool:
        if name in ("write", "fsync", "ftruncate"):
            return args[0] in self.descriptors
        if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR):
            return False
        return os.fspath(args[0]).startswith(self.below)

    def _meet(self, name: str, args: tuple[Any, ...]) -> None:
        fault = self.fault
        if fault is None or self.count < fault.at or (self.count > fault.at and not fault.lasting):
            return
        if fault.kind == "kill":
            os._exit(KILLED)
        if fault.kind == "tear":
            if name == "write":
                self.real["write"](args[0], bytes(args[1])[: max(1, len(args[1]) // 2)])
            os._exit(KILLED)
        raise OSError(getattr(errno, fault.kind), os.strerror(getattr(errno, fault.kind)), args[0])


def in_child(project: Path, work: Callable[[], int], fault: Fault | None = None) -> tuple[int, int]:
    """(exit code, operations counted) of `work` in a forked child; the code is 137 when it was killed."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.close(reading)
            operations = _Operations(project, fault)
            operations.install()
            code = work()
            operations.real["write"](writing, str(operations.count).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        counted = told.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), int(counted or 0)


def tree(project: Path) -> dict[str, Any]:
    """Every file of a project: pictures as bytes, JSON less its volatile fields, other text as it is."""
    return {
        path.relative_to(project).as_posix(): _content(path)
        for path in sorted(project.rglob("*"))
        if path.is_file() and not path.name.endswith(VOLATILE_FILES)
    }


def _content(path: Path) -> Any:
    if path.suffix == ".json":
        return _stable(json.loads(path.read_text()))
    return path.read_bytes()


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _stable(v) for k, v in value.items() if k not in VOLATILE_KEYS}
        if "files" in kept and isinstance(kept["files"], dict):
            kept["files"] = {n: h for n, h in kept["files"].items() if n.endswith(".png")} | {
                n: "json" for n in kept["files"] if not n.endswith(".png")
            }
        return kept
    if isinstance(value, list):
        return [_stable(entry) for entry in value]
    return value


def difference(expected: dict[str, Any], found: dict[str, Any]) -> str:
    """In words where two trees differ; "" when they do not."""
    lines = [f"missing: {name}" for name in expected.keys() - found.keys()]
    lines += [f"too many: {name}" for name in found.keys() - expected.keys()]
    for name in sorted(expected.keys() & found.keys()):
        if expected[name] != found[name]:
            lines.append(f"differs: {name}\n  {str(expected[name])[:600]}\n  {str(found[name])[:600]}")
    return "\n".join(lines)


def fresh_copy(template: Path, target: Path) -> Path:
    """The project to run, copied from a template that was made once."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(template, target)
    return target
