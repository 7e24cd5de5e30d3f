"""Runs that are followed: one look at a run's files for all who follow it.

The process that makes a run knows nothing of it. Ten times a second the state of its files is looked at; what
has grown is read once. The last follower who leaves ends the looking.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from iterativectl.project import preview
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.showing import happening
from iterativectl.showing.happening import Page
from iterativectl.showing.run import state_facts
from iterativectl.showing.shelf import Shelf, Stamp, stamp

LOOK_SECONDS = 0.1  # between two looks at a run's files
STATE_LOOKS = 5  # looks between two at who works on it: a process that dies changes no file
HEARTBEAT_SECONDS = 15.0  # proxies end what is silent for a minute; a browser gone is noticed when we write
RETRY_MS = 2_000  # after which a browser comes back
PAGE = 200  # events read at a time
MOST_STREAMS = 64
MOST_OF_A_READER = 4  # browsers keep six connections to one host, for all windows: two are for the rest

Facts = dict[str, Any]


class Gone(Exception):
    """The run is not there any more."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: `events` is the stamp of events.jsonl, `state` as `event: state` tells it."""

    events: Stamp
    files: tuple[Stamp, ...]
    state: Facts


@dataclass(slots=True)
class Watch:
    """One run, looked at for everybody who follows it. `look` takes the look before; it runs in a thread.

    `gone`: its folder was deleted or moved, and nothing is looked at any more.
    """

    look: Callable[[Look | None, bool], Look]
    seen: Look | None = None
    followers: set[asyncio.Event] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    page: tuple[int, Stamp, Page] | None = None
    gone: bool = False

    async def keep_looking(self) -> None:
        """Look again and again, and wake all followers when something is new."""
        count = 0
        while True:
            try:
                found = await run_in_threadpool(self.look, self.seen, count % STATE_LOOKS == 0)
            except Gone:
                self.gone = True
                return
            if found != self.seen:
                self.seen = found
                self.wake()
            count += 1
            await asyncio.sleep(LOOK_SECONDS)

    def wake(self) -> None:
        """There is something new for everybody."""
        for follower in self.followers:
            follower.set()


class Streams:
    """All streams that are open in an event loop. `heartbeat`: seconds of silence.

    `most` at a time, and `most_of_one` of a reader: whatever tells one browser from another.
    """

    def __init__(
        self,
        most: int = MOST_STREAMS,
        heartbeat: float = HEARTBEAT_SECONDS,
        most_of_one: int = MOST_OF_A_READER,
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._heartbeat = heartbeat
        self._readers: Counter[Hashable] = Counter()
        self._watches: dict[Path, Watch] = {}

    @contextmanager
    def following(
        self, project: ProjectPaths, paths: RunPaths, shelf: Shelf, reader: Hashable
    ) -> Iterator[Follower]:
        """Follow a run inside the block. The first to come begins the looking, the last to go ends it."""
        watch = self._watches.setdefault(paths.root, Watch(partial(_look, project, paths, shelf)))
        changed = asyncio.Event()
        watch.followers.add(changed)
        self._readers[reader] += 1
        if watch.task is None:
            watch.task = asyncio.ensure_future(watch.keep_looking())
            watch.task.add_done_callback(lambda _: watch.wake())
        if watch.seen is not None or watch.gone:
            changed.set()
        try:
            yield Follower(paths, watch, changed, self._heartbeat)
        finally:
            self._readers[reader] -= 1
            self._readers += Counter()  # keeps only who has one open
            watch.followers.discard(changed)
            if not watch.followers:
                watch.task.cancel()
                del self._watches[paths.root]

    def full(self, reader: Hashable) -> bool:
        """Whether there are as many as there may be, of all or of this reader."""
        return self.open >= self._most or self._readers[reader] >= self._most_of_one

    @property
    def open(self) -> int:
        """How many there are."""
        return sum(self._readers.values())

    @property
    def watched(self) -> int:
        """How many runs are looked at."""
        return len(self._watches)


class Follower:
    """One stream: where it is in the events, and what it was told of the state."""

    def __init__(self, paths: RunPaths, watch: Watch, changed: asyncio.Event, heartbeat: float) -> None:
        self._paths = paths
        self._watch = watch
        self._changed = changed
        self._heartbeat = heartbeat

    async def messages(self, after: int) -> AsyncGenerator[bytes, None]:
        """What is sent: events from byte `after` on, states, heartbeats. Ends when the run is gone."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        told: Facts | None = None
        while True:
            if not await self._woken():
                yield b": still here\n\n"
            if self._watch.gone:
                return  # the browser asks again, and hears that it is not there
            seen = self._watch.seen
            if seen is None:
                continue
            more = True
            while more:
                page = await self._page(after, seen.events)
                after, more = page.last, page.more
                if page.events:
                    yield b"".join(_message("event", event, event["id"]) for event in page.events)
            if seen.state != told:
                told = seen.state
                yield _message("state", told)

    async def _woken(self) -> bool:
        """Wait for something new; False when it is time for a heartbeat."""
        try:
            await asyncio.wait_for(self._changed.wait(), self._heartbeat)
        except asyncio.TimeoutError:
            return False
        self._changed.clear()
        if self._watch.task is not None and self._watch.task.done():
            self._watch.task.result()  # what ended the looking ends the streams, too
        return True

    async def _page(self, after: int, events: Stamp) -> Page:
        """Events from there on: read once for all who are at the same place."""
        known = self._watch.page
        if known is not None and known[:2] == (after, events):
            return known[2]
        page = await run_in_threadpool(happening.events, self._paths.events, after, PAGE)
        self._watch.page = (after, events, page)
        return page


def _message(kind: str, data: Facts, number: int | None = None) -> bytes:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {text}\n\n".encode("utf-8", "replace")


def _look(project: ProjectPaths, paths: RunPaths, shelf: Shelf, before: Look | None, all_of_it: bool) -> Look:
    """A look at a run's files. What its state is made of is read when one of those files has changed.

    Raises Gone for a run that is not there any more.
    """
    if not paths.run_json.exists():
        raise Gone
    events = stamp(paths.events)
    previews = preview.paths_of(paths).values()
    watched = (project.checkpoint, project.control, project.lock, paths.checkpoint, *previews)
    files = tuple(stamp(path) for path in watched)
    if before is not None and files == before.files and not all_of_it:
        return Look(events, files, before.state)
    try:
        return Look(events, files, state_facts(project, paths.run_id, shelf))
    except FileNotFoundError as error:
        raise Gone from error  # it went just now, with its project
