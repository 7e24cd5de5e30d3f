"""Read YAML that a person wrote, keeping the line of every key and element.

Plain values follow the core schema of YAML 1.2 (chapter 10.3 of its specification): only `true` and `false`
are booleans, `010` is ten, `yes`, `no`, `on`, `off` and dates are text. A duplicate key is an error.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from iterativectl.config import yaml_errors
from iterativectl.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]  # ("acceptance_criteria", 2, "intent")

MAX_BYTES = 256 * 1024  # a long rules file has 20 KiB; PyYAML reads about 100 KiB a second
MAX_VALUES = 50_000  # after anchors are expanded: stops a file of few lines that stands for millions
MAX_DIGITS = 40  # no setting needs more, and 64-bit seeds have 20
HINT = "Correct the file and run the same command again."
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: lines count from 1. `literal` is a text in `|` style, whose lines are kept."""

    line: int
    key_line: int
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A file's plain data (dict, list, str, int, float, bool, None) and the place of each value.

    `name` is how problems call the file. `places` is empty for data that never was a file.
    """

    name: str
    data: Any
    places: Mapping[KeyPath, Place] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int | None:
        """The line of a key or element, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]].key_line
        return None

    def problem(
        self, path: KeyPath, message: str, severity: str = "error", line: int | None = None
    ) -> Problem:
        """A problem of the value at `path`, with file and line."""
        number = line or self.line(path)
        where = f"{self.name}:{number}" if number else self.name
        return Problem(where=where, path=dotted(path), message=message, severity=severity)


def dotted(path: KeyPath) -> str:
    """A path as people read it: `acceptance_criteria[2].intent`; elements count from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(path: Path, name: str = "") -> Document:
    """Read and parse a file. `name` replaces the file's name in problems.

    Raises ConfigError for a file that is missing, too large, not UTF-8 or not YAML.
    """
    name = name or path.name
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        problem = Problem(where=str(path), path="", message="there is no such file")
        hint = "Check the path. `iterativectl project create NAME` makes a project with every file it needs."
        raise ConfigError([problem], hint) from error
    except OSError as error:
        raise _refusal(str(path), f"the file cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise _refusal(name, f"the file is larger than {MAX_BYTES // 1024} KiB: this is no settings file")
    try:
        return parse_yaml(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal(f"{name}:{line}", "the file is not UTF-8 text: save it with that encoding") from error


def parse_yaml(text: str, name: str) -> Document:
    """Parse YAML text. Raises ConfigError with every problem; an empty document has data None."""
    builder = _Builder(name)
    try:
        root = yaml.compose(text, Loader=_Loader)
        data = builder.build(root, (), 1) if root is not None else None
    except yaml.YAMLError as error:
        line, message = yaml_errors.explain(error, text)
        raise _refusal(f"{name}:{line}", message) from error
    except RecursionError as error:
        raise _refusal(name, "the file is nested too deeply") from error
    except (ValueError, OverflowError) as error:  # PyYAML on an escape such as "\U00110000"
        raise _refusal(name, "a character code after a backslash is out of range") from error
    if builder.problems:
        raise ConfigError(builder.problems, HINT)
    return Document(name, data, builder.places)


def require_mapping(document: Document) -> dict[str, Any]:
    """The data as a dict. Raises ConfigError when the file is empty or is something else."""
    if isinstance(document.data, dict):
        return document.data
    if document.data is None:
        raise _refusal(document.name, "the file is empty")
    what = "a list" if isinstance(document.data, list) else "a single value"
    raise _refusal(document.name, f"the file must consist of 'key: value' lines, but it is {what}")


def _refusal(where: str, message: str) -> ConfigError:
    return ConfigError([Problem(where=where, path="", message=message)], HINT)


class _Loader(yaml.SafeLoader):
    """PyYAML's reader with the plain values of YAML 1.2 in place of those of 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


CORE_VALUES: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = (
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), ("~", "n", "N", "")),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), tuple("tTfF")),
    ("int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), tuple("-+0123456789")),
    (
        "float",
        re.compile(r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
                   r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
        tuple("-+.0123456789"),
    ),
)  # fmt: skip

for _name, _pattern, _first in CORE_VALUES:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, list(_first))


class _Builder:
    """Turns PyYAML's nodes into plain data, and collects places and problems on the way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: yaml.Node, path: KeyPath, key_line: int) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _refusal(self.name, f"the file stands for more than {MAX_VALUES} values")
        if id(node) in self._open:
            self._add(node, path, "an anchor (&name) must not contain itself (*name)")
            return None
        literal = isinstance(node, yaml.ScalarNode) and node.style == "|"
        line: int = node.start_mark.line + 1
        self.places[path] = Place(line + 1 if literal else line, key_line, literal)
        self._open.add(id(node))
        try:
            return self._content(node, path)
        finally:
            self._open.discard(id(node))

    def _content(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [
                self.build(child, (*path, index), child.start_mark.line + 1)
                for index, child in enumerate(node.value)
            ]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        return self._add(node, path, f"the tag {node.tag} is not allowed here: leave it out")

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._key(key_node, path)
            if key is None or _is_merge(key_node):
                continue
            if key in first:
                message = f"the key is written twice (first in line {first[key]}): remove one"
                self._add(key_node, (*path, key), message)
                continue
            first[key] = line
            found[key] = self.build(value_node, (*path, key), line)
        for key_node, value_node in self._merged(node, path):
            key = self._key(key_node, path)
            if key is not None and key not in found:
                found[key] = self.build(value_node, (*path, key), key_node.start_mark.line + 1)
        return found

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            key = self._scalar(node, path)
            if isinstance(key, str):
                return key
            if key is not None or node.value in ("", "~", "null"):
                self._add(node, path, f"the key {node.value} must be text: put it in quotes")
            return None
        self._add(node, path, "a key must be a plain text; a '{' or '[' in a text needs quotes around it")
        return None

    def _merged(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """The pairs that `<<: *anchor` brings in; of several, the earlier wins."""
        for key_node, value_node in node.value:
            if not _is_merge(key_node):
                continue
            sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            for source in sources:
                if not isinstance(source, yaml.MappingNode) or id(source) in self._open:
                    self._add(key_node, path, "'<<' takes an anchor of a block with keys: <<: *name")
                    continue
                yield from (pair for pair in source.value if not _is_merge(pair[0]))
                self._open.add(id(source))
                yield from self._merged(source, path)
                self._open.discard(id(source))

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        value: str = node.value
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "str":
            return value if not _unprintable(value) else self._add(node, path, _unprintable(value))
        if kind == "null":
            return None
        if kind == "bool" and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if kind in ("int", "float"):
            return self._number(node, path, kind)
        return self._add(node, path, f"the tag {node.tag} is not allowed here: leave it out")

    def _number(self, node: yaml.ScalarNode, path: KeyPath, kind: str) -> Any:
        value: str = node.value
        if len(value) > MAX_DIGITS:
            return self._add(node, path, f"the number has more than {MAX_DIGITS} digits")
        try:
            if kind == "int":
                return int(value, 0 if value[:2] in ("0x", "0o") else 10)
            number = float(value.replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return self._add(node, path, f"{value!r} is not a number")
        if math.isfinite(number):
            return number
        return self._add(node, path, f"{value} is not a number that can be used")

    def _add(self, node: yaml.Node, path: KeyPath, message: str) -> None:
        where = f"{self.name}:{node.start_mark.line + 1}"
        self.problems.append(Problem(where=where, path=dotted(path), message=message))


def _is_merge(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and node.style is None


def _unprintable(text: str) -> str:
    """What is wrong with a text's characters, "" if nothing is. Escapes can bring in what no file holds."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t":
            return f"the text holds the control character U+{ord(character):04X}: remove it"
    return ""
