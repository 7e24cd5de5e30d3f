"""A model's text -> typed answers. Pure; never an exception, never an invented value.

The way of a reply, each step a named handler that can be left out by name (so that a test can show what it is
for; see HANDLERS):

1. gates: a flood or absurd nesting is not read at all
2. the whole text as strict JSON (parse "strict")
3. without what the model thought aloud, every outermost object in it, the last one that has the fields
   (parse "scan"): fences, prose and drafts fall away here
4. an object that the end of the text cuts is taken back to its last whole value; one that is broken otherwise
   is repaired (parse "repair")
5. shapes: records in a list, an envelope around the answer, names in another spelling (judging.shapes)
6. values: types, ranges, allowed values (judging.values)

A field that is missing or unreadable is unclear, with the reason in words; a reply in which nothing was found
has the name of what is wrong with it (finding.FAILURES).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iterativectl.judging.finding import Found, Parse, find, refuses, without_thoughts
from iterativectl.judging.jsontext import Unreadable, Without
from iterativectl.judging.schemas import PREFERENCE, SIMILARITY, TOPICS
from iterativectl.judging.shapes import Wanted
from iterativectl.judging.values import fold, read_value
from iterativectl.model import Item, Prompts, SimilarityWord, Value

NOTHING: Without = frozenset()

# What may be left out, by name, and what it is for. Each has a class of cases in tests/cases/replies/.
HANDLERS: Mapping[str, str] = {
    "size": "a flood of text is not read",
    "nesting": "absurdly nested text is not read",
    "strict": "a whole reply that is JSON is taken as it is, whatever its strings hold",
    "thinking": "what stands in <think> is no answer",
    "scan": "JSON between fences and prose; of several objects the last that answers",
    "unfinished": "an object before prose that was cut was not the model's last word",
    "cut": "after a cut the last value is dropped",
    "repair": "commas, quotes and comments are mended",
    "nonfinite": "NaN and infinities are no numbers",
    "digits": "a number of thousands of digits is no number",
    "duplicates": "a key given twice counts as not given",
    "schema_echo": "a JSON Schema sent back is no answer",
    "encoded": "JSON inside a JSON string",
    "wrapper": "an envelope around the answer",
    "records": "a list of {field, answer} instead of an object",
    "key_spelling": "names in another case, with blanks or hyphens",
    "answer_key": "{answer: ...} or {value: ...} around a value",
    "cannot_tell": "null, 'unclear' and the like",
    "boolean_is_no_number": "true is not 1",
    "boolean_word": "yes and no",
    "number_text": "a number as a string",
    "enum_spelling": "an allowed value in another case",
    "range": "11 of 10",
    "empty": "names an empty reply",
    "error_object": "names an error sent as an answer",
    "markup": "names a web page",
    "refusal": "names a refusal in prose",
}

CONFIDENCE_WORDS: Mapping[str, float] = {
    "high": 0.9,
    "medium": 0.6,
    "low": 0.3,
}  # recorded only: steer nothing
ANSWER_KEYS = ("answer", "verdict", "value")
REASON_KEYS = ("reason", "explanation", "reasoning", "why")
NO_DIFFERENCE = frozenset(
    ["none", "no", "no difference", "no differences", "no change", "unchanged", "same", "identical", "n/a"]
)

_NAME = re.compile(r"\w{1,64}", re.ASCII)  # of a sampler or scheduler

MAX_REASON = 500  # characters kept of a reason or a difference
MAX_DIFFERENCES = 20
MAX_DESCRIPTION = 2_000  # characters kept; it goes into every later prompt
MAX_REFUSAL = 300  # a longer text that says "I cannot" somewhere is a description all the same
MAX_PROMPT = 2_000  # characters; CLIP reads 77 tokens at a time, so a longer one is a mishap

_PREFERENCE_ITEMS = (
    Item(field="better", question="", type="string", enum=PREFERENCE),
    Item(field="reason", question="", type="string"),
)
_PROMPT_ITEMS = tuple(
    Item(field=name, question="", type="string") for name in ("positive", "negative", "reason")
)
_COMPARISON_ITEMS = (
    Item(field="similarity", question="", type="string", enum=SIMILARITY),
    Item(field="analysis", question="", type="string"),
)
# The ranges of model.Parameters; the policy holds a suggestion to its own, narrower ones.
_PARAMETER_ITEMS = (
    Item(field="denoise", question="", type="number", min=0.0, max=1.0),
    Item(field="cfg", question="", type="number", min=1.0, max=20.0),
    Item(field="steps", question="", type="integer", min=1, max=150),
    Item(field="sampler_name", question="", type="string"),
    Item(field="scheduler", question="", type="string"),
    Item(field="reason", question="", type="string"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What could be read. Every field asked about is in `values` or, with the reason, in `unclear`.

    `declined` are the unclear ones of which the judge itself says that it cannot tell. `reasons` and
    `confidence` ([0, 1]) are a criteria judge's, by field. `failure` is a key of finding.FAILURES when the
    reply holds none of the fields.
    """

    parse: Parse = "none"
    failure: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    unclear: Mapping[str, str] = field(default_factory=dict)
    declined: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonReading:
    """A judge's comparison. `similarity` is None when it is not one of the three words."""

    parse: Parse
    failure: str
    similarity: SimilarityWord | None
    differences: tuple[str, ...]
    analysis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceReading:
    """Suggested prompts or parameters. None: nothing usable. `unclear`: what was left out, and why."""

    parse: Parse
    failure: str
    prompts: Prompts | None = None
    parameters: Mapping[str, Any] | None = None
    reason: str = ""
    unclear: Mapping[str, str] = field(default_factory=dict)


def read_answers(
    text: str, items: Sequence[Item], finish: str = "stop", without: Without = NOTHING, *, alone: bool = False
) -> Reading:
    """The answers to questions. `finish` is the provider's finish word; "length" means cut.

    `alone`: they count only under "answers", because the reply holds other things as well.
    """
    return _typed(_find(text, items, "answers", finish, without, alone), items, without)


def read_criteria(
    text: str, items: Sequence[Item], finish: str = "stop", without: Without = NOTHING, *, alone: bool = False
) -> Reading:
    """The answers to criteria, with reasons and confidence; `alone`: only those under "criteria".

    A criterion's min and max say what passes, not what may be answered: they are not checked here.
    """
    found = _find(text, items, "criteria", finish, without, alone)
    # Here the record is what was asked for, so reading it is no handler that could be left out.
    unranged = [replace(item, min=None, max=None) for item in items]
    reading = _typed(found, unranged, without - {"answer_key"})
    records = {name: raw for name, raw in found.fields.items() if isinstance(raw, Mapping)}
    confidence = {name: _confidence(raw.get("confidence")) for name, raw in records.items()}
    return replace(
        reading,
        reasons={name: _reason(raw) for name, raw in records.items()},
        confidence={name: value for name, value in confidence.items() if value is not None},
    )


def read_comparison(
    text: str, finish: str = "stop", without: Without = NOTHING, *, alone: bool = False
) -> ComparisonReading:
    """What a judge says of the two pictures. Differences that say "none" are left out.

    `alone`: only what stands under "comparison".
    """
    wanted = Wanted(fields=("similarity", "analysis", "differences"), root="comparison", alone=alone)
    found = find(text, wanted, finish, without)
    typed = _typed(found, _COMPARISON_ITEMS, without).values
    word = typed.get("similarity")
    return ComparisonReading(
        parse=found.parse,
        failure=found.failure,
        similarity=next((known for known in ("same", "close", "different") if known == word), None),
        differences=_differences(found.fields.get("differences")),
        analysis=str(typed.get("analysis", "")),
    )


def read_preference(text: str, finish: str = "stop", without: Without = NOTHING) -> Reading:
    """Which of two results is better: `better` in the values is "first", "second" or "equal"."""
    found = _find(text, _PREFERENCE_ITEMS, "preference", finish, without)
    return _typed(found, _PREFERENCE_ITEMS, without)


def read_prompts(text: str, finish: str = "stop", without: Without = NOTHING) -> AdviceReading:
    """Improved prompts. Without both of them there is nothing usable; the negative one may be empty."""
    found = _find(text, _PROMPT_ITEMS, "prompts", finish, without)
    reading = _typed(found, _PROMPT_ITEMS, without)
    positive, negative = (_prompt(reading.values.get(name)) for name in ("positive", "negative"))
    if (
        not negative
        and isinstance(found.fields.get("negative"), str)
        and not found.fields["negative"].strip()
    ):
        negative = ""
    usable = bool(positive) and negative is not None
    return AdviceReading(
        parse=found.parse,
        failure=found.failure,
        prompts=Prompts(positive=positive or "", negative=negative or "") if usable else None,
        reason=str(reading.values.get("reason", ""))[:MAX_REASON],
        unclear={name: why for name, why in reading.unclear.items() if name != "reason"},
    )


def read_parameters(text: str, finish: str = "stop", without: Without = NOTHING) -> AdviceReading:
    """Suggested parameters: those that are of the right type and in range. null leaves one as it is."""
    found = _find(text, _PARAMETER_ITEMS, "parameters", finish, without)
    reading = _typed(found, _PARAMETER_ITEMS, without)
    values = {
        name: value
        for name, value in reading.values.items()
        if name != "reason" and (not isinstance(value, str) or _NAME.fullmatch(value))
    }
    return AdviceReading(
        parse=found.parse,
        failure=found.failure,
        parameters=values or None,
        reason=str(reading.values.get("reason", ""))[:MAX_REASON],
        unclear={name: why for name, why in reading.unclear.items() if name != "reason"},
    )


def read_description(text: str) -> str:
    """A picture in words; empty when the model said nothing, or only that it will not."""
    text = " ".join(without_thoughts(text).split()).strip("` ")
    return "" if len(text) < MAX_REFUSAL and refuses(text) else text[:MAX_DESCRIPTION]


def _find(
    text: str, items: Sequence[Item], root: str, finish: str, without: Without, alone: bool = False
) -> Found:
    wanted = Wanted(fields=tuple(item.field for item in items), root=root, alone=alone)
    return find(text, wanted, finish, without)


def _typed(found: Found, items: Sequence[Item], without: Without) -> Reading:
    values: dict[str, Value] = {}
    unclear: dict[str, str] = {}
    declined: set[str] = set()
    for item in items:
        if item.field not in found.fields:
            unclear[item.field] = found.why_missing
            continue
        typed = read_value(_bare(found.fields[item.field], without), item, without)
        if typed.why:
            unclear[item.field] = typed.why
            declined |= {item.field} if typed.declined else set()
        else:
            values[item.field] = typed.value
    return Reading(
        parse=found.parse,
        failure=found.failure,
        values=values,
        unclear=unclear,
        declined=frozenset(declined),
    )


def _bare(raw: Any, without: Without) -> Any:
    """The value in a record {"answer": VALUE, ...}; every other value as it is."""
    if not isinstance(raw, Mapping) or "answer_key" in without:
        return raw
    given = [raw[key] for key in ANSWER_KEYS if key in raw]
    if not given:
        return Unreadable("the reply gives no answer to it")
    agree = all(type(value) is type(given[0]) and value == given[0] for value in given)
    return given[0] if agree else Unreadable("two different answers")


def _reason(record: Mapping[str, Any]) -> str:
    texts = (record.get(key) for key in REASON_KEYS)
    return next((_line(text) for text in texts if isinstance(text, str)), "")


def _confidence(raw: Any) -> float | None:
    """A word, or a number in [0, 1]; anything else is no confidence (85 may be a percentage or a slip)."""
    if isinstance(raw, str):
        return CONFIDENCE_WORDS.get(fold(raw))
    inside = isinstance(raw, (int, float)) and not isinstance(raw, bool) and 0 <= raw <= 1
    return float(raw) if inside else None


def _differences(raw: Any) -> tuple[str, ...]:
    """{"pose": TEXT} as "pose: TEXT" in the order of TOPICS; a list of texts, or one text, as it is."""
    if isinstance(raw, Mapping):
        ordered = sorted(
            raw.items(), key=lambda pair: TOPICS.index(pair[0]) if pair[0] in TOPICS else len(TOPICS)
        )
        named = [(f"{topic}: ", text) for topic, text in ordered]
    else:
        named = [("", text) for text in (raw if isinstance(raw, list) else [raw])]
    said = [
        f"{topic}{_line(text)}"
        for topic, text in named
        if isinstance(text, str) and text.strip() and fold(text).rstrip(".") not in NO_DIFFERENCE
    ]
    return tuple(said[:MAX_DIFFERENCES])


def _prompt(value: Value) -> str | None:
    """A prompt on one line; None when it is missing or far too long."""
    if not isinstance(value, str) or len(value) > MAX_PROMPT:
        return None
    return " ".join(value.split())


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_REASON]
