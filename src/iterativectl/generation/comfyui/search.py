"""What is known so far while one graph is traced, and how links are followed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from iterativectl.generation.comfyui.graph import Graph, Link, Node, Slot, Workflow, link, links, title
from iterativectl.generation.comfyui.rules import RULES, Rule, in_force

_Asked = TypeVar("_Asked")


@dataclass(frozen=True, slots=True)
class Missing:
    """A role that was not found: what was looked for, and the nodes that a person may mean."""

    what: str
    likely: list[str]


@dataclass(slots=True)
class Search:
    """One graph being read. `rules` are the names in force; `found`: role -> node, for people."""

    workflow: Workflow
    told: Mapping[str, str]
    rules: Collection[str]
    notes: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.workflow.graph

    def asked(self, question: tuple[Rule[_Asked], ...]) -> Iterator[Rule[_Asked]]:
        """The rules of a question that are in force, in order."""
        return in_force(question, self.rules)

    def named(self, role: str) -> str | None:
        """The node that a person names for a role."""
        return self.told.get(role)

    def note(self, words: str) -> None:
        """Something people should know."""
        if words not in self.notes:
            self.notes.append(words)

    def keep(self, role: str, node: str, rule: str) -> None:
        """Write down what a role is, and the rule that found it."""
        self.found[role] = title(self.graph, node)
        self.how[role] = RULES["told_roles" if self.named(role) else rule]

    def source(self, node: str, name: str) -> Link | None:
        """What an input is linked to, behind reroutes and switches; None for a plain value."""
        return self.trail(node, name)[1]

    def trail(self, node: str, name: str) -> tuple[tuple[Slot, ...], Link | None]:
        """As `source`, with the inputs passed: the given one, and those of reroutes."""
        hops: list[Slot] = [(node, name)]
        found = link(self.graph[node]["inputs"].get(name))
        while found and len(hops) <= len(self.graph):
            passed = self._passed(found[0])
            if passed is None:
                break
            hops.append(passed)
            found = link(self.graph[passed[0]]["inputs"][passed[1]])
        return tuple(hops), found

    def linked(self, node: str) -> list[str]:
        """The names of a node's linked inputs, in its own order."""
        return [name for name, _ in links(self.graph[node])]

    def _passed(self, node: str) -> Slot | None:
        names = (rule.ask(self.graph[node]) for rule in self.asked(PASSING))
        return next(((node, name) for name in names if name), None)


def _passes_on(node: Node) -> str | None:
    """The input that a reroute or switch hands on unchanged; None for any other node."""
    names = sorted(name for name, _ in links(node))
    class_type = node["class_type"].lower()
    if "reroute" in class_type:
        return names[0] if len(names) == 1 else None
    if "switch" not in class_type or not names:
        return None
    values = [value for value in node["inputs"].values() if isinstance(value, int)]
    chosen = next((value for value in values if not isinstance(value, bool)), next(iter(values), None))
    if chosen is None:  # rgthree's Any Switch: the first that is there
        return names[0]
    if isinstance(chosen, bool):
        wanted = [name for name in names if name.endswith("_true" if chosen else "_false")]
    else:
        wanted = [name for name in names if name.removesuffix(str(chosen)).rstrip("_").isalpha()]
    return wanted[0] if len(wanted) == 1 else None


PASSING: tuple[Rule[Callable[[Node], str | None]], ...] = (Rule("reroutes", _passes_on),)
