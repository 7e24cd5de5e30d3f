"""What is wrong with a picture, by failure mode: how it is asked for, and a reply's text -> flaws. Pure.

It is asked for beside the verdicts and never instead of them. What cannot be read is a flaw less, or a flaw
without that part, with a note; a reply without any critique has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from iterativectl.images.regions import Size
from iterativectl.judging import conventions
from iterativectl.judging.boxes import Entry, read_entry
from iterativectl.judging.conventions import OTHERS, Family, family_of
from iterativectl.judging.finding import find
from iterativectl.judging.jsontext import Unreadable
from iterativectl.judging.shapes import Wanted, spelling
from iterativectl.judging.values import fold
from iterativectl.model import Fault, Flaw

KEY = "critique"
MODES: Mapping[str, str] = {
    "composition": "framing and arrangement, something cut off",
    "anatomical_errors": "wrong hands, faces, limbs, bodies",
    "style_mismatch": "parts in another style than the rest",
    "lighting": "light or shadows that do not fit",
    "coherence": "things that make no sense together",
    "text_rendering": "garbled letters",
    "color_issues": "wrong, burnt or washed-out colours",
    "perspective": "wrong perspective, proportions or scale",
    "detail_loss": "blurred, smeared, detail gone",
    "artifact": "seams, halos, noise, patterns that belong to nothing",
}
FAULTS: Mapping[Fault, str] = {
    "prompt": "another thing than it should be, or something is missing",
    "picture": "the right thing, badly made",
    "place": "in the wrong place, or changed where nothing should have",
}
SEVERITIES = ("slight", "clear", "severe")  # 1, 2, 3

_OTHER_MODES: Mapping[str, str] = {
    "anatomy": "anatomical_errors",
    "anatomical_error": "anatomical_errors",
    "style": "style_mismatch",
    "light": "lighting",
    "text": "text_rendering",
    "color": "color_issues",
    "color_issue": "color_issues",
    "colors": "color_issues",
    "colour_issues": "color_issues",
    "colours": "color_issues",
    "artifacts": "artifact",
    "artefact": "artifact",
    "artefacts": "artifact",
}
_SEVERITY_WORDS: Mapping[str, int] = {
    **dict.fromkeys(("slight", "minor", "low", "mild", "1"), 1),
    **dict.fromkeys(("clear", "medium", "moderate", "2"), 2),
    **dict.fromkeys(("severe", "high", "major", "serious", "critical", "3"), 3),
}
_MODE_KEYS = ("mode", "failure_mode", "type", "category")
_WHAT_KEYS = ("what", "note", "description", "reason")
_NONE = frozenset(["none", "no", "nothing", "null", "n/a", "unclear"])
MOST_FLAWS = 8  # more are a model that repeats itself
MAX_TOKENS = 1024  # that it may add to a reply
MAX_WHAT = 300  # characters kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How boxes were asked for: the way of writing them, the result's size as sent, and its own size."""

    family: Family = OTHERS
    sent: Size = (1000, 1000)
    size: Size = (1000, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The flaws of a reply, in its order; `left_out` says what of it was not read, and why."""

    flaws: tuple[Flaw, ...] = ()
    left_out: tuple[str, ...] = ()


def asked_for(model: str, shown: Size, size: Size) -> Asked:
    """How `model` is asked for boxes in a result that is `shown` so large and of `size` itself."""
    family = family_of(model)
    longest = max(shown) + family.multiple  # a processor rounds up as well
    return Asked(family=family, sent=conventions.sent_size(shown, family, longest), size=size)


def schema(family: Family) -> dict[str, Any]:
    """The list of flaws; what it is comes before how it is called, so that the model has looked."""
    properties = {
        "what": {"type": "string"},
        "mode": {"type": "string", "enum": list(MODES)},
        "severity": {"type": "string", "enum": list(SEVERITIES)},
        "fault": {"type": "string", "enum": list(FAULTS)},
        family.key: {"type": ["array", "null"], "items": {"type": "number"}},
    }
    record = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "array", "items": record}


def modes_in_words() -> str:
    """The failure modes for a prompt, one a line."""
    return "\n".join(f"  - {mode}: {what}" for mode, what in MODES.items())


def faults_in_words() -> str:
    """The faults for a prompt, one a line."""
    return "\n".join(f'  - "{fault}": {what}' for fault, what in FAULTS.items())


def read_critique(text: str, finish: str = "stop", asked: Asked = Asked(), model: str = "") -> Reading:
    """The flaws in a reply. `model` is who answered ("": the one that was asked). Never raises."""
    found = find(text, Wanted(fields=(KEY,), root="reply"), finish)
    return read_flaws(found.fields.get(KEY), asked, model)


def read_flaws(raw: Any, asked: Asked = Asked(), model: str = "") -> Reading:
    """The flaws in what stands where the critique should be."""
    if raw is None or (isinstance(raw, str) and fold(raw).rstrip(".") in _NONE | {""}):
        return Reading()
    if isinstance(raw, Unreadable) or not isinstance(raw, (list, Mapping)):
        return Reading(left_out=("the critique is no list",))
    flaws: list[Flaw] = []
    left_out: list[str] = []
    for record in _records(raw)[:MOST_FLAWS]:
        flaw, notes = _flaw(record, asked, model)
        flaws += [flaw] if flaw is not None and flaw not in flaws else []
        left_out += notes
    return Reading(flaws=tuple(flaws), left_out=tuple(left_out))


def _records(raw: Any) -> Sequence[Any]:
    """A list as it is; one record alone; {"artifact": {...}} by mode."""
    if isinstance(raw, list):
        return raw
    if any(key in raw for key in _MODE_KEYS):
        return [raw]
    return [{"mode": mode, **value} for mode, value in raw.items() if isinstance(value, Mapping)]


def _flaw(record: Any, asked: Asked, model: str) -> tuple[Flaw | None, list[str]]:
    if isinstance(record, str):
        record = {"mode": record}
    if not isinstance(record, Mapping):
        return None, ["an entry of the critique is no record"]
    keys = {spelling(str(name)): value for name, value in record.items()}
    said = _text(keys, _MODE_KEYS)
    mode = spelling(said)
    mode = _OTHER_MODES.get(mode, mode)
    if mode not in MODES:
        return None, [] if mode in _NONE else [f"{said[:60]!r} is no failure mode"]
    severity, notes = _severity(keys.get("severity"))
    fault = next((f for f in get_args(Fault) if f == fold(_text(keys, ("fault", "at_fault")))), None)
    box, why = _box(record, asked, model)
    what = " ".join(_text(keys, _WHAT_KEYS).split())[:MAX_WHAT]
    flaw = Flaw(mode=mode, severity=severity, fault=fault, what=what, box=box)
    return flaw, [f"{mode}: {note}" for note in (*notes, *([why] if why else []))]


def _text(record: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((record[name] for name in names if isinstance(record.get(name), str)), "")


def _severity(raw: Any) -> tuple[int | None, list[str]]:
    """1, 2 or 3, or a word for it; anything else is none (7 may be of 10, 0.8 of 1)."""
    if isinstance(raw, bool) or raw is None:
        return None, []
    if isinstance(raw, (int, float)) and raw in (1, 2, 3):
        return int(raw), []
    word = fold(raw) if isinstance(raw, str) else ""
    if word in _SEVERITY_WORDS:
        return _SEVERITY_WORDS[word], []
    shown = repr(raw)[:40] if not isinstance(raw, Unreadable) else raw.why
    return None, [] if word in _NONE or raw == "" else [f"{shown} is no severity"]


def _box(record: Mapping[str, Any], asked: Asked, model: str) -> tuple[tuple[int, ...] | None, str]:
    """Where it is in the picture's own pixels, and why it is nowhere. Pointing at nothing needs no reason."""
    entry = read_entry(record, asked.family)
    if not isinstance(entry, Entry):
        given = any(record.get(key) not in (None, [], "", "null", "none") for key in _box_keys(record))
        return None, "its box is no box of four numbers" if given else ""
    if model and family_of(model) != asked.family:
        return None, "its box is left out: another model answered, which may write boxes in another way"
    placed = conventions.placed(entry.numbers, asked.family, asked.sent, asked.size)
    return (None, placed) if isinstance(placed, str) else (tuple(placed.as_list()), "")


def _box_keys(record: Mapping[str, Any]) -> list[str]:
    return [key for key in record if "box" in spelling(str(key))]
