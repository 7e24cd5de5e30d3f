"""Masks in a run: what is sent when one is in play, and the original put back around what comes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from iterativectl import files
from iterativectl.config.types import AIGen, Masking
from iterativectl.errors import ConfigError, Problem
from iterativectl.images import alignment, composite, crops
from iterativectl.images.masks import Region, read_mask, region, sent_mask
from iterativectl.images.normalise import Pixels, to_pixels
from iterativectl.images.regions import Box
from iterativectl.images.similarity import SIDE, similarity
from iterativectl.model import Generation, Picture, Plan, Similarity
from iterativectl.project import masks
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord

Inside = NDArray[np.bool_]  # height x width of the upright input


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The files of one job: the picture to edit, the mask, and where the generator puts its picture."""

    source: Path
    mask: Path | None
    destination: Path


class Masks(Protocol):
    """What says which masks are in play: a run's record, or a project's files."""

    @property
    def masks(self) -> Mapping[str, Mapping[str, str]]:
        """Name -> path, sha256; in order."""

    @property
    def aigen(self) -> AIGen:
        """How they are grown and feathered."""


class Regions:
    """The regions that masks stand for, each read once.

    `size`: width and height, in pixels, of the upright picture that they lie on; None: the project's input.
    """

    def __init__(self, project: ProjectPaths, run: Masks, size: tuple[int, int] | None = None) -> None:
        self._project = project
        self._run = run
        self._size = size
        self._known: dict[str, Region] = {}

    def of(self, mask: str) -> Region:
        """A mask's region, grown and feathered as AIGen.yaml says. Raises ImageError."""
        if mask not in self._known:
            path = self._project.root / self._run.masks[mask]["path"]
            masking = self._run.aigen.masking
            drawn = read_mask(path.read_bytes(), self.size, name=path.name).inside
            if drawn is None:
                drawn = np.ones(self.size[::-1], np.bool_)
            self._known[mask] = region(drawn, grow=masking.grow, feather=masking.feather)
        return self._known[mask]

    def worked(self, mask: str) -> Inside:
        """What may differ from the input by now: this mask with its band, and those of the masks before."""
        names = list(self._run.masks)
        earlier = [self.of(name).support for name in names[: names.index(mask) + 1]]
        return np.asarray(np.logical_or.reduce(earlier))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright input, in pixels."""
        if self._size is None:
            self._size = size_of(self._project)
        return self._size


def size_of(project: ProjectPaths) -> tuple[int, int]:
    """Width and height of the upright input picture. Raises ImageError."""
    height, width = to_pixels(project.input.read_bytes(), name=project.input.name).shape[:2]
    return width, height


def in_use(project: ProjectPaths, masking: Masking) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """The masks that a run would work through (name -> path, sha256), and sentences about them.

    Raises ConfigError for a mask that is not there, ImageError for one that cannot be used.
    """
    known = masks.found(project, masking)
    used: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    names = masks.in_play(masking, known)
    size = size_of(project) if names else (0, 0)
    for name in names:
        within = known[name].is_relative_to(project.root)
        path = (known[name].relative_to(project.root) if within else known[name]).as_posix()
        data = _content(known[name], name)
        picture = read_mask(data, size, name=path)
        notes += [f"mask {name}: {note}" for note in picture.notes]
        if picture.inside is None:
            notes.append(f"mask {name} is all white: the whole picture may change, as without a mask")
            continue
        region(picture.inside, grow=masking.grow, feather=masking.feather)
        used[name] = {"path": path, "sha256": hashlib.sha256(data).hexdigest()}
    return used, tuple(notes)


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = "there is no" if isinstance(error, FileNotFoundError) else f"{error.strerror}:"
        problem = Problem(where="AIGen.yaml", path="masking.masks", message=f"{name}: {why} {path}")
        raise ConfigError([problem], "Draw it, or make it with `iterativectl mask create`.") from error


def source(project: ProjectPaths, paths: RunPaths, plan: Plan) -> Path:
    """The picture that a plan edits."""
    return project.input if plan.source == "input" else paths.image(plan.source)


def sent(paths: RunPaths, run: RunRecord, regions: Regions, plan: Plan, source: Path) -> Sent:
    """The files of a plan's job; those that are derived are made where they are not there yet."""
    image = paths.image(plan.iteration)
    if plan.mask is None:
        return Sent(source=source, mask=None, destination=image)
    support = regions.of(plan.mask).support
    mask = paths.sent_mask(plan.mask)
    if not run.aigen.masking.composite:
        _once(mask, lambda: sent_mask(support))
        return Sent(source=source, mask=mask, destination=image)
    padded = paths.sent_source(plan.source)
    _once(padded, lambda: composite.prepared(source.read_bytes(), name=source.name))
    if support.all():  # with its band it reaches every edge: there is nothing to keep the generator from
        return Sent(source=padded, mask=None, destination=paths.raw_image(plan.iteration))
    _once(mask, lambda: sent_mask(composite.padded(support)))
    return Sent(source=padded, mask=mask, destination=paths.raw_image(plan.iteration))


def put_back(
    source: Path, sent: Sent, image: Path, region: Region, generation: Generation
) -> tuple[Generation, float]:
    """Outside the region the source's own pixels; inside, what came. Writes the picture that is judged.

    Returns what was generated, as it is now, and how alike source and result were outside before. What came
    stays beside it. Raises ImageError for a picture that cannot be used.
    """
    original = source.read_bytes()
    restored = composite.put_back(
        original, sent.destination.read_bytes(), region.weights, name=sent.destination.name
    )
    files.write_bytes(image, restored.png)
    before = to_pixels(original, name=source.name)
    moved = alignment.displacement(before, restored.fitted, ~region.support)
    alike = similarity(before, restored.fitted, _clear_of(region.support)).inside_mask
    height, width = region.weights.shape
    derived = replace(
        generation,
        sha256=hashlib.sha256(restored.png).hexdigest(),
        width=width,
        height=height,
        notes=(*generation.notes, *restored.notes, *([moved.in_words()] if moved else [])),
    )
    return derived, 1.0 if alike is None else alike


def likeness(
    original: Pixels, result: Pixels, regions: Regions, mask: str | None, before: float | None
) -> Similarity:
    """The measured similarity to the input: whole, inside the mask, and outside all that was worked on."""
    if mask is None:
        return similarity(original, result)
    found = similarity(original, result, regions.of(mask).inside)
    outside = similarity(original, result, _clear_of(regions.worked(mask))).inside_mask
    return replace(found, outside_mask=outside, outside_before=before)


def enlarged(
    region: Region, original: Pixels, result: Pixels, max_px: int
) -> tuple[Box, tuple[Picture, Picture]] | None:
    """The box around a region, and what original and result show in it; None where that is nearly all."""
    box = crops.region_box(region.inside)
    if box is None:
        return None
    size = (region.inside.shape[1], region.inside.shape[0])
    return box, (crops.cropped(original, box, size, max_px), crops.cropped(result, box, size, max_px))


def _clear_of(worked: Inside) -> Inside:
    """What lies outside, less the pixels that mix with the inside when comparisons bring it to their size."""
    reach = 1 + math.ceil(max(worked.shape) / SIDE)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate(worked.astype(np.uint8), kernel) == 0)


def _once(path: Path, make: Callable[[], bytes]) -> None:
    """A derived file is made once; it is whole when it is there."""
    if not path.exists():
        files.write_bytes(path, make())
