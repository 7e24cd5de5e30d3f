"""From a reply's text to the raw fields in it. Pure; never an exception.

The order was measured on typical bad replies: strict reading of every object first, repair last. A repair
that comes first reads prose with braces and two objects wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from iterativectl.judging import jsontext
from iterativectl.judging.jsontext import Span, Without
from iterativectl.judging.mending import repair
from iterativectl.judging.shapes import Wanted, is_error, locate, spelling

Parse = Literal["strict", "scan", "repair", "none"]

FAILURES: Mapping[str, str] = {
    "too_long": f"the reply is longer than {jsontext.MAX_CHARS} characters",
    "too_deep": "the reply nests too deeply",
    "empty": "the reply is empty",
    "refused": "the model refuses to answer",
    "error": "the reply is an error message",
    "markup": "the reply is a web page",
    "cut": "the reply was cut before the first whole answer",
    "no_json": "the reply holds no JSON object",
    "no_fields": "the reply holds none of the fields that were asked about",
}


MAX_REPAIR = 20_000  # characters; guessing at more than a reply's length helps nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The raw fields of a reply, before they are typed. `failure` is a key of FAILURES, or empty."""

    parse: Parse = "none"
    failure: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def why_missing(self) -> str:
        """Why a field is not there, in words."""
        return FAILURES[self.failure] if self.failure else "the reply leaves it out"


def find(text: str, wanted: Wanted, finish: str = "stop", without: Without = frozenset()) -> Found:
    """Find the wanted fields. `finish` is the provider's finish word: "length" means that the text is cut."""
    text = text.strip().strip("\ufeff").strip()
    for name, gate in GATES.items():
        if name not in without and (failure := gate(text)):
            return Found(failure=failure)
    body = text if "thinking" in without else without_thoughts(text)
    for whole in (text, body):
        if "strict" not in without and (fields := _whole(whole, wanted, without)):
            return Found(parse="strict", fields=fields)
    spans = jsontext.spans(body, without)
    if _unfinished(body, spans, finish, without):
        return Found(failure="cut")
    return _among(spans, wanted, without) or Found(failure=_diagnosis(body, spans, without))


def without_thoughts(text: str) -> str:
    """The text without what the model thought aloud.

    An unclosed thought runs to the end; a closing tag alone ends one that began in the prompt's template.
    """
    said: list[str] = []
    start: int | None = 0  # where speech began; None inside a thought
    for tag in _THOUGHT.finditer(text):
        if tag["close"]:
            said = [] if start is not None else said
            start = tag.end()
        elif start is not None:
            said.append(text[start : tag.start()])
            start = None
    return "".join(said if start is None else [*said, text[start:]]).strip()


_THOUGHT = re.compile(r"<(?P<close>/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


def _too_long(text: str) -> str:
    return "too_long" if len(text) > jsontext.MAX_CHARS else ""


def _too_deep(text: str) -> str:
    return "too_deep" if jsontext.depth(text) > jsontext.MAX_DEPTH else ""


GATES: Mapping[str, Callable[[str], str]] = {"size": _too_long, "nesting": _too_deep}


def _whole(text: str, wanted: Wanted, without: Without) -> Mapping[str, Any]:
    try:
        value, end = jsontext.decode(text, 0, without)
    except json.JSONDecodeError:
        return {}
    return locate(value, wanted, without) if end == len(text) else {}


def _unfinished(body: str, spans: Sequence[Span], finish: str, without: Without) -> bool:
    """Cut by the token limit in the prose after an object: that was a draft, not the last word."""
    if finish != "length" or "unfinished" in without or not spans:
        return False
    return spans[-1].state != "cut" and bool(body[spans[-1].end :].strip("` \n\t\r"))


def _among(spans: Sequence[Span], wanted: Wanted, without: Without) -> Found | None:
    """The last object that has all the fields, else the last that has one of them.

    After a cut only the object that was cut counts: what stood before it was not the last word.
    """
    if spans and spans[-1].state == "cut" and "cut" not in without:
        return _closed(spans[-1], wanted, without)
    best: Found | None = None
    for span in reversed(spans):
        found = _read(span, wanted, without)
        if found and len(found.fields) == len(wanted.fields):
            return found
        best = best or found
    return best


def _read(span: Span, wanted: Wanted, without: Without) -> Found | None:
    if span.state == "good":
        fields = {} if "scan" in without else locate(span.value, wanted, without)
        return Found(parse="scan", fields=fields) if fields else None
    return _repaired(span.text, wanted, without)


def _closed(span: Span, wanted: Wanted, without: Without) -> Found | None:
    text = jsontext.close_cut(span.text.split("\n```", 1)[0])
    fields = _whole(text, wanted, without)
    return Found(parse="repair", fields=fields) if fields else _repaired(text, wanted, without)


def _repaired(text: str, wanted: Wanted, without: Without) -> Found | None:
    named = spelling(text)
    if "repair" in without or len(text) > MAX_REPAIR or not any(spelling(f) in named for f in wanted.fields):
        return None
    fields = locate(repair(text), wanted, without)
    return Found(parse="repair", fields=fields) if fields else None


def _diagnosis(body: str, spans: Sequence[Span], without: Without) -> str:
    """The name of what is wrong with a reply in which nothing was found."""
    for name, diagnose in DIAGNOSES.items():
        if name not in without and (failure := diagnose(body, spans)):
            return failure
    if spans:
        return "cut" if spans[-1].state == "cut" else "no_fields"
    return "no_json"


def _empty(body: str, spans: Sequence[Span]) -> str:
    return "empty" if re.fullmatch(r"[\s`{}\[\]]*(?:json)?[\s`{}\[\]]*", body) else ""


def _error(body: str, spans: Sequence[Span]) -> str:
    return "error" if any(is_error(span.value) for span in spans) else ""


def _markup(body: str, spans: Sequence[Span]) -> str:
    return "markup" if re.match(r"<(?:!doctype|html|head|body|\?xml)\b", body, re.IGNORECASE) else ""


def _refusal(body: str, spans: Sequence[Span]) -> str:
    return "refused" if refuses(body) else ""


def refuses(text: str) -> bool:
    """Whether a text in English says that its writer will not or cannot answer."""
    return bool(_REFUSAL.search(text.replace("\u2019", "'")))


_REFUSAL = re.compile(
    r"\bI(?:'m| am) (?:sorry|unable|not able)|\bI (?:can't|cannot|won't|will not)\b|\bI apologi[sz]e\b"
    r"|\bunable to (?:assist|help|comply)|\bas an AI\b"
    r"|\b(?:content|usage|safety) (?:policy|policies|guidelines)\b",
    re.IGNORECASE,
)

DIAGNOSES: Mapping[str, Callable[[str, Sequence[Span]], str]] = {
    "empty": _empty,
    "error_object": _error,
    "markup": _markup,
    "refusal": _refusal,
}
