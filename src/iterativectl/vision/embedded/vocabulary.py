"""From a question in words to a claim, or to nothing. Pure.

Every word of a question that carries meaning must be understood, or the question is not: "Is there a red car
in the sunset?" is about a car. A claim's own words are its `names` (one of them must be there) and the words
that may stand beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from iterativectl.vision.embedded import claims
from iterativectl.vision.embedded.claims import Evidence, Finding


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that carry no claim of their own. Not among them: what makes a wish of a question (should, would) and
# "original", which may only stand where it is compared with.
_EMPTY = _words(
    """
    a an the is are was were be been it its this that there here does do did has have had
    in on of at to by for from with within and still now clearly visibly really very overall all whole
    look looks like seem seems appear appears show shows shown see seen picture image photo photograph result
    scene view version
    """
)
_COMPARED = re.compile(
    r" (?:than|as|compared (?:to|with)) (?:it was )?(?:in |on )?"
    r"(?:the original(?: (?:picture|image|photo))?|before) "
)
_NEGATIONS = _words("no not without free none never isn't aren't doesn't lack lacks lacking nor")
_OF_WHAT_FOLLOWS = _words("no without free none lack lacks lacking nor")
_PLACES = _words("sky air land landscape ground trees leaves foliage corners")
_OPPOSITES = {"blurry": "sharp", "blurred": "sharp", "blur": "sharp"}
_SEVERAL = _words("or but while whereas unless")  # more than one claim in a sentence
_PHRASES = {
    "golden hour": "sunset",
    "black and white": "monochrome",
    "well lit": "bright",
    "in focus": "sharp",
    "out of focus": "blurry",
    "snow covered": "snow",
    "night time": "night",
    "day time": "daytime",
    "too dark": "toodark",
    "autumn colours": "autumn",
    "autumn colors": "autumn",
    "fall colours": "autumn",
    "fall colors": "autumn",
    "all over": "",
    "where they were": "same place",
    "in place of": "instead",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim with the words it may be asked in. `needs`: further words of which one must be there."""

    judge: Callable[[Evidence], Finding]
    names: frozenset[str]
    beside: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    only_absence: bool = False  # what is faint may be there or not: neither "yes" nor "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A question that was understood: the claim, and whether its absence is what is asked for."""

    claim: Claim
    negated: bool


CLAIMS: dict[str, Claim] = {
    "sunset": Claim(
        judge=claims.sunset,
        names=_words("sunset sundown dusk"),
        beside=_words("sky evening light warm orange red pink golden glow glowing colours colors coloured"),
    ),
    "sunset sky": Claim(
        judge=claims.sunset,
        names=_words("orange red pink golden warm glowing"),
        beside=_words("coloured colored evening orange red pink golden warm glowing"),
        needs=_words("sky"),
    ),
    "autumn": Claim(
        judge=claims.autumn,
        names=_words("autumn autumnal"),
        beside=_words("leaves leaf foliage trees tree bushes colours colors coloured colored turned"),
    ),
    "autumn leaves": Claim(
        judge=claims.autumn,
        names=_words("leaves foliage"),
        beside=_words("orange red yellow golden brown turned coloured colored colours colors"),
        needs=_words("orange red yellow golden brown"),
    ),
    "snow": Claim(
        judge=claims.snow,
        names=_words("snow snowy winter wintry"),
        beside=_words("trees tree leaves foliage ground landscape land covered cover white under"),
    ),
    "fog": Claim(
        judge=claims.fog,
        names=_words("fog foggy mist misty haze hazy"),
        beside=_words("light thin soft air mist fog landscape land layer veil veiled over"),
    ),
    "warm": Claim(
        judge=claims.warm,
        names=_words("warm warmer"),
        beside=_words("light lighting lit colours colors tones tone mood atmosphere"),
    ),
    "cold": Claim(
        judge=claims.cold,
        names=_words("cold colder cool cooler"),
        beside=_words("light lighting lit colours colors tones tone mood atmosphere"),
    ),
    "night": Claim(
        judge=claims.night,
        names=_words("night nighttime toodark"),
        beside=_words("dark sky"),
    ),
    "daylight": Claim(
        judge=claims.daylight,
        names=_words("daylight daytime day bright"),
        beside=_words("light lit enough bright"),
    ),
    "brighter": Claim(judge=claims.brighter, names=_words("brighter lighter"), beside=_words("light")),
    "darker": Claim(judge=claims.darker, names=_words("darker dimmer"), beside=_words("light")),
    "colourful": Claim(
        judge=claims.colourful,
        names=_words("saturated colourful colorful vivid"),
        beside=_words("more colours colors"),
    ),
    "monochrome": Claim(
        judge=claims.monochrome,
        names=_words("monochrome greyscale grayscale colourless"),
        beside=_words("colour"),
    ),
    "drawn": Claim(
        judge=claims.drawn,
        only_absence=True,
        names=_words("painting drawing sketch painted drawn"),
        beside=_words("painting drawing sketch painted drawn pencil oil"),
    ),
    "sharp": Claim(
        judge=claims.sharp,
        names=_words("sharp crisp detailed"),
        beside=_words("fine detail details edges focus textures texture enough"),
    ),
    "structure": Claim(
        judge=claims.structure,
        names=_words("same unchanged kept intact preserved identical recognisable recognizable"),
        needs=_words("place position positions shape shapes structure composition layout outline outlines"),
        beside=_words(
            """
            place position positions shape shapes structure composition layout outline outlines same unchanged
            kept intact preserved identical building buildings tree trees house houses roof roofs wall walls
            tower towers hill hills mountain mountains landscape architecture horizon objects things
            everything stand standing
            """
        ),
    ),
    "vignette": Claim(
        judge=claims.vignette,
        names=_words("vignette corners"),
        beside=_words("dark darker darkened"),
    ),
}


def understand(question: str) -> Understood | None:
    """The claim that a yes/no question asks about; None when any word of meaning is not understood."""
    words = _tokens(question)
    if not words or words[0].endswith("n't"):  # "Isn't it night?": yes may mean either
        return None
    if any(word in _SEVERAL for word in words) and not _is_choice_of_synonyms(words):
        return None
    if _negates_from_behind(words):
        return None
    turned = sum(word in _NEGATIONS or word in _OPPOSITES for word in words)
    content = _content(words)
    for claim in CLAIMS.values():
        if _fits(claim, content):
            return Understood(claim=claim, negated=turned % 2 == 1)
    return None


def _tokens(question: str) -> list[str]:
    text = re.sub(r"[^a-z' ]+", " ", question.lower().replace("-", " "))
    text = _COMPARED.sub(" ", f" {' '.join(text.split())} ")
    for phrase, word in _PHRASES.items():
        text = text.replace(f" {phrase} ", f" {word} ")
    return text.split()


def _content(words: list[str]) -> list[str]:
    kept = [word for word in words if word not in _EMPTY | _NEGATIONS | _SEVERAL]
    return [_OPPOSITES.get(word, word) for word in kept]


def _negates_from_behind(words: list[str]) -> bool:
    """ "Is it winter without snow?": the claim stands before what is denied, so it is not the one denied."""
    at = next((at for at, word in enumerate(words) if word in _OF_WHAT_FOLLOWS), 0)
    return not set(_content(words[:at])) <= _PLACES


def _fits(claim: Claim, content: list[str]) -> bool:
    said = set(content)
    allowed = claim.names | claim.beside | claim.needs
    return bool(said & claim.names) and said <= allowed and (not claim.needs or bool(said & claim.needs))


def _is_choice_of_synonyms(words: list[str]) -> bool:
    """ "mist or fog", "a painting or a drawing": one claim in two words, when "or" is the only such word."""
    content = _content(words)
    only_or = {word for word in words if word in _SEVERAL} == {"or"}
    return only_or and any(len(set(content) & c.names) > 1 and _fits(c, content) for c in CLAIMS.values())
