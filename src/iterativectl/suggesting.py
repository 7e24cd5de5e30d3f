"""Asking the project's judge for rules and base prompts, outside of any run.

The model proposes; judging.vetting and policy.terms say what of it can be used; rewriting shows it as a
change of the person's own file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iterativectl import experience, rewriting
from iterativectl.config.phrases import contains
from iterativectl.config.prompts import load_prompts_beside_runs
from iterativectl.config.rules_edit import Addition, with_additions, with_prompts
from iterativectl.config.sidecar import load_sidecar, sidecar_of
from iterativectl.config.types import AIGen, Criterion
from iterativectl.consulting import Desk
from iterativectl.errors import ConfigError, UsageError
from iterativectl.experience import Experience
from iterativectl.judging import base_prompts, suggesting, vetting
from iterativectl.judging.base_prompts import Written
from iterativectl.judging.suggesting import Context
from iterativectl.judging.vetting import Vetted
from iterativectl.loading import EMBEDDED, World, find_workflow, prompt_layers
from iterativectl.model import Prompts
from iterativectl.policy import terms
from iterativectl.ports import Reply, VisionRequest
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import lock, runs
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.usage import Totals
from iterativectl.rewriting import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What was proposed and what came of it. `by` is PROVIDER/MODEL, `remarks` are sentences for people."""

    vetted: Vetted
    experience: Experience
    draft: Draft
    by: str
    usage: Totals
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePrompts:
    """Base prompts as they would be written. `shaped`: which words the criteria's terms put in or out."""

    whole: Prompts
    masks: Mapping[str, Prompts]
    reason: str
    shaped: tuple[str, ...]
    draft: Draft
    by: str
    usage: Totals
    remarks: tuple[str, ...] = ()


def suggest(
    workspace: WorkspacePaths, project: ProjectPaths, goal: str, fresh: bool, world: World
) -> Suggestion:
    """Criteria and questions that these rules lack. Nothing is written but what was asked and said.

    `fresh`: ask anew, also what was answered before. Raises UsageError for a judge that is no model,
    ConfigError, ImageError, ProjectError, JudgeUnavailable, JudgeError, LimitReached.
    """
    before, rules = rewriting.read_rules(project)
    desk = Desk.of(workspace, project, fresh, world)
    past = experience.look_back(project, rules)
    context = Context(
        goal=" ".join(goal.split()),
        rules=rules,
        fared=past.fared,
        guidelines=_guidelines(project),
        notes=past.notes,
        general_notes=not rules.disable_general_notes,
    )
    picture = desk.picture()
    templates = load_prompts_beside_runs(prompt_layers(workspace, project))

    def ask(sample: int, faults: Sequence[str]) -> VisionRequest:
        return suggesting.request(templates, context, picture, sample, faults)

    def read(reply: Reply, last: bool) -> tuple[Vetted, tuple[str, ...]]:
        raw = suggesting.read(reply.text, reply.finish)
        vetted = vetting.vet(raw, rules, desk.aigen)
        if raw.failure:
            return vetted, (raw.failure,)
        return vetted, () if vetted.proposals or last else vetted.faults

    vetted = desk.usable(ask, read)
    if not context.general_notes:
        vetted = replace(vetted, notes=())
    return Suggestion(
        vetted=vetted,
        experience=past,
        draft=rewriting.draft(project.rules, before, desk.aigen, lambda text: _added(text, vetted)),
        by=desk.by,
        usage=desk.ledger.totals(),
        remarks=(*past.remarks, *_standing(project)),
    )


def propose_prompts(
    workspace: WorkspacePaths, project: ProjectPaths, fresh: bool, world: World
) -> BasePrompts:
    """Base prompts for these rules, for the whole picture and each mask that the rules name. As `suggest`."""
    before, rules = rewriting.read_rules(project)
    desk = Desk.of(workspace, project, fresh, world)
    names = tuple(mask.name for mask in rules.masks)
    templates = load_prompts_beside_runs(prompt_layers(workspace, project))
    about = (desk.description(), base_prompts.style_for(_family(workspace, project, desk.aigen)))

    def ask(sample: int, faults: Sequence[str]) -> VisionRequest:
        return base_prompts.request(templates, rules, about, sample, faults)

    def read(reply: Reply, last: bool) -> tuple[Written, tuple[str, ...]]:
        written = base_prompts.read(reply.text, names, reply.finish)
        return written, written.faults

    written = desk.usable(ask, read)
    shaped: list[str] = []
    whole = _shaped(written.whole, rules.acceptance_criteria, "", shaped)
    masks = {
        name: _shaped(prompts, rules.in_force(name), f" for the mask {name}", shaped)
        for name, prompts in written.masks.items()
    }
    return BasePrompts(
        whole=whole,
        masks=masks,
        reason=written.reason,
        shaped=tuple(shaped),
        draft=rewriting.draft(
            project.rules, before, desk.aigen, lambda text: with_prompts(text, whole, masks)
        ),
        by=desk.by,
        usage=desk.ledger.totals(),
        remarks=(*_unused(desk.aigen), *_standing(project)),
    )


def _added(text: str, vetted: Vetted) -> str:
    additions = [
        Addition(block=p.block, entry=p.entry, why="" if p.why == vetting.NO_WHY else p.why)
        for p in vetted.proposals
    ]
    return with_additions(text, additions)


def _shaped(proposed: Prompts, criteria: Sequence[Criterion], where: str, shaped: list[str]) -> Prompts:
    """The model's prompts brought into line with the tags: whatever it wrote, these hold.

    What is to change counts as failed, as it does for the untouched picture; what is to stay as passed.
    """
    failed = tuple(c for c in criteria if c.intent == "change")
    passed = tuple(c for c in criteria if c.intent == "preserve")
    ends = "." if proposed.positive.endswith(".") else ""  # of a sentence: what is added goes before it
    told = replace(proposed, positive=proposed.positive.rstrip("."))
    made = terms.shape(told, Prompts(positive="", negative=""), failed, passed)
    made = replace(made, positive=made.positive + ends)
    every = [t for c in criteria for t in (*c.must_include, *c.ban_terms, *c.avoid_terms)]
    for name in ("positive", "negative"):
        old, new = getattr(proposed, name), getattr(made, name)
        changes = (("added", new, old), ("taken out", old, new))
        for what, has, lacks in changes:
            words = [f"'{t}'" for t in dict.fromkeys(every) if contains(has, t) and not contains(lacks, t)]
            if words:
                shaped.append(f"{name} prompt{where}: {', '.join(words)} {what}")
    return made


def _guidelines(project: ProjectPaths) -> str:
    """config/rules_guidelines.md, "" without one. Raises ConfigError for one that is no text."""
    path = project.rules_guidelines
    if not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", "Save it with that encoding.") from error


def _family(workspace: WorkspacePaths, project: ProjectPaths, aigen: AIGen) -> tuple[str, ...]:
    """The kinds of models that the project's workflow is for, () where nothing tells."""
    if aigen.backend == EMBEDDED:
        return ()
    try:
        told = sidecar_of(find_workflow(workspace, project, aigen.settings.workflow))
        return load_sidecar(told)[0].family if told.is_file() else ()
    except ConfigError:  # `rules check` and `workflow check` say so
        return ()


def _standing(project: ProjectPaths) -> tuple[str, ...]:
    """What other rules mean for a run that is not at its end."""
    ids = runs.run_ids(project)
    if lock.is_held(project.lock):
        return ("a run is going on: it keeps the rules that it began with",)
    checkpoint, _ = checkpoint_file.read_or_rebuildable(project.checkpoint)
    ended = checkpoint is not None and ids and checkpoint.run_id == ids[-1] and checkpoint.finished
    if not ids or ended:
        return ()
    return (f"run {ids[-1]} is unfinished: with other rules it ends, and the next `run` begins a new one",)


def _unused(aigen: AIGen) -> tuple[str, ...]:
    """Base prompts count only where AIGen.yaml leaves its own empty."""
    own = aigen.settings.prompts
    names = [name for name in ("positive", "negative") if getattr(own, name).strip()]
    if not names:
        return ()
    return (
        f"AIGen.yaml has its own {' and '.join(names)} prompt: base prompts count only where it has none",
    )
