"""Other data in a YAML file: only the lines change that say something else, all others stay byte for byte.

What comes of it must be read again and compared (config.rules_form does): in a file that is built oddly, with
anchors say, a change here can say something else as well. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from iterativectl.config import yaml_flow, yaml_writing
from iterativectl.config.yaml_insert import NoPlace
from iterativectl.config.yaml_lists import Chunk, arranged, origins_of, same
from iterativectl.config.yaml_parts import Edit, Hints, Part, is_flow
from iterativectl.config.yaml_source import KeyPath
from iterativectl.config.yaml_tokens import Source, apply

_DEEPEST = 8  # columns from a dash to what it holds; a file that has more is written with 2


def with_data(text: str, old: Any, new: Any, hints: Hints) -> str:
    """The text with other data. `old` is what it says now. Raises NoPlace."""
    source = Source(text)
    if not isinstance(source.root, yaml.MappingNode) or not source.root.value:
        raise NoPlace("it holds no keys")
    part = Part(node=source.root, data=old, path=(), after=0, limit=len(text))
    return apply(text, list(Change(source, hints).inside(part, new)), 0, len(text))


class Change:
    """The edits that make one text say something else."""

    def __init__(self, source: Source, hints: Hints) -> None:
        self.source = source
        self.hints = hints

    def inside(self, part: Part, new: Any) -> Iterator[Edit]:
        """What changes in a block or list that stays one."""
        if is_flow(part.node):
            yield from yaml_flow.changes(self, part, new)
        elif isinstance(part.node, yaml.MappingNode):
            yield from self._block(part, new)
        else:
            yield from self._list(part, new)

    def can_go_inside(self, part: Part, new: Any) -> bool:
        """Whether a value stays a block or list, with something of it in it."""
        kind = dict if isinstance(part.node, yaml.MappingNode) else list
        stays = part.own and isinstance(part.node, yaml.CollectionNode) and isinstance(new, kind)
        if not stays or not part.data or not new or (self.hints.whole and len(part.path) > 1):
            return False
        return kind is list or bool(part.data.keys() & new.keys())

    def ordered(self, new: Any, path: KeyPath) -> Any:
        """A new value with its keys in the order in which they are written."""
        return yaml_writing.ordered(new, self.hints.order, path)

    # Blocks

    def pairs(self, part: Part) -> dict[str, tuple[yaml.Node, Part]]:
        """Key -> its node and its value, in the file's order; what is merged in (<<) is not among them."""
        found = {}
        nodes = part.node.value
        inner = int(part.node.end_mark.index) - 1 if is_flow(part.node) else part.limit
        for at, (key, node) in enumerate(nodes):
            if key.value not in part.data or key.value == "<<":
                continue
            limit = int(nodes[at + 1][0].start_mark.index) if at + 1 < len(nodes) else inner
            path = (*part.path, key.value)
            end = int(key.end_mark.index)
            found[key.value] = (
                key,
                Part(node=node, data=part.data[key.value], path=path, after=end, limit=limit),
            )
        return found

    def _block(self, part: Part, new: Mapping[str, Any]) -> Iterator[Edit]:
        pairs = self.pairs(part)
        kept = [key for key in pairs if key in new]
        if not kept:
            raise NoPlace("nothing of the block stays")
        for key in kept:
            if not same(pairs[key][1].data, new[key]):
                yield from self._value(*pairs[key], new[key])
        yield from self._without(pairs, kept)
        yield from self._with_keys(part, pairs, kept, new)

    def _value(self, key: yaml.Node, value: Part, new: Any) -> Iterator[Edit]:
        """Another value for a key of a block."""
        if self.can_go_inside(value, new):
            yield from self._inside_with_remark(value, new)
            return
        column = self.source.column(int(key.start_mark.index))
        used = self.source.column(value.after) + 1
        first, *more = yaml_writing.after_colon(self.ordered(new, value.path), column, used, value.style)
        yield from self._put(value.after, self._end(value), [f": {first}" if first else ":", *more], value)

    def _end(self, value: Part) -> int:
        return max(self.source.end_before(value.limit), value.after)

    def _put(self, start: int, end: int, lines: Sequence[str], value: Part) -> Iterator[Edit]:
        """Lines in the place of text, the first behind what stands there; the remark of its line stays."""
        first, *more = lines
        head = self._remark_of_head(start, value)
        if head is not None:
            yield start, end, "".join([first + head, *self._below(more)])
            return
        note = self.source.remark_after(end)
        if note and not more and "\n" not in self.source.text[start:end]:
            blanks = len(note) - len(note.lstrip())
            yield start, end + blanks, first + " " * max(2, end + blanks - start - len(first))
            return
        yield start, end, first
        if more:
            below = self.source.line_end(end)
            yield below, below, "".join(self._below(more))

    def _inside_with_remark(self, value: Part, new: Any) -> Iterator[Edit]:
        edits = list(self.inside(value, new))
        yield from self._keeping_column(edits, self._end(value)) if is_flow(value.node) else edits

    def _remark_of_head(self, start: int, value: Part) -> str | None:
        """The remark in the first line of what goes on below it; None for what stands in its line."""
        if value.style in ("|", ">"):
            return self.source.remark_after_header(int(value.node.start_mark.index))
        in_block = value.own and isinstance(value.node, yaml.CollectionNode) and not is_flow(value.node)
        below = in_block and self.source.line_end(start) < value.node.start_mark.index
        return self.source.remark_after_header(start) if below else None

    def _keeping_column(self, edits: list[Edit], end: int) -> list[Edit]:
        """The edits of what ends at `end` in one line, and the remark behind it where it was."""
        note = self.source.remark_after(end)
        start = self.source.line_start(end)
        if not note or not edits or any(edit[0] < start or "\n" in edit[2] for edit in edits):
            return edits
        blanks = len(note) - len(note.lstrip())
        grown = sum(len(new) - (last - first) for first, last, new in edits)
        return [*edits, (end, end + blanks, " " * max(2, blanks - grown))]

    def _below(self, lines: Sequence[str]) -> list[str]:
        return [self.source.eol + line for line in lines]

    def _without(self, pairs: Mapping[str, tuple[yaml.Node, Part]], kept: Sequence[str]) -> Iterator[Edit]:
        """Keys that go, with the remark of their line; what stands behind a dash draws the next key up."""
        source = self.source
        first_kept = int(pairs[kept[0]][0].start_mark.index)
        drawn_up = False
        for key, (node, value) in pairs.items():
            start, end = int(node.start_mark.index), source.end_before(value.limit)
            if key in kept or (drawn_up and start < first_kept):
                continue
            if source.is_first(start):
                yield source.whole_lines(start, end)
                continue
            drawn_up = True
            if "#" in source.text[source.line_end(end) : first_kept]:
                raise NoPlace("remarks stand in the way")
            yield start, first_kept, ""

    def _with_keys(
        self,
        part: Part,
        pairs: Mapping[str, tuple[yaml.Node, Part]],
        kept: Sequence[str],
        new: Mapping[str, Any],
    ) -> Iterator[Edit]:
        """New keys, each behind the last one there that is written before it."""
        column = self.source.column(int(pairs[kept[0]][0].start_mark.index))
        apart = [""] if column == 0 and "\n\n" in self.source.text.replace("\r", "") else []
        order = list(self.hints.order(part.path))
        for key, content in self.ordered(new, part.path).items():
            if key in pairs:
                continue
            rank = order.index(key) if key in order else len(order)
            before = [name for name in kept if name in order and order.index(name) < rank]
            neighbour = pairs[before[-1] if before else kept[0]][1]
            place = self.source.end_of_lines(self._end(neighbour), column)
            lines = [*apart, *yaml_writing.pair(key, content, column)]
            yield place, place, "".join(self._below(lines))

    # Lists

    def _list(self, part: Part, new: Sequence[Any]) -> Iterator[Edit]:
        column = self.source.column(int(part.node.start_mark.index))
        items = self._items(part, column)
        origins = self.hints.origins.get(part.path) or origins_of(part.data, new)
        edits = {
            at: list(self._item(items[at], one))
            for at, one in zip(origins, new, strict=True)
            if at is not None and not same(items[at].data, one)
        }
        if list(origins) == list(range(len(items))):
            yield from (edit for found in edits.values() for edit in found)
            return
        chunks = self._chunks(items, column, edits)
        fresh = [
            self._fresh(one, column, items) if at is None else None
            for at, one in zip(origins, new, strict=True)
        ]
        kinds = [self.hints.kind(one) for one in new]
        end = self.source.end_of_last_line(chunks[-1].end)
        yield chunks[0].start, end, arranged(self.source, chunks, origins, fresh, kinds)

    def _items(self, part: Part, column: int) -> list[Part]:
        start = int(part.node.start_mark.index)
        dashes = self.source.dashes(start, part.limit, column)
        if len(dashes) != len(part.data):
            raise NoPlace("the entries of the list cannot be told apart")
        limits = [*dashes[1:], part.limit]
        return [
            Part(node=node, data=part.data[at], path=(*part.path, at), after=dash + 1, limit=limits[at])
            for at, (node, dash) in enumerate(zip(part.node.value, dashes, strict=True))
        ]

    def _item(self, item: Part, new: Any) -> Iterator[Edit]:
        """Another entry in the place of one."""
        if self.can_go_inside(item, new):
            yield from self._inside_with_remark(item, new)
            return
        dash = item.after - 1
        column = self.source.column(dash)
        if isinstance(new, str):
            lines = [f"- {yaml_writing.in_line(new, item.style)}"]
        else:
            lines = yaml_writing.entry(self.ordered(new, item.path), column, self._offset([item], column))
            lines[0] = lines[0][column:]
        yield from self._put(dash, self._end(item), lines, item)

    def _fresh(self, new: Any, column: int, items: Sequence[Part]) -> str:
        """The lines of a new entry, its keys as far in as those of the others."""
        content = self.ordered(new, items[0].path)
        lines = yaml_writing.entry(content, column, self._offset(items, column))
        return "".join(line + self.source.eol for line in lines)

    def _offset(self, items: Sequence[Part], column: int) -> int:
        found = [int(item.node.start_mark.column) - column for item in items if item.own]
        return next((offset for offset in found if 2 <= offset <= _DEEPEST), 2)

    def _chunks(self, items: Sequence[Part], column: int, edits: Mapping[int, list[Edit]]) -> list[Chunk]:
        """The entries with their remarks, as whole lines."""
        source = self.source
        starts: list[int] = []
        ends: list[int] = []
        for item in items:
            dash = item.after - 1
            floor = ends[-1] if ends else source.next_line(source.end_before(dash))
            starts.append(source.above(dash, floor))
            ends.append(source.below(self._end(item), column))
        lines = [source.line_start(item.after - 1) for item in items]
        if starts[1:] == lines[1:]:
            starts[0] = lines[0]  # where no other entry has a remark above it, the first is about the list
        return [
            Chunk(
                start=starts[at],
                end=ends[at],
                text=apply(source.text, edits.get(at, []), starts[at], ends[at]),
                kind=self.hints.kind(item.data),
            )
            for at, item in enumerate(items)
        ]
