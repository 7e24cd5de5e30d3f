"""Where things stand in the text of a YAML file: the ends of values, dashes, lines, and remarks around them.

Tokens say it, not nodes: the node of an alias (*name) is where its anchor stands, an empty value has none.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from functools import cached_property

import yaml

from iterativectl.config.yaml_insert import NoPlace

_OPENING = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_SOLID: tuple[type[yaml.Token], ...] = (
    *(yaml.ScalarToken, yaml.AliasToken, yaml.AnchorToken, yaml.TagToken, yaml.ValueToken, yaml.KeyToken),
    *(yaml.BlockEntryToken, yaml.FlowEntryToken, *_OPENING, *_CLOSING),
)
_REMARK = re.compile(r"(?P<indent>[ \t]*)#[^\n]*\n?")
_HEADING = re.compile(r"[ \t]*#+[ \t]*[-=*~#_]{3,}")  # `# --- preserve ---` is about what follows, all of it


class Source:
    """A text with its tokens. Positions are indexes into the text.

    Raises NoPlace for what is not plain YAML.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.eol = "\r\n" if "\r\n" in text else "\n"
        try:
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
            self._tokens = [token for token in yaml.scan(text, Loader=yaml.SafeLoader) if _is_solid(token)]
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise NoPlace("it is not plain YAML") from error

    @cached_property
    def _starts(self) -> list[int]:
        return [token.start_mark.index for token in self._tokens]

    def end_before(self, limit: int) -> int:
        """The end of the last thing that begins before `limit`; what follows it are blanks and remarks."""
        at = bisect.bisect_left(self._starts, limit) - 1
        while at >= 0 and isinstance(self._tokens[at], (yaml.KeyToken, yaml.FlowEntryToken)):
            at -= 1
        if at < 0:
            return 0
        token = self._tokens[at]
        end = int(token.end_mark.index)
        in_block = isinstance(token, yaml.ScalarToken) and token.style in ("|", ">")
        return len(self.text[:end].rstrip(" \r\n")) if in_block else end

    def dashes(self, start: int, limit: int, column: int) -> list[int]:
        """Where the dashes of a block list stand."""
        return [
            token.start_mark.index
            for token in self._tokens
            if isinstance(token, yaml.BlockEntryToken)
            and start <= token.start_mark.index < limit
            and token.start_mark.column == column
        ]

    def commas(self, node: yaml.Node) -> list[int]:
        """Where the commas stand between the entries of a list in brackets."""
        found, depth = [], 0
        start, end = node.start_mark.index, node.end_mark.index
        for token in self._tokens:
            if not start <= token.start_mark.index < end:
                continue
            depth += isinstance(token, _OPENING)
            depth -= isinstance(token, _CLOSING)
            if isinstance(token, yaml.FlowEntryToken) and depth == 1:
                found.append(int(token.start_mark.index))
        return found

    def start_after(self, place: int) -> int:
        """Where the next thing begins, from `place` on."""
        at = bisect.bisect_left(self._starts, place)
        return self._starts[at]

    def line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def line_end(self, place: int) -> int:
        """The index of the line break after `place`, or the text's end."""
        found = self.text.find("\n", place)
        if found < 0:
            return len(self.text)
        return found - 1 if self.text[max(0, found - 1)] == "\r" else found

    def next_line(self, place: int) -> int:
        """Where the line after that of `place` begins, or the text's end."""
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1

    def column(self, place: int) -> int:
        return place - self.line_start(place)

    def is_first(self, place: int) -> bool:
        """Whether nothing but blanks stands before `place` in its line."""
        return not self.text[self.line_start(place) : place].strip()

    def below(self, place: int, column: int) -> int:
        """The line after `place` and after the remarks right under it that are further in than `column`."""
        at = self.next_line(place)
        while (match := _REMARK.match(self.text, at)) and len(match["indent"]) > column:
            at = match.end()
        return at

    def above(self, place: int, floor: int) -> int:
        """Where the remarks begin that stand right above the line of `place`, not before `floor`.

        A heading is no remark of one entry: then it is the line itself.
        """
        line = self.line_start(place)
        at = line
        while at > floor:
            before = self.line_start(at - 1)
            match = _REMARK.match(self.text, before)
            if before < floor or match is None or match.end() != at:
                break
            if _HEADING.match(self.text, before):
                return line
            at = before
        return at

    def end_of_lines(self, place: int, column: int) -> int:
        """The end of the line of `place`, or of the last remark right under it that is further in."""
        stop = self.below(place, column)
        return self.line_end(place) if stop == self.next_line(place) else self.line_end(stop - 1)

    def whole_lines(self, start: int, end: int) -> tuple[int, int, str]:
        """The edit that takes lines out, with the break before them; at the text's start the one behind."""
        first = self.line_start(start)
        return (self.line_end(first - 1), self.line_end(end), "") if first else (0, self.next_line(end), "")

    def remark_after_header(self, place: int) -> str:
        """The remark behind `key:` or behind the | or > of a text, where nothing else follows in the line."""
        line = self.text[place : self.line_end(place)]
        at = line.find(" #")
        return "  " + line[at + 1 :] if at >= 0 else ""

    def end_of_last_line(self, place: int) -> int:
        """`place` begins a line, or is the text's end: where the line before it ends."""
        return self.line_end(place - 1) if self.text[place - 1] == "\n" else place

    def remark_after(self, place: int) -> str:
        """The remark at the end of the line of `place`, blanks before it included; "" without one."""
        rest = self.text[place : self.line_end(place)]
        return rest if rest.lstrip().startswith("#") else ""


def is_blank(text: str) -> bool:
    """Whether a text holds nothing but empty lines."""
    return not text.strip()


def apply(text: str, edits: Sequence[tuple[int, int, str]], start: int, end: int) -> str:
    """text[start:end] after the edits that lie in it. Raises NoPlace for edits that overlap."""
    parts, at = [], start
    for first, last, new in sorted(edits, key=lambda edit: edit[:2]):
        if first < at or last > end:
            raise NoPlace("two changes meet")
        parts += [text[at:first], new]
        at = last
    return "".join([*parts, text[at:end]])


def _is_solid(token: yaml.Token) -> bool:
    return isinstance(token, _SOLID)
