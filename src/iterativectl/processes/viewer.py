"""The viewer of a workspace as a process of its own: start it, wait for it, find it, stop it."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from iterativectl import files
from iterativectl.clock import Clock
from iterativectl.errors import StorageError
from iterativectl.ports import Found
from iterativectl.processes import health, logs, record
from iterativectl.processes.ending import GRACE, end
from iterativectl.processes.errors import StartFailed
from iterativectl.processes.health import Waited
from iterativectl.processes.launch import Launch, alone, exit_code, launch
from iterativectl.processes.record import ProcessPaths, Record, Standing

FOLDER = Path(".iterative") / "viewer"  # below the workspace
KEY = "viewer"
WAIT_SECONDS = 30.0
ANSWER_SECONDS = 5.0
SHOWN_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How a start went: just now, before (and it does not answer yet), or it answers already."""

    outcome: Literal["started", "starting", "running"]
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How a stop went. nothing: none ran. elsewhere: it was started on another machine."""

    outcome: Literal["terminated", "killed", "nothing", "elsewhere"]
    record: Record | None


class LocalViewer:
    """The viewer that is, was or will be started for one workspace."""

    def __init__(self, workspace: Path, clock: Clock) -> None:
        self.paths = ProcessPaths(workspace / FOLDER, KEY)
        self._clock = clock

    @property
    def _token(self) -> Path:
        return self.paths.folder / "token"

    def token(self) -> str:
        """What lets a browser in; "" when none was written down."""
        try:
            return self._token.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def recorded(self) -> Record | None:
        """What was written down when it was started. Raises ProjectError for a damaged file."""
        return record.read(self.paths.state)

    def standing(self) -> Standing | None:
        """What has become of it; None when none was started, or it was stopped."""
        found = self.recorded()
        return record.standing(found) if found is not None else None

    def living(self) -> Record | None:
        """The one that was started and is alive."""
        found = self.recorded()
        return found if found is not None and record.standing(found) == "alive" else None

    def listen(self, found: Record) -> Found:
        """What answers at its address: `wanted` is one that knows the token."""
        return listen(found.address, self.token())

    def start(self, token: str, command: Callable[[], Launch]) -> Started:
        """Start it unless it runs; `command` is asked for only then. That one was killed before is fine.

        Raises StartFailed, NotIdentified, and what `command` raises.
        """
        with alone(self.paths, self._clock):
            ours = self.living()
            if ours is not None:
                answers = self.listen(ours).word == "wanted"
                return Started(outcome="running" if answers else "starting", record=ours)
            wanted = command()
            files.write_private(self._token, token.encode("utf-8") + b"\n")
            return Started(outcome="started", record=launch(wanted, self.paths, self._clock))

    def wait(
        self, started: Record, limit: float, tell: Callable[[Waited], None]
    ) -> Literal["ready", "starting"]:
        """Wait until it answers, `limit` seconds at most. Raises StartFailed when it ends instead."""
        found = health.wait(started, self.paths, lambda: self.listen(started), self._clock, limit, tell)
        if found == "ended":
            raise self._failed(started)
        if found == "ready" and started.ready_at is None:
            self._is_ready(started)
        return found

    def stop(self, grace: float = GRACE) -> Stopped:
        """Stop it. Raises NotIdentified, StillAlive."""
        with alone(self.paths, self._clock):
            found = self.recorded()
            if found is None:
                return Stopped(outcome="nothing", record=None)
            if record.standing(found) == "elsewhere":
                return Stopped(outcome="elsewhere", record=found)
            outcome = end(found, self._clock, grace)
            files.remove(self.paths.state)
            files.remove(self._token)
            return Stopped(outcome=outcome, record=found)

    def _is_ready(self, started: Record) -> None:
        """Note that it answered once. On a full disk it is not noted: it answers all the same."""
        with suppress(StorageError), alone(self.paths, self._clock):
            if self.recorded() == started:
                now = self._clock.now().isoformat(timespec="seconds")
                record.write(self.paths.state, replace(started, ready_at=now))

    def _failed(self, started: Record) -> StartFailed:
        code = exit_code(started.pid, self._clock)
        if self.recorded() != started:
            return StartFailed("the viewer was stopped or started again by another command meanwhile")
        how = "" if code is None else f" (exit code {code})" if code >= 0 else f" (signal {-code})"
        said = "\n".join(logs.tail(self.paths.log, SHOWN_LINES)) or "(it wrote nothing)"
        return StartFailed(
            f"the viewer ended while it was starting{how}. The end of {self.paths.log}:\n{said}",
            "`iterativectl viewer start --foreground` shows what happens.",
        )


def listen(address: str, token: str) -> Found:
    """What is found at an address. A viewer that knows the token takes it, and sends on without it."""
    parts = urlsplit(address)
    asked = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWER_SECONDS)
    try:
        asked.request("GET", f"/api/about?token={quote(token, safe='')}")
        status = asked.getresponse().status
    except ConnectionRefusedError as error:
        return Found(word="nothing", detail=str(error))
    except (OSError, http.client.HTTPException) as error:
        return Found(word="silent", detail=str(error) or type(error).__name__)
    finally:
        asked.close()
    return Found(word="wanted") if status == 303 else Found(word="other", detail=f"it answers {status}")
