"""What makes a question one that a judge can answer (docs/rules.md), checked on its words. Pure.

Words cannot be understood by a table. What these checks let through is read by a person, in a diff; what they
hold back is said, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Check = Callable[[str], str]
Without = frozenset[str]

SHORTEST = 3  # words of a question
MAX_QUESTION = 200  # characters; the longest of the shipped rules has about 100

YES_NO_OPENINGS = frozenset(["is", "are", "does", "do", "has", "have", "can"])
_PAST = frozenset(["was", "were", "did", "had"])
_HAPPENED = re.compile(
    r"\bbeen\b|\b(?:has|have)\b.*\b(?:changed|replaced|removed|added|become)\b", re.IGNORECASE
)

# Two names of one thing, and places that need two things to be named.
_ONE_THING = re.compile(
    r"\b(?:black and white|salt and pepper|head and shoulders|cup and saucer|bride and groom|mother and child"
    r"|left and right|up and down|day and night|arts and crafts|bed and breakfast|between\b.{1,60}?\band)\b",
    re.IGNORECASE,
)
_JOINS = re.compile(r"\band\b|&|\bas well as\b|\balong with\b|\btogether with\b|\bplus\b|;", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|without|neither|nor)\b|n['\u2019]t\b", re.IGNORECASE
)
# The judge has both pictures, and reads this one rightly.
_NEW_THING = re.compile(r"\b(?:that|who|which) (?:is|are) not in the original\b", re.IGNORECASE)
_NO_THING = re.compile(r"(?P<verb>is|are) there (?:no (?P<longer>longer )?)(?P<rest>.+?)\?", re.IGNORECASE)
_EVERYTHING = re.compile(
    r"\b(?:everything|anything else|all else|the rest|all other|every other|overall)\b", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?:|www\.", re.IGNORECASE)
_FOREIGN = re.compile(r"[<>{}\[\]`|\\*_]|\bjson\b", re.IGNORECASE)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|obey)\b.*\b(?:instruction|prompt|rule|above|previous|everything)"
    r"|\bsystem prompt\b|\b(?:always|must) (?:answer|say|reply|pass)\b|\banswer (?:with )?[\"']?(?:yes|no)\b",
    re.IGNORECASE,
)

# What cannot be pointed at, by the reason that is given.
_INVISIBLE: Mapping[str, re.Pattern[str]] = {
    "'{word}' is a matter of taste: ask for what you would point at": re.compile(
        r"\b(?:professional(?:ly)?|elegant(?:ly)?|beautiful(?:ly)?|nice(?:ly)?|good|great|better|best"
        r"|attractive|pretty|stylish|tasteful(?:ly)?|appropriate(?:ly)?|suitable|aesthetic(?:ally)?|pleasing|appealing"
        r"|impressive|perfect(?:ly)?|convincing(?:ly)?|believable|realistic(?:ally)?|natural[- ]looking"
        r"|high[- ]quality|quality|well[- ](?:lit|made|composed|balanced)|interesting|inviting|luxurious"
        r"|classy|cohesive|harmonious|seamless(?:ly)?)\b",
        re.IGNORECASE,
    ),
    "'{word}' cannot be seen": re.compile(
        r"\b(?:mood|atmosphere|feel(?:s|ing)?|vibe|smells?|sounds?|tastes?|thinking|thinks?|thoughts?"
        r"|confident|trustworthy|competent|intelligent|expensive|meaning)\b",
        re.IGNORECASE,
    ),
    "'{word}' is about what was wanted, which the judge does not know": re.compile(
        r"\b(?:prompt|requested|intended|desired|wanted|expected|instructions?|as asked|as described)\b",
        re.IGNORECASE,
    ),
}
_SMALL = frozenset(
    ["a", "an", "the", "is", "are", "still", "now", "any", "there", "in", "of", "result", "picture"]
)
_SUBJECT_LESS = (
    _SMALL | YES_NO_OPENINGS | frozenset(["what", "which", "how", "person", "to", "as", "same", "original"])
)


class Unfit(ValueError):
    """A proposal that cannot be taken; the text says why."""


def criterion(text: str, mended: list[str], without: Without = frozenset()) -> tuple[str, bool]:
    """A criterion's question, put right where that is safe, and whether yes and no changed places.

    `without` leaves checks out by name, so that a test can show what each is for. Raises Unfit.
    """
    text, turned = _without_no(_one_question(text, without), mended)
    _hold_to(CRITERION_CHECKS, text, without)
    return text, turned


def question(text: str, without: Without = frozenset()) -> str:
    """An open question's text, with its mark. Raises Unfit."""
    return _one_question(text, without)


def commands(text: str) -> bool:
    """Whether a text tells a model what to do, or where to look."""
    return bool(_ORDERS.search(text) or _ADDRESS.search(text))


def orders(text: str) -> bool:
    """Whether a text tells a model what to do, or is no plain text at all."""
    return commands(text) or bool(_FOREIGN.search(text))


def subject(text: str) -> str:
    """The first words of a question that say what it is about."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return "_".join([word for word in words if word not in _SUBJECT_LESS][:3])


def key(text: str) -> str:
    """What two questions have in common that are the same one: their words, without small ones and marks."""
    return " ".join(word for word in re.findall(r"\w+", text.casefold()) if word not in _SMALL)


def _one_question(text: str, without: Without) -> str:
    """A single question with its mark. Raises Unfit."""
    text = text.strip(" \"'\u201c\u201d")
    _hold_to(QUESTION_CHECKS, text, without)
    body = text.rstrip("?.! ")
    return f"{body[:1].upper()}{body[1:]}?"


def _hold_to(checks: Mapping[str, Check], text: str, without: Without) -> None:
    for name, check in checks.items():
        if name not in without and (reason := check(text)):
            raise Unfit(reason)


def _orders(text: str) -> str:
    return "it holds an instruction or markup: it is no plain question" if orders(text) else ""


def _length(text: str) -> str:
    if len(text) > MAX_QUESTION:
        return f"it is longer than {MAX_QUESTION} characters"
    return "it is no question" if len(text.rstrip("?.! ").split()) < SHORTEST else ""


def _sentences(text: str) -> str:
    return "it is more than one sentence" if re.search(r"[?!]|\.\s", text.rstrip("?.! ")) else ""


def _happened(text: str) -> str:
    happened = text.split()[0].casefold() in _PAST or _HAPPENED.search(text)
    return "it asks what happened, and the judge sees only what is there" if happened else ""


def _open(text: str) -> str:
    closed = text.split()[0].casefold() in YES_NO_OPENINGS
    return "" if closed else "it cannot be answered with yes or no"


def _negated(text: str) -> str:
    found = _NOT.search(_NEW_THING.sub(" ", text))
    return f"a question with '{found[0]}' in it is easily answered the wrong way round" if found else ""


def _joined(text: str) -> str:
    found = _JOINS.search(_ONE_THING.sub(" ", text))
    return f"it asks for two things at once ('{found[0]}'): two things are two criteria" if found else ""


def _everything(text: str) -> str:
    found = _EVERYTHING.search(text)
    return f"'{found[0]}' is one question about ten things" if found else ""


def _invisible(text: str) -> str:
    for reason, pattern in _INVISIBLE.items():
        if found := pattern.search(text):
            return reason.format(word=found[0])
    return ""


# In this order; each says why a text cannot be taken, or "".
QUESTION_CHECKS: Mapping[str, Check] = {"orders": _orders, "length": _length, "sentences": _sentences}
CRITERION_CHECKS: Mapping[str, Check] = {
    "happened": _happened,
    "open": _open,
    "negated": _negated,
    "joined": _joined,
    "everything": _everything,
    "invisible": _invisible,
}


def _without_no(text: str, mended: list[str]) -> tuple[str, bool]:
    """`Is there no hat?` as `Is there any hat?`, with yes and no in each other's place."""
    found = _NO_THING.fullmatch(text)
    if found is None or _NOT.search(found["rest"]):
        return text, False
    rest = found["rest"] if found["longer"] else f"any {found['rest'].removeprefix('any ')}"
    mended.append("'no' was taken out of the question, and it passes on the other answer")
    return f"{found['verb'].capitalize()} there {rest}?", True
