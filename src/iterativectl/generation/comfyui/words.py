"""Which texts get the prompts: the ways from a sampler's conditioning to the nodes that hold words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.generation.comfyui import walk
from iterativectl.generation.comfyui.graph import Link, Node, Slot, link, links, title
from iterativectl.generation.comfyui.refusal import unfit, with_words
from iterativectl.generation.comfyui.rules import RULES, Rule
from iterativectl.generation.comfyui.samplers import Sampler
from iterativectl.generation.comfyui.search import Missing, Search

_PLAIN = ("text", "prompt")
_BY_ENCODER = (
    "text_g",
    "text_l",
    "clip_l",
    "clip_g",
    "t5xxl",
    "user_prompt",
    "bert",
    "mt5xl",
    "llama",
    "qwen25_7b",
)
_TEXT_INPUTS = (*_PLAIN, *_BY_ENCODER)


@dataclass(frozen=True, slots=True)
class TextPath:
    """The way from a sampler to a text: the inputs passed, and the slots of the node that holds the words."""

    hops: tuple[Slot, ...]
    slots: tuple[Slot, ...]
    rule: str  # that found the words
    passed_by: tuple[str, ...] = ()  # nodes that join several texts; only one of each was followed

    @property
    def nodes(self) -> list[str]:
        """The nodes of the way, from the sampler to the words."""
        return list(dict.fromkeys(node for node, _ in (*self.hops, *self.slots)))


@dataclass(frozen=True, slots=True)
class Texts:
    """Every slot that gets the words, and the ways of negative sides to a text that serves both sides."""

    positive: tuple[Slot, ...]
    negative: tuple[Slot, ...]
    shared: tuple[tuple[Slot, ...], ...]


def find(search: Search, sampler: Sampler, later: Sequence[Sampler], ignored: bool) -> Texts:
    """The words of every sampler: the first one's must be there, later passes may have their own."""
    sides = walk.SIDES[:1] if ignored else walk.SIDES
    ways = {side: way for side in sides if (way := path(search, sampler, side))}
    slots = {side: _side(search, side, ways.get(side)) for side in sides}
    if not slots["positive"]:
        where = title(search.graph, sampler.node)
        taken = [node for node, _ in slots.get("negative", ())]
        likely = [node for node in with_words(search.graph) if node not in taken]
        search.missing["positive"] = Missing(f"words behind the positive side of {where}", likely)
    if not ignored and not slots["negative"]:
        search.note("the workflow has no negative prompt: what is written there has no effect")
    negative = [way for way in (ways.get("negative"),) if way]
    for rule in search.asked(LATER):
        negative += rule.ask(search, later, slots)
    shared = [way for way in negative if set(way.slots) & set(slots["positive"])]
    shared = [way for way in shared if any(rule.ask(way) for rule in search.asked(SHARED))]
    for way in shared:
        slots["negative"] += tuple(slot for slot in way.slots if slot not in slots["negative"])
    if shared:
        search.how["negative"] = RULES["shared_text"]
    return Texts(slots["positive"], slots.get("negative", ()), tuple(way.hops for way in shared))


def path(search: Search, sampler: Sampler, side: str) -> TextPath | None:
    """The text behind the sampler's `positive` or `negative` conditioning; None when there is none."""
    for hop in sampler.conditioning(search, side):
        return _followed(search, hop, side, (), set())
    return None


def _followed(
    search: Search, hop: Slot, side: str, hops: tuple[Slot, ...], seen: set[Link]
) -> TextPath | None:
    passed, found = search.trail(*hop)
    if not found or found in seen:
        return None
    seen.add(found)
    node, _ = found
    hops = (*hops, *passed)
    slots, rule = words(search, node, side)
    if slots:
        return TextPath(hops, slots, rule)
    names = walk.conditioning_inputs(search, node, side)
    for wanted in search.asked(PREFERRED):
        names = wanted.ask(search, node, names, side)
    for name in names:
        deeper = _followed(search, (node, name), side, hops, seen)
        if deeper:
            joins = (node,) if len(names) > 1 else ()
            return replace(deeper, passed_by=(*joins, *deeper.passed_by))
    return None


def _side(search: Search, side: str, way: TextPath | None) -> tuple[Slot, ...]:
    """The first sampler's slots of one side, with what people should know of them."""
    told = search.named(side)
    slots = _told(search, side, told) if told else way.slots if way else ()
    if slots:
        search.keep(side, slots[0][0], way.rule if way else "clip_text")
    for node, name in slots:
        origin = link(search.graph[node]["inputs"].get(name))
        if origin:
            where, text = title(search.graph, node), title(search.graph, origin[0])
            search.note(f"the {side} prompt goes straight into {where}, in place of what {text} makes")
    if way and way.passed_by and not told:
        names = ", ".join(title(search.graph, node) for node in way.passed_by)
        search.note(
            f"of the {side} texts joined in {names} only {title(search.graph, slots[0][0])} gets the prompt"
        )
    return slots


def _told(search: Search, side: str, told: str) -> tuple[Slot, ...]:
    inputs = search.graph[told]["inputs"]
    slots, _ = words(search, told, side)
    texts = [name for name, value in inputs.items() if isinstance(value, str)]
    named = [name for name in _TEXT_INPUTS if name in inputs]
    slots = slots or tuple((told, name) for name in named[:1] or (texts if len(texts) == 1 else []))
    if not slots:
        raise unfit(search, side, told, "holds no text")
    return slots


def words(search: Search, node: str, side: str) -> tuple[tuple[Slot, ...], str]:
    """The inputs of a node that hold a prompt's words, and the first rule to say so; () and "" for none."""
    by_rule = {rule.name: rule.ask(search, node, side) for rule in search.asked(WORDS)}
    found = [slot for slots in by_rule.values() for slot in slots]
    order = (*_TEXT_INPUTS, *walk.SIDES)
    slots = tuple(sorted(found, key=lambda slot: order.index(slot[1])))
    return slots, next((name for name, slots in by_rule.items() if slots), "")


# -- which inputs hold words


def _in_encoder(names: tuple[str, ...], kind: type) -> Callable[[Search, str, str], tuple[Slot, ...]]:
    def slots(search: Search, node: str, side: str) -> tuple[Slot, ...]:
        inputs = search.graph[node]["inputs"]
        if not link(inputs.get("clip")) and "TextEncode" not in search.graph[node]["class_type"]:
            return ()
        if any(
            "cond" in name for name in search.linked(node)
        ):  # GLIGEN: words of a box, laid upon the prompt
            return ()
        return tuple((node, name) for name in names if isinstance(inputs.get(name), kind))

    return slots


def _on_loader(search: Search, node: str, side: str) -> tuple[Slot, ...]:
    return ((node, side),) if isinstance(search.graph[node]["inputs"].get(side), str) else ()


_Words = Callable[[Search, str, str], tuple[Slot, ...]]
WORDS: tuple[Rule[_Words], ...] = (
    Rule("clip_text", _in_encoder(_PLAIN, str)),
    Rule("words_by_encoder", _in_encoder(_BY_ENCODER, str)),
    Rule("linked_words", _in_encoder(_TEXT_INPUTS, list)),
    Rule("words_on_the_loader", _on_loader),
)


# -- of joined texts, which one is the whole picture's


def _whole_picture_first(search: Search, node: str, names: list[str], side: str) -> list[str]:
    return sorted(names, key=lambda name: _of_a_part(search, (node, name), side, set()))


def _of_a_part(search: Search, hop: Slot, side: str, seen: set[Link]) -> bool:
    """Whether everything behind an input is held to an area or mask of the picture."""
    found = search.source(*hop)
    if not found or found in seen:
        return bool(found)
    seen.add(found)
    target, _ = found
    if places_words(search.graph[target]):
        return True
    names = walk.conditioning_inputs(search, target, side)
    return bool(names) and all(_of_a_part(search, (target, other), side, seen) for other in names)


def places_words(node: Node) -> bool:
    """A node that holds conditioning to a part of the picture: ConditioningSetArea, ConditioningSetMask."""
    inputs: dict[str, Any] = node["inputs"]
    area = {"width", "height", "x", "y"} <= inputs.keys()
    pictures = inputs.keys() & {"pixels", "image", "samples", "latent_image"}
    masked = link(inputs.get("mask")) is not None and not pictures
    return any(walk.is_conditioning(name) for name, _ in links(node)) and (area or masked)


PREFERRED: tuple[Rule[Callable[[Search, str, list[str], str], list[str]]], ...] = (
    Rule("regions", _whole_picture_first),
)


# -- later passes, and one text behind both sides


def _later(search: Search, later: Sequence[Sampler], slots: dict[str, tuple[Slot, ...]]) -> list[TextPath]:
    """Add what later samplers read besides; returns the ways to their negative words."""
    negative: list[TextPath] = []
    for sampler in later:
        for side in slots:
            way = path(search, sampler, side)
            taken = {slot for known in slots.values() for slot in known}
            slots[side] += tuple(slot for slot in way.slots if slot not in taken) if way else ()
            negative += [way] if way and side == "negative" else []
    return negative


LATER: tuple[
    Rule[Callable[[Search, Sequence[Sampler], dict[str, tuple[Slot, ...]]], list[TextPath]]], ...
] = (Rule("later_words", _later),)
SHARED: tuple[Rule[Callable[[TextPath], bool]], ...] = (Rule("shared_text", lambda way: True),)
