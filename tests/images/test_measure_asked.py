"""What criteria ask for: boxes, borders, masks, changes against the original; and no more than that."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.images import edits
from tests.images.photographs import photograph

from iterativectl.config.metrics import METRICS, in_words
from iterativectl.config.types import Measure
from iterativectl.images.measure import Subjects, asked_for, measurements, part_of
from iterativectl.measuring import face_model

BOX = (25.0, 50.0, 50.0, 25.0)
WHOLE = {"width", "height", "aspect"}


def never():
    raise AssertionError("nobody asked for this")


def quarters(width=80, height=40):
    """Black | white over mid grey | black."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, width // 2 :] = 255
    picture[height // 2 :, : width // 2] = 128
    return picture


def asked(measure, result, original=None, mask=None, known=None):
    subjects = Subjects(
        original=never if original is None else lambda: original,
        result=result,
        face_model=face_model if measure.metric == "faces" else never,
        mask=mask,
    )
    return asked_for([measure], subjects, known or {})


def value(measure, result, original=None, mask=None):
    return asked(measure, result, original, mask)[measure.key]


@pytest.mark.parametrize(
    ("box", "brightness"),
    [
        ((0, 0, 50, 50), 0),
        ((50, 0, 50, 50), 1),
        ((0, 50, 50, 50), 128 / 255),
        ((50, 50, 50, 50), 0),
        ((25, 0, 50, 50), 0.5),
        ((0, 0, 100, 100), (0 + 1 + 128 / 255 + 0) / 4),
        ((99.99, 0, 0.01, 0.01), 1),  # at least a pixel
    ],
)
def test_a_box_is_measured_by_itself(box, brightness):
    measure = Measure(metric="brightness", region="box", box=box, min=0)
    assert value(measure, quarters()) == pytest.approx(brightness, abs=1e-3)


@pytest.mark.parametrize("size", [(80, 40), (1600, 800), (40, 40), (333, 777)])
def test_a_box_is_the_same_part_of_any_size(size):
    measure = Measure(metric="brightness", region="box", box=(50, 0, 50, 50), min=0)
    assert value(measure, quarters(*size)) == pytest.approx(1, abs=0.01)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data(), width=st.integers(1, 60), height=st.integers(1, 60))
def test_no_box_leaves_the_picture_or_is_empty(data, width, height):
    x, y = (data.draw(st.floats(0, 99.9)) for _ in range(2))
    across, down = (data.draw(st.floats(0.01, 100 - start)) for start in (x, y))
    picture = np.zeros((height, width, 3), np.uint8)
    cut, mask = part_of(picture, Measure(metric="size", region="box", box=(x, y, across, down)), None)
    assert mask is None and 1 <= cut.shape[0] <= height and 1 <= cut.shape[1] <= width
    assert abs(cut.shape[1] - across * width / 100) <= 1 and abs(cut.shape[0] - down * height / 100) <= 1


def test_a_border_is_a_frame_of_the_shorter_side():
    picture = np.full((100, 200, 3), 255, np.uint8)
    picture[10:-10, 10:-10] = 0
    border = Measure(metric="brightness", region="border", border=10)
    assert value(border, picture) == 1
    wider = Measure(metric="brightness", region="border", border=20)
    assert value(wider, picture) == pytest.approx((200 * 100 - 180 * 80) / (200 * 100 - 160 * 60), abs=1e-3)
    assert asked(wider, picture).keys() == {("brightness", "border 20")}


def test_a_border_of_half_is_everything():
    picture = quarters()
    assert value(Measure(metric="brightness", region="border", border=50), picture) == pytest.approx(
        value(Measure(metric="brightness"), picture)
    )


@pytest.mark.parametrize("metric", sorted(set(METRICS) - WHOLE))
@pytest.mark.parametrize(
    "region",
    [
        {"region": "box", "box": BOX},
        {"region": "border", "border": 12.0},
        {"region": "inside_mask"},
        {"region": "outside_mask"},
    ],
    ids=lambda region: region["region"],
)
def test_every_metric_has_a_value_within_its_range_everywhere(metric, region):
    picture = photograph("pagoda")
    mask = np.zeros(picture.shape[:2], bool)
    mask[100:300, 100:400] = True
    colors = ("#336699",) if metric == "palette" else ()
    found = value(Measure(metric=metric, colors=colors, **region), picture, edits.mild(picture), mask)
    known = METRICS[metric]
    assert (known.low is None or found >= known.low) and (known.high is None or found <= known.high)


@pytest.mark.parametrize("metric", ["similarity", "brightness"])
def test_where_the_region_holds_nothing_there_is_no_value(metric):
    picture = photograph("pagoda")
    inside = Measure(metric=metric, region="inside_mask")
    assert asked(inside, picture, picture) == {}
    full = np.ones(picture.shape[:2], bool)
    assert asked(Measure(metric=metric, region="outside_mask"), picture, picture, full) == {}


def test_a_box_finds_an_edit_that_the_whole_picture_hardly_shows():
    original = photograph("chenonceau")
    height, width = original.shape[:2]
    result = original.copy()
    result[height // 2 : height // 2 + height // 8, width // 2 : width // 2 + width // 8] = (200, 20, 20)
    here = Measure(metric="similarity", region="box", box=(50, 50, 12.5, 12.5))
    there = Measure(metric="similarity", region="box", box=(5, 5, 12.5, 12.5))
    assert value(Measure(metric="similarity"), result, original) > 0.9
    assert value(here, result, original) < 0.3
    assert value(there, result, original) == 1


def test_similarity_of_a_box_does_not_mind_another_size():
    original = photograph("chenonceau")
    result = cv2.resize(original, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    here = Measure(metric="similarity", region="box", box=BOX)
    assert value(here, result, original) > 0.95


# --- against the original


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"similarity"}))
def test_a_change_is_the_difference_of_the_two_values(metric):
    original = photograph("aitzgorri")
    result = edits.darker(original)[:300, :500]
    colors = ("#336699",) if metric == "palette" else ()
    change = Measure(metric=metric, colors=colors, relative=True)
    plain = Measure(metric=metric, colors=colors)
    found = asked(change, result, original)
    assert found[change.key] == pytest.approx(value(plain, result) - value(plain, original), abs=2e-6)
    assert found[plain.key] == value(plain, result), "its own value is recorded as well"


def test_nothing_changes_against_itself():
    picture = photograph("pagoda")
    for metric in sorted(set(METRICS) - {"similarity", "palette"}):
        assert value(Measure(metric=metric, relative=True), picture, picture) == 0


def test_a_change_in_a_box_is_of_the_same_box():
    original, result = quarters(), quarters(160, 160)
    result[:, :80] = 255
    left = Measure(metric="brightness", region="box", box=(0, 0, 50, 50), relative=True)
    assert value(left, result, original) == 1
    right = Measure(metric="brightness", region="box", box=(50, 0, 50, 50), relative=True)
    assert value(right, result, original) == 0


def test_a_mask_is_stretched_over_an_original_of_another_size():
    original, result = quarters(160, 80), quarters()
    mask = np.zeros(result.shape[:2], bool)
    mask[:20, 40:] = True
    assert (
        value(Measure(metric="brightness", region="inside_mask", relative=True), result, original, mask) == 0
    )


# --- nothing that nobody asked for


def test_what_was_measured_already_is_not_measured_again():
    picture = quarters()
    known = {("brightness", "whole"): 0.123}
    assert asked(Measure(metric="brightness"), picture, known=known) == {}
    change = asked(Measure(metric="brightness", relative=True), picture, picture, known=known)
    assert list(change) == [("brightness change", "whole")]


def test_letters_and_faces_are_looked_for_only_when_asked():
    picture = photograph("pagoda")
    recorded = {metric for metric, _ in measurements(picture, picture)}
    assert recorded == {name for name, metric in METRICS.items() if metric.always}
    assert not recorded & {"text", "faces", "palette"}


def test_the_original_is_read_only_for_what_needs_it():
    """`never` would raise: so it does where it is needed."""
    assert asked(Measure(metric="warmth", region="border", border=5), quarters())
    with pytest.raises(AssertionError, match="nobody asked"):
        asked(Measure(metric="warmth", relative=True), quarters())
    with pytest.raises(AssertionError, match="nobody asked"):
        asked(Measure(metric="similarity", region="box", box=BOX), quarters())


# --- keys and words


@pytest.mark.parametrize(
    ("measure", "key"),
    [
        (Measure(metric="brightness"), ("brightness", "whole")),
        (Measure(metric="brightness", region="inside_mask"), ("brightness", "inside_mask")),
        (Measure(metric="faces", region="box", box=(0, 12.5, 50, 60)), ("faces", "box 0 12.5 50 60")),
        (Measure(metric="text", region="border", border=8), ("text", "border 8")),
        (Measure(metric="size", relative=True), ("size change", "whole")),
        (Measure(metric="palette", colors=("#aabbcc", "#000000")), ("palette #aabbcc #000000", "whole")),
    ],
)
def test_keys(measure, key):
    assert measure.key == key


@pytest.mark.parametrize(
    ("measure", "figure", "before", "words"),
    [
        (
            Measure(metric="brightness", min=0.35, max=0.6),
            0.41234,
            None,
            "brightness is 0.412 (0 black, 1 white), wanted 0.35 to 0.6",
        ),
        (
            Measure(metric="similarity", region="outside_mask", min=0.98),
            0.9,
            None,
            "similarity to the original outside the mask is 0.900 (0 a different picture, 1 identical), "
            "wanted at least 0.98",
        ),
        (
            Measure(metric="faces", region="box", box=(0, 0, 50, 62.5), min=1, max=1),
            2.0,
            None,
            "number of faces in the box 0%,0%,50%,62.5% is 2, wanted exactly 1",
        ),
        (
            Measure(metric="text", region="border", border=8, max=0),
            0.0213,
            None,
            "share covered by letters in a border of 8% is 0.021 (0 none, 1 all of it), wanted at most 0",
        ),
        (
            Measure(metric="palette", colors=("#112233",), max=12),
            31.26,
            None,
            "distance to the palette is 31.3 delta E (0 only its colours), wanted at most 12 delta E",
        ),
        (Measure(metric="width", min=1024), 768.0, None, "width is 768 px, wanted at least 1024 px"),
        (
            Measure(metric="brightness", relative=True, min=-0.1, max=0.1),
            -0.152,
            0.564,
            "brightness is 0.412, 0.152 less than the original's 0.564 (0 black, 1 white), "
            "wanted a change of -0.1 to +0.1",
        ),
        (
            Measure(metric="warmth", region="inside_mask", relative=True, min=8),
            11.04,
            -2.0,
            "warmth inside the mask is 9.0, 11.0 more than the original's -2.0 "
            "(below 0 bluish, above 0 yellowish), wanted a change of at least +8",
        ),
        (
            Measure(metric="faces", relative=True, min=0, max=0),
            0.0,
            2.0,
            "number of faces is 2, as the original's 2, wanted no change",
        ),
    ],
)
def test_words(measure, figure, before, words):
    assert in_words(measure, figure, before) == words


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_said(metric):
    said = in_words(Measure(metric=metric, min=0.5), 0.25)
    assert METRICS[metric].called in said and "wanted at least 0.5" in said
