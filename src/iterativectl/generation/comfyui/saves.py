"""Which node keeps the result. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iterativectl.generation.comfyui.graph import Graph, downstream, link, title, upstream
from iterativectl.generation.comfyui.refusal import refused, unfit
from iterativectl.generation.comfyui.rules import Rule
from iterativectl.generation.comfyui.samplers import kind_of
from iterativectl.generation.comfyui.search import Missing, Search

PICTURES = ("images", "image")  # what save nodes call the pictures they are given


@dataclass(frozen=True, slots=True)
class Save:
    """The node that keeps the result. `replaced`: SaveImage takes its place."""

    node: str
    replaced: bool


def find(search: Search) -> Save:
    """The node whose picture is the result. Raises WorkflowRejected."""
    graph = search.graph
    told = search.named("save")
    if told:
        return _told(search, told)
    sampler = search.named("sampler")
    within = downstream(graph, sampler) if sampler else list(graph)
    by_rule = _candidates(search, within)
    if not by_rule:
        likely = [node for node in within if pictures(graph, node)]
        search.missing["save"] = Missing("a node that saves or previews a picture", likely)
        raise refused(search)
    saves = list(by_rule)
    for choose in search.asked(RESULT):
        saves = choose.ask(search, saves)
    save, rule = saves[0], by_rule[saves[0]]
    search.keep("save", save, "most_sampled" if len(saves) > 1 else rule)
    if len(saves) > 1:
        others = ", ".join(title(graph, node) for node in saves[1:])
        search.note(f"the result is what {title(graph, save)} saves; the rest stays as it is: {others}")
    if rule in NOTES:
        search.note(NOTES[rule].format(title(graph, save)))
    return Save(save, rule in NOTES)


def pictures(graph: Graph, node: str) -> str | None:
    """The input by which a node is given pictures to keep."""
    return next((name for name in PICTURES if link(graph[node]["inputs"].get(name))), None)


def _told(search: Search, node: str) -> Save:
    search.keep("save", node, "told_roles")
    if "filename_prefix" in search.graph[node]["inputs"]:
        return Save(node, replaced=False)
    if not pictures(search.graph, node):
        raise unfit(search, "save", node, "is given no picture to save")
    return Save(node, replaced=True)


def _candidates(search: Search, within: list[str]) -> dict[str, str]:
    """Node -> rule; previews only where nothing else is kept."""
    found: dict[str, str] = {}
    for rule in search.asked(SAVES):
        if rule.name != "preview" or not found:
            found.update(
                {node: rule.name for node in within if node not in found and rule.ask(search.graph, node)}
            )
    return found


def _save_image(graph: Graph, node: str) -> bool:
    return bool(graph[node]["class_type"] == "SaveImage")


def _other_save(graph: Graph, node: str) -> bool:
    name = graph[node]["class_type"].lower()
    named = "save" in name or ("send" in name and "image" in name)
    return named and not _save_image(graph, node) and _ends(graph, node)


def _preview(graph: Graph, node: str) -> bool:
    return "preview" in graph[node]["class_type"].lower() and _ends(graph, node)


def _ends(graph: Graph, node: str) -> bool:
    """Given pictures, and nothing hangs on it: SaveImage may stand there as well."""
    return pictures(graph, node) is not None and len(downstream(graph, node)) == 1


def _most_sampled(search: Search, saves: list[str]) -> list[str]:
    def weight(save: str) -> tuple[int, int]:
        before = upstream(search.graph, save)
        return sum(kind_of(search, node) is not None for node in before), len(before)

    return sorted(saves, key=weight, reverse=True)


SAVES: tuple[Rule[Callable[[Graph, str], bool]], ...] = (
    Rule("save_image", _save_image),
    Rule("other_save", _other_save),
    Rule("preview", _preview),
)
RESULT: tuple[Rule[Callable[[Search, list[str]], list[str]]], ...] = (Rule("most_sampled", _most_sampled),)
NOTES = {
    "other_save": "{} keeps pictures in its own way; SaveImage takes its place, to tell ours apart",
    "preview": "the workflow only previews its picture; SaveImage takes the place of {}",
}
