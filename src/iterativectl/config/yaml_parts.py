"""A value where it stands in a YAML file, and what is known beyond the data of another one to put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from iterativectl.config.yaml_source import KeyPath
from iterativectl.config.yaml_writing import Order

Edit = tuple[int, int, str]  # text[start:end] becomes this


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the data does not say of itself.

    `origins`: for a list, the index that each new entry had, None for one that is new; without it the
    entries are compared. `kind`: entries of one kind stay under one heading. `order`: the keys of a block in
    the order in which new ones are written. `whole`: what changed in a list is written anew, and remarks
    inside it are lost.
    """

    order: Order
    origins: Mapping[KeyPath, Sequence[int | None]] = field(default_factory=dict)
    kind: Callable[[Any], Any] = lambda entry: None
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A value in the file: its node, what it says, its path, and where what follows it begins (`limit`).

    `after`: where the key or dash before it ends.
    """

    node: yaml.Node
    data: Any
    path: KeyPath
    after: int
    limit: int

    @property
    def own(self) -> bool:
        """Whether it is written here; an alias stands for what is written elsewhere."""
        return int(self.node.start_mark.index) >= self.after

    @property
    def style(self) -> str | None:
        """How a text is written: ' " | > or None."""
        return self.node.style if self.own and isinstance(self.node, yaml.ScalarNode) else None


def is_flow(node: yaml.Node) -> bool:
    """Whether a list or block is written between brackets."""
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)
