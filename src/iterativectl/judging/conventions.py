"""How families of vision models write boxes, as data; a further family is one more entry. Pure.

Facts: Qwen2.5-VL gives pixels of the picture as its processor has resized it; Qwen2-VL, Qwen3-VL and later
give thousandths (QwenLM/Qwen3-VL issues 721, 866 and 1486); Gemini gives thousandths, y first. Qwen's
processor rounds both sides to multiples of 28 (32 for Qwen3-VL) and keeps the area below a limit, which is
1280 x 28 x 28 pixels in Ollama and in several hosted services: a picture that we scale so is not scaled
again, and its pixels are ours. Which convention holds is decided by the family, not guessed from the figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from iterativectl.images.regions import Box, Size, box_of
from iterativectl.images.sized import fitted

THOUSAND = 1000
BEYOND = 0.05  # of a side: how far a box may leave the picture before it is not of this scale
LEAST, MOST = 0.0005, 0.95  # share of the picture; a box outside these says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One convention. `models` is searched in a model's name, without case.

    `key` is the family's own name for a box. `order` says which coordinate comes first. `pixels`: of the
    picture as sent, whose sides are multiples of `multiple`; otherwise thousandths of its sides.
    """

    name: str
    models: str
    key: str
    order: Literal["x", "y"] = "x"
    pixels: bool = False
    multiple: int = 1
    most_pixels: int | None = None


_QWEN_AREA = 1280 * 28 * 28
OTHERS = Family(name="thousandths", models="", key="box")
FAMILIES: Sequence[Family] = (
    Family(
        name="qwen2.5-vl",
        models=r"qwen[-_ ]?2[._-]?5[-_ ]?(?:vl|omni)",
        key="bbox_2d",
        pixels=True,
        multiple=28,
        most_pixels=_QWEN_AREA,
    ),
    Family(
        name="qwen2-vl", models=r"qwen[-_ ]?2[-_ ]?vl", key="bbox_2d", multiple=28, most_pixels=_QWEN_AREA
    ),
    Family(name="qwen3-vl", models=r"qwen[-_ ]?3", key="bbox_2d", multiple=32),
    Family(name="gemini", models=r"gemini|gemma", key="box_2d", order="y"),
    OTHERS,
)
BY_NAME: Mapping[str, Family] = {family.name: family for family in FAMILIES}


def family_of(model: str) -> Family:
    """The family of a model by its name; OTHERS for one that is not known."""
    return next((f for f in FAMILIES if f.models and re.search(f.models, model, re.IGNORECASE)), OTHERS)


def sent_size(size: Size, family: Family, longest: int) -> Size:
    """How large a picture of `size` is sent, at most `longest` pixels on a side."""
    return fitted(size, multiple=family.multiple, longest=longest, most_pixels=family.most_pixels)


def in_words(family: Family, sent: Size) -> str:
    """The convention, for the prompt."""
    corners = _corners(family)
    if family.pixels:
        scale = f"in whole pixels. The picture is {sent[0]} wide and {sent[1]} high"
    else:
        scale = (
            "in whole numbers from 0 to 1000: thousandths of the picture's width for x, of its height for y"
        )
    return f'Write each box as "{family.key}": [{corners}], {scale}. The top left corner is 0, 0.'


def schema(family: Family) -> dict[str, Any]:
    """The reply's JSON Schema. Only the keywords that every strict mode takes."""
    numbers = {"type": "array", "items": {"type": "number"}}
    record = _object({"label": {"type": "string"}, family.key: numbers})
    return _object({"seen": {"type": "string"}, "boxes": {"type": "array", "items": record}})


def sketch(family: Family) -> str:
    """The reply's shape as a small model understands it best."""
    record = f'{{"label": "...", "{family.key}": [{_corners(family)}]}}'
    return f'{{\n  "seen": "...",\n  "boxes": [{record}, ...]\n}}'


def placed(numbers: Sequence[float], family: Family, sent: Size, size: Size) -> Box | str:
    """Four figures of a reply as a box in a picture of `size`; or why they are none, in words.

    Swapped corners are sorted, and what leaves the picture a little is cut off. Fractions of 1 are taken as
    such: in thousandths and in pixels alike they would be nothing.
    """
    left, top, right, bottom = _unit(numbers, family, sent)
    if not all(-BEYOND <= value <= 1 + BEYOND for value in (left, top, right, bottom)):
        asked = "pixels of the picture" if family.pixels else "thousandths"
        return f"{_said(numbers)} is outside the picture: these are no {asked}, as was asked for"
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    width, height = size
    box = box_of(left * width, top * height, (right - left) * width, (bottom - top) * height).within(size)
    share = (min(right, 1) - max(left, 0)) * (min(bottom, 1) - max(top, 0))
    if share < LEAST or box.area == 0:
        return f"{_said(numbers)} is next to nothing"
    return f"{_said(numbers)} is the whole picture" if share > MOST else box


def _unit(numbers: Sequence[float], family: Family, sent: Size) -> tuple[float, float, float, float]:
    """left, top, right, bottom as shares of the sides."""
    first, second, third, fourth = numbers
    if family.order == "y":
        first, second, third, fourth = second, first, fourth, third
    fractions = all(0 <= n <= 1 for n in numbers) and any(n != int(n) for n in numbers)
    across, down = (1, 1) if fractions else sent if family.pixels else (THOUSAND, THOUSAND)
    return first / across, second / down, third / across, fourth / down


def _corners(family: Family) -> str:
    return "ymin, xmin, ymax, xmax" if family.order == "y" else "x1, y1, x2, y2"


def _said(numbers: Sequence[float]) -> str:
    return f"[{', '.join(f'{number:g}' for number in numbers)}]"


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
