"""A ComfyUI and what became of a command, as blocks for people and as data for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from iterativectl.cli.blocks import Block, Cell, Line, Tone, count, table
from iterativectl.cli.live import duration

if TYPE_CHECKING:
    from iterativectl.ports import Device, Jobs, ServerStatus
    from iterativectl.processes.comfyui import Stopped
    from iterativectl.processes.record import Record
    from iterativectl.processes.state import State

GIB = 2**30
_WORDS = {
    "running": "answers",
    "foreign": "answers",
    "starting": "is starting",
    "stopped": "does not run",
    "hung": "does not answer",
    "taken": "is not there",
    "unreachable": "cannot be reached",
}
_TONES: dict[str, Tone] = {"running": "good", "foreign": "good", "starting": "unsure", "hung": "bad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What `comfyui status` shows. `record` only of a process that is alive; `notes` are sentences."""

    url: str
    state: State
    record: Record | None
    log: str
    server: ServerStatus | None
    notes: tuple[str, ...]
    now: datetime


def blocks(view: View) -> list[Block]:
    """What `comfyui status` shows."""
    name = f"ComfyUI {view.server.version}".strip() if view.server else "ComfyUI"
    shown: list[Block] = [
        Line(f"{name} {_WORDS[view.state]} at {view.url}", _TONES.get(view.state, "unsure"), whole=True)
    ]
    rows = [*_process_rows(view), *(_server_rows(view.server) if view.server else [])]
    if rows:
        shown.append(table(("", ""), [(Cell(name, "quiet"), text) for name, text in rows]))
    if view.record is not None:
        shown.append(Line(f"log: {view.log}", "quiet", 1, whole=True))
    return shown + [Line(note, "unsure", 1) for note in view.notes]


def data(view: View) -> dict[str, Any]:
    """comfyui_status/1. Memory in bytes; `process` only of one that was started here and lives."""
    from iterativectl.project import records

    record = view.record
    process = (
        {
            "pid": record.pid,
            "started_at": record.started_at,
            "path": record.cwd,
            "python": record.command[0],
            "arguments": list(record.command[2:]),
            "log": view.log,
        }
        if record
        else None
    )
    return {
        "address": view.url,
        "state": view.state,
        "process": process,
        "server": records.to_json(view.server) if view.server else None,
        "notes": list(view.notes),
    }


def start_data(
    record: Record | None, outcome: str, log: str, answers: bool, seconds: float
) -> dict[str, Any]:
    """comfyui_start/1, but for the address. outcome: started | starting | running | foreign."""
    return {
        "outcome": outcome,
        "answers": answers,
        "pid": record.pid if record else None,
        "path": record.cwd if record else None,
        "started_at": record.started_at if record else None,
        "log": log if record else None,
        "seconds": round(seconds, 1),
    }


def stop_data(stopped: Stopped) -> dict[str, Any]:
    """comfyui_stop/1, but for the address. outcome: terminated | killed | nothing | elsewhere."""
    return {"outcome": stopped.outcome, "pid": stopped.record.pid if stopped.record else None}


def stop_line(stopped: Stopped, url: str, answers: bool) -> Line:
    """What became of a stop; `answers`: something is at that address all the same."""
    record = stopped.record
    if stopped.outcome == "elsewhere" and record is not None:
        return Line(
            f"Nothing to stop here: it was started on the machine {record.host}. Stop it there.", "unsure"
        )
    if stopped.outcome == "nothing" or record is None:
        if answers:
            text = f"Nothing to stop: what answers at {url} was not started from here. It is left alone."
            return Line(text, "unsure")
        if record is not None:
            return Line(f"Nothing to stop: the ComfyUI at {url} (pid {record.pid}) has ended already.")
        return Line(f"Nothing to stop: no ComfyUI that was started here runs at {url}.")
    how = ", by force: it did not end when asked" if stopped.outcome == "killed" else ""
    return Line(f"Stopped the ComfyUI at {url} (pid {record.pid}){how}.", "good")


def since(started_at: str, now: datetime) -> str:
    """How long ago, for people; the time itself where it cannot be reckoned with."""
    try:
        seconds = (now - datetime.fromisoformat(started_at)).total_seconds()
    except (ValueError, TypeError):
        return f"at {started_at}"
    days, rest = divmod(max(0, int(seconds)), 86400)
    return f"{count(days, 'day')} ago" if days else f"{duration(rest)} ago"


def _process_rows(view: View) -> list[tuple[str, str]]:
    record = view.record
    if record is None:
        return []
    return [
        ("process", f"{record.pid}, started here {since(record.started_at, view.now)}"),
        ("folder", record.cwd),
    ]


def _server_rows(server: ServerStatus) -> list[tuple[str, str]]:
    rows = [("python", ", PyTorch ".join(filter(None, (server.python, server.pytorch))))]
    rows += [("device", _device(device)) for device in server.devices]
    rows.append(("queue", _queue(server.running, server.pending)))
    models = ", ".join(f"{folder} {number}" for folder, number in server.models.items() if number)
    if server.models:
        rows.append(("models", models or "none"))
    return rows


def _device(device: Device) -> str:
    if device.vram_total is None or device.vram_free is None:
        return device.name
    free, total = device.vram_free / GIB, device.vram_total / GIB
    return f"{device.name}, {free:.1f} of {total:.1f} GiB free"


def _queue(running: Jobs, pending: Jobs) -> str:
    if not any((running.ours, running.others, pending.ours, pending.others)):
        return "empty"
    return f"running: {_jobs(running)}; waiting: {_jobs(pending)}"


def _jobs(jobs: Jobs) -> str:
    parts = [f"{jobs.ours} of ours" if jobs.ours else "", f"{jobs.others} of others" if jobs.others else ""]
    return ", ".join(filter(None, parts)) or "none"
