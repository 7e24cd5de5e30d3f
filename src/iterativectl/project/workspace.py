"""Make a workspace: projects/ with the example, and what a person changes beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iterativectl import files, resources
from iterativectl.errors import UsageError

# What a run writes into a project; the shipped example may have been run in a checkout.
_NOT_SHIPPED = frozenset({"working", "output", "logs"})
_WORKFLOW_NOTE = """\
ComfyUI graphs of this workspace, in API format (in ComfyUI: File > Export Workflow (API)), or PNG files that
ComfyUI saved. AIGen.yaml names one of them: `workflow_file: workflow/NAME.json`. It is looked up in the
project, then here, then among those that ship with the program.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What `make_workspace` did: files written and files that were there, relative to the workspace."""

    created: tuple[str, ...]
    kept: tuple[str, ...]


def make_workspace(root: Path) -> Made:
    """Put into `root` what a workspace needs and it has not yet. Nothing there is overwritten.

    Raises UsageError when `root` is a file.
    """
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file", "Name a folder.")
    created: list[str] = []
    kept: list[str] = []
    for name, content in _contents(root):
        try:
            if (root / name).exists():
                raise FileExistsError
            files.create_bytes(root / name, content)
            created.append(name)
        except FileExistsError:
            kept.append(name)
    files.make_dir(root / "projects")
    return Made(created=tuple(created), kept=tuple(kept))


def _contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """(name in the workspace, content) of everything that belongs there.

    The example comes whole or not at all: a project that a person has changed gets no stranger's files.
    """
    if not (root / "projects" / "example" / "config" / "rules.yaml").exists():
        yield from _example()
    for folder in ("rules", "schemas"):
        yield from _folder(resources.path(folder), folder)
    prompts = resources.path("prompts.yaml")
    if prompts.is_file():
        yield "prompts.yaml", prompts.read_bytes()
    yield "workflow/README.txt", _WORKFLOW_NOTE.encode()


def _example() -> Iterator[tuple[str, bytes]]:
    """The rules last: a kill in the middle leaves what the next `init` completes."""
    shipped = resources.path("projects", "example")
    found = [
        pair for pair in _folder(shipped, "projects/example") if pair[0].split("/")[2] not in _NOT_SHIPPED
    ]
    yield from sorted(found, key=lambda pair: pair[0].endswith("config/rules.yaml"))


def _folder(source: Path, name: str) -> Iterator[tuple[str, bytes]]:
    if not source.is_dir():
        return
    for entry in sorted(source.rglob("*")):
        inside = entry.relative_to(source)
        if entry.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield f"{name}/{inside.as_posix()}", entry.read_bytes()
