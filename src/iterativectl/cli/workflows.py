"""Which workflow files there are (the project's, the workspace's, the shipped), and which one is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from iterativectl.errors import ConfigError, IterativeError, UsageError

if TYPE_CHECKING:
    from iterativectl.cli.invocation import Invocation
    from iterativectl.config.sidecar import Sidecar
    from iterativectl.config.types import AIGen
    from iterativectl.project.layout import ProjectPaths

FOLDER = "workflow"
ENDINGS = (".json", ".png")
LIST = "`iterativectl workflow list` shows them; a path to a file does, too."


@dataclass(frozen=True, slots=True)
class Shelved:
    """A workflow file. `setting` is what AIGen.yaml names it by; `home` says whose it is.

    `name` is the file's, without `.json`.
    """

    path: Path
    home: str  # project | workspace | shipped | file
    setting: str

    @property
    def name(self) -> str:
        return self.path.stem if self.path.suffix == ".json" else self.path.name

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it may be called by."""
        return self.name, self.name.removesuffix("_api"), self.path.name, self.setting

    def sidecar(self) -> Sidecar | None:
        """What is told of it; None where nothing is. Raises ConfigError."""
        from iterativectl.config.sidecar import load_sidecar, sidecar_of

        path = sidecar_of(self.path)
        return load_sidecar(path)[0] if path.is_file() else None

    def content(self) -> bytes:
        """Its bytes. Raises UsageError."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from error


def project_meant(invocation: Invocation, name: str | None) -> ProjectPaths | None:
    """The project by name, or the one around; None where there is none around."""
    if name is not None:
        return invocation.project(name)
    try:
        return invocation.project(None)
    except IterativeError:
        return None


def shelf(invocation: Invocation, project: ProjectPaths | None) -> list[Shelved]:
    """Every workflow by its name, once: the project's own before the workspace's before the shipped."""
    found: dict[str, Shelved] = {}
    for home, root in _homes(invocation, project):
        for path in sorted((root / FOLDER).glob("*")):
            if path.suffix.lower() in ENDINGS and path.is_file():
                found.setdefault(path.name, Shelved(path, home, f"{FOLDER}/{path.name}"))
    return sorted(found.values(), key=lambda shelved: (_ORDER.index(shelved.home), shelved.name))


def meant(invocation: Invocation, project: ProjectPaths | None, given: str) -> Shelved:
    """The workflow that a person names as in the list, as in AIGen.yaml, or by its path. Raises UsageError.

    The `_api` at the end of a name may be left out.
    """
    there = shelf(invocation, project)
    path = invocation.env.cwd / Path(given).expanduser()
    named = [one for one in there if given in one.names]
    if named and not (len(Path(given).parts) > 1 and path.is_file()):
        return named[0]
    if path.is_file():
        own = [one for one in there if one.path.resolve() == path.resolve()]
        return own[0] if own else Shelved(path, "file", str(path.resolve()))
    if len(Path(given).parts) > 1 or path.suffix.lower() in ENDINGS:
        raise UsageError(f"there is no file {path}, and no workflow of that name", _meant(given, there))
    raise UsageError(f"there is no workflow '{given}'", _meant(given, there))


def project_workflow(invocation: Invocation, project: ProjectPaths, aigen: AIGen) -> Shelved:
    """The workflow that a project's AIGen.yaml names. Raises UsageError, ConfigError."""
    from iterativectl.loading import find_workflow

    setting = aigen.settings.workflow
    if aigen.backend != "comfyui" or not setting:
        raise UsageError(
            f"{project.name} makes its pictures with the backend '{aigen.backend}', which has no workflow",
            "Name a workflow to look at. " + LIST,
        )
    path = find_workflow(invocation.workspace(), project, setting)
    homes = [home for home, root in _homes(invocation, project) if path.is_relative_to(root)]
    return Shelved(path, homes[0] if homes else "file", setting)


def settings(project: ProjectPaths) -> AIGen:
    """The project's AIGen.yaml. Raises ConfigError."""
    from iterativectl import resources
    from iterativectl.config.aigen import load_aigen

    own = project.aigen
    return load_aigen(own if own.exists() else resources.path("defaults", "config", own.name))[0]


def problem_of(error: IterativeError) -> str:
    """An error in one line."""
    return "; ".join(map(str, error.problems)) if isinstance(error, ConfigError) else error.message


_ORDER = ("project", "workspace", "shipped", "file")


def _homes(invocation: Invocation, project: ProjectPaths | None) -> Iterator[tuple[str, Path]]:
    from iterativectl import resources

    if project is not None:
        yield "project", project.root
    try:
        workspace = invocation.workspace().root
    except IterativeError:
        workspace = None
    if workspace is not None and workspace.resolve() != resources.root().resolve():
        yield "workspace", workspace
    yield "shipped", resources.root()


def _meant(given: str, there: list[Shelved]) -> str:
    names = {one.name.lower(): one.name for one in there}
    near = get_close_matches(Path(given).stem.lower(), names, n=1, cutoff=0.5)
    return f"Did you mean '{names[near[0]]}'? {LIST}" if near else LIST
