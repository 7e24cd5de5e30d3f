"""The ComfyUI at one address of this machine: start it, wait for it, stop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from iterativectl import files
from iterativectl.clock import Clock
from iterativectl.config.types import ComfyUI
from iterativectl.errors import UsageError
from iterativectl.ports import Found
from iterativectl.processes import cures, health, installation, logs, record
from iterativectl.processes import target as targets
from iterativectl.processes.ending import GRACE, end
from iterativectl.processes.errors import OthersWork, PortTaken, StartFailed
from iterativectl.processes.health import Waited
from iterativectl.processes.installation import Installation, Named, Python
from iterativectl.processes.launch import Launch, alone, exit_code, launch
from iterativectl.processes.record import ProcessPaths, Record
from iterativectl.processes.target import Target

FOLDER = Path(".iterative") / "comfyui"  # below the workspace
WAIT_SECONDS = 300.0  # many custom nodes and a cold disk: minutes
SHOWN_LINES = 20
SETTLING = 4  # looks
READ_LINES = 60  # the reason may stand above what follows from it
# Of our own Python, and wrong for another one.
_OURS = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How a start went. `record` is None for a ComfyUI that was not started from here.

    started: just now. starting: before, and it does not answer yet. running: it answers already. foreign: a
    ComfyUI answers that was not started from here.
    """

    outcome: Literal["started", "starting", "running", "foreign"]
    record: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How a stop went.

    nothing: none was started from here, or it has ended. elsewhere: it was started on another machine.
    """

    outcome: Literal["terminated", "killed", "nothing", "elsewhere"]
    record: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What surrounds it: environment variables, time, and what is found at its address."""

    environ: Mapping[str, str]
    clock: Clock
    listen: Callable[[], Found]


class LocalComfyUI:
    """The ComfyUI that is, was or will be started at one address."""

    def __init__(self, folder: Path, url: str, world: World) -> None:
        self.url = url
        self.paths = ProcessPaths(folder, targets.key(url))
        self._world = world

    def recorded(self) -> Record | None:
        """What was written down when it was started. Raises ProjectError for a damaged file."""
        return record.read(self.paths.state)

    def living(self) -> Record | None:
        """The one that was started here and is alive."""
        found = self.recorded()
        return found if found is not None and record.standing(found) == "alive" else None

    def listen(self) -> Found:
        """What is found at its address now."""
        return self._world.listen()

    def start(self, command: Callable[[], Launch]) -> Started:
        """Start it unless it runs; `command` is asked for only then.

        Raises PortTaken, StartFailed, and what `command` raises.
        """
        with alone(self.paths, self._world.clock):
            ours = self.living()
            heard = self.listen() if ours is not None else self._settled()
            if heard.word == "wanted":
                known = ours is not None and health.is_the_answer_of(heard, ours)
                return Started(outcome="running" if known else "foreign", record=ours if known else None)
            if ours is not None:
                return Started(outcome="starting", record=ours)
            if heard.word != "nothing":
                raise self._taken(heard)
            made = launch(command(), self.paths, self._world.clock)
            return Started(outcome="started", record=made)

    def again(self, before: Record) -> Launch:
        """The start that `before` was."""
        return Launch(
            command=before.command,
            cwd=Path(before.cwd),
            environ=_environ(self._world.environ),
            address=self.url,
        )

    def wait(
        self, started: Record, limit: float, tell: Callable[[Waited], None]
    ) -> Literal["ready", "starting"]:
        """Wait until it answers, `limit` seconds at most. Raises StartFailed when it ends instead."""
        found = health.wait(started, self.paths, self.listen, self._world.clock, limit, tell)
        if found == "ended":
            raise self._failed(started)
        if found == "ready":
            self._is_ready(started)
        return found

    def stop(self, jobs_of_others: Callable[[], int], *, force: bool, grace: float = GRACE) -> Stopped:
        """Stop it if it was started from here.

        Raises OthersWork (unless forced), NotIdentified, StillAlive.
        """
        with alone(self.paths, self._world.clock):
            found = self.recorded()
            if found is None:
                return Stopped(outcome="nothing", record=None)
            state = record.standing(found)
            if state == "elsewhere":
                return Stopped(outcome="elsewhere", record=found)
            if state == "alive" and not force:
                self._spare(jobs_of_others)
            outcome = end(found, self._world.clock, grace)
            files.remove(self.paths.state)
            return Stopped(outcome=outcome, record=found)

    def _settled(self) -> Found:
        """What is found at its address, once a process that is just ending has had time to let go of it."""
        for _ in range(SETTLING):
            heard = self.listen()
            if heard.word in ("wanted", "nothing"):
                break
            self._world.clock.sleep(health.EVERY)
        return heard

    def _spare(self, jobs_of_others: Callable[[], int]) -> None:
        others = jobs_of_others() if self.listen().word == "wanted" else 0
        if others:
            jobs = "1 job" if others == 1 else f"{others} jobs"
            raise OthersWork(
                f"{jobs} in the queue of {self.url} {'is' if others == 1 else 'are'} not from this program, "
                "and would be lost",
                "Wait for the end of that work, or give --force.",
            )

    def _is_ready(self, started: Record) -> None:
        with alone(self.paths, self._world.clock):
            if self.recorded() == started:
                now = self._world.clock.now().isoformat(timespec="seconds")
                record.write(self.paths.state, replace(started, ready_at=now))

    def _taken(self, heard: Found) -> PortTaken:
        said = f" ({heard.detail})" if heard.detail else ""
        return PortTaken(
            f"something that is not ComfyUI listens at {self.url}{said}"
            if heard.word == "other"
            else f"something listens at {self.url} but does not answer{said}; it was not started from here",
            "End that program, or choose another port with --port or comfyui.port in AIGen.yaml.",
        )

    def _failed(self, started: Record) -> StartFailed:
        code = exit_code(started.pid, self._world.clock)
        if self.recorded() != started:
            return StartFailed("ComfyUI was stopped or started again by another command meanwhile")
        how = "" if code is None else f" (exit code {code})" if code >= 0 else f" (signal {-code})"
        lines = logs.tail(self.paths.log, READ_LINES)
        said = "\n".join(lines[-SHOWN_LINES:]) or "(it wrote nothing)"
        return StartFailed(
            f"ComfyUI ended while it was starting{how}. The end of {self.paths.log}:\n{said}",
            cures.cure(lines, code, started.command[0], started.cwd),
        )


def plan(
    found: Installation, python: Python, at: Target, arguments: Sequence[str], environ: Mapping[str, str]
) -> Launch:
    """The command line of a start. Raises UsageError for arguments that would send it to another port."""
    if any(each.partition("=")[0] == "--port" for each in arguments):
        raise UsageError(
            "--port stands among the arguments for ComfyUI",
            "Give --port before `--`, or set comfyui.port in AIGen.yaml: this program must know it, too.",
        )
    own_listen = any(each.partition("=")[0] == "--listen" for each in arguments)
    listen = () if own_listen else ("--listen", at.listen)
    return Launch(
        command=(
            str(python.path),
            "main.py",
            *listen,
            "--port",
            str(at.port),
            "--disable-auto-launch",
            *arguments,
        ),
        cwd=found.root,
        environ=_environ(environ),
        address=at.url,
    )


def known_locally(comfyui: ComfyUI, base: Path, environ: Mapping[str, str]) -> Installation | None:
    """The installation that `comfyui start` would start at these settings' address; None: it could not."""
    url = targets.url_of(comfyui, None)
    configured = Named(path=comfyui.path, by="comfyui.path", base=base) if comfyui.path else None
    try:
        targets.target(url)
        return installation.find([configured], environ, base)
    except UsageError:
        return None


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for ComfyUI: ours, without those of our own Python; its words go to the log at once."""
    kept = {name: value for name, value in environ.items() if name not in _OURS}
    return {**kept, "PYTHONUNBUFFERED": "1"}
