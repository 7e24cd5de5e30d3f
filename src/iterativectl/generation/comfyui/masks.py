"""Where the graph takes the mask of what may be edited. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iterativectl.generation.comfyui.graph import Slot, downstream, title, upstream
from iterativectl.generation.comfyui.pictures import picture_slot
from iterativectl.generation.comfyui.rules import Rule
from iterativectl.generation.comfyui.samplers import Sampler
from iterativectl.generation.comfyui.search import Search
from iterativectl.generation.comfyui.words import places_words

_ONWARD = ("mask", "masks", "image", "images", "destination", "source")


@dataclass(frozen=True, slots=True)
class Mask:
    """`slot`: a loader of its own; `in_picture`: the alpha of the picture; `inverted`: nodes to take out."""

    slot: Slot | None = None
    in_picture: bool = False
    inverted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """From a `mask` input to a loader: the output used there, and the inverting nodes passed."""

    loader: str
    output: int
    inverting: tuple[str, ...]


def find(search: Search, sampler: Sampler, save: str, image: Slot | None) -> Mask:
    """The mask that the graph takes from outside; an empty one where it takes none."""
    told = search.named("mask")
    if told:
        search.keep("mask", told, "told_roles")
        if image and told == image[0]:
            return Mask(in_picture=True)
        return Mask(slot=picture_slot(search, "mask", told))
    made_here = []
    for node, way in _ways(search, sampler, save):
        made_here.append(title(search.graph, node))
        for rule in search.asked(MASK):
            found = rule.ask(way, image)
            if found:
                search.keep("mask", way.loader, rule.name)
                inverted = [node for other in search.asked(INVERTED) for node in other.ask(way)]
                return Mask(found.slot, found.in_picture, tuple(inverted))
    if made_here:
        search.note(f"the graph makes the mask of {made_here[0]} itself: ours is not given to it")
    return Mask()


def _ways(search: Search, sampler: Sampler, save: str) -> Iterator[tuple[str, _Way]]:
    """Every node whose mask is that of the picture, and its way; those behind the sampler first."""
    nodes = upstream(search.graph, sampler.node)
    for rule in search.asked(AFTER):
        nodes += rule.ask(search, sampler, save)
    for node in nodes:
        apart = any(rule.ask(search, node) for rule in search.asked(APART))
        way = None if apart or "mask" not in search.linked(node) else _way(search, node, "mask", (), set())
        if way:
            yield node, way


def _way(search: Search, node: str, name: str, inverting: tuple[str, ...], seen: set[str]) -> _Way | None:
    found = search.source(node, name)
    if not found or found[0] in seen:
        return None
    target, output = found
    seen.add(target)
    class_type = search.graph[target]["class_type"]
    if class_type.startswith("LoadImage") and "image" in search.graph[target]["inputs"]:
        return _Way(target, output, inverting)
    inverting = (*inverting, target) if "Invert" in class_type else inverting
    linked = search.linked(target)
    ways = (_way(search, target, other, inverting, seen) for other in _ONWARD if other in linked)
    return next((way for way in ways if way), None)


def _in_picture(way: _Way, image: Slot | None) -> Mask | None:
    return Mask(in_picture=True) if image and way.loader == image[0] and way.output == 1 else None


def _own_file(way: _Way, image: Slot | None) -> Mask | None:
    """A mask that the graph makes from the picture itself (by colour, by a detector) is not ours to give."""
    return None if image and way.loader == image[0] else Mask(slot=(way.loader, "image"))


def _turned(way: _Way) -> tuple[str, ...]:
    return way.inverting[-1:] if len(way.inverting) % 2 else ()


def _composited(search: Search, sampler: Sampler, save: str) -> list[str]:
    before = set(upstream(search.graph, save))
    return [node for node in downstream(search.graph, sampler.node)[1:] if node in before]


def _places(search: Search, node: str) -> bool:
    return places_words(search.graph[node])


MASK: tuple[Rule[Callable[[_Way, Slot | None], Mask | None]], ...] = (
    Rule("mask_in_picture", _in_picture),
    Rule("mask_file", _own_file),
)
INVERTED: tuple[Rule[Callable[[_Way], tuple[str, ...]]], ...] = (Rule("inverted_mask", _turned),)
AFTER: tuple[Rule[Callable[[Search, Sampler, str], list[str]]], ...] = (Rule("composite_mask", _composited),)
APART: tuple[Rule[Callable[[Search, str], bool]], ...] = (Rule("regions", _places),)
