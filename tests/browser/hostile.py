"""A run in which everything that a model, a person or a file name may say is meant to break a page.

`poison(project, run)` writes the texts into every file of a run; `planted(text)` tells which of them a shown
text holds word for word; `unharmed(page)` that nothing of it was run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from iterativectl import files
from iterativectl.clock import SystemClock
from iterativectl.events import Event
from iterativectl.model import Failure
from iterativectl.project import checkpoint, records
from iterativectl.project.event_log import EventLog
from iterativectl.project.layout import ProjectPaths, RunPaths

TEXTS = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "<svg/onload=window.hacked=3>",
    "javascript:window.hacked=4//",
    '<a href="javascript:window.hacked=5">a link</a>',
    "</script></style></textarea></title><b>bold",
    "\"'`> onmouseover=window.hacked=6 ${7*7} {{7*7}} \\u003c &lt;b&gt; &amp; %00",
    "constructor __proto__ toString",
    "\u202etfel ot thgir\u202c \u2066isolated\u2069 \u200f\u200b\ufeff",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308",
    "Z\u0337\u0322a\u0335l\u0336go \ufdfd \u65e5\u672c",
    "\x01\x07\x08\x1b[31mred\x1b[0m\x7f\x85\u2028\u2029",
    "two\nlines\tand a tab",
    "W" * 1500,
    "a/../../b\\c:d|e?f*.png",
)
ALL = " ".join(TEXTS)
# Keys whose texts are somebody's words. Names that the program itself chooses (status, verdict) stay.
SAID = {
    *("reason", "reasons", "question", "positive", "negative", "analysis", "differences", "notes", "message"),
    *("hint", "text", "by", "served_by", "error", "provider", "model", "ticket", "must_include", "ban_terms"),
    *("avoid_terms", "workflow", "ckpt_name", "sampler_name", "scheduler", "what", "node", "host", "why"),
    *("engine", "judge", "finish", "edit_strength"),
}
FAILED = 4  # the iteration that fails with hostile words
EXTRA = "<b>a field</b> that no rule has"


def said(where: str) -> str:
    """What stands at a place: its name, then everything."""
    return f"[{where}] {ALL}"


def poison(project: ProjectPaths, run: RunPaths) -> None:
    """Write hostile texts into every file of a run, and into what a person and the program said of it."""
    for folder in ("metadata", "plan", "questions", "evaluation", "comparison", "advice"):
        for path in sorted((run.root / folder).glob("*.json")):
            _rewrite(path, folder)
    _rewrite(run.run_json, "run", leave={"workflow", "engine", "provider", "judge", "edit_strength", "text"})
    for number in (1, 2, 3):
        _answers(run.metadata(number))
    _fail(run)
    notes = {str(number): said("human note") for number in (1, 2, 3)}
    ranking = {"ranking": ["3", EXTRA, "1"], "notes": notes, "updated_at": EXTRA}
    files.write_json(run.ranking, ranking)
    files.write_json(run.labels, {"labels": {"3": {EXTRA: True, "sunset_sky": False}}, "updated_at": ""})
    found = checkpoint.read(project.checkpoint)
    assert found is not None
    stood = {**records.to_json(found), "status": "stopped", "reason": said("checkpoint")}
    files.write_json(project.checkpoint, {"format": checkpoint.FORMAT, **stood})
    _events(run)
    project.log.parent.mkdir(exist_ok=True)
    files.append_line(project.log, said("log"), durable=False)


def planted(text: str) -> set[str]:
    """The places whose words a text holds, whole and as they were written."""
    return set(re.findall(r"\[([a-z_ ]+)\] " + re.escape(ALL), text))


def unharmed(page: Page) -> bool:
    """Nothing of it was run, and nothing of it became an element."""
    made = "main script, main style, main textarea, [onerror], [onmouseover], [onload], a[href^='javascript']"
    return bool(
        page.evaluate(f'() => window.hacked === undefined && !document.querySelector("{made}")'),
    )


def _rewrite(path: Path, where: str, leave: set[str] | None = None) -> None:
    data = json.loads(path.read_bytes())
    files.write_json(path, _poisoned(data, where, SAID - (leave or set())))


def _poisoned(value: Any, where: str, keys: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _said_at(key, entry, where, keys) for key, entry in value.items()}
    return [_poisoned(entry, where, keys) for entry in value] if isinstance(value, list) else value


def _said_at(key: str, value: Any, where: str, keys: set[str]) -> Any:
    place = f"{where} {key}"
    if key in keys and isinstance(value, str) and value and not (key == "model" and value in CLOSENESS):
        return said(place)
    if key in keys and isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return [said(place)] if value else value
    return _poisoned(value, where, keys)


CLOSENESS = ("same", "close", "different")  # the judge's word for how alike two pictures are: one of these


def _answers(path: Path) -> None:
    """Answers are whatever a model says; a verdict may be of a criterion that the rules do not know."""
    data = json.loads(path.read_bytes())
    data["questions"] = {field: said("answer") for field in data["questions"]}
    data["questions"][EXTRA] = [said("answer in a list")]
    data["verdicts"][EXTRA] = next(iter(data["verdicts"].values()))
    files.write_json(path, data)


def _fail(run: RunPaths) -> None:
    path = run.metadata(FAILED)
    failure = Failure(code=EXTRA, message=said("failure message"), hint=said("failure hint"))
    data = json.loads(path.read_bytes())
    data |= {"status": "failed", "failure": records.to_json(failure), "verdicts": {}, "generation": None}
    files.write_json(path, data | {"similarity": None, "evaluation": {"overall_score": None}})
    run.image(FAILED).unlink()


def _events(run: RunPaths) -> None:
    """Events of every kind that carries words."""
    told = EventLog(run.events, run.run_id, SystemClock().now)
    told(Event(type="warning", data={"message": said("event warning")}))
    told(Event(type="generation_queued", iteration=1, data={"host": said("event host"), "position": EXTRA}))
    told(Event(type="generation_progress", data={"value": EXTRA, "max": [], "node": said("event node")}))
    told(Event(type="judging", data={"purpose": said("event purpose")}))
    told(Event(type="run_started", data={"engine": said("event engine"), "judge": said("event judge")}))
    told(Event(type="iteration_failed", iteration=2, data={"failure": {"message": said("event failure")}}))
    told(Event(type="advice_done", data={"advice": {"reason": said("event advice")}}))
    told(Event(type="iteration_planned", data={"plan": EXTRA}))
    told(Event(type="verdicts_done", data={"verdicts": EXTRA, "score": {}}))
    told(Event(type="request_done", data={"usage": EXTRA}))
    told(Event(type="run_finished", data={"reason": said("event reason")}))
