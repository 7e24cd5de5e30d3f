"""Each effect moves a figure of its own in its direction, on each of three photographs.

The figures are computed here, from pixels: nothing of the judge is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import cv2
import numpy as np
import pytest
from tests.embedded_painter.easel import PHOTOS, painted, parameters, photo

from iterativectl.generation.embedded.painting import edits, paint
from iterativectl.model import Prompts

Figure = Callable[[np.ndarray, np.ndarray], float]


def figure(compute: Callable[[np.ndarray], float]) -> Figure:
    """How much a figure of the picture changes."""
    return lambda before, after: compute(after / 255.0) - compute(before / 255.0)


def luma(p: np.ndarray) -> float:
    return float(p.mean())


def saturation(p: np.ndarray) -> float:
    return float((p.max(axis=2) - p.min(axis=2)).mean())


def warmth(p: np.ndarray) -> float:
    return float((p[..., 0] - p[..., 2]).mean())


def detail(p: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(p.mean(axis=2), cv2.CV_64F)).mean())


def orange(p: np.ndarray) -> float:
    """Share of the upper half that is orange or rose."""
    top = p[: p.shape[0] // 2]
    return float(((top[..., 0] > top[..., 2] * 1.25) & (top[..., 0] > 0.5)).mean())


def green(p: np.ndarray) -> float:
    return float((p[..., 1] > 1.05 * np.maximum(p[..., 0], p[..., 2])).mean())


def pale(p: np.ndarray) -> float:
    """Share of light greys in the lower half."""
    low = p[p.shape[0] // 2 :]
    return float(((low.min(axis=2) > 0.55) & (np.ptp(low, axis=2) < 0.15)).mean())


def upright(p: np.ndarray) -> float:
    """Differences along the rows against those along the columns: streaks raise it."""
    light = p.mean(axis=2)
    return float(np.abs(np.diff(light, axis=1)).mean() / np.abs(np.diff(light, axis=0)).mean())


def darkest(p: np.ndarray) -> float:
    return float(np.percentile(p.mean(axis=2), 1))


def bluest(p: np.ndarray) -> float:
    return float(np.percentile(p[..., 2], 99))


def brightest(p: np.ndarray) -> float:
    """The brightest place as large as a moon."""
    return float(cv2.blur(p.mean(axis=2), (7, 7)).max())


def corners(p: np.ndarray) -> float:
    """Brightness of the corners against the whole."""
    h, w = p.shape[0] // 8, p.shape[1] // 8
    four = [p[:h, :w], p[:h, -w:], p[-h:, :w], p[-h:, -w:]]
    return float(np.mean([c.mean() for c in four]) / p.mean())


def one_colour_per_tone(p: np.ndarray) -> float:
    """How far colours differ among pixels of equal brightness, negated."""
    tone = np.round((p * [0.2126, 0.7152, 0.0722]).sum(axis=2) * 20).astype(int)
    return -float(np.mean([p[tone == t].std(axis=0).mean() for t in np.unique(tone)]))


UP, DOWN = 1.0, -1.0
CASES = [
    ("sunset", figure(orange), UP, 0.15),
    ("sunset", figure(warmth), UP, 0.10),
    ("night", figure(luma), DOWN, 0.15),
    ("night", figure(warmth), DOWN, -0.2),
    ("fog", figure(detail), DOWN, 0.01),
    ("fog", figure(saturation), DOWN, 0.03),
    ("rain", figure(upright), UP, 0.02),
    ("rain", figure(luma), DOWN, 0.03),
    ("winter", figure(pale), UP, 0.05),
    ("winter", figure(green), DOWN, 0.05),
    ("autumn", figure(green), DOWN, 0.05),
    ("autumn", figure(warmth), UP, 0.02),
    ("oil painting", figure(saturation), UP, 0.005),
    ("pencil sketch", figure(saturation), DOWN, 0.05),
    ("vintage", figure(darkest), UP, 0.02),
    ("vintage", figure(bluest), DOWN, 0.08),
    ("vignette", figure(corners), DOWN, 0.15),
    ("duotone", figure(one_colour_per_tone), UP, 0.005),
    ("cyberpunk", figure(one_colour_per_tone), UP, 0.003),
    ("sepia", figure(warmth), UP, 0.05),
    ("monochrome", figure(saturation), DOWN, 0.05),
    ("warm light", figure(warmth), UP, 0.05),
    ("cold light", figure(warmth), DOWN, 0.05),
    ("bright", figure(luma), UP, 0.04),
    ("dark", figure(luma), DOWN, 0.05),
    ("vivid", figure(saturation), UP, 0.02),
    ("muted", figure(saturation), DOWN, 0.03),
    ("soft focus", figure(detail), DOWN, 0.005),
    ("crisp", figure(detail), UP, 0.01),
]


once = cache(partial(painted, denoise=0.55))


@pytest.mark.parametrize("name", sorted(PHOTOS))
@pytest.mark.parametrize(("prompt", "compute", "direction", "least"), CASES)
def test_effect_moves_its_figure(
    prompt: str, compute: Figure, direction: float, least: float, name: str
) -> None:
    moved = compute(photo(name), once(prompt, name).pixels)
    assert moved * direction > least


def test_the_figures_tell_effects_apart() -> None:
    """A painter that answered every word with fog would not pass."""
    wrong = painted("fog", "pagoda", denoise=0.55).pixels
    misses = [c for c in CASES if c[1](photo("pagoda"), wrong) * c[2] <= c[3]]
    assert {prompt for prompt, *_ in misses} >= {"sunset", "night", "autumn", "vignette", "sepia"}


def test_a_moon_is_brighter_than_the_night() -> None:
    night, moon = (painted(p, denoise=0.55).pixels / 255.0 for p in ("night", "night, full moon"))
    top = slice(0, night.shape[0] // 3)
    assert brightest(moon[top]) > brightest(night[top]) + 0.05


def test_oil_gathers_colours_into_dabs() -> None:
    """Inside a dab neighbours are alike, at its border they are not: the middle difference falls."""
    before, after = photo("great_wall"), painted("oil painting", "great_wall").pixels
    median = [float(np.median(np.abs(np.diff(p[150:].astype(float), axis=1)))) for p in (before, after)]
    assert median[1] < 0.8 * median[0]


def test_background_blur_keeps_the_subject_sharp() -> None:
    source = photo("pagoda")
    mask = np.zeros(source.shape[:2], np.float32)
    mask[30:180, 30:180] = 1.0
    result = painted("blurred background", "pagoda", mask=mask).pixels
    inside, outside = slice(40, 170), slice(190, 320)
    assert detail(result[40:170, inside] / 255) > 0.95 * detail(source[40:170, inside] / 255)
    assert detail(result[:, outside] / 255) < 0.5 * detail(source[:, outside] / 255)


def test_background_blur_without_a_mask_says_what_is_missing() -> None:
    result = painted("bokeh")
    assert (result.pixels == photo("neuschwanstein")).all()
    assert "background blur needs a mask" in " ".join(result.notes)


def test_a_sunset_without_a_sky_says_so() -> None:
    assert not painted("sunset").notes
    indoors = np.full((96, 128, 3), (60, 40, 20), np.uint8)
    indoors[::7, ::5] = (200, 30, 30)
    result = paint(indoors, edits(Prompts(positive="sunset", negative=""), parameters()), 1)
    assert any("no sky was found" in note for note in result.notes)
    assert warmth(result.pixels / 255) > warmth(indoors / 255)
