"""Where links lead: along conditioning to words, along latents and pixels to pictures. Pure.

The rules go by the names of inputs, which node authors keep, rather than by long lists of node classes, which
grow every week. Names were checked against the nodes of ComfyUI 0.3.64 and 0.33.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from iterativectl.generation.comfyui.graph import Link, Node, upstream
from iterativectl.generation.comfyui.rules import Rule
from iterativectl.generation.comfyui.search import Search

SIDES = ("positive", "negative")
_FIRST_CONDITIONING = ("conditioning", "conditioning_to", "conditioning_1", "cond1")
_LATENT = ("pixels", "samples", "latent", "latent_image")
_PIXELS = ("image", "images", "input_image")
_UNDERMOST = ("destination", "image1", "samples_to")
_BESIDE = frozenset(
    {
        "model", "clip", "vae", "control_net", "model_patch", "style_model", "clip_vision",
        "clip_vision_output", "upscale_model", "mask", "guider", "sampler", "sigmas", "noise",
        "width", "height", "batch_size", "seed", "scale_by", "megapixels", "text", "prompt",
        *SIDES,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """A way along links to a node: `path` are the nodes passed (nearest the start first, the end last).

    `output` is the output slot of the end that was used.
    """

    path: tuple[str, ...]
    output: int

    @property
    def end(self) -> str:
        return self.path[-1]


def is_conditioning(name: str) -> bool:
    """Whether an input takes conditioning, judged by its name."""
    return "cond" in name or name.startswith(SIDES)


def conditioning_inputs(search: Search, node: str, side: str) -> list[str]:
    """The inputs that one side's conditioning may come from, the leading one first; [] where it ends."""
    for rule in search.asked(ONWARD):
        names = rule.ask(search.linked(node), search.graph[node], side)
        if names is not None:
            return names
    return []


def _zeroed(linked: Sequence[str], node: Node, side: str) -> list[str] | None:
    return [] if node["class_type"] == "ConditioningZeroOut" else None


def _paired(linked: Sequence[str], node: Node, side: str) -> list[str] | None:
    """In and out in pairs: ControlNetApplyAdvanced, InpaintModelConditioning and others.

    Which output is which differs (BrushNet and InstantID hand the model on first), so the side decides.
    """
    pair = {side: next((name for name in linked if name.endswith(side)), "") for side in SIDES}
    return [pair[side]] if all(pair.values()) else None


def _single(linked: Sequence[str], node: Node, side: str) -> list[str] | None:
    several = [name for name in linked if "cond" in name]
    return several if len(several) == 1 else [name for name in linked if name in SIDES][:1] or None


def _joined(linked: Sequence[str], node: Node, side: str) -> list[str] | None:
    several = [name for name in linked if "cond" in name]
    first = [name for name in several if name in _FIRST_CONDITIONING]
    return [*first, *(name for name in several if name not in first)] if len(several) > 1 else None


def _strange(linked: Sequence[str], node: Node, side: str) -> list[str] | None:
    known = (*_BESIDE, *_LATENT, *_PIXELS, *_UNDERMOST)
    return [name for name in linked if name not in known and "cond" not in name] or None


ONWARD: tuple[Rule[Callable[[Sequence[str], Node, str], list[str] | None]], ...] = (
    Rule("zeroed_negative", _zeroed),
    Rule("paired_sides", _paired),
    Rule("joined_words", _joined),
    Rule("conditioning", _single),
    Rule("stranger_inputs", _strange),
)


def picture(search: Search, node: str, name: str) -> Way | None:
    """The way from an input to the node that loads the picture behind it; None when there is none."""
    return _to_picture(search, node, name, set())


def _to_picture(search: Search, node: str, name: str, seen: set[Link]) -> Way | None:
    found = search.source(node, name)
    if not found or found in seen:
        return None
    seen.add(found)
    target, output = found
    if loads_picture(search, target):
        return Way((target,), output)
    for other in picture_inputs(search, target, output):
        deeper = _to_picture(search, target, other, seen)
        if deeper:
            return Way((target, *deeper.path), deeper.output)
    return None


def picture_inputs(search: Search, node: str, output: int) -> list[str]:
    """The inputs that a picture or latent may come from, the likeliest first."""
    names: list[str] = []
    for rule in search.asked(TOWARDS_PICTURE):
        more = rule.ask(search, node, output)
        if more is None:
            return []
        names += more
    return names


def _kept(names: Sequence[str]) -> Callable[[Search, str, int], list[str]]:
    return lambda search, node, output: [name for name in names if name in search.linked(node)]


def _other_pixels(search: Search, node: str, output: int) -> list[str]:
    known = (*_BESIDE, *_LATENT, *_PIXELS, *_UNDERMOST)
    return [name for name in search.linked(node) if name not in known and "cond" not in name]


def _emptied(search: Search, node: str, output: int) -> list[str] | None:
    """Flux Canny and Depth sample from nothing: what their conditioning encodes is not the start."""
    return None if output == 2 and concatenates(search, node) else []


# A rule that answers None ends the way.
TOWARDS_PICTURE: tuple[Rule[Callable[[Search, str, int], list[str] | None]], ...] = (
    Rule("concatenated_control", _emptied),
    Rule("encoded_picture", _kept((*_LATENT, *_PIXELS))),
    Rule("composed_picture", _kept(_UNDERMOST)),
    Rule("stranger_inputs", _other_pixels),
)


def concatenates(search: Search, node: str) -> bool:
    """A node that adds a control picture as channels: InstructPixToPixConditioning in a Flux graph.

    With the InstructPix2Pix models, whose name it has, the same node takes the picture to edit. Only the
    Flux family has embedded guidance.
    """
    graph = search.graph
    if graph[node]["class_type"] != "InstructPixToPixConditioning":
        return False
    return any("guidance" in graph[other]["inputs"] for other in upstream(graph, node))


def loads_picture(search: Search, node: str) -> bool:
    """A node that reads a picture from the server's input folder."""
    return any(rule.ask(search.graph[node]) for rule in search.asked(LOADERS))


def _load_image(node: Node) -> bool:
    return node["class_type"] in ("LoadImage", "LoadImageOutput") and "image" in node["inputs"]


def _other_loader(node: Node) -> bool:
    """A pack's loader; one that takes the picture's bytes as text has LoadImage put in its place (patch)."""
    name = node["class_type"].lower()
    return (
        "load" in name
        and "image" in name
        and "mask" not in name
        and isinstance(node["inputs"].get("image"), str)
    )


LOADERS: tuple[Rule[Callable[[Node], bool]], ...] = (
    Rule("encoded_picture", _load_image),
    Rule("other_loader", _other_loader),
)


def references(
    search: Search, start: Iterator[tuple[str, str]], beside: Callable[[str], str | None]
) -> list[str]:
    """The loaders of every picture that conditioning carries; `beside` names a node's input to leave out."""
    found: list[str] = []
    seen: set[tuple[str, str]] = set()
    pending = list(start)
    while pending:
        hop = pending.pop(0)
        target = search.source(*hop)
        if target is None or hop in seen:
            continue
        seen.add(hop)
        node = target[0]
        if loads_picture(search, node):
            found += [node] if node not in found else []
            continue
        names = [name for name in search.linked(node) if _carries(name) and name != beside(node)]
        pending += [(node, name) for name in names]
    return found


def _carries(name: str) -> bool:
    return is_conditioning(name) or name in (*_LATENT, *_PIXELS, *_UNDERMOST) or name.startswith("image")
