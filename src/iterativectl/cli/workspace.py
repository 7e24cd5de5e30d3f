"""Find the workspace: the folder that holds projects/."""

from __future__ import annotations

from pathlib import Path

from iterativectl.cli.env import Env
from iterativectl.errors import UsageError
from iterativectl.project.layout import PROJECT_NAME, ProjectPaths, WorkspacePaths

VARIABLE = "ITERATIVE_WORKSPACE"
CURE = "`iterativectl init DIR` makes a workspace there."


def find(option: Path | None, env: Env) -> WorkspacePaths:
    """--workspace, then ITERATIVE_WORKSPACE, then upwards from the current folder, then the checkout.

    Raises UsageError when a named folder is no workspace, or none is found.
    """
    if option is not None:
        return _named(env.cwd / option, "--workspace")
    from_variable = env.environ.get(VARIABLE)
    if from_variable:
        return _named(env.cwd / Path(from_variable).expanduser(), VARIABLE)
    for folder in (env.cwd, *env.cwd.parents):
        if _is_workspace(folder):
            return WorkspacePaths(folder)
    from iterativectl import resources  # here: it looks at the disk

    shipped = resources.root()
    if (shipped / "pyproject.toml").is_file() and (shipped / "projects").is_dir():
        return WorkspacePaths(shipped)
    raise UsageError(
        f"no workspace was found: no folder from {env.cwd} upwards holds projects/",
        f"Go into your workspace, or name it with --workspace or {VARIABLE}. {CURE}",
    )


def project_names(workspace: WorkspacePaths) -> list[str]:
    """The projects of a workspace: folders with a rules file."""
    try:
        entries = sorted(workspace.projects.iterdir())
    except OSError:
        return []
    return [entry.name for entry in entries if ProjectPaths(entry).rules.is_file()]


def _named(folder: Path, by: str) -> WorkspacePaths:
    if not (folder / "projects").is_dir():
        what = "does not exist" if not folder.exists() else "holds no projects/ folder"
        raise UsageError(f"{by}: {folder} {what}", CURE)
    return WorkspacePaths(folder.resolve())


def _is_workspace(folder: Path) -> bool:
    """Many a home folder holds another `projects/`: ours is new and empty, or holds one of our files."""
    workspace = WorkspacePaths(folder)
    try:
        if not workspace.projects.is_dir():
            return False
        there = [entry for entry in workspace.projects.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return False
    return not there or workspace.prompts.is_file() or any(ProjectPaths(e).config.is_dir() for e in there)


def require_project(workspace: WorkspacePaths, name: str | None, cwd: Path) -> ProjectPaths:
    """The project called `name`; without a name the one that `cwd` is in. Raises UsageError."""
    names = project_names(workspace)
    if name is None:
        name = _around(workspace, cwd)
    if name is None:
        raise UsageError("which project? Give --project NAME.", _there_are(names, workspace))
    if name in names:
        return workspace.project(name)
    raise UsageError(f"there is no project '{name}' in {workspace.projects}", _meant(name, names, workspace))


def _around(workspace: WorkspacePaths, cwd: Path) -> str | None:
    """The project that a folder is in, from projects/NAME downwards."""
    try:
        inside = cwd.resolve().relative_to(workspace.projects.resolve())
    except ValueError:
        return None
    return inside.parts[0] if inside.parts else None


def _meant(name: str, names: list[str], workspace: WorkspacePaths) -> str:
    folder = workspace.projects / name
    if folder.is_dir() and PROJECT_NAME.fullmatch(name):
        return f"The folder is there, but it has no config/rules.yaml: write one, see {folder / 'config'}."
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return f"Did you mean '{near[0]}'?" if near else _there_are(names, workspace)


def _there_are(names: list[str], workspace: WorkspacePaths) -> str:
    if not names:
        return f"{workspace.projects} holds none: `iterativectl project create NAME` makes one."
    return f"There are: {', '.join(names)}. `iterativectl project create NAME` makes a new one."
