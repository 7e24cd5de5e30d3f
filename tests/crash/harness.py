"""Processes that are killed, or meet a failing disk, at a chosen file operation.

A run goes on in a forked child (everything is imported already). In the child the operating system's file
functions are counted, and before each of them a `watcher` may look: it can copy the disk as a kill would
leave it, or fork a *branch*: the same process at the same point on a copy of the disk, in which the operation
then fails. So one run serves for all its operations, and what a fault costs is only what comes after it.

The child's current folder is the workspace, and paths in it are relative: a branch only needs another one.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import pathlib
import random
import select
import shutil
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

BY_PATH = ("open", "replace", "rename", "unlink", "remove", "mkdir", "rmdir", "link", "symlink", "truncate")
BY_DESCRIPTOR = ("write", "pwrite", "fsync", "fdatasync", "ftruncate")
WRITING = ("write", "pwrite")
ROOT = "projects/"  # what is watched, seen from the workspace
# audit event -> the operation that it must have come from
AUDITED = {
    "open": "open",
    "os.rename": "replace",
    "os.remove": "unlink",
    "os.mkdir": "mkdir",
    "os.rmdir": "rmdir",
    "os.link": "link",
    "os.truncate": "ftruncate",
}
KILLED = 137
BROKEN = 70
LONGEST = 60.0  # seconds that a child may take: on an idle machine it is some tenths of one


class TickingClock:
    """Time that moves a little with every look and never waits. `later`: hours after the first process."""

    def __init__(self, later: int = 0) -> None:
        self.began = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc) + timedelta(hours=later)
        self.seconds = 0.0

    def now(self) -> datetime:
        self.seconds += 0.001
        return self.began + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True)
class Step:
    """A file operation that is about to happen. `number` counts from 1."""

    number: int
    name: str
    path: str
    args: tuple[Any, ...]

    @property
    def writes(self) -> bool:
        return self.name in WRITING

    def __str__(self) -> str:
        return f"operation {self.number}: {self.name} {self.path}"


@dataclass(frozen=True)
class Outcome:
    """How a child ended: its exit code (137 killed, 70 broken: `told` says how), and what else it told."""

    code: int
    told: Any = None


Watcher = Callable[[Step], None]


@dataclass
class Operations:
    """The file operations of this process below ROOT: counted, watched, and made to fail.

    `error` is raised by the next write, and by all that follow where it is `lasting`.
    """

    watcher: Watcher | None = None
    error: int | None = None
    lasting: bool = False
    count: int = 0
    descriptors: dict[int, str] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    _busy: bool = False

    def install(self) -> None:
        self.real = {name: getattr(os, name) for name in (*BY_PATH, *BY_DESCRIPTOR, "close")}
        accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10: pathlib has functions of its own
        for name in self.real:
            call = self._closing if name == "close" else self._wrapped(name)
            setattr(os, name, call)
            if accessor is not None and hasattr(accessor, name) and name != "open":
                setattr(accessor, name, staticmethod(call))

    def _closing(self, descriptor: int) -> None:
        self.descriptors.pop(descriptor, None)
        self.real["close"](descriptor)

    def _wrapped(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            path = None if self._busy else self._path(name, args[0])
            if path is None:
                return self.real[name](*args, **named)
            self._before(name, path, args)
            result = self.real[name](*args, **named)
            if name == "open":
                self.descriptors[result] = path
            return result

        return call

    def _path(self, name: str, target: Any) -> str | None:
        """The watched file that this is about; None for one that is elsewhere."""
        if name in BY_DESCRIPTOR:
            return self.descriptors.get(target)
        path = os.fspath(target)
        return path if isinstance(path, str) and path.startswith(ROOT) else None

    def _before(self, name: str, path: str, args: tuple[Any, ...]) -> None:
        self.count += 1
        self.trace.append(f"{name} {path}")
        if self.watcher is not None:
            self._busy = True
            try:
                self.watcher(Step(self.count, name, path, args))
            finally:
                self._busy = False
        if self.error is not None and name in WRITING:
            number = self.error
            self.error = number if self.lasting else None
            raise OSError(number, os.strerror(number))

    def move_to(self, workspace: Path) -> None:
        """Go on in a copy of the workspace: open files become the copies, at the same place in them."""
        os.chdir(workspace)
        for descriptor, path in self.descriptors.items():
            if os.path.isdir(path):
                continue
            offset = os.lseek(descriptor, 0, os.SEEK_CUR)
            copied = self.real["open"](path, os.O_RDWR | os.O_CLOEXEC)
            os.lseek(copied, offset, os.SEEK_SET)
            os.dup2(copied, descriptor, inheritable=False)
            self.real["close"](copied)


@dataclass
class Child:
    """What a forked child knows of itself: its operations, and the pipe to whoever waits for it."""

    operations: Operations
    pipe: int = -1


HERE = Child(Operations())


def in_child(
    work: Callable[[], Any], *, seed: int, watcher: Watcher | None = None, longest: float = LONGEST
) -> Outcome:
    """Do `work` in a forked child; it returns its exit code, or (code, anything that JSON can say).

    `seed` decides the random ids (UUIDs) that are drawn, so that two children of one seed do the same.
    """
    waiting = fork(longest)
    if waiting is not None:
        return waiting
    code, told = BROKEN, None
    try:
        draw_from(seed)
        if not hasattr(HERE.operations, "real"):
            HERE.operations.install()
        HERE.operations.watcher, HERE.operations.error = watcher, None
        HERE.operations.count = 0
        HERE.operations._busy = False
        HERE.operations.trace.clear()
        found = work()
        code, told = found if isinstance(found, tuple) else (found, None)
    except BaseException:  # noqa: BLE001 - told to the parent, whatever it is
        told = traceback.format_exc()
    finally:
        leave(code, told)


def draw_from(seed: int) -> None:
    """Random ids of this process follow from `seed` from here on."""
    os.urandom = random.Random(seed).randbytes


def fork(longest: float = LONGEST) -> Outcome | None:
    """None in the child, which must end through `leave`; in the parent how the child ended.

    Only the thread that forks goes on in the child: the program must not have others that it waits for.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    gc.freeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: those of the fakes only wait
        child = os.fork()
    if child == 0:
        HERE.pipe = writing
        return None
    os.close(writing)
    told = _heard(reading, child, longest)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return Outcome(**json.loads(told)) if told else Outcome(code, f"ended with {code}")


def _heard(pipe: int, child: int, longest: float) -> bytes:
    """All that a child tells. One that takes longer is killed."""
    deadline, told = time.monotonic() + longest, b""
    with open(pipe, "rb", buffering=0) as stream:
        while time.monotonic() < deadline:
            if select.select([stream], [], [], 1.0)[0]:
                piece = stream.read(65536)
                if not piece:
                    return told
                told += piece
    os.kill(child, signal.SIGKILL)
    threads = [thread.name for thread in threading.enumerate()]
    body = {"code": BROKEN, "told": f"more than {longest:.0f} s; threads where it was forked: {threads}"}
    return json.dumps(body).encode()


def leave(code: int, told: Any = None) -> None:
    """End this child, telling whoever waits for it."""
    HERE.operations.watcher = HERE.operations.error = None
    write = HERE.operations.real["write"] if hasattr(HERE.operations, "real") else os.write
    view = memoryview(json.dumps({"code": code, "told": told}).encode())
    while view:
        view = view[write(HERE.pipe, view) :]
    os._exit(code)


def branch(workspace: Path, kind: str, lasting: bool) -> Outcome | None:
    """Fork this run into a copy of its workspace, where the next write fails. None in the branch."""
    waiting = fork()
    if waiting is None:
        HERE.operations.watcher = None
        HERE.operations.move_to(workspace)
        HERE.operations.error, HERE.operations.lasting = getattr(errno, kind), lasting
    return waiting


def copied(target: Path) -> Path:
    """The current workspace as a kill at this moment leaves it, copied."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(".", target, copy_function=shutil.copyfile)
    return target


def tear(step: Step, workspace: Path) -> None:
    """In a copy of the workspace, do half of a write."""
    descriptor, content = step.args[0], bytes(step.args[1])
    with open(workspace / step.path, "r+b") as stream:
        stream.seek(os.lseek(descriptor, 0, os.SEEK_CUR))
        stream.write(content[: len(content) // 2])


def die() -> None:
    """As after kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def uncounted(work: Callable[[], Any]) -> list[str]:
    """Do `work` and tell which files were changed without a counted operation, as the interpreter saw it."""
    root = os.path.abspath(ROOT)
    seen: list[tuple[str, str]] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        name = AUDITED.get(event)
        if name is None or not isinstance(args[0], (str, os.PathLike)):
            return
        changes = event != "open" or args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        path = os.path.abspath(args[0])
        if changes and path.startswith(root):
            seen.append((name, os.path.relpath(path)))

    sys.addaudithook(hook)
    work()
    counted = Counter(tuple(step.split(" ", 1)) for step in HERE.operations.trace)
    return [f"{name} {path}" for name, path in Counter(seen) - counted]
