"""What a run of variants found, for a person to choose from: variants.json and the contact sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iterativectl import files
from iterativectl.images.normalise import Pixels, from_pixels, to_pixels
from iterativectl.images.sheet import Cell, Tone, outlined, sheet, thumbnail
from iterativectl.model import History, Iteration, Plan, Settings, Stop
from iterativectl.policy.stages import passes
from iterativectl.policy.variants import Variants, ranked
from iterativectl.project import records
from iterativectl.runner import Work

FORMAT = "variants/1"
PROMPT_SHOWN = 300  # characters; the sheet cuts what does not fit


def write(work: Work, policy: Variants, history: History, decision: Stop) -> None:
    """Write variants.json and variants.png of this run. Raises ImageError, StorageError."""
    files.write_bytes(work.paths.variants_sheet, from_pixels(_sheet(work, policy, history)))
    files.write_json(work.paths.variants, body(work, policy, history, decision))


def body(work: Work, policy: Variants, history: History, decision: Stop) -> dict[str, Any]:
    """variants.json: every variant with what was found of it, in the order in which they were made."""
    order = [one.number for one in ranked(history.iterations, work.run.rules, work.masks)]
    entries = [_entry(work, policy, plan, _of(history, plan), order) for plan in policy.plans]
    best = next((plan for plan in policy.plans if order and plan.iteration == order[0]), None)
    return {
        "format": FORMAT,
        "run_id": work.run.run_id,
        "status": decision.status,
        "reason": decision.reason,
        "run_seed": work.run.run_seed if policy.start.seed is None else None,
        "seed": policy.seed,
        "mask": policy.plans[0].mask,
        "prompts": records.to_json(policy.start.prompts),
        "sheet": work.paths.relative(work.paths.variants_sheet),
        "best": best.iteration if best else None,
        "to_use": to_use(best, work.run.aigen.settings) if best else {},
        "variants": entries,
        "left_out": [{"workflow": name, "reason": why} for name, why in work.run.left_out.items()],
    }


def to_use(plan: Plan, settings: Settings) -> dict[str, Any]:
    """What AIGen.yaml has to say for a run to begin with this variant: what differs from what it says."""
    found: dict[str, Any] = {}
    if plan.workflow != settings.workflow:
        found["workflow_file"] = plan.workflow
    if plan.ckpt_name not in (settings.ckpt_name, settings.ckpt_name_inpaint):
        found["model"] = {"ckpt_name": plan.ckpt_name}
    before, after = records.to_json(settings.parameters), records.to_json(plan.parameters)
    differs = {name: value for name, value in after.items() if value != before[name]}
    return found | ({"parameters": differs} if differs else {})


def _of(history: History, plan: Plan) -> Iteration | None:
    return next((one for one in history.iterations if one.number == plan.iteration), None)


def _entry(
    work: Work, policy: Variants, plan: Plan, iteration: Iteration | None, order: Sequence[int]
) -> dict[str, Any]:
    assessment = iteration.assessment if iteration else None
    verdicts = assessment.verdicts if assessment else ()
    failure = iteration.failure if iteration else None
    return {
        "iteration": plan.iteration,
        "name": policy.variants[plan.iteration - 1].name,
        "workflow": plan.workflow,
        "strategy": plan.strategy,
        "ckpt_name": plan.ckpt_name,
        "parameters": records.to_json(plan.parameters),
        "status": iteration.status if iteration else "not made",
        "rank": order.index(plan.iteration) + 1 if plan.iteration in order else None,
        "passes": passes(assessment, work.run.rules),
        "score": assessment.score if assessment else None,
        "similarity": records.to_json(assessment.comparison.similarity) if assessment else None,
        "failed": [verdict.field for verdict in verdicts if verdict.verdict == "failed"],
        "unclear": [verdict.field for verdict in verdicts if verdict.verdict == "unclear"],
        "picture": work.paths.relative(work.paths.image(plan.iteration)) if assessment else None,
        "failure": records.to_json(failure) if failure else None,
        "reasons": list(plan.reasons[1:]),
    }


def _sheet(work: Work, policy: Variants, history: History) -> Pixels:
    """The original first, then every variant."""
    found = body(work, policy, history, Stop(status="stopped", reason=""))
    several = len({plan.workflow for plan in policy.plans}) > 1
    cells = [
        _original(work, policy),
        *(_cell(work, entry, found["best"], several) for entry in found["variants"]),
    ]
    number = len(policy.plans)
    prompts = policy.start.prompts
    heading = [
        f"{work.project.name}: {number} variant{'' if number == 1 else 's'}",
        f"prompt: {prompts.positive[:PROMPT_SHOWN]}",
        *([f"negative: {prompts.negative[:PROMPT_SHOWN]}"] if prompts.negative else []),
        f"run {work.run.run_id}, seed {policy.seed} for all of them",
    ]
    return sheet(cells, heading)


def _original(work: Work, policy: Variants) -> Cell:
    pixels = to_pixels(work.project.input.read_bytes(), name=work.project.input.name)
    mask, shown = policy.plans[0].mask, thumbnail(pixels)
    said = f"{pixels.shape[1]} x {pixels.shape[0]} px"
    lines: list[tuple[str, Tone]] = [(said, "quiet")]
    if mask is not None:
        lines.append((f"only the mask {mask} is edited", "quiet"))
        shown = outlined(shown, work.regions.of(mask).inside)
    return Cell(pixels=shown, name="The original", lines=tuple(lines))


def _cell(work: Work, entry: Mapping[str, Any], best: int | None, several: bool) -> Cell:
    number = entry["iteration"]
    name = f"{number}. {entry['name']}"
    if entry["status"] != "ok":
        failure = entry["failure"]
        why = failure["message"] if failure else "not made: the run was stopped"
        lines: tuple[tuple[str, Tone], ...] = (("no picture", "bad"), *_settings(entry, several))
        return Cell(pixels=None, name=name, missing=why, lines=lines)
    path = work.paths.image(number)
    pixels = thumbnail(to_pixels(path.read_bytes(), name=path.name))
    return Cell(pixels=pixels, name=name, lines=tuple(_lines(entry, several)), best=number == best)


def _lines(entry: Mapping[str, Any], several: bool) -> Iterator[tuple[str, Tone]]:
    """What was found of one variant: score, similarity, what it lacks, and which workflow it was."""
    likeness = entry["similarity"]
    inside = likeness["inside_mask"]
    where = f"{inside:.2f} inside the mask" if inside is not None else f"{likeness['measured']:.2f}"
    yield f"score {entry['score']:.0f}, similarity {where}", "plain"
    if entry["passes"]:
        yield "passes every criterion", "good"
    if entry["failed"]:
        yield f"failed: {', '.join(entry['failed'])}", "bad"
    if entry["unclear"]:
        yield f"unclear: {', '.join(entry['unclear'])}", "unsure"
    yield from _settings(entry, several)


def _settings(entry: Mapping[str, Any], several: bool) -> Iterator[tuple[str, Tone]]:
    """With which settings, where the name does not say it: workflows have their own."""
    if several:
        stem = str(entry["workflow"]).rpartition("/")[2].removesuffix(".json")
        used = entry["parameters"]
        yield f"{stem}: denoise {used['denoise']:g}, cfg {used['cfg']:g}, {used['steps']} steps", "quiet"
