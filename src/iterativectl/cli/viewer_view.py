"""The viewer as a process, and what became of a command: blocks for people, data for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from iterativectl.cli.blocks import Block, Line, Tone
from iterativectl.cli.comfyui_view import since

if TYPE_CHECKING:
    from iterativectl.ports import Found
    from iterativectl.processes.record import Record, Standing
    from iterativectl.processes.viewer import Started, Stopped

State = Literal["running", "starting", "hung", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is shown of a viewer. `record` only of one that is alive; `entrance` lets a browser in."""

    state: State
    record: Record | None
    entrance: str | None
    workspace: str
    log: str
    notes: tuple[str, ...] = ()


def state_of(found: Record | None, standing: Standing | None, heard: Found | None) -> State:
    """The word for it. hung: it answered once, and does not now."""
    if found is None or standing != "alive":
        return "stopped"
    if heard is not None and heard.word == "wanted":
        return "running"
    return "hung" if found.ready_at else "starting"


def notes_of(found: Record | None, standing: Standing | None) -> tuple[str, ...]:
    """What a person should know of one that does not run any more."""
    if found is None or standing in (None, "alive"):
        return ()
    who = f"Process {found.pid}, started at {found.started_at[:19].replace('T', ' ')},"
    return (
        {
            "ended": f"{who} has ended, and not by `viewer stop`: the log may say why.",
            "replaced": f"{who} has ended; another process has that number now and is left alone.",
            "unidentified": f"{who} runs something else now: it is left alone.",
            "elsewhere": f"One was started on the machine {found.host}: it can be stopped there only.",
        }[standing or "ended"],
    )


def started_blocks(started: Started, view: View, now: datetime) -> list[Block]:
    """What `viewer start` shows."""
    record, shown = started.record, list[Block]()
    if view.state != "running":
        shown.append(
            Line(f"The viewer does not answer yet at {record.address} (pid {record.pid}).", "unsure")
        )
        shown.append(Line(f"log: {view.log}", "quiet", 1, whole=True))
    elif started.outcome == "started":
        shown.append(Line(f"The viewer answers at {record.address} (pid {record.pid}).", "good"))
    else:
        ago = since(record.started_at, now)
        text = f"Already there: the viewer at {record.address}, started {ago} (pid {record.pid})."
        shown.append(Line(text, "good"))
    shown.append(Line(f"Open {view.entrance}", indent=1, whole=True))
    shown.append(Line(f"workspace: {view.workspace}", "quiet", 1, whole=True))
    return [*shown, Line("`iterativectl viewer stop` stops it.", "quiet", 1)]


def status_blocks(view: View, now: datetime) -> list[Block]:
    """What `viewer status` shows."""
    record, shown = view.record, list[Block]()
    if record is None:
        shown.append(Line("The viewer does not run.", "unsure"))
        shown.append(Line(f"workspace: {view.workspace}", "quiet", 1, whole=True))
        shown += [Line(note, "unsure", 1) for note in view.notes]
        return [*shown, Line("`iterativectl viewer start --open` starts and opens it.", "quiet", 1)]
    words = {"running": "answers", "starting": "is starting", "hung": "does not answer"}[view.state]
    tone: Tone = "good" if view.state == "running" else "unsure"
    ago = since(record.started_at, now)
    shown.append(Line(f"The viewer {words} at {record.address}, started {ago} (pid {record.pid}).", tone))
    if view.state == "running":
        shown.append(Line(f"Open {view.entrance}", indent=1, whole=True))
    shown.append(Line(f"workspace: {view.workspace}", "quiet", 1, whole=True))
    shown.append(Line(f"log: {view.log}", "quiet", 1, whole=True))
    if view.state == "hung":
        shown.append(Line("`iterativectl viewer restart` starts it again.", "quiet", 1))
    return shown


def data(view: View) -> dict[str, Any]:
    """What viewer_status/1 says, and viewer_start/1 beside `outcome`."""
    record = view.record
    return {
        "state": view.state,
        "address": record.address if record else None,
        "entrance": view.entrance,
        "pid": record.pid if record else None,
        "started_at": record.started_at if record else None,
        "workspace": view.workspace,
        "log": view.log,
        "notes": list(view.notes),
    }


def stop_data(stopped: Stopped) -> dict[str, Any]:
    """viewer_stop/1."""
    return {"outcome": stopped.outcome, "pid": stopped.record.pid if stopped.record else None}


def stop_line(stopped: Stopped) -> Line:
    """What became of a stop."""
    record = stopped.record
    if record is None:
        return Line("Nothing to stop: the viewer does not run.")
    if stopped.outcome == "elsewhere":
        text = f"Nothing to stop here: it was started on the machine {record.host}. Stop it there."
        return Line(text, "unsure")
    if stopped.outcome == "nothing":
        return Line(f"Nothing to stop: the viewer (pid {record.pid}) has ended already.")
    how = ", by force: it did not end when asked" if stopped.outcome == "killed" else ""
    return Line(f"Stopped the viewer at {record.address} (pid {record.pid}){how}.", "good")
