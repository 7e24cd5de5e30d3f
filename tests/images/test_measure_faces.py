"""YuNet as it ships: its file, and faces counted where a person is there once, twice or not at all."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from tests.images import edits
from tests.images.photographs import FOLDER, HELD_OUT, TUNED_ON, photograph

from iterativectl import resources
from iterativectl.images.faces import count_faces, faces
from iterativectl.images.normalise import to_pixels
from iterativectl.measuring import FACE_MODEL, face_model

SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"  # as its publishers state it
FACE = (179, 65, 91, 109)  # of the astronaut, x, y, width, height


@pytest.fixture(scope="module")
def woman():
    return to_pixels((FOLDER / "people" / "astronaut.jpg").read_bytes())


def scaled(picture, factor):
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how)


def alone(woman, size):
    """The upper half of the picture on a grey canvas of 1000 px, the face about `size` px high."""
    canvas = np.full((1000, 1000, 3), 90, np.uint8)
    small = scaled(woman[:300], size / FACE[3])
    small = small[:1000, :1000]
    canvas[: small.shape[0], : small.shape[1]] = small
    return canvas


def test_the_file_is_the_one_that_its_publishers_name_and_its_licence_is_beside_it():
    assert hashlib.sha256(face_model()).hexdigest() == SHA256
    licence = resources.path("models", "face_detection_yunet.LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in licence and "Shiqi Yu" in licence and FACE_MODEL in licence and SHA256 in licence


def test_one_face_and_where_it_is(woman):
    (found,) = faces(woman, face_model())
    assert found == pytest.approx(FACE, abs=12)


def test_two_of_them(woman):
    assert count_faces(np.hstack([woman, edits.mirror(woman)]), face_model()) == 2


@pytest.mark.parametrize("name", (*TUNED_ON, *HELD_OUT))
def test_no_face_in_a_picture_of_a_place(name):
    assert count_faces(photograph(name), face_model()) == 0


def test_no_face_where_it_was_painted_over(woman):
    x, y, width, height = FACE
    without = woman.copy()
    without[y - 10 : y + height + 10, x - 10 : x + width + 10] = 128
    assert count_faces(without, face_model()) == 0


@pytest.mark.parametrize("size", [32, 64, 200, 330])
def test_from_a_thirtieth_of_the_picture_to_all_of_it(woman, size):
    assert count_faces(alone(woman, size), face_model()) == 1


def test_smaller_ones_are_missed(woman):
    """The limit that the docs state."""
    assert count_faces(alone(woman, 12), face_model()) == 0


def test_a_face_that_fills_the_picture(woman):
    x, y, width, height = FACE
    assert count_faces(woman[y - 8 : y + height + 8, x - 8 : x + width + 8], face_model()) == 1


@pytest.mark.parametrize("factor", [0.25, 0.5, 3])
def test_size_does_not_matter(woman, factor):
    assert count_faces(scaled(woman, factor), face_model()) == 1


def test_jpeg_grain_grey_and_dusk_do_not_matter(woman):
    for edit in (edits.jpeg, edits.noise, edits.monochrome, edits.darker, edits.mirror):
        assert count_faces(edit(woman), face_model()) == 1, edit.__name__


def test_a_face_counts_where_its_middle_is(woman):
    left = np.zeros(woman.shape[:2], bool)
    left[:, :215] = True  # most of the face's left half
    assert count_faces(woman, face_model(), left) == 0
    assert count_faces(woman, face_model(), ~left) == 1


def test_odd_shapes_are_no_trouble():
    for shape in ((1, 1), (1, 900), (900, 1), (7, 3)):
        assert count_faces(np.zeros((*shape, 3), np.uint8), face_model()) == 0


def test_nothing_is_written_to_the_screen(woman, capfd):
    faces(woman, face_model())
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
