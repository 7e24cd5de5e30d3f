"""New text in a YAML file, and every other byte as it was: comments, order, quotes, odd indentation.

PyYAML says where things stand, and the new lines go between. Nothing is dumped. What comes of it must be read
again and compared (config.rules_edit does): a place that this module finds wrongly shows then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from iterativectl.config import yaml_words

_AFTER_A_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*[ \t]*\Z")
_REMARK_IN_LINE = re.compile(r"(?:(?<=\s)|^)#[^\r\n]*", re.MULTILINE)
_REMARKS_TO_THE_END = re.compile(r"(?:\s|#[^\n]*)*\Z")
_REMARK = re.compile(r"\r?\n(?P<indent> *)#[^\r\n]*")


class NoPlace(ValueError):
    """The file is built so that nothing can be put there without writing it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry for a list, with a remark above it. `after`: the index it follows; None: the last."""

    content: Mapping[str, Any]
    remark: str = ""
    after: int | None = None


def with_entry(text: str, key: str, new: Entry, beside: str) -> str:
    """The text with one more entry in the list `key` of the file's top. Raises NoPlace.

    Where there is no such list it is made, after the block `beside`.
    """
    root = _root(text)
    found = _pair(root, key)
    if found is None:
        return _with_list(text, root, key, new, beside)
    node = found[1]
    _require_own(node, found[0])
    if isinstance(node, yaml.SequenceNode) and node.value:
        return _in_flow(text, node, new) if node.flow_style else _in_block(text, node, new)
    if not _is_nothing(node):
        raise NoPlace(f"'{key}' is no list")
    if root.flow_style:
        return _replaced(text, node.start_mark.index, _end(text, node), f" [{yaml_words.value(new.content)}]")
    lines = _entry_lines(new, found[0].start_mark.column + 2, 2)
    return _lines_after(_emptied(text, found), found[0].end_mark.index, lines)


def with_value(text: str, path: Sequence[str], content: str) -> str:
    """The text with another text at `path` (keys from the file's top); what is missing there is made.

    Raises NoPlace.
    """
    node: yaml.Node = _root(text)
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            raise NoPlace(f"'{'.'.join(path[:depth])}' is no block of keys")
        found = _pair(node, key)
        rest = _nested(path[depth + 1 :], content)
        if found is None:
            return _with_pair(text, node, key, rest)
        _require_own(found[1], found[0])
        if depth + 1 == len(path):
            return _rewritten(text, node, found, content)
        if _is_nothing(found[1]):
            return _filled(text, node, found, rest)
        node = found[1]
    raise NoPlace("no key was given")


def _nested(path: Sequence[str], content: str) -> Any:
    nested: Any = content
    for key in reversed(path):
        nested = {key: nested}
    return nested


# Lists


def _in_block(text: str, node: yaml.SequenceNode, new: Entry) -> str:
    at = len(node.value) - 1 if new.after is None else new.after
    start = node.value[at].start_mark
    dash = _dash(text, start.index)
    column = dash - text.rfind("\n", 0, dash) - 1
    offset = start.column - column if start.column > column + 1 else 2
    apart = [""] if _AFTER_A_BLANK_LINE.search(text, 0, dash) else []
    lines = [*apart, *_entry_lines(new, column, offset)]
    return _lines_after(text, _end(text, node.value[at]), lines, deeper_than=column)


def _in_flow(text: str, node: yaml.SequenceNode, new: Entry) -> str:
    at = len(node.value) - 1 if new.after is None else new.after
    place = _end(text, node.value[at])
    return _replaced(text, place, place, f", {yaml_words.value(new.content)}")


def _with_list(text: str, root: yaml.MappingNode, key: str, new: Entry, beside: str) -> str:
    neighbour = _pair(root, beside)
    if neighbour is None:
        raise NoPlace(f"there is no '{beside}'")
    place = max(_end(text, neighbour[0]), _end(text, neighbour[1]))
    if root.flow_style:
        return _replaced(text, place, place, f", {key}: [{yaml_words.value(new.content)}]")
    column = root.value[0][0].start_mark.column
    lines = ["", f"{' ' * column}{key}:", *_entry_lines(new, column + 2, 2)]
    return _lines_after(text, place, lines, deeper_than=column)


def _entry_lines(new: Entry, column: int, offset: int) -> list[str]:
    return [*yaml_words.remark(new.remark, column), *yaml_words.entry(new.content, column, offset)]


def _dash(text: str, start: int) -> int:
    """Where the dash of the entry stands whose content begins at `start`."""
    near: int = text.rfind("-", 0, start)
    if not text[near + 1 : start].strip():
        return near
    tokens = yaml.scan(text, Loader=yaml.SafeLoader)  # a remark stands between
    dashes = (t.start_mark.index for t in tokens if isinstance(t, yaml.BlockEntryToken))
    return int(max(dash for dash in dashes if dash < start))


# Keys


def _with_pair(text: str, node: yaml.MappingNode, key: str, content: Any) -> str:
    if node.flow_style:
        name = yaml_words.value(key, between_brackets=True)
        place = _end_of_last(text, node) if node.value else node.start_mark.index + 1
        comma = ", " if node.value else ""
        return _replaced(text, place, place, f"{comma}{name}: {_between_brackets(content)}")
    column = node.value[0][0].start_mark.column
    lines = list(yaml_words.pair(key, content, column))
    place = _end(text, node)
    if column == 0 and not _REMARKS_TO_THE_END.match(text, place):
        apart = [""] if _AFTER_A_BLANK_LINE.search(text, 0, node.value[-1][0].start_mark.index) else []
        return _lines_after(text, place, [*apart, *lines], deeper_than=column)
    if column == 0:
        apart = [""] if "\n\n" in text.replace("\r", "") else []
        return _lines_after(text, len(text.rstrip()), [*apart, *lines])
    return _lines_after(text, place, lines, deeper_than=column)


def _filled(
    text: str, parent: yaml.MappingNode, found: tuple[yaml.Node, yaml.Node], content: Mapping[str, Any]
) -> str:
    """A key that holds nothing gets a block."""
    key, node = found
    if parent.flow_style:
        return _replaced(text, node.start_mark.index, _end(text, node), f" {_between_brackets(content)}")
    column = key.start_mark.column + 2
    lines = [line for name, part in content.items() for line in yaml_words.pair(name, part, column)]
    return _lines_after(_emptied(text, found), key.end_mark.index, lines)


def _rewritten(text: str, parent: yaml.MappingNode, found: tuple[yaml.Node, yaml.Node], content: str) -> str:
    """Another text for a key, a remark beside the old one kept."""
    key, node = found
    if not isinstance(node, yaml.ScalarNode):
        raise NoPlace(f"'{key.value}' is no text")
    start, end = node.start_mark.index, _end(text, node)
    if parent.flow_style:
        return _replaced(text, start, end, ("" if end > start else " ") + _between_brackets(content))
    in_block = node.style in ("|", ">")
    stop = end if in_block else _line_end(text, end)
    notes = _REMARK_IN_LINE.findall(text, key.end_mark.index, start)
    notes += _REMARK_IN_LINE.findall(text, start, _line_end(text, start)) if in_block else []
    notes += [] if in_block else _REMARK_IN_LINE.findall(text, end, stop)
    if len(notes) > 1:
        raise NoPlace("remarks stand in the way")
    first, *more = yaml_words.after_colon(content, key.start_mark.column, key.end_mark.column + 1)
    lines = ["  ".join([f": {first}", *notes]), *more]
    return _replaced(text, key.end_mark.index, stop, _break(text).join(lines))


def _emptied(text: str, found: tuple[yaml.Node, yaml.Node]) -> str:
    """A key that holds nothing (null, [], {}) without even that."""
    key, node = found
    _require_no_remark(text, key.end_mark.index, _end(text, node))
    return _replaced(text, key.end_mark.index, _end(text, node), ":")


def _require_no_remark(text: str, start: int, end: int) -> None:
    """What is replaced must hold nothing that a person wrote for people."""
    if "#" in text[start:end]:
        raise NoPlace("a remark stands in the way")


def _between_brackets(content: Any) -> str:
    return yaml_words.value(content, between_brackets=True)


# Places


def _root(text: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NoPlace("it is not plain YAML") from error
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise NoPlace("it holds no keys")
    return root


def _pair(node: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next((pair for pair in node.value if pair[0].value == key), None)


def _require_own(node: yaml.Node, key: yaml.Node) -> None:
    """What an anchor stands for is written elsewhere, and other places share it."""
    if node.start_mark.index < key.end_mark.index:
        raise NoPlace(f"'{key.value}' stands for an anchor (*name)")


def _is_nothing(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.style is None and node.value in ("", "~", "null", "Null", "NULL")
    return not node.value


def _end(text: str, node: yaml.Node) -> int:
    """The index after the last character of a node's own text: what follows it is a person's."""
    if isinstance(node, yaml.CollectionNode):
        return int(node.end_mark.index) if node.flow_style or not node.value else _end_of_last(text, node)
    return _end_of_scalar(text, node)


def _end_of_last(text: str, node: yaml.Node) -> int:
    return max(_end(text, child) for child in _children(node))


def _end_of_scalar(text: str, node: yaml.Node) -> int:
    end = int(node.end_mark.index)
    if not isinstance(node, yaml.ScalarNode) or node.style not in ("|", ">"):
        return end
    return len(text[:end].rstrip(" \r\n"))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for part in node.value:
        yield from part if isinstance(part, tuple) else (part,)


def _line_end(text: str, place: int) -> int:
    """The index of the line break after `place`, or the text's end."""
    found = text.find("\n", place)
    if found < 0:
        return len(text)
    return found - 1 if found > place and text[found - 1] == "\r" else found


def _lines_after(text: str, place: int, lines: Iterable[str], deeper_than: int | None = None) -> str:
    """Lines below the line of `place`, and below the remarks right under it that are further in."""
    end = _line_end(text, place)
    while deeper_than is not None and (match := _REMARK.match(text, end)):
        if len(match["indent"]) <= deeper_than:
            break
        end = match.end()
    return text[:end] + "".join(_break(text) + line for line in lines) + text[end:]


def _break(text: str) -> str:
    """How the file ends its lines."""
    return "\r\n" if "\r\n" in text else "\n"


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
