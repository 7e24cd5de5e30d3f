"""Which nodes sample, in which order, and where their settings are written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from iterativectl.generation.comfyui.graph import Node, Slot, downstream, link, links, number, title, upstream
from iterativectl.generation.comfyui.refusal import refused, with_words
from iterativectl.generation.comfyui.rules import RULES, Rule
from iterativectl.generation.comfyui.search import Missing, Search

SETTINGS = {
    "seed": ("seed", "noise_seed"),
    "steps": ("steps",),
    "cfg": ("cfg", "cfg_conds"),
    "denoise": ("denoise",),
    "sampler_name": ("sampler_name",),
    "scheduler": ("scheduler",),
}
_FIRST_CONDITIONING = ("positive", "conditioning", "cond1")
_PARTS = ("noise", "guider", "sampler", "sigmas")


@dataclass(frozen=True, slots=True)
class Sampler:
    """A sampler and the nodes it is put together from: (node, the output used), itself first."""

    node: str
    parts: tuple[tuple[str, int], ...]

    def conditioning(self, search: Search, side: str) -> Iterator[Slot]:
        """The linked inputs that a side's conditioning comes in by."""
        names = _FIRST_CONDITIONING if side == "positive" else (side,)
        for node, _ in self.parts:
            yield from ((node, name) for name in names if search.source(node, name))

    def reads_negative(self, search: Search) -> bool:
        """False for a sampler whose guider has no negative side."""
        return any("negative" in search.graph[node]["inputs"] for node, _ in self.parts)

    def model(self, search: Search) -> Slot | None:
        """The input that the model comes in by."""
        return next(((node, "model") for node, _ in self.parts if search.source(node, "model")), None)


def find(search: Search, save: str) -> tuple[Sampler, tuple[Sampler, ...]]:
    """The first sampler before the save node, and those after it. Raises WorkflowRejected."""
    graph = search.graph
    before = upstream(graph, save)
    kinds = {node: kind for node in before if (kind := kind_of(search, node))}
    told = search.named("sampler")
    first = [told] if told else list(kinds)
    for rule in search.asked(FIRST):
        first = rule.ask(search, first, list(kinds))
    if not first:
        likely = [node for node in graph if graph[node]["inputs"].keys() & {"steps", "sigmas", "denoise"}]
        search.missing["sampler"] = Missing(f"a node that samples before {title(graph, save)}", likely)
        search.missing["positive"] = Missing(
            "words, which are looked for from the sampler", with_words(graph)
        )
        raise refused(search)
    chosen = first[0]
    search.keep("sampler", chosen, "passes" if len(kinds) > 1 else kinds.get(chosen, "latent_sampler"))
    after = set(downstream(graph, chosen))
    later = [node for node in kinds if node in after and node != chosen]
    if later:
        names = ", ".join(title(graph, node) for node in later)
        search.note(f"{title(graph, chosen)} gets the plan's parameters; later passes keep theirs: {names}")
    return _whole(search, chosen), tuple(_whole(search, node) for node in later)


def kind_of(search: Search, node: str) -> str | None:
    """The rule by which a node samples; None when it does not."""
    found = (rule.name for rule in search.asked(SAMPLING) if rule.ask(search.graph[node]))
    return next(found, None)


def _whole(search: Search, sampler: str) -> Sampler:
    parts = [(sampler, 0)]
    for node, _ in parts:
        for rule in search.asked(PARTS):
            parts += [part for part in rule.ask(search, node) if part not in parts]
    return Sampler(sampler, tuple(parts))


# -- which nodes sample


def _from_latent(node: Node) -> bool:
    return {"latent_image", "positive"} <= {name for name, _ in links(node)}


def _in_parts(node: Node) -> bool:
    return {"latent_image", "guider"} <= {name for name, _ in links(node)}


def _from_pixels(node: Node) -> bool:
    linked = {name for name, _ in links(node)}
    return {"image", "positive"} <= linked and {"steps", "denoise"} <= node["inputs"].keys()


def _parts(search: Search, node: str) -> list[tuple[str, int]]:
    found = (search.source(node, name) for name in _PARTS)
    return [(target, output) for target, output in filter(None, found)]


SAMPLING: tuple[Rule[Callable[[Node], bool]], ...] = (
    Rule("latent_sampler", _from_latent),
    Rule("sampler_in_parts", _in_parts),
    Rule("pixel_sampler", _from_pixels),
)
PARTS: tuple[Rule[Callable[[Search, str], list[tuple[str, int]]]], ...] = (Rule("sampler_in_parts", _parts),)


# -- which of several is the first


def _without_one_before(search: Search, first: list[str], samplers: list[str]) -> list[str]:
    known = set(samplers)
    return [node for node in first if len(first) == 1 or not set(upstream(search.graph, node)[1:]) & known]


def _only_one(search: Search, first: list[str], samplers: list[str]) -> list[str]:
    if len(first) > 1:
        both = " and ".join(title(search.graph, node) for node in first)
        search.missing["sampler"] = Missing(
            f"which of {both} comes first, as neither follows the other", first
        )
        raise refused(search)
    return first


FIRST: tuple[Rule[Callable[[Search, list[str], list[str]], list[str]]], ...] = (
    Rule("passes", _without_one_before),
    Rule("unclear_sampler", _only_one),
)


# -- settings


def settings(search: Search, sampler: Sampler, fixed: dict[str, Slot]) -> dict[str, Slot]:
    """Parameter -> slot, with `fixed` ones as they were found elsewhere."""
    slots: dict[str, Slot] = {}
    for parameter in SETTINGS:
        if parameter in fixed:
            slots[parameter] = fixed[parameter]
            continue
        for node, output in sampler.parts:
            found = _setting(search, parameter, node, output)
            if found:
                slots[parameter] = found
                break
    return slots


def _setting(search: Search, parameter: str, node: str, output: int) -> Slot | None:
    for rule in search.asked(SETTING):
        name = rule.ask(search.graph[node], parameter, output)
        if name:
            search.how[parameter] = RULES[rule.name]
            return node, name
    return None


def _own(node: Node, parameter: str, output: int) -> str | None:
    return next((name for name in _names(node, parameter) if not link(node["inputs"][name])), None)


def _linked(node: Node, parameter: str, output: int) -> str | None:
    return next((name for name in _names(node, parameter) if link(node["inputs"][name])), None)


def _names(node: Node, parameter: str) -> list[str]:
    """The inputs of that name; a node that reshapes sigmas has none of its own."""
    reshapes = "sigmas" in node["inputs"] and "latent_image" not in node["inputs"]
    return [name for name in SETTINGS[parameter] if name in node["inputs"] and not reshapes]


def _late_start(node: Node, parameter: str, output: int) -> str | None:
    return "start_at_step" if parameter == "denoise" and "start_at_step" in node["inputs"] else None


def _low_sigmas(node: Node, parameter: str, output: int) -> str | None:
    """SplitSigmas and SplitSigmasDenoise: their second output is the end of the schedule."""
    if parameter != "denoise" or "sigmas" not in node["inputs"] or output != 1:
        return None
    return next((name for name in ("denoise", "step") if name in node["inputs"]), None)


SETTING: tuple[Rule[Callable[[Node, str, int], str | None]], ...] = (
    Rule("own_settings", _own),
    Rule("linked_values", _linked),
    Rule("start_at_step", _late_start),
    Rule("split_sigmas", _low_sigmas),
)


# -- embedded guidance


def guidance(search: Search, sampler: Sampler, hops: Sequence[str]) -> Slot | None:
    """Where the embedded guidance is written, when it stands for CFG; `hops`: the nodes up to the words."""
    return next((slot for rule in search.asked(GUIDANCE) if (slot := rule.ask(search, sampler, hops))), None)


def _embedded(search: Search, sampler: Sampler, hops: Sequence[str]) -> Slot | None:
    own = [
        number(search.graph, (node, "cfg"))
        for node, _ in sampler.parts
        if "cfg" in search.graph[node]["inputs"]
    ]
    if any(value != 1 for value in own):
        return None
    return next(((node, "guidance") for node in hops if "guidance" in search.graph[node]["inputs"]), None)


GUIDANCE: tuple[Rule[Callable[[Search, Sampler, Sequence[str]], Slot | None]], ...] = (
    Rule("flux_guidance", _embedded),
)


# -- where a first pass hands over


def handover(search: Search, sampler: Sampler) -> Slot | None:
    """The step at which the first sampler stops and a later one goes on; None where there is none."""
    return next((slot for rule in search.asked(HANDOVER) if (slot := rule.ask(search, sampler))), None)


def _end_at_step(search: Search, sampler: Sampler) -> Slot | None:
    end = number(search.graph, (sampler.node, "end_at_step"))
    steps = number(search.graph, (sampler.node, "steps"))
    return (sampler.node, "end_at_step") if end and steps and end < steps else None


def _high_sigmas(search: Search, sampler: Sampler) -> Slot | None:
    split = (node for node, output in sampler.parts if output == 0 and "step" in search.graph[node]["inputs"])
    return next(((node, "step") for node in split if "sigmas" in search.graph[node]["inputs"]), None)


HANDOVER: tuple[Rule[Callable[[Search, Sampler], Slot | None]], ...] = (
    Rule("start_at_step", _end_at_step),
    Rule("split_sigmas", _high_sigmas),
)
