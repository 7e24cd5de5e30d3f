"""What pixels say of a result before any model is asked: what is always recorded, and what criteria want."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from iterativectl import masked, resources
from iterativectl.config.types import Criterion
from iterativectl.images.measure import Subjects, asked_for, measurements
from iterativectl.images.normalise import Pixels
from iterativectl.model import Similarity

FACE_MODEL = "face_detection_yunet_2023mar.onnx"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Original:
    """The picture that results are compared with.

    `compared`: as comparisons take it; `whole`: in its own size, read when a criterion needs it.
    """

    compared: Pixels
    whole: Callable[[], Pixels]


def measure(
    original: Original,
    result: Pixels,
    regions: masked.Regions,
    mask: str | None,
    criteria: Sequence[Criterion],
    before: float | None = None,
) -> tuple[Similarity, Mapping[tuple[str, str], float]]:
    """How alike result and original are, and every value by Measure.key.

    `mask`: the one in play, None for the whole picture. `before`: the similarity outside the mask before the
    original was put back there. What costs more than a few milliseconds is measured only where one of the
    `criteria` asks for it.
    """
    likeness = masked.likeness(original.compared, result, regions, mask, before)
    inside = _sized(regions.of(mask).inside if mask else None, result)
    known = measurements(original.compared, result, inside, alike=likeness)
    wanted = [criterion.measure for criterion in criteria if criterion.measure]
    subjects = Subjects(original=original.whole, result=result, mask=inside, face_model=face_model)
    return likeness, known | asked_for(wanted, subjects, known)


@cache
def face_model() -> bytes:
    """YuNet's ONNX file, which ships with the program."""
    return resources.path("models", FACE_MODEL).read_bytes()


def _sized(mask: masked.Inside | None, result: Pixels) -> masked.Inside | None:
    """The mask at the result's size, where a generator made another one."""
    if mask is None or mask.shape == result.shape[:2]:
        return mask
    size = (result.shape[1], result.shape[0])
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)) > 0
