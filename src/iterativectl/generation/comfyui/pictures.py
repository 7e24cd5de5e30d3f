"""Which picture is edited, which one steers, and the size of an empty start. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iterativectl.generation.comfyui import walk
from iterativectl.generation.comfyui.graph import Slot, title, upstream
from iterativectl.generation.comfyui.refusal import unfit
from iterativectl.generation.comfyui.rules import Rule
from iterativectl.generation.comfyui.samplers import Sampler
from iterativectl.generation.comfyui.search import Missing, Search

# Nodes whose result still is the picture that came in, judged by their names.
_SAME_PICTURE = ("scale", "resize", "crop", "pad", "flip", "rotate", "invert", "upscale", "blur", "sharpen")
_STARTS = ("latent_image", "image")


@dataclass(frozen=True, slots=True)
class Pictures:
    """`guided`: a control picture steers the result, be it `control` or made from `image` by the graph."""

    image: Slot | None
    control: Slot | None
    guided: bool


@dataclass(frozen=True, slots=True)
class _Control:
    """A picture that steers: where it is loaded, the rule that saw it, and whether the graph remakes it."""

    loader: str
    rule: str
    made_here: bool


def find(search: Search, sampler: Sampler) -> Pictures:
    """The picture to edit and the control picture."""
    controls = _controls(search, sampler)
    image = _image(search, sampler, controls)
    if image is None:
        search.note("the workflow reads no picture to edit: the project's input is not used")
    control = _control(search, controls, image)
    return Pictures(image, control, bool(controls))


def _image(search: Search, sampler: Sampler, controls: Sequence[_Control]) -> Slot | None:
    told = search.named("image")
    if told:
        search.keep("image", told, "told_roles")
        return picture_slot(search, "image", told)
    for rule in search.asked(IMAGE):
        loaders = rule.ask(search, sampler, controls)
        for choose in search.asked(CHOICE):
            loaders = choose.ask(search, loaders)
        if loaders:
            search.keep("image", loaders[0], rule.name)
            return loaders[0], "image"
    return None


def picture_slot(search: Search, role: str, node: str) -> Slot:
    """Where a node that was named takes its file. Raises WorkflowRejected when it takes none."""
    if "image" not in search.graph[node]["inputs"]:
        raise unfit(search, role, node, "loads no picture")
    return node, "image"


# -- the picture to edit


def _encoded(search: Search, sampler: Sampler, controls: Sequence[_Control]) -> list[str]:
    ways = (walk.picture(search, sampler.node, name) for name in _STARTS)
    return [way.end for way in ways if way][:1]


def _referred(search: Search, sampler: Sampler, controls: Sequence[_Control]) -> list[str]:
    return walk.references(
        search, sampler.conditioning(search, "positive"), lambda node: _steers_by(search, node)
    )


def _remade(search: Search, sampler: Sampler, controls: Sequence[_Control]) -> list[str]:
    return list(dict.fromkeys(control.loader for control in controls if control.made_here))[:1]


def _only_one(search: Search, loaders: list[str]) -> list[str]:
    if len(loaders) < 2:
        return loaders
    names = " or ".join(title(search.graph, node) for node in loaders)
    search.missing["image"] = Missing(f"which picture is to be edited, {names}", loaders)
    return []


IMAGE: tuple[Rule[Callable[[Search, Sampler, Sequence[_Control]], list[str]]], ...] = (
    Rule("encoded_picture", _encoded),
    Rule("reference_picture", _referred),
    Rule("preprocessed_control", _remade),
)
CHOICE: tuple[Rule[Callable[[Search, list[str]], list[str]]], ...] = (Rule("unclear_picture", _only_one),)


# -- the picture that steers


def _control(search: Search, controls: Sequence[_Control], image: Slot | None) -> Slot | None:
    told = search.named("control")
    if told:
        search.keep("control", told, "told_roles")
        return picture_slot(search, "control", told)
    edited = image[0] if image else None
    others = list(
        {control.loader: control for control in reversed(controls) if control.loader != edited}.values()
    )
    others.reverse()
    if not others:
        return None
    search.keep("control", others[0].loader, others[0].rule)
    return others[0].loader, "image"


def _controls(search: Search, sampler: Sampler) -> list[_Control]:
    found = []
    for node in upstream(search.graph, sampler.node):
        for rule in search.asked(STEERS):
            name = rule.ask(search, node)
            way = walk.picture(search, node, name) if name else None
            if way:
                found.append(_Control(way.end, rule.name, _made_here(search, way)))
    return found


def _made_here(search: Search, way: walk.Way) -> bool:
    classes = [search.graph[node]["class_type"].lower() for node in way.path[:-1]]
    return not all(any(word in name for word in _SAME_PICTURE) for name in classes)


def _steers_by(search: Search, node: str) -> str | None:
    return next((name for rule in search.asked(STEERS) if (name := rule.ask(search, node))), None)


def _control_net(search: Search, node: str) -> str | None:
    """A ControlNet's picture; where it takes a mask too, that picture is the one being inpainted."""
    linked = search.linked(node)
    nets = {"control_net", "controlnet", "model_patch"} & set(linked)
    return "image" if nets and "image" in linked and "mask" not in linked else None


def _channels(search: Search, node: str) -> str | None:
    return "pixels" if walk.concatenates(search, node) and "pixels" in search.linked(node) else None


STEERS: tuple[Rule[Callable[[Search, str], str | None]], ...] = (
    Rule("control_picture", _control_net),
    Rule("concatenated_control", _channels),
)


# -- the size of an empty start


def size(search: Search, sampler: Sampler) -> tuple[Slot, Slot] | None:
    """Width and height of the empty latent that the first sampler starts from; None for any other start."""
    return next((found for rule in search.asked(EMPTY) if (found := rule.ask(search, sampler))), None)


def _empty(search: Search, sampler: Sampler) -> tuple[Slot, Slot] | None:
    found = search.source(sampler.node, "latent_image")
    seen: set[str] = set()
    while found and found[0] not in seen:
        node, output = found
        seen.add(node)
        if walk.loads_picture(search, node):
            return None
        onward = next(iter(walk.picture_inputs(search, node, output)), None)
        if onward is None:
            inputs = search.graph[node]["inputs"]
            sides = [
                next((name for name in inputs if name.endswith(side)), "") for side in ("width", "height")
            ]
            return ((node, sides[0]), (node, sides[1])) if all(sides) else None
        found = search.source(node, onward)
    return None


EMPTY: tuple[Rule[Callable[[Search, Sampler], tuple[Slot, Slot] | None]], ...] = (
    Rule("empty_latent", _empty),
)


# -- pictures that stay


def rest(search: Search, save: str, taken: Sequence[Slot | None]) -> None:
    """Say which other pictures the graph reads: they must lie on the server."""
    known = {slot[0] for slot in taken if slot}
    for node in upstream(search.graph, save):
        if walk.loads_picture(search, node) and node not in known:
            name = search.graph[node]["inputs"]["image"]
            search.note(f"{title(search.graph, node)} reads {name!r} on the server, as in the workflow")
