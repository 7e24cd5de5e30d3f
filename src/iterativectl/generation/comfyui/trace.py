"""Which node does what: found by rules from the save node back, or told by `roles:` in AIGen.yaml. Pure.

The rules are named in rules.py, and shown at work in tests/workflows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import masks, models, pictures, samplers, saves, words
from iterativectl.generation.comfyui.graph import Slot, Workflow, number, title
from iterativectl.generation.comfyui.refusal import TOLD, refused
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.rules import ALL, RULES
from iterativectl.generation.comfyui.samplers import Sampler
from iterativectl.generation.comfyui.search import Search


def trace(workflow: Workflow, told: Mapping[str, str], rules: Collection[str] = ALL) -> Roles:
    """Find every role by the rules in force, all of them unless some are left out.

    Raises WorkflowRejected with what was found, what was not, and how to tell it.
    """
    search = Search(workflow, {}, rules)
    for rule in search.asked(TOLD):
        search.told = rule.ask(workflow, told)
    try:
        return _roles(search)
    except RecursionError as error:
        raise WorkflowRejected(
            f"{workflow.name}: more nodes follow on each other than can be walked through",
            "ComfyUI refuses such a chain too: make the graph shorter.",
        ) from error


def _roles(search: Search) -> Roles:
    save = saves.find(search)
    sampler, later = samplers.find(search, save.node)
    way = words.path(search, sampler, "positive")
    cfg = samplers.guidance(search, sampler, way.nodes if way else ())
    ignored = _ignores_negative(search, sampler, cfg)
    texts = words.find(search, sampler, later, ignored)
    size = pictures.size(search, sampler)
    settings = _settings(search, sampler, cfg, size)
    found = pictures.find(search, sampler)
    mask = masks.find(search, sampler, save.node, found.image)
    checkpoint = models.find(search, sampler)
    if search.missing:
        raise refused(search)
    pictures.rest(search, save.node, (found.image, found.control, mask.slot))
    return Roles(
        sampler=sampler.node,
        save=save.node,
        settings=settings,
        positive=texts.positive,
        negative=texts.negative,
        shared=texts.shared,
        ignores_negative=ignored,
        image=found.image,
        control=found.control,
        guided=found.guided,
        mask=mask.slot,
        mask_in_picture=mask.in_picture,
        inverted=mask.inverted,
        size=size,
        checkpoint=checkpoint,
        later=tuple(other.node for other in later),
        handover=samplers.handover(search, sampler),
        save_replaced=save.replaced,
        how=search.how,
        notes=tuple(search.notes),
    )


def _ignores_negative(search: Search, sampler: Sampler, cfg: Slot | None) -> bool:
    if search.named("negative") or (sampler.reads_negative(search) and not cfg):
        return False
    guided = cfg and sampler.reads_negative(search)
    why = f"{title(search.graph, cfg[0])} and CFG 1" if cfg and guided else "its guider has no negative side"
    search.note(f"this model family does not read negative prompts ({why}): none is written")
    return True


def _settings(
    search: Search, sampler: Sampler, cfg: Slot | None, size: tuple[Slot, Slot] | None
) -> dict[str, Slot]:
    fixed = {"cfg": cfg} if cfg else {}
    slots = samplers.settings(search, sampler, fixed)
    if cfg:
        search.how["cfg"] = RULES["flux_guidance"]
        search.note(f"cfg is written into {title(search.graph, cfg[0])} as guidance")
    elif "cfg" in slots and number(search.graph, slots["cfg"]) == 1:
        where = title(search.graph, slots["cfg"][0])
        kinds = "distilled models (Lightning, LCM, Schnell)"
        search.note(f"{where} has CFG 1, as {kinds} want it: with such a one set cfg to 1 in AIGen.yaml")
    missing = [name for name in samplers.SETTINGS if name not in slots]
    if missing:
        search.note(f"the workflow has no setting for {', '.join(missing)}: changing it has no effect")
    if size:
        search.how["size"] = RULES["empty_latent"]
    if size and slots.pop("denoise", None):
        search.how.pop("denoise", None)
        search.note(f"{title(search.graph, size[0][0])} is an empty start: denoise stays as in the workflow")
    return slots
