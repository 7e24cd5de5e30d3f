"""What people write for a place in a picture: pixels, shares, boxes, corners, colours. Raises UsageError."""

from __future__ import annotations

import re

from iterativectl.errors import UsageError
from iterativectl.images import colours
from iterativectl.images.normalise import Colour, Pixels
from iterativectl.images.regions import Box, Inside, Point, Size, box_of

_NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(%|px)?")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_PIXELS = "Pixels of the upright picture, or shares such as 10%."


def box(text: str, size: Size) -> Box:
    """`x,y,w,h` in a picture of `size` (width, height), cut off at its edge."""
    numbers = _numbers(text, size, "--box")
    if len(numbers) != 4 or numbers[2] <= 0 or numbers[3] <= 0:
        cure = f"Left, top, width and height, both above 0: --box X,Y,W,H. {_PIXELS}"
        raise UsageError(f"--box {text} is no box", cure)
    x, y, width, height = numbers
    drawn = box_of(x, y, width, height).within(size)
    if drawn.area == 0:
        raise UsageError(f"--box {text} holds no pixel of the picture", _picture(size))
    return drawn


def corners(text: str, size: Size) -> list[Point]:
    """`x1,y1,x2,y2,...`: at least three corners of a polygon."""
    numbers = _numbers(text, size, "--polygon")
    if len(numbers) % 2 or len(numbers) < 6:
        cure = f"At least three pairs: --polygon X1,Y1,X2,Y2,X3,Y3. {_PIXELS}"
        raise UsageError(f"--polygon {text} has {len(numbers)} numbers, which make no corners", cure)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def point(text: str, size: Size) -> tuple[int, int]:
    """`x,y`: a pixel of the picture; 100% is the last one."""
    numbers = _numbers(text, size, "--at")
    if len(numbers) != 2:
        raise UsageError(f"--at {text} is no point", f"Two numbers: --at X,Y. {_PIXELS}")
    x, y = (int(n) - (n == side) for n, side in zip(numbers, size, strict=True))
    if not (0 <= x < size[0] and 0 <= y < size[1]):
        raise UsageError(f"--at {text} is outside the picture", _picture(size))
    return x, y


def by_colour(text: str, pixels: Pixels, tolerance: float | None) -> Inside:
    """A name ("blue"), "#hex" with a tolerance in delta E, or "#hex..#hex": every channel between the two."""
    low, dots, high = (part.strip() for part in text.partition(".."))
    if dots:
        _without_tolerance(tolerance, text)
        return colours.between(pixels, _hex(low, text), _hex(high, text))
    if text.strip().startswith("#"):
        return colours.near(pixels, _hex(low, text), colours.TOLERANCE if tolerance is None else tolerance)
    name = colours.ALSO.get(low.casefold(), low.casefold())
    if name not in colours.NAMES:
        raise _no_colour(text)
    _without_tolerance(tolerance, text)
    return colours.named(pixels, name)


def _numbers(text: str, size: Size, option: str) -> list[float]:
    """Numbers with commas or blanks between them; shares of the width and the height by turns."""
    numbers = []
    for index, part in enumerate(re.split(r"\s*[,;]\s*|\s+", text.strip())):
        match = _NUMBER.fullmatch(part)
        if match is None:
            raise UsageError(f"{option} {text}: '{part}' is no number", f"{_PIXELS} Commas between them.")
        whole = size[index % 2] / 100 if match[2] == "%" else 1.0
        numbers.append(float(match[1]) * whole)
    return numbers


def _hex(text: str, whole: str) -> Colour:
    if not _HEX.fullmatch(text):
        raise _no_colour(whole)
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _no_colour(text: str) -> UsageError:
    names = ", ".join(colours.NAMES)
    cure = f"A name ({names}), #rrggbb with --tolerance, or #rrggbb..#rrggbb for all between."
    return UsageError(f"--color-range {text} is no colour", cure)


def _without_tolerance(tolerance: float | None, text: str) -> None:
    if tolerance is not None:
        cure = "--tolerance belongs to one colour: --color-range '#rrggbb', or --at X,Y."
        raise UsageError(f"'{text}' is a range already: a tolerance says nothing more", cure)


def _picture(size: Size) -> str:
    return (
        f"The picture is {size[0]} x {size[1]} pixels; x goes to the right, y downwards, from the top left."
    )
