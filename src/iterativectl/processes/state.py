"""How a ComfyUI stands: what was written down here, what the system says of it, what its address answers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from iterativectl.ports import Found
from iterativectl.processes.health import is_the_answer_of
from iterativectl.processes.record import Record, Standing

State = Literal["running", "starting", "stopped", "foreign", "hung", "taken", "unreachable"]
LONG_START_SECONDS = 900.0  # without an answer: three times what `start` waits by default


def state_of(heard: Found, record: Record | None, standing: Standing | None, now: datetime) -> State:
    """The word for it, on this machine.

    running: started from here, and answers. starting: not yet. hung: alive, and does not answer (any more).
    foreign: a ComfyUI answers that was not started from here. taken: something else listens. stopped: none.
    """
    alive = record is not None and standing == "alive"
    if heard.word == "wanted":
        return "running" if alive and record is not None and is_the_answer_of(heard, record) else "foreign"
    if alive and record is not None:
        return "hung" if record.ready_at or _age(record, now) > LONG_START_SECONDS else "starting"
    return "stopped" if heard.word == "nothing" else "taken"


def state_elsewhere(heard: Found) -> State:
    """The word for a server of another machine, whose processes cannot be seen."""
    return {"wanted": "running", "silent": "hung", "other": "taken", "nothing": "unreachable"}[heard.word]  # type: ignore[return-value]


def in_words(state: State, heard: Found, record: Record | None, standing: Standing | None) -> list[str]:
    """What a person should know beside the word, in sentences."""
    said = []
    if state == "hung":
        silent = "gives no answer" if heard.word == "silent" else "does not listen"
        said.append(f"Its process is alive but {silent}: it is busy (loading a model, say), or it hangs.")
    if state == "taken":
        said.append(f"Something that is not ComfyUI is there: {heard.detail or 'it does not answer'}.")
    if state == "unreachable":
        said.append(f"Nothing answers there: {heard.detail}.")
    if state == "foreign":
        said.append("It was not started from here: `comfyui stop` leaves it alone.")
    if record is not None and standing not in (None, "alive"):
        said.append(_fate(record, standing))
    return said


def _fate(record: Record, standing: Standing | None) -> str:
    who = f"Process {record.pid}, started here at {record.started_at[:19].replace('T', ' ')},"
    return {
        "ended": f"{who} has ended, and not by `comfyui stop`: the log may say why.",
        "replaced": f"{who} has ended; another process has that number now and is left alone.",
        "unidentified": f"{who} runs something else now: it cannot be identified and is left alone.",
        "elsewhere": f"One was started on the machine {record.host}: it can be stopped there only.",
    }[standing or "ended"]


def _age(record: Record, now: datetime) -> float:
    """Seconds since it was started; 0 for a time that cannot be read."""
    try:
        return (now - datetime.fromisoformat(record.started_at)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
