"""What the nodes of a graph are for, as far as a plan is concerned. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from iterativectl.generation.comfyui.graph import Graph, Slot, title

ROLE_NAMES = ("sampler", "positive", "negative", "image", "mask", "control", "checkpoint", "save")
SETTING_NAMES = ("seed", "steps", "cfg", "denoise", "sampler_name", "scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Where a plan is written into a graph. A slot is (node id, input name).

    `settings`: parameter -> slot, without those that are not written. `cfg` points at the embedded guidance
    (FluxGuidance) where the sampler's own CFG is fixed at 1 or there is none. `denoise` may point at
    `start_at_step` or a SplitSigmas' `step`, which patch turns into a late start; it is absent when the
    sampling starts from an empty latent, where anything below 1 would leave noise.
    `positive`, `negative`: every slot that gets the words. `shared`: the negative sides' ways to a text that
    serves both sides. `ignores_negative`: the family does not read negative prompts: nothing is written.
    `image`: the picture to edit. `control`: a ready-made control picture (edges, depth) that is not the
    picture to edit. `guided`: a ControlNet or concatenated channels steer the result, from either of the two.
    `mask`: the loader of a picture whose white is what may be edited. `mask_in_picture`: the mask is read
    from the alpha of the picture to edit instead (`mask` is then None): upload it with a hole where to edit.
    `inverted`: nodes that turn a mask round, taken out when ours is written. `size`: width and height of an
    empty latent. `handover`: the step at which the first sampler hands over to a later one, `later` those
    samplers. `save_replaced`: a SaveImage takes the place of the save node, under its id. `how`: role or
    parameter -> the sentence of the rule that found it. `notes`: for people.
    """

    sampler: str
    save: str
    settings: Mapping[str, Slot]
    positive: tuple[Slot, ...]
    negative: tuple[Slot, ...] = ()
    shared: tuple[tuple[Slot, ...], ...] = ()
    ignores_negative: bool = False
    image: Slot | None = None
    control: Slot | None = None
    guided: bool = False
    mask: Slot | None = None
    mask_in_picture: bool = False
    inverted: tuple[str, ...] = ()
    size: tuple[Slot, Slot] | None = None
    checkpoint: Slot | None = None
    later: tuple[str, ...] = ()
    handover: Slot | None = None
    save_replaced: bool = False
    how: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def strategy(self) -> str:
        """What the graph does with a picture: inpaint, control, img2img or txt2img."""
        if self.mask or self.mask_in_picture:
            return "inpaint"
        if self.control or self.guided:
            return "control"
        return "img2img" if self.image else "txt2img"


@dataclass(frozen=True, slots=True)
class Row:
    """One role of a graph for people: its name, the node and input it is, and the rule that found it."""

    role: str
    where: str
    how: str


def rows(graph: Graph, roles: Roles) -> Iterator[Row]:
    """Every role that was found, in the order of ROLE_NAMES, then the settings and the size."""
    slots: dict[str, tuple[Slot, ...]] = {
        "sampler": ((roles.sampler, ""),),
        "positive": roles.positive,
        "negative": roles.negative,
        "image": (roles.image,) if roles.image else (),
        "mask": (roles.mask or roles.image,) if roles.image and roles.mask_in_picture else _one(roles.mask),
        "control": _one(roles.control),
        "checkpoint": _one(roles.checkpoint),
        "save": ((roles.save, ""),),
        **{name: (slot,) for name, slot in roles.settings.items()},
        "size": roles.size or (),
    }
    for role, found in slots.items():
        for node, name in found:
            where = f"{title(graph, node)}{' ' + name if name else ''}"
            yield Row(role, where, roles.how.get(role, ""))


def describe(graph: Graph, roles: Roles) -> str:
    """The roles in one line for people."""
    parts = {
        "sampler": title(graph, roles.sampler),
        "positive": _where(graph, roles.positive[:1]),
        "negative": "ignored" if roles.ignores_negative else _where(graph, roles.negative[:1]),
        "picture": _where(graph, _one(roles.image)),
        "mask": "the picture's alpha" if roles.mask_in_picture else _where(graph, _one(roles.mask)),
        "control": _where(graph, _one(roles.control)),
        "checkpoint": _where(graph, _one(roles.checkpoint)),
        "save": title(graph, roles.save),
    }
    told = {
        name: where for name, where in parts.items() if where != "none" or name not in ("mask", "control")
    }
    return f"{roles.strategy}: " + ", ".join(f"{name} {where}" for name, where in told.items())


def _one(slot: Slot | None) -> tuple[Slot, ...]:
    return (slot,) if slot else ()


def _where(graph: Graph, slots: tuple[Slot, ...]) -> str:
    return title(graph, slots[0][0]) if slots else "none"
