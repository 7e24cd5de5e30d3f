"""From a box around a thing to the thing's own outline: GrabCut on the pixels (Rother et al. 2004). Pure.

A vision model's box is right to a few per cent and holds background in its corners. GrabCut learns the
colours outside the box and inside it and cuts where they part. It is run twice: on the whole surroundings at
a small size, then, where the picture has more pixels, only in a band along the edge that was found.

OpenCV draws GrabCut's first clusters from its own random numbers: they are seeded here, so that the same
picture and box give the same outline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels
from iterativectl.images.regions import Box, Inside, Size, boxes, without_specks

Marks = NDArray[np.uint8]  # cv2.GC_BGD, GC_FGD, GC_PR_BGD, GC_PR_FGD

WORK = 360  # longest side of the surroundings on the first pass: 0.2 s
FINE = 1000  # and on the second: finer edges than this are left to the feather
AROUND = 0.35  # of the box's side: how much background is learned on each side
LOOSE = 0.04  # of the box's side: how far a box may be too tight
ROUNDS = 5
BAND = 3  # pixels of the first pass on either side of its edge that the second decides anew
LEAST, MOST = 0.05, 0.95  # share of the box; beyond them GrabCut has found nothing, or no edge
PIECE = 0.08  # share of the largest piece below which a piece is a mistake
HOLE = 0.004  # share of the box below which a hole is one
SEED = 20_040_801  # any number does


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What was found for one box. `note` says why the box itself stands (empty: it does not)."""

    box: Box
    inside: Inside
    note: str = ""


def refine(pixels: Pixels, drawn: Sequence[Box]) -> tuple[Outline, ...]:
    """The outline of the thing in each box, at the picture's size. The box itself where none can be told.

    `pixels` is height x width x 3, uint8. What lies in another box is not taken for background.
    """
    height, width = pixels.shape[:2]
    within = [box.within((width, height)) for box in drawn]
    return tuple(_outline(pixels, box, within) for box in within)


def _outline(pixels: Pixels, box: Box, others: Sequence[Box]) -> Outline:
    size = (pixels.shape[1], pixels.shape[0])
    whole = Outline(box=box, inside=boxes(size, [box]))
    around = box.widened(AROUND, least=8).within(size)
    marks = _marks(box, around, [other for other in others if other != box])
    crop = np.ascontiguousarray(pixels[around.top : around.bottom, around.left : around.right, ::-1])
    if box.width < 8 or box.height < 8:
        return _kept(whole, "it is too small for an outline")
    if (marks == cv2.GC_BGD).mean() < 0.02:
        return _kept(whole, "there is no background beside it to tell it from")
    extent: Size = (around.width, around.height)
    found = _cut(crop, marks) & boxes(extent, [_moved(box.widened(LOOSE, least=1), around)])
    found = _cleaned(found, box.area)
    part = boxes(extent, [_moved(box, around)])
    covered = float((found & part).sum()) / box.area
    if covered < LEAST:
        return _kept(whole, "its colours are those of the background")
    if covered > MOST:
        return _kept(whole, "it fills its box")
    inside = np.zeros((size[1], size[0]), np.bool_)
    inside[around.top : around.bottom, around.left : around.right] = found
    return Outline(box=box, inside=inside)


def _kept(whole: Outline, why: str) -> Outline:
    return Outline(box=whole.box, inside=whole.inside, note=f"the box itself was taken: {why}")


def _moved(box: Box, origin: Box) -> Box:
    """The box in the coordinates of a crop."""
    return Box(
        left=box.left - origin.left,
        top=box.top - origin.top,
        right=box.right - origin.left,
        bottom=box.bottom - origin.top,
    )


def _marks(box: Box, around: Box, others: Sequence[Box]) -> Marks:
    """What is known before: background outside the box, perhaps the thing inside, either just around it."""
    size: Size = (around.width, around.height)
    inner, loose = _moved(box, around), _moved(box.widened(LOOSE, least=1), around)
    marks = np.full((size[1], size[0]), cv2.GC_BGD, np.uint8)
    marks[boxes(size, [loose, *(_moved(other, around) for other in others)])] = cv2.GC_PR_BGD
    marks[boxes(size, [inner])] = cv2.GC_PR_FGD
    return marks


def _cut(crop: Pixels, marks: Marks) -> Inside:
    """GrabCut at WORK, then along the edge at up to FINE, brought to the crop's size."""
    small = _scaled_to(crop.shape, WORK)
    found = _grabbed(_resized(crop, small), _resized_marks(marks, small), ROUNDS)
    if small[0] < crop.shape[1]:
        fine = _scaled_to(crop.shape, FINE)
        again = _along_the_edge(found, _resized_marks(marks, fine), fine, small)
        if again is not None:
            found = _grabbed(_resized(crop, fine), again, 1)
    return _smooth(found, (crop.shape[1], crop.shape[0]))


def _along_the_edge(found: Inside, marks: Marks, fine: Size, small: Size) -> Marks | None:
    """Marks for the second pass: sure away from the edge, open near it. None where only one side is sure."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BAND + 1, 2 * BAND + 1))
    shape = found.astype(np.uint8)
    surely = cv2.erode(shape, kernel, borderType=cv2.BORDER_REPLICATE) > 0
    perhaps = cv2.dilate(shape, kernel) > 0
    again = np.where(_enlarged(found, fine), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    again[_enlarged(surely, fine)] = cv2.GC_FGD
    again[~_enlarged(perhaps, fine) | (marks == cv2.GC_BGD)] = cv2.GC_BGD
    both = (again == cv2.GC_FGD).any() and (again == cv2.GC_BGD).any()
    return again if both else None


def _grabbed(picture: Pixels, marks: Marks, rounds: int) -> Inside:
    if not (marks & 1).any() or (marks & 1).all():  # GC_FGD and GC_PR_FGD are odd: GrabCut wants both sides
        return np.asarray((marks & 1).astype(bool))
    cv2.setRNGSeed(SEED)
    models = np.zeros((2, 1, 65))
    result = marks.copy()
    cv2.grabCut(picture, result, (0, 0, 1, 1), models[0], models[1], rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((result & 1).astype(bool))


def _cleaned(found: Inside, area: int) -> Inside:
    """The largest piece and those that are not much smaller, without small holes."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    if count > 1:
        sizes = stats[:, cv2.CC_STAT_AREA].copy()
        sizes[0] = 0
        found = np.asarray((sizes >= PIECE * sizes.max())[labels]) & (labels > 0)
    return ~without_specks(~found, round(HOLE * area)) if found.any() else found


def _smooth(found: Inside, size: Size) -> Inside:
    """The region at `size` with an edge without stairs."""
    scale = size[0] / found.shape[1]
    large = cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), max(0.8, scale)) > 0.5)


def _enlarged(found: Inside, size: Size) -> Inside:
    return np.asarray(cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5)


def _scaled_to(shape: tuple[int, ...], longest: int) -> Size:
    scale = min(1.0, longest / max(shape[:2]))
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _resized(crop: Pixels, size: Size) -> Pixels:
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)


def _resized_marks(marks: Marks, size: Size) -> Marks:
    return np.asarray(cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST), np.uint8)
