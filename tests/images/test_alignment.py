"""A graph that moves or scales the picture is noticed and said; one that only changes it is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.images import edits, photographs

from iterativectl.images import alignment

NAMES = photographs.TUNED_ON + photographs.HELD_OUT
SOME = ("great_wall", "pagoda", "chambord", "machu_picchu")  # the widest spread of textures
STAYING = {name: edit for name, edit in edits.EDITS.items() if name not in ("shift", "crop", "zoom")}
MOVES = {
    "1 px right": {"right": 1},
    "3 px right, 2 px up": {"right": 3, "down": -2},
    "25 px left": {"right": -25},
    "scaled by 1.01": {"wider": 1.01, "taller": 1.01},
    "scaled by 0.9": {"wider": 0.9, "taller": 0.9},
    "cropped by a tenth, and moved": {"right": 5, "wider": 1.1, "taller": 1.1},
    "stretched": {"wider": 1.03},
}


def moved(picture, right=0.0, down=0.0, wider=1.0, taller=1.0):
    """Scaled around its centre, then shifted; what comes in from outside is a mirror image."""
    height, width = picture.shape[:2]
    across, along = (width - 1) / 2, (height - 1) / 2
    matrix = np.float32([[wider, 0, across * (1 - wider) + right], [0, taller, along * (1 - taller) + down]])
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def vae(picture):
    """Every pixel altered a little, by blocks of eight, as encoding and decoding does."""
    height, width = picture.shape[:2]
    rough = np.random.default_rng(3).normal(0, 9, (height // 8 + 1, width // 8 + 1, 3)).astype(np.float32)
    grain = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8).astype(np.float32)
    return np.clip(soft * 0.97 + 4 + grain, 0, 255).astype(np.uint8)


def around_the_middle(picture):
    height, width = picture.shape[:2]
    keep = np.ones((height, width), bool)
    keep[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = False
    return keep


def lower_half(picture):
    keep = np.ones(picture.shape[:2], bool)
    keep[: len(picture) // 2] = False
    return keep


def repainted(result, keep):
    """Inside the mask stands something else altogether."""
    return np.where(keep[:, :, None], result, vae(np.ascontiguousarray(result[::-1, ::-1])))


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("name", SOME)
def test_a_move_is_measured(name, move):
    picture = photographs.photograph(name)
    keep = around_the_middle(picture)
    result = repainted(vae(moved(picture, **MOVES[move])), keep)
    found = alignment.displacement(picture, result, keep)
    wanted = {"right": 0, "down": 0, "wider": 1, "taller": 1} | MOVES[move]
    for part, tolerance in (("right", 0.3), ("down", 0.3), ("wider", 0.003), ("taller", 0.003)):
        assert getattr(found, part) == pytest.approx(wanted[part], abs=tolerance), part
    assert found.after > found.before


@pytest.mark.parametrize("treated", [edits.strong, edits.jpeg, edits.drawing, edits.noise])
def test_a_move_is_measured_under_other_changes(treated):
    picture = photographs.photograph("chambord")
    keep = lower_half(picture)
    result = repainted(treated(moved(picture, right=-6, down=4)), keep)
    found = alignment.displacement(picture, result, keep)
    assert (found.right, found.down) == (pytest.approx(-6, abs=0.3), pytest.approx(4, abs=0.3))


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("edit", [*STAYING, "vae"])
def test_no_cry_of_wolf(name, edit):
    picture = photographs.photograph(name)
    result = vae(picture) if edit == "vae" else STAYING[edit](picture)
    keep = around_the_middle(picture) if len(edit) % 2 else lower_half(picture)
    assert alignment.displacement(picture, repainted(result, keep), keep) is None


def by_phase_alone(original, result, keep):
    """Planted: the highest peak of the phase correlation, believed without a look."""
    was, now = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32) for each in (original, result))
    (right, down), _ = cv2.phaseCorrelate(was * keep, now * keep)
    return (right, down) if max(abs(right), abs(down)) >= alignment.MOVED_PX else None


def test_a_detector_without_doubt_cries_wolf():
    wolves = 0
    for edit in (edits.mirror, edits.blur, edits.drawing):
        picture = photographs.photograph("pagoda")
        wolves += by_phase_alone(picture, edit(picture), lower_half(picture)) is not None
    assert wolves


@pytest.mark.parametrize("name", SOME)
def test_another_picture_or_noise_is_no_evidence(name):
    picture = photographs.photograph(name)
    size = picture.shape[1::-1]
    other = cv2.resize(photographs.photograph(NAMES[NAMES.index(name) - 1]), size)
    noise = np.random.default_rng(1).integers(0, 256, picture.shape).astype(np.uint8)
    keep = around_the_middle(picture)
    for result in (other, noise, np.full_like(picture, 90), picture):
        assert alignment.displacement(picture, result, keep) is None
        assert alignment.displacement(result, picture, keep) is None


def test_too_little_kept_or_too_small_a_picture_is_no_evidence():
    picture = photographs.photograph("pagoda")
    little = np.zeros(picture.shape[:2], bool)
    little[:20, :200] = True
    assert alignment.displacement(picture, moved(picture, right=5), little) is None
    tiny = np.ascontiguousarray(picture[:20, :40])
    assert alignment.displacement(tiny, np.roll(tiny, 3, 1), np.ones((20, 40), bool)) is None


@pytest.mark.parametrize("size", [(96, 64), (200, 1000), (1600, 1067)])
def test_any_size_of_picture(size):
    picture = cv2.resize(photographs.photograph("chenonceau"), size, interpolation=cv2.INTER_CUBIC)
    found = alignment.displacement(picture, moved(picture, right=4), lower_half(picture))
    assert found.right == pytest.approx(4, abs=0.3) and found.wider == 1


def test_a_move_below_the_limit_is_not_worth_a_word():
    picture = photographs.photograph("great_wall")
    keep = lower_half(picture)
    assert alignment.displacement(picture, moved(picture, right=0.5, wider=1.003, taller=1.003), keep) is None


def test_the_same_pictures_give_the_same_figures():
    picture = photographs.photograph("aitzgorri")
    result, keep = moved(picture, right=7, wider=1.02, taller=1.02), lower_half(picture)
    assert alignment.displacement(picture, result, keep) == alignment.displacement(picture, result, keep)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((3, -2, 1, 1), "the workflow moves the picture by 3 px right and 2 px up"),
        ((-0.8, 0.2, 1, 1), "the workflow moves the picture by 0.8 px left"),
        ((0, 12.4, 1.001, 1), "the workflow moves the picture by 12 px down"),
        ((0, 0, 1.02, 1.021), "the workflow scales the picture by 1.02"),
        ((4, 0, 0.9, 0.9), "the workflow moves the picture by 4 px right and scales it by 0.9"),
        ((0, 0, 1.04, 1), "the workflow scales the picture by 1.04 across and 1 down"),
    ],
)
def test_in_words(figures, words):
    right, down, wider, taller = figures
    found = alignment.Displacement(right=right, down=down, wider=wider, taller=taller, before=0.1, after=0.9)
    assert found.in_words() == words


def test_other_sizes_are_a_mistake_of_ours():
    picture = photographs.photograph("pagoda")
    with pytest.raises(ValueError, match="sizes differ"):
        alignment.displacement(picture, picture[:-1], lower_half(picture))
