"""A plan's figures: denoise is strength, seed every choice, steps fineness, a mask a border."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.embedded_painter.easel import painted, parameters, photo

from iterativectl.generation.embedded.painting import edits, paint
from iterativectl.model import Prompts

EVERYTHING = (
    "autumn, winter, sunset, night, moon, rain, fog, warm light, crisp, oil painting, pencil, vintage, "
    "vignette"
)
PROMPTS = [
    "sunset, light fog",
    "night, full moon",
    "winter",
    "autumn",
    "rain",
    "oil painting",
    "pencil sketch",
]


def distance(result: np.ndarray, source: np.ndarray) -> float:
    return float(np.abs(result.astype(int) - source.astype(int)).mean())


def alike(result: np.ndarray, source: np.ndarray) -> float:
    """Correlation of local structure: where edges are and how strong, 1 is the same."""
    edges = [cv2.Laplacian(p.mean(axis=2), cv2.CV_64F).ravel() for p in (result, source)]
    return float(np.corrcoef(*edges)[0, 1])


def test_no_denoise_no_change() -> None:
    assert (painted(EVERYTHING, denoise=0.0).pixels == photo("neuschwanstein")).all()


@pytest.mark.parametrize("prompt", PROMPTS)
def test_more_denoise_is_more_change(prompt: str) -> None:
    source = photo("pagoda")
    denoises = (0.0, 0.15, 0.35, 0.55, 0.6, 0.8, 1.0)
    steps = [distance(painted(prompt, "pagoda", denoise=d).pixels, source) for d in denoises]
    assert steps == sorted(steps)
    assert steps[1] > 0


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63])
def test_the_seed_repeats_every_byte(seed: int) -> None:
    first = painted(EVERYTHING, denoise=0.7, seed=seed).pixels
    np.random.seed(0)
    cv2.setRNGSeed(99)
    assert (painted(EVERYTHING, denoise=0.7, seed=seed).pixels == first).all()
    assert distance(painted(EVERYTHING, denoise=0.7, seed=seed + 1).pixels, first) > 0.1


@pytest.fixture
def threads() -> object:
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@pytest.mark.parametrize("prompt", [EVERYTHING, "sunset", "coloured pencil, soft focus"])
def test_the_number_of_threads_changes_nothing(prompt: str, threads) -> None:
    results = []
    for count in (1, 2, 5):
        threads(count)
        results.append(painted(prompt, denoise=0.7).pixels.tobytes())
    assert results[0] == results[1] == results[2]


def test_another_effect_does_not_move_the_clouds() -> None:
    """Each effect throws its own dice."""
    alone, more = (painted(p, denoise=0.5).pixels for p in ("sunset", "sunset, vignette"))
    height, width = alone.shape[:2]
    middle = (slice(height // 3, 2 * height // 3), slice(width // 3, 2 * width // 3))
    assert distance(alone[middle], more[middle]) < 3


def test_steps_refine_the_same_clouds() -> None:
    coarse, fine, finest = (painted("fog", steps=s).pixels for s in (1, 12, 40))
    assert 0 < distance(coarse, fine) < 12
    assert distance(fine, finest) < distance(coarse, fine)


def test_cfg_follows_weak_words_more_firmly() -> None:
    source = photo("pagoda")
    weak = [distance(painted("mysterious", "pagoda", cfg=c).pixels, source) for c in (1.0, 7.0, 14.0)]
    assert weak[0] * 1.2 < weak[1] < weak[2]
    named = [painted("fog", cfg=c).pixels for c in (1.0, 20.0)]
    assert (named[0] == named[1]).all()


@pytest.mark.parametrize("name", ["neuschwanstein", "pagoda", "great_wall"])
def test_too_high_a_denoise_hurts_what_should_stay(name: str) -> None:
    source = photo(name)
    kept = [alike(painted("warm light", name, denoise=d).pixels, source) for d in (0.5, 0.65, 0.8, 0.95)]
    assert kept[0] > 0.95
    assert kept == sorted(kept, reverse=True)
    assert kept[3] < 0.35


def test_asking_for_what_stays_helps_a_little() -> None:
    source = photo("neuschwanstein")
    plain, held = (
        alike(painted("fog", denoise=0.75, negative=negative).pixels, source)
        for negative in ("", "blurry, distorted")
    )
    assert plain < held < 0.9


def test_a_negative_word_suppresses_its_effect() -> None:
    source = photo("pagoda")
    assert distance(painted("fog", "pagoda", negative="fog").pixels, source) == 0
    weaker = distance(painted("fog", "pagoda", negative="slight fog").pixels, source)
    assert 0 < weaker < distance(painted("fog", "pagoda").pixels, source)


def test_a_negative_word_pushes_towards_its_opposite() -> None:
    assert painted("", negative="dark").pixels.mean() > photo("neuschwanstein").mean() + 3


def left_half(shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], np.float32)
    mask[:, : shape[1] // 2] = 1.0
    return mask


def test_a_mask_limits_the_edit() -> None:
    source = photo("pagoda")
    result = painted("night, oil painting", "pagoda", denoise=0.9, mask=left_half(source.shape)).pixels
    half = source.shape[1] // 2
    assert (result[:, half:] == source[:, half:]).all()
    assert distance(result[:, : half - 10], source[:, : half - 10]) > 30


def test_a_mask_test_that_can_fail() -> None:
    source = photo("pagoda")
    unlimited = painted("night, oil painting", "pagoda", denoise=0.9, mask=None).pixels
    assert (unlimited[:, source.shape[1] // 2 :] != source[:, source.shape[1] // 2 :]).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (64, 3), (33, 65)])
def test_any_shape_can_be_painted(shape: tuple[int, int]) -> None:
    source = np.full((*shape, 3), 120, np.uint8)
    prompt = EVERYTHING + ", blurred background, cyberpunk, coloured pencil"
    what = edits(Prompts(positive=prompt, negative=""), parameters(0.9))
    assert paint(source, what, -3, left_half(source.shape)).pixels.shape == source.shape
