"""Make a project: from the template or from another project, or beside a rules file for `--rules`.

A project is built in a hidden folder beside its place and renamed when it is whole: killed at any point,
there is a project or there is none, and what was left over goes with the next creation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from iterativectl import files, resources
from iterativectl.config.heads import with_schema_head
from iterativectl.errors import ImageError, LockedError, ProjectError, UsageError
from iterativectl.project import copied
from iterativectl.project.layout import PROJECT_NAME, ProjectPaths, WorkspacePaths

ADHOC_FOLDER = "iterative_projects"
EXAMPLE_PICTURE = ("defaults", "input", "example.jpg")
CONFIG_FILES = ("rules.yaml", "AIGen.yaml", "AIVis.yaml")
_BUILDING = ".creating-"
_LOCK = ".creating.lock"
# Names that Windows gives to devices: a project must survive being copied there.
_RESERVED = re.compile(r"(?i)con|prn|aux|nul|com[0-9]|lpt[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new project. `notes` are sentences for the person about what was changed while copying."""

    project: ProjectPaths
    notes: tuple[str, ...] = ()


def create(
    workspace: WorkspacePaths,
    name: str,
    *,
    input: Path | None = None,
    source_project: ProjectPaths | None = None,
    now: datetime,
) -> Created:
    """Make projects/NAME. `input` is any picture; `source_project` is copied instead of the template.

    Raises UsageError for a name that cannot be, ProjectError when one of that name is there, ImageError for a
    picture that cannot be used, ConfigError when a file to be copied cannot be read, LockedError when another
    process is making a project here.
    """
    check_name(name)
    with _building(workspace.projects, name, now) as building:
        _refuse_existing(workspace.projects, name)
        notes = _from_project(source_project, building) if source_project else _from_template(building)
        if input is not None or source_project is None:
            _replace_input(building, input or resources.path(*EXAMPLE_PICTURE))
        if not building.input.is_file():
            raise ProjectError(
                "the project to copy has no input/input.png", "Give --input PICTURE with --from."
            )
        _rename_in_rules(building, name)
        project = workspace.project(name)
        _refuse_existing(workspace.projects, name)
        files.move(building.root, project.root)
    return Created(project=project, notes=tuple(notes))


def adhoc(rules: Path, input: Path | None, now: datetime) -> Created:
    """The project that belongs to a rules file: `<its folder>/iterative_projects/<its name>/`.

    Made on first use. Later its copies of the rules and the picture are renewed where the originals changed,
    and everything else in it stays. Raises UsageError when a file is missing.
    """
    if not rules.is_file():
        raise UsageError(f"--rules: there is no file {rules}", "Give the path of a rules file.")
    if input is not None and not input.is_file():
        raise UsageError(f"--input: there is no file {input}", "Give the path of a picture.")
    folder = rules.resolve().parent / ADHOC_FOLDER
    name = _name_from(rules.stem)
    project = ProjectPaths(folder / name)
    if project.rules.is_file():
        return Created(project=project, notes=tuple(_renew(project, rules, input)))
    if input is None:
        raise UsageError(f"--rules {rules}: which picture?", "Give --input PICTURE with it, the first time.")
    with _building(folder, name, now) as building:
        for file in CONFIG_FILES[1:]:
            _copy_config(
                resources.path("defaults", "config", file), building.config / file, project.config / file
            )
        _copy_config(rules, building.rules, project.rules)
        _replace_input(building, input)
        files.move(building.root, project.root)
    return Created(project=project, notes=(f"made the project {project.root}",))


def check_name(name: str) -> None:
    """Raises UsageError for a name that cannot be a folder everywhere."""
    if not PROJECT_NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be a project's name",
            "Letters, digits, - and _ make a name (64 at most), and it begins with a letter or a digit.",
        )
    if _RESERVED.fullmatch(name):
        raise UsageError(f"'{name}' is a name that Windows keeps for a device", "Choose another name.")


def put_input(project: ProjectPaths, picture: Path) -> None:
    """Make a picture the project's input: upright sRGB input/input.png, the original kept beside it.

    An original that is the same already, or is called input.png, gets no second copy. Raises ImageError.
    """
    from iterativectl.images.normalise import to_input_png  # slow to import

    try:
        content = picture.read_bytes()
    except OSError as error:
        raise ImageError(
            f"{picture} cannot be read: {error.strerror}", "Give the path of a picture."
        ) from error
    upright = to_input_png(content, name=picture.name)
    original = original_path(project, picture)
    if content != upright and not (original.is_file() and original.read_bytes() == content):
        _keep(original, content)
    files.write_bytes(project.input, upright)


def original_path(project: ProjectPaths, picture: Path) -> Path:
    """Where a picture's own bytes are kept: under its own name, which must not be the upright one's."""
    name = picture.name
    return project.input.with_name("original_input.png" if name.lower() == project.input.name else name)


def _keep(path: Path, content: bytes) -> None:
    """Write under this name, or under the first free one after it."""
    free, number = path, 2
    while True:
        try:
            return files.create_bytes(free, content)
        except FileExistsError:
            free, number = path.with_name(f"{path.stem}_{number}{path.suffix}"), number + 1


@contextmanager
def _building(folder: Path, name: str, now: datetime) -> Iterator[ProjectPaths]:
    """A hidden folder for a project that is being made; it is gone afterwards, whatever happens.

    A kernel lock keeps a second creation away from it, and dies with this process.
    """
    files.make_dir(folder)
    descriptor = files.lock(folder / _LOCK, f"creating {name} since {now.isoformat(timespec='seconds')}\n")
    if descriptor is None:
        raise LockedError(f"another process is making a project in {folder}", "Wait a moment and try again.")
    try:
        for leftover in folder.glob(f"{_BUILDING}*"):
            _delete(leftover)
        building = ProjectPaths(folder / f"{_BUILDING}{name}")
        try:
            yield building
        finally:
            if building.root.is_dir():
                _delete(building.root)
    finally:
        files.unlock(descriptor)


def _delete(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            _delete(entry)
        else:
            entry.unlink()
    folder.rmdir()


def _refuse_existing(folder: Path, name: str) -> None:
    """Names are compared without case: some file systems see no difference."""
    there = next((entry.name for entry in folder.iterdir() if entry.name.lower() == name.lower()), None)
    if there is not None:
        raise ProjectError(
            f"there is a project or folder {there} in {folder} already",
            "Nothing was changed. Choose another name; nothing is ever overwritten.",
        )


def _from_template(building: ProjectPaths) -> list[str]:
    for name in CONFIG_FILES:
        files.copy(resources.path("defaults", "config", name), building.config / name)
    return []


def _from_project(source: ProjectPaths, building: ProjectPaths) -> list[str]:
    """config/, input/ and workflow/ of another project; no run, no output, no key."""
    for folder in ("config", "input", "workflow"):
        _copy_tree(source.root / folder, building.root / folder)
    return copied.blank_secrets(building)


def _copy_tree(source: Path, target: Path) -> None:
    """Plain files and folders; links and hidden files stay behind."""
    if not source.is_dir():
        return
    for entry in sorted(source.iterdir()):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            _copy_tree(entry, target / entry.name)
        elif entry.is_file() and not entry.name.endswith(files.TEMPORARY_SUFFIX):
            files.copy(entry, target / entry.name)


def _replace_input(building: ProjectPaths, picture: Path) -> None:
    """The old project's picture goes; its masks stay, for they may fit."""
    folder = building.input.parent
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_file():
                files.remove(entry)
    put_input(building, picture)


def _rename_in_rules(building: ProjectPaths, name: str) -> None:
    text = building.rules.read_text(encoding="utf-8-sig")
    renamed = copied.with_project_name(text, name)
    if renamed != text:
        files.write_text(building.rules, renamed)


def _copy_config(source: Path, target: Path, final: Path) -> None:
    """Copy a settings file; its head names the shipped schemas from where the file will finally be."""
    text = source.read_text(encoding="utf-8-sig")
    files.write_text(target, with_schema_head(text, final, resources.path("schemas")))


def _renew(project: ProjectPaths, rules: Path, input: Path | None) -> list[str]:
    """Bring an ad-hoc project's copies up to date; says what was changed."""
    notes = [f"uses the project {project.root}"]
    wanted = with_schema_head(rules.read_text(encoding="utf-8-sig"), project.rules, resources.path("schemas"))
    if project.rules.read_text(encoding="utf-8") != wanted:
        files.write_text(project.rules, wanted)
        notes.append(f"{rules.name} changed: its copy in the project was renewed")
    if input is not None and _input_differs(project, input):
        put_input(project, input)
        notes.append(f"{input.name} is another picture now: the project's input was renewed")
    return notes


def _input_differs(project: ProjectPaths, input: Path) -> bool:
    from iterativectl.images.normalise import to_input_png

    if not project.input.is_file():
        return True
    return to_input_png(input.read_bytes(), name=input.name) != project.input.read_bytes()


def _name_from(stem: str) -> str:
    """A file's name as a project's: other characters become _."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).lstrip("_-")[:64] or "rules"
    return name if not _RESERVED.fullmatch(name) else f"{name}_rules"
