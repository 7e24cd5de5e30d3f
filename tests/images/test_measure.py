"""The metrics of `measure:` on pictures whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.images import edits
from tests.images.photographs import photograph

from iterativectl.config.metrics import METRICS, REGIONS
from iterativectl.images import measure

ALWAYS = {name for name, metric in METRICS.items() if metric.always}


def plain(colour, width=20, height=10):
    return np.full((height, width, 3), colour, np.uint8)


def halves(left, right):
    return np.hstack([plain(left, 10), plain(right, 10)])


CASES = [
    (measure.brightness, plain(0), 0),
    (measure.brightness, plain(255), 1),
    (measure.brightness, plain((255, 0, 0)), 0.298),
    (measure.brightness, halves(0, 255), 0.5),
    (measure.contrast, plain(77), 0),
    (measure.contrast, halves(0, 255), 0.5),
    (measure.saturation, plain(77), 0),
    (measure.saturation, plain((255, 0, 0)), 1),
    (measure.saturation, halves((255, 0, 0), 255), 0.5),
    (measure.sharpness, plain(77), 0),
    (measure.size, plain(0, 2000, 1500), 3.0),
    (measure.width, plain(0, 20, 10), 20),
    (measure.height, plain(0, 20, 10), 10),
    (measure.aspect, plain(0, 16, 9), 1.778),
]


@pytest.mark.parametrize(("metric", "pixels", "value"), CASES)
def test_known_values(metric, pixels, value):
    assert metric(pixels) == pytest.approx(value, abs=0.001)


def test_regions_are_measured_on_their_own():
    picture, mask = halves(0, 255), np.hstack([np.ones((10, 10), bool), np.zeros((10, 10), bool)])
    values = measure.measurements(picture, picture, mask)
    assert values["brightness", "inside_mask"] == 0
    assert values["brightness", "outside_mask"] == 1
    assert values["brightness", "whole"] == pytest.approx(0.5)
    assert values["size", "inside_mask"] == 0.0001
    assert values["similarity", "whole"] == 1
    assert {metric for metric, _ in values} == ALWAYS
    assert {region for _, region in values} == set(REGIONS)
    assert not {key for key in values if METRICS[key[0]].whole_only and key[1] != "whole"}


def test_without_a_mask_there_is_only_the_whole():
    values = measure.measurements(plain(3), plain(3))
    assert sorted(values) == sorted((metric, "whole") for metric in ALWAYS)


def test_a_full_mask_has_no_outside():
    values = measure.measurements(plain(3), plain(3), np.ones((10, 20), bool))
    assert not [key for key in values if key[1] == "outside_mask"]


def test_edits_move_the_metric_they_are_about():
    original = photograph("pagoda")
    assert measure.brightness(edits.darker(original)) < 0.5 * measure.brightness(original)
    assert measure.saturation(edits.monochrome(original)) == 0
    assert measure.contrast(edits.veil(original)) < 0.8 * measure.contrast(original)
    assert measure.sharpness(edits.blur(original)) < 0.3 * measure.sharpness(original)


def test_sharpness_does_not_depend_on_size_above_512():
    import cv2

    original = photograph("pagoda")
    larger = cv2.resize(original, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert measure.sharpness(larger) == pytest.approx(measure.sharpness(original), rel=0.1)
