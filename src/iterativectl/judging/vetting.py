"""What a model proposes for rules.yaml, held to the rules for rules. Pure.

A proposal comes out as an entry that `rules check` has nothing against, with what was mended in it, or it is
dropped, with the reason. Nothing that a model says gets through as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from iterativectl.config.lint import lint
from iterativectl.config.rules import rules_from_json, rules_to_json
from iterativectl.config.types import AIGen, Rules
from iterativectl.config.yaml_words import one_line
from iterativectl.errors import ConfigError
from iterativectl.judging import asking_well, tagging
from iterativectl.judging.asking_well import Unfit, Without
from iterativectl.judging.shapes import spelling
from iterativectl.judging.suggesting import INTENTS, STRENGTHS, TYPES, YES_NO, Raw

Block = Literal["acceptance_criteria", "questions"]

MAX_CRITERIA, MAX_QUESTIONS, MAX_NOTES = 8, 6, 3
MAX_RECORDS = 30  # that are looked at; a model that repeats itself writes hundreds
MAX_ALLOWED = 12  # answers that a question names
MAX_WHY, MAX_NOTE, MAX_SHOWN = 240, 240, 90  # characters
NO_WHY = "no reason was given"
_INTENT_WORDS = {
    "add": "change",
    "modify": "change",
    "edit": "change",
    "remove": "change",
    "replace": "change",
}
_INTENT_WORDS |= {"keep": "preserve", "retain": "preserve", "maintain": "preserve", "protect": "preserve"}
_STRENGTH_OF = {"change": "medium", "preserve": "low"}
_NO = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An entry that can go into `block` of rules.yaml, and why. `mended`: what was put right in it."""

    block: Block
    entry: Mapping[str, Any]
    why: str
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What was not taken, and the reason. `there`: only because the rules have it already."""

    what: str
    reason: str
    there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetted:
    """What came of a reply. `notes` are general remarks of the model."""

    proposals: tuple[Proposal, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What the model can be told: what it proposed and why that is no use."""
        return tuple(f"{dropped.what}: {dropped.reason}" for dropped in self.dropped if not dropped.there)


def vet(raw: Raw, rules: Rules, aigen: AIGen | None, without: Without = frozenset()) -> Vetted:
    """What can be added to these rules; criteria first, for a question must be of use to one of them.

    `without` leaves checks of asking_well out.
    """
    bench = _Bench(rules, aigen, without)
    for block, records, most in (
        ("acceptance_criteria", raw.criteria, MAX_CRITERIA),
        ("questions", raw.questions, MAX_QUESTIONS),
    ):
        for record in records[:MAX_RECORDS]:
            bench.look_at(block, record, most)  # type: ignore[arg-type]
        if len(records) > MAX_RECORDS:
            more = f"{len(records) - MAX_RECORDS} more of them"
            bench.dropped.append(Dropped(what=more, reason=f"more than {most} at a time are no help"))
    notes = [one_line(note)[:MAX_NOTE] for note in raw.notes if isinstance(note, str) and note.strip()]
    return Vetted(proposals=tuple(bench.taken), dropped=tuple(bench.dropped), notes=tuple(notes[:MAX_NOTES]))


class _Bench:
    """The rules as they would be with what was taken so far."""

    def __init__(self, rules: Rules, aigen: AIGen | None, without: Without) -> None:
        self.without = without
        self.rules = rules
        self.aigen = aigen
        self.known = _findings(rules, aigen)
        self.taken: list[Proposal] = []
        self.dropped: list[Dropped] = []

    def look_at(self, block: Block, record: Any, most: int) -> None:
        """Take a proposal, or drop it with the reason."""
        shown = _shown(record)
        try:
            if sum(proposal.block == block for proposal in self.taken) >= most:
                raise Unfit(f"more than {most} at a time are no help")
            if not isinstance(record, Mapping):
                raise Unfit("it is no record with a question in it")
            given = {spelling(str(key)): value for key, value in record.items()}
            there = self._there(block, given)
            if there:
                self.dropped.append(Dropped(what=shown, reason=there, there=True))
                return
            make = self._criterion if block == "acceptance_criteria" else self._question
            proposal = make(given)
            self._take(proposal)
        except Unfit as reason:
            self.dropped.append(Dropped(what=shown, reason=str(reason)))

    def _there(self, block: Block, given: Mapping[str, Any]) -> str:
        """Why a proposal is no news; "" when it is."""
        criteria, questions = self.rules.acceptance_criteria, self.rules.questions
        name, question = _field(given.get("field")), _key(given.get("question"))
        what, same = ("criterion", criteria) if block == "acceptance_criteria" else ("question", questions)
        old = {entry.field for entry in same} - {p.entry["field"] for p in self.taken if p.block == block}
        if name in old:
            return f"there is a {what} '{name}' already"
        asked = [(c.field, c.question) for c in criteria] + [(q.field, q.question) for q in questions]
        same_one = next((field for field, text in asked if question and _key(text) == question), "")
        return f"'{same_one}' asks the same already" if same_one else ""

    def _criterion(self, given: Mapping[str, Any]) -> Proposal:
        mended: list[str] = []
        intent = _word(given.get("intent"), INTENTS, _INTENT_WORDS)
        if intent is None:
            raise Unfit(f"its intent is neither change nor preserve: {_shown(given.get('intent'))}")
        passes_on = _passes_on(given.get("passes_on", _NO), mended)
        question, turned = asking_well.criterion(_text(given.get("question")), mended, self.without)
        if turned:
            passes_on = "no" if passes_on == "yes" else "yes"
        strength = _word(given.get("edit_strength"), STRENGTHS, {})
        if strength is None:
            strength = _STRENGTH_OF[intent]
            mended.append(f"edit_strength set to {strength}")
        tags = tagging.tags(given, question, intent, passes_on)
        tags = tagging.at_peace(tags, self.rules, self.aigen)
        entry: dict[str, Any] = {
            "field": self._free(given, question, "acceptance_criteria", mended),
            "question": question,
            "type": "boolean",
            **({"min": 0, "max": 0} if passes_on == "no" else {}),
            "intent": intent,
            "edit_strength": strength,
            **{name: list(terms) for name, terms in tags.terms.items() if terms},
        }
        mended += tags.mended
        needed = "must_include" if passes_on == "yes" else "ban_terms"
        if intent == "change" and not tags.terms[needed]:
            mended.append(f"{needed} is empty: the prompt gets no words of its own for it")
        return Proposal(block="acceptance_criteria", entry=entry, why=_why(given), mended=tuple(mended))

    def _question(self, given: Mapping[str, Any]) -> Proposal:
        mended: list[str] = []
        question = asking_well.question(_text(given.get("question")), self.without)
        kind = _word(given.get("type"), TYPES, {"text": "string", "list": "array", "number": "integer"})
        allowed = given.get("allowed")
        answers = (
            [one_line(str(a)) for a in allowed if isinstance(a, (str, int))]
            if isinstance(allowed, list)
            else []
        )
        answers = list(dict.fromkeys(filter(None, answers)))[:MAX_ALLOWED]
        if kind is None:
            kind = "string"
            mended.append("type set to string")
        entry: dict[str, Any] = {
            "field": self._free(given, question, "questions", mended),
            "question": question,
            "type": kind,
        }
        if kind == "string" and len(answers) > 1:
            entry["enum"] = answers
        elif kind == "array":
            entry["items"] = answers if len(answers) > 1 else {"type": "string"}
        return Proposal(block="questions", entry=entry, why=_why(given), mended=tuple(mended))

    def _free(self, given: Mapping[str, Any], question: str, block: Block, mended: list[str]) -> str:
        """A field that nobody has, made of the given one or of the question's words."""
        said = given.get("field")
        name = _field(said) or _field(asking_well.subject(question)) or "suggested"
        if not _field(said):
            mended.append(f"it had no field: '{name}'")
        there = self.rules.acceptance_criteria if block == "acceptance_criteria" else self.rules.questions
        taken = {entry.field for entry in there}
        number, free = 2, name
        while free in taken:
            free, number = f"{name[:60]}_{number}", number + 1
        if free != name:
            mended.append(f"field is '{free}': '{name}' is taken")
        return free

    def _take(self, proposal: Proposal) -> None:
        """Accept a proposal if the rules with it are as good as without."""
        data = rules_to_json(self.rules)
        data[proposal.block].append(dict(proposal.entry))
        try:
            rules = rules_from_json(data, "rules.yaml")
        except ConfigError as error:
            raise Unfit(error.problems[0].message) from error
        found = _findings(rules, self.aigen)
        news = [message for place, message in found if (place, message) not in self.known]
        if news:
            raise Unfit(news[0])
        self.rules, self.known = rules, found
        self.taken.append(proposal)


def _findings(rules: Rules, aigen: AIGen | None) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in lint(rules, None, aigen)]


def _text(value: Any) -> str:
    """A question's text. Raises Unfit when it is none."""
    if not isinstance(value, str) or not value.strip():
        raise Unfit("it has no question")
    return one_line(value)


def _word(value: Any, known: Sequence[str], others: Mapping[str, str]) -> str | None:
    """One of the known words, however it is written; None for any other."""
    word = value.strip().strip(".").casefold() if isinstance(value, str) else ""
    return word if word in known else others.get(word)


def _passes_on(value: Any, mended: list[str]) -> str:
    if value is _NO or value is None:
        mended.append("passes on yes: it was not said")
        return "yes"
    if isinstance(value, bool):
        return "yes" if value else "no"
    word = _word(value, YES_NO, {"true": "yes", "false": "no"})
    if word is None:
        raise Unfit(f"it does not say whether it passes on yes or on no: {_shown(value)}")
    return word


def _field(value: Any) -> str:
    """A name as rules.yaml takes it; "" when nothing is left of it."""
    if not isinstance(value, str):
        return ""
    kept = "".join(one if one.isascii() and one.isalnum() else "_" for one in value.strip().lower())
    return "_".join(filter(None, kept.split("_")))[:64].rstrip("_")


def _key(question: Any) -> str:
    """What makes two questions the same one."""
    return asking_well.key(question) if isinstance(question, str) else ""


def _why(given: Mapping[str, Any]) -> str:
    why = given.get("why", given.get("reason"))
    return one_line(why)[:MAX_WHY] if isinstance(why, str) and why.strip() else NO_WHY


def _shown(value: Any) -> str:
    """What a proposal is called when it is dropped: its question, its field, or what it is."""
    if isinstance(value, Mapping):
        named = {spelling(str(key)): part for key, part in value.items()}
        value = named.get("question") or named.get("field") or "a record without a question"
    text = one_line(value if isinstance(value, str) else repr(value)) or "nothing"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} ..."
