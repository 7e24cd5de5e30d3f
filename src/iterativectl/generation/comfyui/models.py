"""Which loader gives the first sampler its model. Pure."""

from __future__ import annotations

from collections.abc import Callable

from iterativectl.generation.comfyui.graph import Slot, title, upstream
from iterativectl.generation.comfyui.refusal import unfit
from iterativectl.generation.comfyui.rules import Rule
from iterativectl.generation.comfyui.samplers import Sampler
from iterativectl.generation.comfyui.search import Search

_NAMES = ("ckpt_name", "unet_name")


def find(search: Search, sampler: Sampler) -> Slot | None:
    """Where the checkpoint's (or diffusion model's) file name is written; None when that is left alone."""
    told = search.named("checkpoint")
    if told:
        name = _name(search, told)
        if not name:
            raise unfit(search, "checkpoint", told, "has no checkpoint name")
        search.keep("checkpoint", told, "told_roles")
        return told, name
    loaders, rule = _loaders(search, sampler.model(search))
    if len(loaders) == 1:
        search.keep("checkpoint", loaders[0][0], rule)
        return loaders[0]
    what = " and ".join(title(search.graph, node) for node, _ in loaders) or "no loader"
    search.note(f"the checkpoint stays as in the workflow ({what} found; roles: checkpoint says which)")
    return None


def _loaders(search: Search, start: Slot | None) -> tuple[list[Slot], str]:
    """The loaders that the model comes from, and the rule by which the way to them was found."""
    used = "checkpoint_loader"
    seen: set[str] = set()
    while start:
        found = search.source(*start)
        if not found or found[0] in seen:
            return [], used
        node = found[0]
        seen.add(node)
        loader = next((name for rule in search.asked(LOADER) if (name := rule.ask(search, node))), None)
        if loader:
            return [(node, loader)], used
        start = None
        for rule in search.asked(ONWARD):
            onward = rule.ask(search, node)
            if isinstance(onward, list):
                return onward, rule.name
            if onward:
                start, used = (node, onward), rule.name
                break
    return [], used


def _name(search: Search, node: str) -> str | None:
    return next((name for name in _NAMES if name in search.graph[node]["inputs"]), None)


def _patched(search: Search, node: str) -> str | None:
    return "model" if "model" in search.linked(node) else None


def _merged(search: Search, node: str) -> list[Slot] | None:
    several = [name for name in search.linked(node) if _numbered(name)]
    return _all(search, node) if len(several) > 1 else None


def _numbered(name: str) -> bool:
    """model1, model_a and the like."""
    return name.startswith("model") and len(name.removeprefix("model").strip("_")) == 1


def _anywhere(search: Search, node: str) -> list[Slot] | None:
    found = [] if "model" in search.linked(node) else _all(search, node)
    return found if len(found) == 1 else None


def _all(search: Search, node: str) -> list[Slot]:
    named = ((other, _name(search, other)) for other in upstream(search.graph, node)[1:])
    return [(other, name) for other, name in named if name]


LOADER: tuple[Rule[Callable[[Search, str], str | None]], ...] = (Rule("checkpoint_loader", _name),)
# The name of the input to go on by, or the loaders at the end of the way.
ONWARD: tuple[Rule[Callable[[Search, str], str | list[Slot] | None]], ...] = (
    Rule("model_chain", _patched),
    Rule("merged_models", _merged),
    Rule("stranger_inputs", _anywhere),
)
