"""From a prompt to wishes. Pure.

The grammar is what people write for image models: phrases between commas, `(word:1.2)`, `((word))` and
`[word]` for emphasis, and plain negation ("no fog", "without rain", "fog-free").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from iterativectl.generation.embedded import vocabulary as words
from iterativectl.model import Prompts

_EMPHASIS = 1.1  # one pair of brackets, as in most interfaces
_STRONGEST = 1.2  # beyond this every effect only breaks the picture
_FIRM_AT = 14.0  # cfg at which a word that merely suggests an effect is followed like its name
_PUSH = 0.4  # how far a negative word pushes towards its opposite
_PIECE = re.compile(r"\\.|[()\[\]]|:\s*[0-9.]+\s*(?=[)\]])|[^\\()\[\]:]+|:", re.DOTALL)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_END = re.compile(r"[,;.!?\n|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one prompt says: wishes and refusals by effect, weights in [0, 1.2], and the rest."""

    wanted: Mapping[str, float]
    refused: Mapping[str, float]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Both prompts together: effects by weight in (0, 1.2].

    `details` and `shapes` in [0, 1] say how much of what a high denoise spoils was asked to be kept.
    """

    effects: Mapping[str, float]
    details: float
    shapes: float
    unknown: tuple[str, ...]
    unknown_negative: tuple[str, ...]


def read(text: str, cfg: float) -> Reading:
    """Read one prompt. cfg in [1, 20]: how firmly words are followed that only suggest an effect."""
    wanted: dict[str, float] = {}
    refused: dict[str, float] = {}
    unknown = [tag.strip("<>").strip() for tag in _TAG.findall(text)]
    for tokens in _phrases(_TAG.sub(",", text)):
        _read_phrase(tokens, cfg, (wanted, refused), unknown)
    return Reading(wanted=wanted, refused=refused, unknown=tuple(dict.fromkeys(unknown)))


def wishes(prompts: Prompts, cfg: float) -> Wishes:
    """Both prompts against each other: the negative one suppresses, and pushes towards the opposite."""
    positive, negative = read(prompts.positive, cfg), read(prompts.negative, cfg)
    effects = dict(positive.wanted)
    against = {**positive.refused, **negative.wanted}
    for effect, weight in against.items():
        if effect in effects:
            effects[effect] *= max(0.0, 1.0 - weight)
        opposite = words.OPPOSITES.get(effect)
        if opposite:
            effects[opposite] = max(effects.get(opposite, 0.0), _PUSH * weight)
    return Wishes(
        effects={effect: round(weight, 4) for effect, weight in effects.items() if weight > 0.01},
        details=min(1.0, max(positive.wanted.get("crisp", 0.0), against.get("soft", 0.0))),
        shapes=min(1.0, against.get("distortion", 0.0)),
        unknown=positive.unknown,
        unknown_negative=negative.unknown,
    )


def _firm(sureness: float, cfg: float) -> float:
    """What names an effect counts in full; what suggests one counts the more, the higher cfg is."""
    return sureness + (1.0 - sureness) * min(max((cfg - 1.0) / (_FIRM_AT - 1.0), 0.0), 1.0)


def _phrases(text: str) -> Iterator[list[tuple[str, float]]]:
    """The words of each phrase in lower case, each with its emphasis."""
    phrase: list[tuple[str, float]] = []
    for piece, emphasis in _emphasised(text):
        start = 0
        for end in (*_END.finditer(piece), None):
            part = piece[start : end.start()] if end else piece[start:]
            phrase += [(word.lower().removesuffix("'s"), emphasis) for word in _WORD.findall(part)]
            if end:
                yield phrase
                phrase, start = [], end.end()
    yield phrase


def _emphasised(text: str) -> list[tuple[str, float]]:
    """Pieces of text with their emphasis. Unbalanced brackets are taken as they come."""
    pieces: list[tuple[str, float]] = []
    opened: list[tuple[int, str]] = []
    for part in _PIECE.findall(text):
        if part in "([":
            opened.append((len(pieces), part))
        elif part in ")]" and opened:
            first, bracket = opened.pop()
            _scale(pieces, first, _EMPHASIS if bracket == "(" else 1.0 / _EMPHASIS)
        elif part.startswith(":") and len(part) > 1 and opened:
            first, _ = opened[-1]
            _scale(pieces, first, _number(part[1:]) / _EMPHASIS)  # its closing bracket multiplies once more
        else:
            pieces.append((part.lstrip("\\"), 1.0))
    return pieces


def _scale(pieces: list[tuple[str, float]], first: int, factor: float) -> None:
    pieces[first:] = [(text, emphasis * factor) for text, emphasis in pieces[first:]]


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 2.0)
    except ValueError:
        return 1.0


def _read_phrase(
    tokens: list[tuple[str, float]],
    cfg: float,
    kept: tuple[dict[str, float], dict[str, float]],
    unknown: list[str],
) -> None:
    """Fill `kept` (wanted, refused). The longest match counts.

    A negation holds until the phrase ends or turns ("but", "with").
    """
    negated, scale, place = False, 1.0, 0
    while place < len(tokens):
        word, emphasis = tokens[place]
        length, meanings = _match(tokens, place)
        if meanings:
            place += length
            free = place < len(tokens) and tokens[place][0] == words.FREE
            place += free
            for effect, sureness in meanings:
                weight = min(_firm(sureness, cfg) * scale * emphasis, _STRONGEST)
                side = kept[1] if negated or free else kept[0]
                side[effect] = max(side.get(effect, 0.0), weight)
            scale = 1.0
            continue
        place += 1
        negated = (negated or word in words.NEGATIONS) and word not in words.AGAIN_POSITIVE
        scale = words.SCALES.get(word, scale)
        if not _says_nothing(word):
            unknown.append(word)
            scale = 1.0


def _match(tokens: list[tuple[str, float]], place: int) -> tuple[int, tuple[tuple[str, float], ...]]:
    """The longest phrase of the vocabulary that begins here, also in the singular; (0, ()) for none."""
    for length in range(min(words.LONGEST_PHRASE, len(tokens) - place), 0, -1):
        phrase = " ".join(word for word, _ in tokens[place : place + length])
        for form in (phrase, phrase.removesuffix("s"), phrase.removesuffix("es")):
            if form in words.MEANINGS:
                return length, words.MEANINGS[form]
    return 0, ()


def _says_nothing(word: str) -> bool:
    known = word in words.NEGATIONS or word in words.AGAIN_POSITIVE or word in words.SCALES
    return known or word in words.STOP_WORDS or len(word) == 1
