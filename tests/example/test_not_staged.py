"""The example is no show: it works on other photographs, and only because of what the verdicts say."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.example.loop import (
    PHOTOS,
    ROOT,
    Told,
    judged_by_server,
    make_project,
    rewrite,
    run,
    without_advice,
)

from iterativectl.config.rules import load_rules
from iterativectl.config.types import PromptTemplates
from iterativectl.images.measure import measurements
from iterativectl.images.normalise import from_pixels, to_picture, to_pixels
from iterativectl.judging.judge import Judge, Pictures
from iterativectl.vision.embedded.judge import EmbeddedJudge

SEEDS = range(10)
GOES = [(photo, seed) for photo in PHOTOS for seed in SEEDS]
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def workspace() -> Iterator[Path]:
    """In memory where there is a memory disk: what is proved here is not the disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


def all_of(one: Callable[[Path, str, int], Told], workspace: Path) -> list[Told]:
    """Every photograph with every seed, two at a time."""
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(max_workers=2, mp_context=fork) as pool:
        waiting = [pool.submit(one, workspace, photo, seed) for photo, seed in GOES]
        return [told.result() for told in waiting]


def photograph(name: str) -> Path:
    return ROOT / "tests" / "data" / "photos" / f"{name}.jpg"


def as_it_is(workspace: Path, photo: str, seed: int) -> Told:
    return run(make_project(workspace, f"plain-{photo}-{seed}", photograph(photo)), seed)


def with_advice_off(workspace: Path, photo: str, seed: int) -> Told:
    project = make_project(workspace, f"off-{photo}-{seed}", photograph(photo))
    without_advice(project)
    rewrite(project.rules, lambda rules: rules["project"].update(max_iterations=9))
    return run(project, seed)


def with_verdicts_shuffled(workspace: Path, photo: str, seed: int) -> Told:
    project = make_project(workspace, f"shuffled-{photo}-{seed}", photograph(photo))
    rewrite(project.rules, lambda rules: rules["project"].update(max_iterations=9))
    with judged_by_server(project, seed, shuffle=True):
        return run(project, seed)


def with_verdicts_as_they_are(workspace: Path, photo: str, seed: int) -> Told:
    project = make_project(workspace, f"control-{photo}-{seed}", photograph(photo))
    with judged_by_server(project, seed, shuffle=False):
        return run(project, seed)


def test_it_works_on_photographs_and_seeds(workspace: Path) -> None:
    told = all_of(as_it_is, workspace)
    assert sum(one.as_told for one in told) >= 27, [one.ended.status for one in told]
    assert not any(one.ended.accepted and one.ended.iterations == 1 for one in told)
    # The story: nothing at first, an overshoot that hurts what should stay, a step down.
    assert all(one.denoise[1] > one.denoise[0] for one in told)
    assert sum(min(one.denoise[2:], default=1.0) < one.denoise[1] for one in told) >= 27


def test_without_advice_it_does_not(workspace: Path) -> None:
    told = all_of(with_advice_off, workspace)
    assert sum(one.ended.accepted for one in told) <= 3


def test_with_shuffled_verdicts_it_does_not(workspace: Path) -> None:
    told = all_of(with_verdicts_shuffled, workspace)
    assert sum(one.ended.accepted for one in told) <= 3, [one.ended.accepted for one in told]


def test_the_same_server_without_the_shuffling_is_accepted(workspace: Path) -> None:
    """The control: it is the shuffling that breaks the loop, not the server."""
    assert with_verdicts_as_they_are(workspace, PHOTOS[0], 1).ended.accepted


Spoil = Callable[[np.ndarray, np.ndarray], np.ndarray]
VIOLATIONS: dict[str, Spoil] = {
    "another photograph": lambda picture, other: other,
    "mirrored": lambda picture, other: picture[:, ::-1],
    "upside down": lambda picture, other: picture[::-1],
    "something pasted into it": lambda picture, other: pasted(picture, other),
    "moved aside": lambda picture, other: np.roll(picture, picture.shape[1] // 12, axis=1),
    "zoomed": lambda picture, other: zoomed(picture),
    "blurred": lambda picture, other: cv2.GaussianBlur(picture, (0, 0), 3),
    "nearly black": lambda picture, other: (picture * 0.15).astype(np.uint8),
    "a hole painted over": lambda picture, other: painted_over(picture),
}


def pasted(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    spoilt = picture.copy()
    area = (slice(height // 2, height - 8), slice(width // 3, width * 2 // 3))
    spoilt[area] = other[area]
    return spoilt


def zoomed(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    larger = cv2.resize(picture, None, fx=1.15, fy=1.15)
    return larger[-height:, -width:]


def painted_over(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    spoilt = picture.copy()
    area = (slice(height // 2, height * 9 // 10), slice(width // 4, width * 3 // 4))
    spoilt[area] = picture[area].mean(axis=(0, 1)).astype(np.uint8)
    return spoilt


@pytest.fixture(scope="module")
def accepted(workspace: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(original, accepted picture) of each photograph."""
    pairs = {}
    for photo in PHOTOS:
        project = make_project(workspace, f"spoilt-{photo}", photograph(photo))
        assert run(project, 1).ended.accepted
        pairs[photo] = (
            to_pixels(project.input.read_bytes()),
            to_pixels(project.output_image.read_bytes()),
        )
    return pairs


@pytest.mark.parametrize("violation", VIOLATIONS)
@pytest.mark.parametrize("photo", PHOTOS)
def test_a_planted_violation_is_never_accepted(
    photo: str, violation: str, accepted: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    original, picture = accepted[photo]
    other = accepted[PHOTOS[(PHOTOS.index(photo) + 1) % len(PHOTOS)]][1]
    other = cv2.resize(other, (picture.shape[1], picture.shape[0]))
    failed = failing(original, VIOLATIONS[violation](picture, other))
    rules, _ = load_rules(ROOT / "projects" / "example" / "config" / "rules.yaml")
    preserve = {c.field for c in rules.acceptance_criteria if c.intent == "preserve"}
    assert failed & preserve, failed


@pytest.mark.parametrize("photo", PHOTOS)
def test_the_unspoilt_picture_passes(photo: str, accepted: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    assert failing(*accepted[photo]) == set()


def failing(original: np.ndarray, result: np.ndarray) -> set[str]:
    """The example's criteria that do not pass."""
    rules, _ = load_rules(ROOT / "projects" / "example" / "config" / "rules.yaml")
    result = np.ascontiguousarray(result)
    unread = PromptTemplates(templates={"evaluate_criteria": "", "name_flaws": ""})
    judge = Judge(ask=EmbeddedJudge().ask, templates=unread)
    pictures = Pictures(
        original=to_picture(from_pixels(original)),
        result=to_picture(from_pixels(result)),
        measured=measurements(original, result),
    )
    verdicts, _ = judge.verdicts(rules.acceptance_criteria, pictures, {})
    return {verdict.field for verdict in verdicts if verdict.verdict != "passed"}


def test_the_shipped_picture_is_the_right_way_up_and_large_enough_to_look_at() -> None:
    with Image.open(ROOT / "projects" / "example" / "input" / "input.png") as picture:
        assert picture.mode == "RGB" and max(picture.size) >= 640
