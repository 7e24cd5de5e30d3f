"""What the nodes of a graph are for, as far as a plan is concerned. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iterativectl.generation.comfyui.graph import Graph, title
from iterativectl.generation.comfyui.walk import Slot

ROLE_NAMES = ("sampler", "positive", "negative", "image", "mask", "checkpoint", "save")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "seed": ("seed", "noise_seed"),
    "steps": ("steps",),
    "cfg": ("cfg",),
    "denoise": ("denoise", "start_at_step"),
    "sampler_name": ("sampler_name",),
    "scheduler": ("scheduler",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Where a plan is written into a graph.

    `settings`: parameter -> slot, without those the graph does not have. `later` are the samplers after the
    first. `shared`: the negative sides' ways to a text that serves both sides. `notes`: for people.
    """

    sampler: str
    save: str
    settings: Mapping[str, Slot]
    positive: tuple[Slot, ...]
    negative: tuple[Slot, ...] = ()
    shared: tuple[tuple[Slot, ...], ...] = ()
    image: Slot | None = None
    mask: Slot | None = None
    checkpoint: Slot | None = None
    later: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def describe(graph: Graph, roles: Roles) -> str:
    """The roles in one line for people."""
    parts = {
        "sampler": title(graph, roles.sampler),
        "positive": _where(graph, roles.positive[:1]),
        "negative": _where(graph, roles.negative[:1]),
        "picture": _where(graph, (roles.image,) if roles.image else ()),
        "checkpoint": _where(graph, (roles.checkpoint,) if roles.checkpoint else ()),
        "save": title(graph, roles.save),
    }
    return ", ".join(f"{name} {where}" for name, where in parts.items())


def _where(graph: Graph, slots: tuple[Slot, ...]) -> str:
    return title(graph, slots[0][0]) if slots else "none"
