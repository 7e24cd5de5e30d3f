"""Look for what is missing or wrong, and say what to do. Works on broken settings and damaged runs too.

Nothing here asks a server: what generator and judge say of themselves is handed in.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata as packages
from pathlib import Path
from typing import Literal, TypeVar

from iterativectl import __version__, files, resources
from iterativectl.config.aigen import load_aigen
from iterativectl.config.aivis import load_aivis
from iterativectl.config.lint import lint
from iterativectl.config.prompts import load_prompts, prompt_warnings
from iterativectl.config.rules import load_rules, parse_rules
from iterativectl.config.yaml_source import parse_yaml, read_yaml
from iterativectl.errors import ConfigError, IterativeError, Problem, ProjectError
from iterativectl.model import Finding, Ticket
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import lock, output, records, runs, tickets
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths

Loaded = TypeVar("Loaded")
Status = Literal["warning", "error"]

DISTRIBUTION = "iterative-imagination"
OLDEST_PYTHON = (3, 10)
LITTLE_FREE_BYTES = 2 * 2**30  # some hundred pictures of 1024 px with their records
LEAST_FREE_BYTES = 500 * 2**20
# Where the distribution's own list cannot be read (started from source): the packages by name.
PACKAGES = (
    "requests",
    "websocket-client",
    "PyYAML",
    "Pillow",
    "click",
    "jsonschema",
    "rich",
    "numpy",
    "opencv-python-headless",
    "json-repair",
    "ruamel.yaml",
    "starlette",
    "uvicorn",
)


def examine(
    workspace: WorkspacePaths | None, project: ProjectPaths | None, backend_findings: Sequence[Finding] = ()
) -> list[Finding]:
    """Every finding: about the program, the workspace, and (with one) a project and its backends."""
    found = [_python(), *_packages(), _space(workspace, project)]
    if workspace is None or project is None:
        return found
    return [
        *found,
        *_settings(workspace, project),
        *_picture(project),
        *backend_findings,
        _lock(project),
        *_state(project),
    ]


def settings_problems(
    workspace: WorkspacePaths, project: ProjectPaths, rules_text: str | None = None
) -> list[Problem]:
    """The problems of every settings file, and of rules that work against each other. Raises for none.

    `rules_text` counts in the place of rules.yaml.
    """
    problems: list[Problem] = []
    rules = _loaded(
        problems, lambda: load_rules(project.rules) if rules_text is None else parse_rules(rules_text)
    )
    aigen = _loaded(problems, lambda: load_aigen(_own_or_default(project.aigen)))
    _loaded(problems, lambda: load_aivis(_own_or_default(project.aivis)))
    layers = [path for path in (workspace.prompts, project.prompts) if path.is_file()]
    layers.insert(0, resources.path("defaults", "prompts.yaml"))
    prompts = _loaded(problems, lambda: (load_prompts(layers), prompt_warnings(layers)))
    if rules is not None:
        known = {str(problem) for problem in problems}
        source = read_yaml(project.rules) if rules_text is None else parse_yaml(rules_text, "rules.yaml")
        found = lint(rules, prompts, aigen, source)
        problems += [problem for problem in found if str(problem) not in known]
    return problems


def unsettled(paths: RunPaths) -> list[tuple[int, Ticket]]:
    """(iteration, ticket) of every ticket without an outcome: its picture may be in flight.

    Raises ProjectError for a damaged ticket file.
    """
    folder = paths.root / "plan"
    if not folder.is_dir():
        return []
    done = set(runs.committed(paths))
    open_tickets = []
    for path in sorted(folder.glob("iteration_*_tickets.json")):
        number = int(path.name.split("_")[1])
        if number not in done:
            open_tickets += [(number, ticket) for ticket in tickets.read(path) if ticket.outcome is None]
    return sorted(open_tickets, key=lambda pair: pair[0])


def _python() -> Finding:
    version = platform.python_version()
    what = f"Python {version}, iterativectl {__version__}"
    if sys.version_info < OLDEST_PYTHON:
        todo = "Install Python 3.10 or newer."
        return Finding(status="error", what=what, why="this Python is too old", todo=todo)
    return Finding(status="ok", what=what)


def _packages() -> Iterator[Finding]:
    there, missing = [], []
    for name in PACKAGES:
        try:
            there.append(f"{name} {packages.version(name)}")
        except packages.PackageNotFoundError:
            missing.append(name)
    if missing:
        todo = "Start ./iterativectl again in the checkout, or `pip install iterative-imagination` anew."
        yield Finding(status="error", what="packages", why=f"missing: {', '.join(missing)}", todo=todo)
    yield Finding(status="ok", what="packages", why=", ".join(there))


def _space(workspace: WorkspacePaths | None, project: ProjectPaths | None) -> Finding:
    place = project.root if project else workspace.root if workspace else Path.cwd()
    free = files.free_bytes(place)
    why = f"{free / 2**30:.1f} GiB free at {place}"
    if free >= LITTLE_FREE_BYTES:
        return Finding(status="ok", what="disk space", why=why)
    status: Status = "error" if free < LEAST_FREE_BYTES else "warning"
    return Finding(
        status=status, what="disk space", why=why, todo="Free some space: a run keeps every picture."
    )


def _settings(workspace: WorkspacePaths, project: ProjectPaths) -> Iterator[Finding]:
    problems = settings_problems(workspace, project)
    for problem in problems:
        status: Status = "error" if problem.severity == "error" else "warning"
        why = f"{problem.path}: {problem.message}" if problem.path else problem.message
        yield Finding(status=status, what=problem.where, why=why, todo=f"See the files in {project.config}.")
    if not problems:
        yield Finding(status="ok", what="settings", why=f"the files in {project.config} are sound")


def _picture(project: ProjectPaths) -> Iterator[Finding]:
    from iterativectl.images.decode import decode  # slow to import
    from iterativectl.images.normalise import to_input_png

    name = "input picture"
    if not project.input.is_file():
        todo = "Put the picture there, or make the project with `project create NAME --input PICTURE`."
        yield Finding(status="error", what=name, why=f"{project.input} is missing", todo=todo)
        return
    try:
        data = project.input.read_bytes()
        picture = decode(data, name=project.input.name)
        upright = decode(to_input_png(data, name=project.input.name))
    except IterativeError as error:
        yield Finding(status="error", what=name, why=error.message, todo=error.hint)
        return
    size = f"{picture.width} x {picture.height} px"
    if (picture.size, picture.mode) == (
        upright.size,
        upright.mode,
    ) and picture.tobytes() == upright.tobytes():
        yield Finding(status="ok", what=name, why=size)
        return
    why = f"{size}, but not upright, not 8 bits, or not sRGB: programs will disagree on what it shows"
    todo = (
        "Save it as an upright 8-bit sRGB PNG, or make the project anew with `project create NAME --input`."
    )
    yield Finding(status="warning", what=name, why=why, todo=todo)


def _lock(project: ProjectPaths) -> Finding:
    if not lock.is_held(project.lock):
        return Finding(status="ok", what="lock", why="no process works on this project")
    who = lock.describe(lock.holder(project.lock))
    todo = "Wait for it, or stop that process: a second run is refused meanwhile."
    return Finding(status="warning", what="lock", why=f"a run is going on: {who}", todo=todo)


def _state(project: ProjectPaths) -> Iterator[Finding]:
    """Checkpoint, output and every run: can all of it be read, and is it what was written?"""
    ids = runs.run_ids(project)
    yield from _damages(lambda: _look(checkpoint_file.read(project.checkpoint)))
    yield from _output(project)
    faults = 0
    for run_id in ids:
        for finding in _run(project.run(run_id), latest=run_id == ids[-1]):
            faults += finding.status == "error"
            yield finding
    if ids and not faults:
        yield Finding(status="ok", what="runs", why=f"{len(ids)} of them, every file is as it was written")


def _output(project: ProjectPaths) -> Iterator[Finding]:
    if not project.output_metadata.exists() and not project.output_image.exists():
        return
    todo = "The next `run` that finds a better picture writes both anew; the runs keep every picture."
    try:
        found = output.read(project)
    except ProjectError as error:
        yield Finding(status="error", what="output", why=error.message, todo=error.hint)
        return
    if found is None:
        why = "output.png or output_metadata.json is missing or cannot be read"
        yield Finding(status="warning", what="output", why=why, todo=todo)
    elif found.get("sha256") != runs.sha256_of(project.output_image):
        yield Finding(status="warning", what="output", why="output.png is not the picture it was", todo=todo)


def _run(paths: RunPaths, latest: bool) -> Iterator[Finding]:
    yield from _damages(lambda: _look(runs.read_run(paths)))
    for number in runs.committed(paths):
        yield from _damages(lambda n=number: _iteration(paths, n))  # type: ignore[misc]
    yield from _damages(lambda: _open_tickets(paths, latest))


def _iteration(paths: RunPaths, number: int) -> list[Finding]:
    """A committed iteration against the hashes in its own record."""
    runs.read_iteration(paths, number)
    recorded = records.read(paths.metadata(number), "metadata/1")["files"]
    found = []
    for name, digest in recorded.items():
        path = paths.project / name
        if path.exists() and runs.sha256_of(path) == digest:
            continue
        why = f"{name} is {'not what was written' if path.exists() else 'missing'}"
        found.append(_damaged(paths, why, number))
    return found


def _damaged(paths: RunPaths, why: str, number: int) -> Finding:
    again = (
        "make all anew: `variants --reset`"
        if runs.read_run(paths).variants
        else f"redo from there: `run --resume-from {number}`"
    )
    todo = f"Put it back from a backup, or {again}. Nothing is deleted."
    what = f"run {paths.run_id}, iteration {number}"
    return Finding(status="error", what=what, why=why, todo=todo)


def _open_tickets(paths: RunPaths, latest: bool) -> list[Finding]:
    found = []
    for number, ticket in unsettled(paths):
        what = f"ticket {ticket.ticket}"
        sent = f"sent to {ticket.host} at {ticket.sent_at}"
        why = f"iteration {number} of run {paths.run_id}, {sent}, not collected"
        if latest:
            command = "variants" if runs.read_run(paths).variants else "run"
            todo = f"`{command}` asks the server for it and collects the picture; it is not made twice."
        else:
            todo = "Nothing: that run was left behind. The server may still make this one picture."
        found.append(Finding(status="warning", what=what, why=why, todo=todo))
    return found


def _damages(look: Callable[[], list[Finding]]) -> list[Finding]:
    """What a look finds; a file that cannot be read is the finding."""
    try:
        return look()
    except IterativeError as error:
        return [Finding(status="error", what="damaged file", why=error.message, todo=error.hint)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [Finding(status="error", what="damaged file", why=f"{type(error).__name__}: {error}")]


def _look(read: object) -> list[Finding]:
    """A file that could be read is no finding."""
    return []


def _loaded(problems: list[Problem], load: Callable[[], tuple[Loaded, Sequence[Problem]]]) -> Loaded | None:
    try:
        value, warnings = load()
    except ConfigError as error:
        problems += error.problems
        return None
    problems += warnings
    return value


def _own_or_default(path: Path) -> Path:
    return path if path.exists() else resources.path("defaults", "config", path.name)
