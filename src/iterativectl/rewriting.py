"""A person's rules.yaml with a change: shown as a diff, and written only if the result holds.

The file on the disk is what was read, or nothing is written; the old one is kept beside it, under a name
that no other one has.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from iterativectl import files
from iterativectl.config.lint import lint
from iterativectl.config.rules import parse_rules
from iterativectl.config.types import AIGen, Rules
from iterativectl.config.yaml_source import parse_yaml
from iterativectl.errors import ConfigError, LockedError, Problem, UsageError
from iterativectl.project.layout import ProjectPaths

NAME = "rules.yaml"
SHOWN_AS = "config/rules.yaml"  # how diffs call the file: relative to the project
NOTHING_WRITTEN = "Nothing was written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file as it is and as it would be. Both texts are UTF-8; a byte order mark and line ends are kept."""

    path: Path
    before: bytes
    after: bytes

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after

    def diff(self) -> str:
        """A unified diff, as `patch -p0` takes it in the project's folder; "" without a change."""
        old, new = (text.decode("utf-8").splitlines(keepends=True) for text in (self.before, self.after))
        lines = difflib.unified_diff(old, new, SHOWN_AS, SHOWN_AS)
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def read_rules(project: ProjectPaths) -> tuple[bytes, Rules]:
    """The bytes of rules.yaml and what they say. Raises ConfigError."""
    path = project.rules
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except FileNotFoundError as error:
        problem = Problem(where=str(path), path="", message="there is no such file")
        raise ConfigError([problem], "`project create NAME` makes a project with all its files.") from error
    except UnicodeDecodeError as error:
        problem = Problem(where=NAME, path="", message="the file is not UTF-8 text")
        raise ConfigError([problem], "Save it with that encoding.") from error
    return content, parse_rules(text.removeprefix("\ufeff"), NAME)[0]


def draft(path: Path, before: bytes, aigen: AIGen | None, change: Callable[[str], str]) -> Draft:
    """The file after a change. Raises ConfigError when it would be worse than before, saying how."""
    text = before.decode("utf-8")
    after = change(text)
    known = {_what(problem) for problem in _findings(text, aigen)}
    known |= {("prompts", message) for _, message in known}  # a mask that is unknown there is unknown here
    news = [problem for problem in _findings(after, aigen) if _what(problem) not in known]
    if news:
        raise ConfigError(news, f"{NOTHING_WRITTEN} The change would have made the rules worse.")
    return Draft(path=path, before=before, after=after.encode("utf-8"))


def write(draft: Draft, project: ProjectPaths, now: datetime) -> Path:
    """Write the draft, and return where the file before it is kept.

    Raises ConfigError when the new text is no rules file, UsageError when the file was changed meanwhile,
    LockedError when another process writes it at this moment, StorageError.
    """
    parse_rules(draft.after.decode("utf-8").removeprefix("\ufeff"), NAME)
    path = draft.path.resolve()  # a link stays a link
    with alone(project):
        _require_same(path, draft.before)
        backup = _kept(path, draft.before, now)
        _require_same(path, draft.before)
        files.write_bytes(path, draft.after)
    return backup


def _findings(text: str, aigen: AIGen | None) -> list[Problem]:
    """What `rules check` says of a text, fields in the place of indexes: a new entry moves those below it.

    Raises ConfigError for a text that cannot be used at all.
    """
    plain = text.removeprefix("\ufeff")
    rules, warnings = parse_rules(plain, NAME)
    named = _by_field(rules)
    found = [*warnings, *lint(rules, None, aigen, parse_yaml(plain, NAME))]
    return [_named(problem, named) for problem in found]


def _what(problem: Problem) -> tuple[str, str]:
    """What makes two findings the same one."""
    return "prompts" if problem.path.startswith("prompts") else problem.path, problem.message


def _by_field(rules: Rules) -> dict[str, str]:
    """`acceptance_criteria[2]` -> suit."""
    names = {f"acceptance_criteria[{i}]": c.field for i, c in enumerate(rules.acceptance_criteria)}
    return names | {f"questions[{i}]": q.field for i, q in enumerate(rules.questions)}


def _named(problem: Problem, names: dict[str, str]) -> Problem:
    head, bracket, rest = problem.path.partition("]")
    name = names.get(head + bracket)
    if name is None:
        return problem
    block = head.partition("[")[0]
    return Problem(
        where=problem.where, path=f"{block}[{name}]{rest}", message=problem.message, severity=problem.severity
    )


def _require_same(path: Path, before: bytes) -> None:
    if not path.is_file() or path.read_bytes() != before:
        raise UsageError(
            f"{path} was changed while this was at work. {NOTHING_WRITTEN}", "Give the same command again."
        )


def _kept(path: Path, content: bytes, now: datetime) -> Path:
    """A copy beside the file: rules.yaml.TIME.bak; the next free name, should there be one."""
    stamp = now.strftime("%Y-%m-%d_%H-%M-%S")
    number = 1
    while True:
        suffix = f"_{number}" if number > 1 else ""
        backup = path.with_name(f"{path.name}.{stamp}{suffix}.bak")
        try:
            files.create_bytes(backup, content)
        except FileExistsError:
            number += 1
        else:
            return backup


@contextmanager
def alone(project: ProjectPaths) -> Iterator[None]:
    """Two of our own commands never write the file at the same moment."""
    descriptor = files.lock(project.rules_work / "rules.lock", "writing rules.yaml\n")
    if descriptor is None:
        raise LockedError(
            f"another command is writing {project.rules}. {NOTHING_WRITTEN}", "Give the same command again."
        )
    try:
        yield
    finally:
        files.unlock(descriptor)
