"""How many faces a picture shows, found by YuNet through OpenCV. Pure: the network comes as bytes.

W. Wu, H. Peng, S. Yu: YuNet: A Tiny Millisecond-level Face Detector (2023); the file is that of the OpenCV
Zoo, models/face_detection_yunet_2023mar.onnx here. It was trained on faces of about 10 to 300 px. The picture
is brought to 640 px on the longest side, up or down, so that a face is found from about 3 % of that side
until it fills the picture, whatever the picture's size. A face counts from a score of 0.8: photographs of
people score 0.8 to 0.95, what is no face and still found stayed below 0.7 in trials.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl.images.normalise import Pixels

Mask = NDArray[np.bool_]
Face = tuple[float, float, float, float]  # x, y, width, height in the picture's pixels

WORKING = 640
SCORE = 0.8
_OVERLAP = 0.3  # two finds that share more of their area are one face
_MOST = 5000  # finds looked at before overlaps are dropped; both figures are OpenCV's own defaults


def count_faces(pixels: Pixels, model: bytes, mask: Mask | None = None) -> int:
    """The faces whose middle lies in the mask, or all of them. `model`: the ONNX file's bytes."""
    found = faces(pixels, model)
    return len(found) if mask is None else sum(_inside(face, mask) for face in found)


def faces(pixels: Pixels, model: bytes) -> list[Face]:
    """Every face, the surest first."""
    scale = WORKING / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    shown = cv2.cvtColor(cv2.resize(pixels, size, interpolation=how), cv2.COLOR_RGB2BGR)
    _, found = _detector(model, size).detect(shown)
    rows = [] if found is None else sorted(found, key=lambda row: -float(row[14]))
    return [tuple(float(value) / scale for value in row[:4]) for row in rows]


def _detector(model: bytes, size: tuple[int, int]) -> cv2.FaceDetectorYN:
    """A detector of its own for each picture: one cannot be shared by threads, and takes 10 ms to make."""
    weights, nothing = np.frombuffer(model, np.uint8), np.empty(0, np.uint8)
    with _quietly():
        return cv2.FaceDetectorYN.create("onnx", weights, nothing, size, SCORE, _OVERLAP, _MOST)


@contextmanager
def _quietly() -> Iterator[None]:
    """OpenCV 5 warns on stderr, in the middle of the screen, that there is only one way to compute this."""
    logging = getattr(cv2.utils, "logging", None)  # not in OpenCV 4
    if logging is None:
        yield
        return
    before = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        logging.setLogLevel(before)


def _inside(face: Face, mask: Mask) -> bool:
    x, y, width, height = face
    row = min(max(int(y + height / 2), 0), mask.shape[0] - 1)
    column = min(max(int(x + width / 2), 0), mask.shape[1] - 1)
    return bool(mask[row, column])
