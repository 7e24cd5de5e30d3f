"""What makes a question one that a judge can answer (docs/rules.md), checked on its words. Pure.

Words cannot be understood by a table. What these checks let through is read by a person, in a diff; what they
hold back is said, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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


def criterion(text: str, mended: list[str]) -> tuple[str, bool]:
    """A criterion's question, put right where that is safe, and whether yes and no changed places.

    Raises Unfit.
    """
    text = _one_question(text)
    opening = text.split()[0].casefold()
    if opening in _PAST or _HAPPENED.search(text):
        raise Unfit("it asks what happened, and the judge sees only what is there")
    if opening not in YES_NO_OPENINGS:
        raise Unfit("it cannot be answered with yes or no")
    text, turned = _without_no(text, mended)
    if negation := _NOT.search(text):
        raise Unfit(f"a question with '{negation[0]}' in it is easily answered the wrong way round")
    if join := _JOINS.search(_ONE_THING.sub(" ", text)):
        raise Unfit(f"it asks for two things at once ('{join[0]}'): two things are two criteria")
    if whole := _EVERYTHING.search(text):
        raise Unfit(f"'{whole[0]}' is one question about ten things")
    for reason, pattern in _INVISIBLE.items():
        if found := pattern.search(text):
            raise Unfit(reason.format(word=found[0]))
    return text, turned


def question(text: str) -> str:
    """An open question's text, with its mark. Raises Unfit."""
    return _one_question(text)


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


def _one_question(text: str) -> str:
    """A single question with its mark. Raises Unfit."""
    if orders(text):
        raise Unfit("it holds an instruction or markup: it is no plain question")
    if len(text) > MAX_QUESTION:
        raise Unfit(f"it is longer than {MAX_QUESTION} characters")
    text = text.strip(" \"'\u201c\u201d")
    body = text.rstrip("?.! ")
    if len(body.split()) < 3:
        raise Unfit("it is no question")
    if re.search(r"[?!]|\.\s", body):
        raise Unfit("it is more than one sentence")
    return f"{body[0].upper()}{body[1:]}?"


def _without_no(text: str, mended: list[str]) -> tuple[str, bool]:
    """`Is there no hat?` as `Is there any hat?`, with yes and no in each other's place."""
    found = _NO_THING.fullmatch(text)
    if found is None or _NOT.search(found["rest"]):
        return text, False
    rest = found["rest"] if found["longer"] else f"any {found['rest'].removeprefix('any ')}"
    mended.append("'no' was taken out of the question, and it passes on the other answer")
    return f"{found['verb'].capitalize()} there {rest}?", True
