"""A project's rules.yaml as a text that is read, checked and saved as a whole.

Nothing is written over that was not read before: whoever saves says by its sha256 which text theirs was made
from. What a text replaces is kept in working/rules/replaced/.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from iterativectl import files, opening
from iterativectl.config.rules import parse_rules
from iterativectl.config.rules_form import with_line_ends
from iterativectl.config.types import Rules
from iterativectl.config.yaml_source import MAX_BYTES, read_yaml
from iterativectl.doctor import settings_problems
from iterativectl.errors import IterativeError, Problem
from iterativectl.project import lock, runs
from iterativectl.project.handwriting import Overtaken
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.rewriting import alone

NAME = "rules.yaml"
KEPT = 50  # texts that were replaced; the oldest go first
_REPLACED = re.compile(r"rules_(?P<time>\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)(?:_(?P<number>\d+))?\.yaml")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The file as it stands: its text, and its sha256, None without a file.

    `problems` are what keeps it from being read at all.
    """

    text: str
    sha256: str | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was saved. `kept`: where the text before it is, None where there was none or nothing changed."""

    sha256: str
    kept: Path | None
    note: str


def read(project: ProjectPaths) -> Rulebook:
    """The file, without a byte order mark. Raises ConfigError for one that is too large."""
    if not project.rules.is_file():
        problem = Problem(where=NAME, path="", message="there is no such file yet")
        return Rulebook(text="", sha256=None, problems=(problem,))
    content = project.rules.read_bytes()
    problems: tuple[Problem, ...] = ()
    if len(content) > MAX_BYTES:
        read_yaml(project.rules)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "the file is not UTF-8 text: what is not is shown as \ufffd, and would be saved so"
        problems = (Problem(where=f"{NAME}:{line}", path="", message=message),)
        text = content.decode("utf-8", "replace")
    sha256 = hashlib.sha256(content).hexdigest()
    return Rulebook(text=text.removeprefix(_BOM), sha256=sha256, problems=problems)


def problems(workspace: WorkspacePaths, project: ProjectPaths, text: str) -> list[Problem]:
    """What `rules check` would say if this were the file."""
    return settings_problems(workspace, project, text.removeprefix(_BOM))


def save(project: ProjectPaths, text: str, based_on: str | None, now: datetime) -> Saved:
    """Write the text, with the line ends and the byte order mark that the file has.

    Raises ConfigError for a text that is no rules file, Overtaken when the file is not the one that the text
    was made from, LockedError while another process writes it, StorageError.
    """
    rules, _ = parse_rules(text.removeprefix(_BOM), NAME)
    path = project.rules.resolve()  # a link stays a link
    with alone(project):
        old = path.read_bytes() if path.is_file() else None
        if (hashlib.sha256(old).hexdigest() if old is not None else None) != based_on:
            raise Overtaken
        new = with_line_ends(text, _decoded(old)).encode("utf-8")
        kept = None
        if new != old:
            kept = _kept(project, old, now) if old is not None else None
            files.write_bytes(path, new)
    return Saved(sha256=hashlib.sha256(new).hexdigest(), kept=kept, note=consequence(project, rules))


def consequence(project: ProjectPaths, rules: Rules) -> str:
    """What becomes of a run that has not ended, now that these are the rules; "" where nothing does."""
    run_id = opening.unfinished(project)
    if run_id is None:
        return ""
    try:
        before = runs.read_run(project.run(run_id)).rules
    except IterativeError:  # a damaged run says so where it is opened
        return ""
    if runs.judged_by(before) == runs.judged_by(rules):
        return ""
    ends = "the next `run` ends it and begins a new one, because the rules changed"
    if lock.is_held(project.lock):
        return f"Run {run_id} is going on, with the rules that it began with. Once it stops, {ends}."
    return f"Run {run_id} has not ended: {ends}."


def _decoded(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


def _kept(project: ProjectPaths, content: bytes, now: datetime) -> Path:
    """A copy in working/rules/replaced/, and no more of them than are kept."""
    stamp, number = now.strftime("%Y-%m-%d_%H-%M-%S"), 1
    while True:
        path = project.replaced_rules(stamp if number == 1 else f"{stamp}_{number}")
        try:
            files.create_bytes(path, content)
            break
        except FileExistsError:
            number += 1
    there = sorted((age, one) for one in path.parent.iterdir() if (age := _age(one)) is not None)
    for _, oldest in there[:-KEPT]:
        files.remove(oldest)
    return path


def _age(path: Path) -> tuple[str, int] | None:
    """By the time in the name, those of one second as they were made. None for what is not ours."""
    match = _REPLACED.fullmatch(path.name)
    return (match["time"], int(match["number"] or 1)) if match else None
