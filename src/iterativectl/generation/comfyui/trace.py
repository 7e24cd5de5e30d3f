"""Which node does what: found by walking from the sampler, or told by `roles:` in AIGen.yaml. Pure.

Rules where a graph leaves a choice:
- several SaveImage nodes: the one with most sampling before it is the result; the others run as they are;
- several samplers in a row (a second, refining pass): the first gets the plan's parameters, the later ones
  keep their own; the prompts go to all of them;
- texts that are combined, concatenated or averaged: the first gets the prompt, the others keep their words;
- one text behind both positive and negative: the negative side gets a copy of it (see patch).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import walk
from iterativectl.generation.comfyui.graph import Graph, Slot, Workflow, downstream, link, title, upstream
from iterativectl.generation.comfyui.roles import ROLE_NAMES, Roles
from iterativectl.generation.comfyui.walk import TextPath

SIDES = ("positive", "negative")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "seed": ("seed", "noise_seed"),
    "steps": ("steps",),
    "cfg": ("cfg",),
    "denoise": ("denoise", "start_at_step"),
    "sampler_name": ("sampler_name",),
    "scheduler": ("scheduler",),
}


@dataclass(frozen=True, slots=True)
class _Texts:
    positive: tuple[Slot, ...]
    negative: tuple[Slot, ...]
    shared: tuple[tuple[Slot, ...], ...]


@dataclass(slots=True)
class _Search:
    """What is known so far while one graph is traced."""

    workflow: Workflow
    told: Mapping[str, str]
    notes: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.workflow.graph

    def node(self, role: str) -> str | None:
        """The node that AIGen.yaml names for a role."""
        return self.told.get(role)


def trace(workflow: Workflow, told: Mapping[str, str]) -> Roles:
    """Find every role. Raises WorkflowRejected with what was found, what was not, and how to tell it."""
    _check_told(workflow, told)
    search = _Search(workflow, told)
    save = _save(search)
    sampler, later = _samplers(search, save)
    texts = _texts(search, sampler, later)
    return Roles(
        sampler=sampler,
        save=save,
        settings=_settings(search, sampler),
        positive=texts.positive,
        negative=texts.negative,
        shared=texts.shared,
        image=(image := _image(search, sampler)),
        mask=_mask(search, sampler, image),
        checkpoint=_checkpoint(search, sampler),
        later=later,
        notes=tuple(search.notes),
    )


def _check_told(workflow: Workflow, told: Mapping[str, str]) -> None:
    for role, value in told.items():
        if role not in ROLE_NAMES:
            raise WorkflowRejected(
                f"roles: {role!r} is not a role", f"The roles are {', '.join(ROLE_NAMES)}."
            )
        if value not in workflow.graph:
            raise WorkflowRejected(
                f"{workflow.name}: roles: {role} names node {value!r}, which is not in the graph",
                _nodes(workflow.graph),
            )


def _save(search: _Search) -> str:
    graph = search.graph
    told = search.node("save")
    sampler = search.node("sampler")
    within = downstream(graph, sampler) if sampler else list(graph)
    saves = [told] if told else [n for n in within if walk.is_save(graph[n])]
    if not saves:
        saves = [n for n in within if walk.is_preview(graph[n])]
        if saves:
            search.notes.append("the workflow only previews its picture; a server that restarts loses it")
    if not saves:
        raise _not_found(search, "save", "a SaveImage node")
    save = max(saves, key=lambda node: _weight(graph, node))
    search.found["save"] = title(graph, save)
    if len(saves) > 1:
        others = ", ".join(title(graph, n) for n in saves if n != save)
        search.notes.append(
            f"the result is what {title(graph, save)} saves; the rest stays as it is: {others}"
        )
    return save


def _weight(graph: Graph, save: str) -> tuple[int, int]:
    before = upstream(graph, save)
    return sum(walk.is_sampler(graph[node]) for node in before), len(before)


def _samplers(search: _Search, save: str) -> tuple[str, tuple[str, ...]]:
    graph = search.graph
    before = upstream(graph, save)
    samplers = [node for node in before if walk.is_sampler(graph[node])]
    told = search.node("sampler")
    first = [told] if told else [n for n in samplers if not set(upstream(graph, n)[1:]) & set(samplers)]
    if not first:
        raise _not_found(search, "sampler", f"a sampler before {title(graph, save)}")
    if len(first) > 1:
        both = " and ".join(title(graph, node) for node in first)
        raise _not_found(
            search, "sampler", f"one first sampler before {title(graph, save)} (there are {both})"
        )
    search.found["sampler"] = title(graph, first[0])
    after = set(downstream(graph, first[0]))
    later = tuple(node for node in samplers if node in after and node != first[0])
    if later:
        names = ", ".join(title(graph, node) for node in later)
        search.notes.append(
            f"{title(graph, first[0])} gets the plan's parameters; later passes keep theirs: {names}"
        )
    return first[0], later


def _settings(search: _Search, sampler: str) -> dict[str, Slot]:
    slots = {name: walk.setting(search.graph, sampler, inputs) for name, inputs in SETTINGS.items()}
    missing = [name for name, slot in slots.items() if slot is None]
    if missing:
        search.notes.append(
            f"the workflow has no setting for {', '.join(missing)}: changing it has no effect"
        )
    return {name: slot for name, slot in slots.items() if slot}


def _texts(search: _Search, sampler: str, later: tuple[str, ...]) -> _Texts:
    """The words of every sampler: the first one's must be there, refining passes may have their own."""
    ways = {side: walk.text(search.graph, sampler, side) for side in SIDES}
    slots = {side: _told_text(search, side) or (way.slots if way else ()) for side, way in ways.items()}
    if not slots["positive"]:
        raise _not_found(search, "positive", f"a text behind {title(search.graph, sampler)}'s positive input")
    if not slots["negative"]:
        search.notes.append("the workflow has no negative prompt: what is written there has no effect")
    for side, way in ways.items():
        search.found.update({side: title(search.graph, slots[side][0][0])} if slots[side] else {})
        if way and way.passed_by and not search.node(side):
            names = ", ".join(title(search.graph, node) for node in way.passed_by)
            search.notes.append(f"of the {side} texts joined in {names} the first gets the prompt")
    return _with_later(search, later, slots, ways["negative"])


def _with_later(
    search: _Search, later: tuple[str, ...], slots: dict[str, tuple[Slot, ...]], negative: TextPath | None
) -> _Texts:
    ways = [negative]
    for node in later:
        ways.append(walk.text(search.graph, node, "negative"))
        for side, way in (("positive", walk.text(search.graph, node, "positive")), ("negative", ways[-1])):
            taken = {*slots["positive"], *slots["negative"]}
            slots[side] += tuple(slot for slot in way.slots if slot not in taken) if way else ()
    shared = [way for way in ways if way and set(way.slots) & set(slots["positive"])]
    for way in shared:
        slots["negative"] += tuple(slot for slot in way.slots if slot not in slots["negative"])
    return _Texts(slots["positive"], slots["negative"], tuple(way.hops for way in shared))


def _told_text(search: _Search, side: str) -> tuple[Slot, ...]:
    told = search.node(side)
    if told is None:
        return ()
    node = search.graph[told]
    slots = walk.text_slots(told, node, side)
    words = [name for name, value in node["inputs"].items() if isinstance(value, str)]
    named = [name for name in walk.TEXT_INPUTS if name in node["inputs"]]
    chosen = named[:1] or (words if len(words) == 1 else [])
    slots = slots or tuple((told, name) for name in chosen)
    if not slots:
        raise WorkflowRejected(
            f"{search.workflow.name}: roles: {side}: {title(search.graph, told)} holds no text"
        )
    return slots


def _image(search: _Search, sampler: str) -> Slot | None:
    told = search.node("image")
    node = told or walk.picture(search.graph, sampler, "latent_image")
    if node is None:  # edit models take the picture through the conditioning
        loaders = [n for n in upstream(search.graph, sampler) if walk.is_load_image(search.graph[n])]
        loaders = [n for n in loaders if search.graph[n]["class_type"] != "LoadImageMask"]
        if len(loaders) > 1:
            names = " or ".join(title(search.graph, n) for n in loaders)
            raise _not_found(search, "image", f"the picture to edit ({names}?)")
        node = loaders[0] if loaders else None
    if node is None:
        search.notes.append("the workflow reads no picture: the project's input is not used")
        return None
    search.found["image"] = title(search.graph, node)
    return _picture_slot(search, "image", node)


def _picture_slot(search: _Search, role: str, node: str) -> Slot:
    if "image" not in search.graph[node]["inputs"]:
        raise _unfit(search, role, node, "loads no picture")
    return node, "image"


def _unfit(search: _Search, role: str, node: str, why: str) -> WorkflowRejected:
    where = title(search.graph, node)
    return WorkflowRejected(f"{search.workflow.name}: roles: {role}: {where} {why}", _nodes(search.graph))


def _mask(search: _Search, sampler: str, image: Slot | None) -> Slot | None:
    told = search.node("mask")
    if told:
        return _picture_slot(search, "mask", told)
    for node in upstream(search.graph, sampler):
        found = link(search.graph[node]["inputs"].get("mask"))
        loaders = (
            [n for n in upstream(search.graph, found[0]) if "image" in search.graph[n]["inputs"]]
            if found
            else []
        )
        loader = next((n for n in loaders if walk.is_load_image(search.graph[n])), None)
        if loader:
            return None if image and loader == image[0] else (loader, "image")
    return None


def _checkpoint(search: _Search, sampler: str) -> Slot | None:
    told = search.node("checkpoint")
    if told:
        names = [name for name in walk.CHECKPOINT_INPUTS if name in search.graph[told]["inputs"]]
        if not names:
            where = title(search.graph, told)
            raise WorkflowRejected(
                f"{search.workflow.name}: roles: checkpoint: {where} has no checkpoint name"
            )
        return told, names[0]
    slots = walk.checkpoints(search.graph, sampler)
    if len(slots) == 1:
        return slots[0]
    what = " and ".join(title(search.graph, node) for node, _ in slots) or "no loader"
    search.notes.append(
        f"the checkpoint stays as in the workflow ({what} found; roles: checkpoint says which)"
    )
    return None


def _not_found(search: _Search, role: str, what: str) -> WorkflowRejected:
    found = ", ".join(f"{name} {where}" for name, where in search.found.items()) or "nothing yet"
    return WorkflowRejected(
        f"{search.workflow.name}: not found: {what}. Found: {found}",
        f'Say which node it is in AIGen.yaml, for instance roles: {{{role}: "ID"}}. {_nodes(search.graph)}',
    )


def _nodes(graph: Graph, limit: int = 40) -> str:
    shown = ", ".join(title(graph, node) for node in list(graph)[:limit])
    return f"The nodes are: {shown}{' ...' if len(graph) > limit else ''}"
