"""Outlines on drawn pictures whose truth is known, and on photographs; the overlay that shows a mask."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.images.photographs import photograph

from iterativectl.images import regions
from iterativectl.images.masks import region
from iterativectl.images.normalise import Pixels
from iterativectl.images.overlay import DRAWN, FEATHER, GROWN, Shown, overlay
from iterativectl.images.refine import Outline, refine
from iterativectl.images.regions import Box, Inside

SIZE = (480, 360)


def alike(one: Inside, other: Inside) -> float:
    """Common area by joint area."""
    return float((one & other).sum() / (one | other).sum())


def ellipse() -> Inside:
    canvas = np.zeros(SIZE[::-1], np.uint8)
    cv2.ellipse(canvas, (240, 180), (90, 120), 20, 0, 360, 1, -1)
    return canvas > 0


def bottle() -> Inside:
    canvas = np.zeros(SIZE[::-1], np.uint8)
    cv2.rectangle(canvas, (190, 140), (290, 320), 1, -1)
    cv2.rectangle(canvas, (222, 50), (258, 140), 1, -1)
    return canvas > 0


def ring() -> Inside:
    canvas = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(canvas, (240, 180), 120, 1, -1)
    cv2.circle(canvas, (240, 180), 60, 0, -1)
    return canvas > 0


def star() -> Inside:
    angles = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2, 60, 140)
    corners = [(240 + r * np.sin(a), 180 - r * np.cos(a)) for r, a in zip(reach, angles, strict=True)]
    return regions.polygon(SIZE, corners)


def painted(shape: Inside, seed: int = 0, noise: float = 12.0) -> Pixels:
    """A textured thing in front of another texture, blurred and noisy as a photograph."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    ground = np.dstack(
        [110 + 40 * np.sin(x / 37), 130 + 30 * np.cos(y / 23), 100 + 20 * np.sin((x + y) / 51)]
    )
    thing = np.dstack([170 + 30 * np.sin(y / 9), 60 + 20 * np.cos(x / 11), 50 + 15 * np.sin((x - y) / 13)])
    mixed = np.where(shape[..., None], thing, ground)
    mixed = cv2.GaussianBlur(mixed, (0, 0), 1.0) + rng.normal(0, noise, mixed.shape)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def loose_box(shape: Inside, by: float) -> Box:
    """The thing's box as a model gives it: off by a share of its sides."""
    box = regions.extent(shape)
    assert box is not None
    return box.widened(by)


@pytest.mark.parametrize("by", [0.0, 0.06, 0.15, -0.02])
@pytest.mark.parametrize("shape", [ellipse, bottle, star, ring], ids=lambda shape: shape.__name__)
def test_the_outline_is_the_things(shape: Callable[[], Inside], by: float) -> None:
    truth = shape()
    box = loose_box(truth, by)
    (outline,) = refine(painted(truth), [box])
    assert outline.note == ""
    assert alike(outline.inside, truth) > 0.95
    # The box alone is what it is measured against.
    assert alike(regions.boxes(SIZE, [box]), truth) < 0.85


def test_a_large_picture_has_as_good_an_outline() -> None:
    small = star()
    size = (SIZE[0] * 6, SIZE[1] * 6)
    large = cv2.resize(painted(small), size, interpolation=cv2.INTER_CUBIC)
    truth = cv2.resize(small.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    (outline,) = refine(large, [loose_box(truth, 0.05)])
    assert alike(outline.inside, truth) > 0.96


def test_the_same_picture_gives_the_same_outline_whatever_ran_before() -> None:
    picture, box = painted(ellipse()), loose_box(ellipse(), 0.1)
    (first,) = refine(picture, [box])
    cv2.setRNGSeed(99)
    cv2.grabCut(
        picture, np.zeros(SIZE[::-1], np.uint8), (5, 5, 400, 300), np.zeros((1, 65)), np.zeros((1, 65)), 1, 0
    )
    (again,) = refine(picture, [box])
    assert (first.inside == again.inside).all()


def test_two_things_in_two_boxes() -> None:
    canvas = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(canvas, (120, 180), 70, 1, -1)
    cv2.circle(canvas, (300, 180), 80, 1, -1)
    truth = canvas > 0
    boxes = [regions.box_of(45, 105, 150, 150), regions.box_of(215, 95, 170, 170)]
    outlines = refine(painted(truth), boxes)
    together = outlines[0].inside | outlines[1].inside
    assert alike(together, truth) > 0.95
    assert not (outlines[0].inside & regions.boxes(SIZE, [boxes[1]])).any()


def stands(outline: Outline, box: Box, size: tuple[int, int], why: str) -> None:
    assert why in outline.note
    assert (outline.inside == regions.boxes(size, [box])).all()


def test_where_nothing_can_be_told_the_box_stands() -> None:
    plain = np.full((*SIZE[::-1], 3), 128, np.uint8)
    box = Box(left=100, top=100, right=300, bottom=250)
    stands(refine(plain, [box])[0], box, SIZE, "the box itself was taken")
    stands(
        refine(plain, [Box(left=3, top=3, right=8, bottom=9)])[0],
        Box(left=3, top=3, right=8, bottom=9),
        SIZE,
        "too small",
    )
    everything = Box(left=0, top=0, right=SIZE[0], bottom=SIZE[1])
    stands(refine(painted(ellipse()), [everything])[0], everything, SIZE, "no background")


def test_a_thing_that_fills_its_box_is_its_box() -> None:
    truth = regions.boxes(SIZE, [box := Box(left=120, top=80, right=360, bottom=280)])
    stands(refine(painted(truth), [box])[0], box, SIZE, "it fills its box")


def test_outlines_on_photographs() -> None:
    """By hand: points of the thing are in, points of sky and trees are out."""
    picture = photograph("pagoda")
    height, width = picture.shape[:2]
    (outline,) = refine(picture, [regions.box_of(0.1 * width, 0.05 * height, 0.5 * width, 0.87 * height)])
    assert outline.note == ""
    for x, y in ((0.32, 0.25), (0.3, 0.42), (0.3, 0.57), (0.3, 0.7), (0.45, 0.86)):
        assert outline.inside[round(y * height), round(x * width)], (x, y)
    for x, y in ((0.12, 0.1), (0.55, 0.2), (0.58, 0.5), (0.95, 0.6), (0.5, 0.05)):
        assert not outline.inside[round(y * height), round(x * width)], (x, y)


def shown(grow: int, feather: int) -> tuple[Pixels, Shown]:
    drawn = ellipse()
    grown = region(drawn, grow=grow, feather=feather)
    return painted(drawn), Shown(drawn=drawn, grown=grown.inside, weights=grown.weights, title="a mask")


def has(picture: Pixels, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(picture.astype(int) - colour).max(axis=2) < 12).sum() > 20)


@pytest.mark.parametrize(("grow", "feather"), [(0, 0), (0, 20), (12, 0), (12, 20), (-10, 20)])
def test_the_overlay_draws_what_there_is(grow: int, feather: int) -> None:
    picture = overlay(*shown(grow, feather), longest=2 * SIZE[0])
    above = picture[: 2 * SIZE[1]]
    assert has(above, DRAWN)
    assert has(above, GROWN) == (grow != 0)
    assert has(above, FEATHER) == (feather > 0)


def test_outside_the_overlay_is_dark_and_inside_it_is_not() -> None:
    pixels, what = shown(0, 30)
    picture = overlay(pixels, what)
    scale = picture.shape[1] // SIZE[0]
    inside, outside = picture[180 * scale, 240 * scale].mean(), picture[20 * scale, 20 * scale].mean()
    assert abs(inside - pixels[180, 240].mean()) < 40
    assert outside < 0.5 * pixels[15:25, 15:25].mean()


def test_a_large_picture_is_shown_smaller_and_a_small_one_larger() -> None:
    for size, longest in (((3000, 400), 1600), ((96, 64), 1536), ((1200, 300), 1200)):
        inside = regions.boxes(size, [Box(left=10, top=10, right=40, bottom=40)])
        what = Shown(drawn=inside, grown=inside, weights=inside.astype(np.float32))
        assert overlay(np.zeros((size[1], size[0], 3), np.uint8), what).shape[1] == longest


def test_a_tall_narrow_picture_keeps_its_legend_in_its_width() -> None:
    size = (300, 2000)
    inside = regions.boxes(size, [Box(left=10, top=10, right=40, bottom=400)])
    grown = region(inside, grow=4, feather=9)
    what = Shown(drawn=inside, grown=grown.inside, weights=grown.weights, title="a mask with a name: 1.0 %")
    picture = overlay(np.zeros((2000, 300, 3), np.uint8), what)
    assert picture.shape[1] == 240 and picture.shape[0] > 1600 + 100
