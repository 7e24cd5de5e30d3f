"""Asking a vision model where something is. What it says is believed only where it can be read for certain.

Every model is asked in the convention of its own family (judging.conventions), with the picture at a size
for which that convention is known. The next model is asked only when one cannot be: a model that says that it
does not see the thing has answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from iterativectl.config.types import PromptTemplates
from iterativectl.errors import JudgeError, JudgeUnavailable
from iterativectl.images.normalise import Pixels
from iterativectl.images.regions import Box, Size
from iterativectl.images.sized import to_size
from iterativectl.judging import conventions
from iterativectl.judging.boxes import Reading, read_boxes
from iterativectl.judging.conventions import Family
from iterativectl.model import Call
from iterativectl.ports import Reply, VisionRequest

TEMPLATE = "locate_region"
LABEL = "the picture"  # how the picture is called in the request
ASKED_AGAIN = 1  # what cannot be read is asked once more
SAME_BOX = 0.85  # common area by joint area, from which two boxes are one thing named twice
QUOTED = 240  # characters of a reply in an error
CURE = "Say it in other words, or draw it: --box, --polygon, --color-range, --at or --file."
_SMALL_WORDS = frozenset(
    ["the", "a", "an", "of", "in", "on", "at", "and", "or", "with", "to", "his", "her", "its", "their"]
    + ["all", "both", "left", "right"]
)


class NotLocated(JudgeError):
    """A model answered, and there is no place in what it said."""

    code = "not_located"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One place: a box in the picture's own pixels, and what the model calls it ("": it says nothing)."""

    box: Box
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where something is. `by` is PROVIDER/MODEL, `sent` the size at which it was shown the picture.

    `seen` is the model's own sentence; `notes` are sentences for people; `reply` is the text as it came.
    """

    spots: tuple[Spot, ...]
    by: str
    family: str
    sent: Size
    seen: str
    reply: str
    notes: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A model that can be asked, in its family's convention. `name` is PROVIDER/MODEL."""

    name: str
    family: Family
    ask: Callable[[VisionRequest], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Asks the routes in their order. `longest` bounds the side of the picture that is sent, in pixels."""

    routes: Sequence[Route]
    templates: PromptTemplates
    longest: int

    def locate(self, pixels: Pixels, target: str) -> Located:
        """Where `target` is in the picture (height x width x 3, uint8).

        Raises NotLocated when the model does not find it or its reply cannot be read, JudgeUnavailable or
        JudgeError when no model can be asked, LimitReached.
        """
        failures: list[JudgeError] = []
        target = " ".join(target.split())
        for route in self.routes:
            try:
                return self._asked(route, pixels, target)
            except NotLocated:
                raise
            except JudgeError as error:
                failures.append(error)
        raise _given_up(failures)

    def _asked(self, route: Route, pixels: Pixels, target: str) -> Located:
        size = (pixels.shape[1], pixels.shape[0])
        request = self._request(route.family, pixels, target)
        sent = (request.images[0][1].width, request.images[0][1].height)
        calls: list[Call] = []
        for sample in range(1 + ASKED_AGAIN):
            reply = route.ask(replace(request, sample=sample))
            calls += reply.calls
            reading = read_boxes(reply.text, route.family, reply.finish)
            if not reading.entries and not reading.failure:
                raise _not_found(route, target, reading, calls)
            spots, notes = _spots(reading, target, route.family, sent, size)
            if spots:
                return Located(
                    spots=spots,
                    by=f"{reply.provider}/{reply.model}",
                    family=route.family.name,
                    sent=sent,
                    seen=reading.seen,
                    reply=reply.text,
                    notes=notes,
                    calls=tuple(calls),
                )
        raise _unreadable(route, target, reading.failure or "; ".join(notes), reply.text, calls)

    def _request(self, family: Family, pixels: Pixels, target: str) -> VisionRequest:
        sent = conventions.sent_size((pixels.shape[1], pixels.shape[0]), family, self.longest)
        prompt = self.templates.render(
            TEMPLATE,
            target=target,
            convention=conventions.in_words(family, sent),
            schema=conventions.sketch(family),
        )
        return VisionRequest(
            kind="locate_region",
            prompt=prompt,
            images=((LABEL, to_size(pixels, sent)),),
            schema=conventions.schema(family),
            facts={"target": target},
        )


def _spots(
    reading: Reading, target: str, family: Family, sent: Size, size: Size
) -> tuple[tuple[Spot, ...], tuple[str, ...]]:
    """The places in a reply that can be used, and sentences about the others."""
    notes = [f"a box was left out: {why}" for why in reading.left_out]
    spots: list[Spot] = []
    for entry in reading.entries:
        box = conventions.placed(entry.numbers, family, sent, size)
        if isinstance(box, str):
            notes.append(f"a box was left out: {box}")
        elif not any(box.common(other.box) >= SAME_BOX for other in spots):
            spots.append(Spot(box=box, label=entry.label))
    meant = [spot for spot in spots if _shares_a_word(spot.label, target)]
    for other in spots if meant else ():
        if other not in meant and other.label:
            notes.append(f"a box was left out: the model calls it '{other.label}'")
    return tuple(s for s in spots if not meant or s in meant or not s.label), tuple(notes)


def _shares_a_word(label: str, target: str) -> bool:
    return bool(_words(label) & _words(target))


def _words(text: str) -> set[str]:
    """The words that name things, singular and plural alike."""
    found = (word.casefold().removesuffix("s") for word in re.findall(r"\w+", text))
    return {word for word in found if word not in _SMALL_WORDS and len(word) > 1}


def _not_found(route: Route, target: str, reading: Reading, calls: Sequence[Call]) -> NotLocated:
    says = f"; it says: {reading.seen}" if reading.seen else ""
    return _with_calls(NotLocated(f"{route.name} did not find '{target}'{says}", CURE), calls)


def _unreadable(route: Route, target: str, why: str, reply: str, calls: Sequence[Call]) -> NotLocated:
    quoted = " ".join(reply.split())
    quoted = f"{quoted[:QUOTED]} ..." if len(quoted) > QUOTED else quoted
    message = f"{route.name} does not say where '{target}' is: {why}"
    return _with_calls(NotLocated(message + (f"\nIt replied: {quoted}" if quoted else ""), CURE), calls)


def _with_calls(error: NotLocated, calls: Sequence[Call]) -> NotLocated:
    error.calls = tuple(calls)
    return error


def _given_up(failures: Sequence[JudgeError]) -> JudgeError:
    """One error of all: the command can be given again only if every model is merely out of reach."""
    if len(failures) == 1:
        return failures[0]
    gone = all(isinstance(failure, JudgeUnavailable) for failure in failures)
    error = (JudgeUnavailable if gone else JudgeError)(
        "; the fallback failed too: ".join(failure.message for failure in failures),
        " Or: ".join(dict.fromkeys(failure.hint for failure in failures if failure.hint)),
    )
    error.calls = tuple(call for failure in failures for call in failure.calls)
    return error
