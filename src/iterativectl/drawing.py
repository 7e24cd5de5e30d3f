"""Masks made and looked at: the picture they are drawn on, the file that is kept, the overlay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from iterativectl import files, resources
from iterativectl.config.aigen import ALL_MASKS, load_aigen
from iterativectl.config.rules import load_rules
from iterativectl.config.types import Masking, Rules
from iterativectl.errors import ConfigError, ImageError, Problem, ProjectError, UsageError
from iterativectl.images.masks import Region, read_mask, region
from iterativectl.images.normalise import Pixels, from_pixels, to_pixels
from iterativectl.images.overlay import Shown, overlay
from iterativectl.images.refine import refine
from iterativectl.images.regions import Box, Combining, Inside, Size, boxes, combined, extent, share, to_png
from iterativectl.project import masks
from iterativectl.project.layout import ProjectPaths

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """What a project's masks are drawn on: the upright input's pixels, and the masks that there are."""

    project: ProjectPaths
    pixels: Pixels
    masking: Masking
    masks: Mapping[str, Path]

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def relative(self, path: Path) -> str:
        """A path as it stands in files: below the project where it is there."""
        root = self.project.root
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    def read(self, name: str) -> Inside:
        """A mask of the project, as drawn. Raises ImageError; UsageError for one that is not there."""
        return self._read(name)[0]

    def _read(self, name: str) -> tuple[Inside, tuple[str, ...]]:
        path = self.require(name)
        picture = read_mask(path.read_bytes(), self.size, name=self.relative(path))
        if picture.inside is None:
            note = "it is all white: the whole picture may change, as without a mask"
            return np.ones(self.size[::-1], np.bool_), (*picture.notes, note)
        return picture.inside, picture.notes

    def place(self, name: str) -> Path:
        """The file that a mask has, or would have."""
        return self.masks.get(name, masks.usual(self.project, name))

    def require(self, name: str) -> Path:
        """The file of a mask. Raises UsageError with the names that there are."""
        path = self.masks.get(name)
        if path is None:
            there = f"There are: {', '.join(self.masks)}." if self.masks else "This project has no mask yet."
            raise UsageError(f"there is no mask '{name}'", f"{there} `mask create` makes one.")
        if not path.is_file():
            message = f"the mask '{name}' has no file: {self.relative(path)} is missing"
            raise UsageError(message, "AIGen.yaml names it: put it there, or make it with `mask create`.")
        return path

    def seen(self, name: str) -> Seen:
        """A mask of the project with what it is in force. Raises ImageError, UsageError."""
        drawn, notes = self._read(name)
        grown = region(drawn, grow=self.masking.grow, feather=self.masking.feather)
        return Seen(name=name, path=self.masks[name], drawn=drawn, region=grown, notes=notes)

    def active(self) -> tuple[str, ...]:
        """The masks that a run would use as AIGen.yaml stands; () where it names one that is not there."""
        try:
            return masks.in_play(self.masking, self.masks)
        except ConfigError:
            return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A mask as drawn and as it counts: grown and feathered. `notes` are sentences for people."""

    name: str
    path: Path
    drawn: Inside
    region: Region
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A mask as it was written. `backup` is where the one before it went, None where none was replaced."""

    path: Path
    share: float
    box: Box
    backup: Path | None


def canvas(project: ProjectPaths) -> Canvas:
    """The project's picture and masks. Raises ProjectError without an input, ConfigError, ImageError."""
    if not project.input.exists():
        raise ProjectError(
            f"{project.input} is missing: a mask belongs to a picture",
            "Put the picture there, or make the project with `project create NAME --input PICTURE`.",
        )
    masking = settings(project.aigen, load_aigen).masking
    return Canvas(
        project=project,
        pixels=to_pixels(project.input.read_bytes(), name=project.input.name),
        masking=masking,
        masks=masks.found(project, masking),
    )


def rules(project: ProjectPaths) -> Rules:
    """The project's rules. Raises ConfigError."""
    return settings(project.rules, load_rules)


def settings(path: Path, load: Callable[[Path], tuple[Loaded, tuple[Problem, ...]]]) -> Loaded:
    """A project's settings file, the shipped one where it has none. Raises ConfigError."""
    return load(path if path.exists() else resources.path("defaults", "config", path.name))[0]


def target(canvas: Canvas, name: str, how: Combining, force: bool) -> Path:
    """Where a new mask will be written. Raises UsageError when that cannot be, before anything is drawn."""
    if name == ALL_MASKS:
        raise UsageError("'all' means every mask of the project", "Give the mask another name.")
    if not masks.MASK_NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name for a mask", "Letters, digits, _ and -, at most 64.")
    path = canvas.place(name)
    shown = canvas.relative(path)
    if not path.resolve().is_relative_to(canvas.project.root.resolve()) or path.suffix.lower() != ".png":
        usual = canvas.relative(masks.usual(canvas.project, name))
        cure = f"Name a PNG in the project there, or take the entry out: then it will be {usual}."
        raise UsageError(f"AIGen.yaml says that the mask '{name}' is {shown}: that is not written to", cure)
    if how == "replace" and path.is_file() and not force:
        cure = "--force replaces it, --add and --subtract change it. The old one is kept in every case."
        raise UsageError(f"there is a mask '{name}' already: {shown}", cure)
    if how != "replace":
        canvas.require(name)
    return path


def outlined(
    canvas: Canvas, drawn: Sequence[Box], *, names: Sequence[str], wanted: bool
) -> tuple[Inside, tuple[str, ...]]:
    """The boxes or, if `wanted`, the outlines in them; and sentences on boxes in which none was found.

    `names` are what those sentences call the boxes.
    """
    if not wanted:
        return boxes(canvas.size, drawn), ()
    outlines = refine(canvas.pixels, drawn)
    inside = np.logical_or.reduce([outline.inside for outline in outlines])
    notes = (f"{name}: {outline.note}" for name, outline in zip(names, outlines, strict=True) if outline.note)
    return np.asarray(inside), tuple(notes)


def grown(drawn: Inside, pixels: int) -> Inside:
    """A drawn region grown for good, or shrunk. Raises ImageError where nothing is left of it."""
    return region(drawn, grow=pixels, feather=0).inside if pixels else drawn


def keep(canvas: Canvas, name: str, drawn: Inside, how: Combining, now: datetime) -> Kept:
    """Write the mask; the one that it replaces is kept beside it. Raises UsageError: empty, or all of it."""
    path = canvas.place(name)
    whole = drawn if how == "replace" else combined(canvas.read(name), drawn, how)
    box = extent(whole)
    if box is None:
        raise UsageError("the mask would be empty: nothing could be edited", _nothing_done(how))
    if whole.all():
        cure = "To edit the whole picture, use no mask."
        raise UsageError("the mask would be the whole picture, which is the same as none", cure)
    content, backup = to_png(whole), None
    if path.is_file() and path.read_bytes() != content:
        backup = _free(canvas.project, name, now)
        files.copy(path, backup)
    files.write_bytes(path, content)
    return Kept(path=path, share=share(whole), box=box, backup=backup)


def put_away(canvas: Canvas, name: str, now: datetime) -> Path:
    """Move a mask to those that were replaced: it is none any more. Returns where it is now.

    Raises UsageError for one that is not there, StorageError.
    """
    path, kept = canvas.require(name), _free(canvas.project, name, now)
    files.move(path, kept)
    return kept


def show(canvas: Canvas, seen: Seen, out: Path) -> None:
    """Write the picture with the mask on it. Raises StorageError."""
    masking = canvas.masking
    part = 100 * share(seen.drawn)
    title = f"{seen.name}: {part:.1f} %, grow {masking.grow} px, feather {masking.feather} px"
    shown = Shown(drawn=seen.drawn, grown=seen.region.inside, weights=seen.region.weights, title=title)
    files.write_bytes(out, from_pixels(overlay(canvas.pixels, shown)))


def problem(canvas: Canvas, name: str) -> str:
    """What makes a mask unusable, in words; empty for one that can be used."""
    try:
        canvas.seen(name)
    except (ImageError, UsageError) as error:
        return error.message
    return ""


def _nothing_done(how: Combining) -> str:
    taken = "What was taken away holds all of it. " if how == "subtract" else ""
    return f"{taken}Nothing was written. White is what may be edited."


def _free(project: ProjectPaths, name: str, now: datetime) -> Path:
    """A path for the replaced mask that no other one has."""
    stamp = now.strftime("%Y-%m-%d_%H-%M-%S")
    path, number = project.replaced_mask(name, stamp), 2
    while path.exists():
        path, number = project.replaced_mask(name, f"{stamp}_{number}"), number + 1
    return path
