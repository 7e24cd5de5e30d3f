"""From a person's ranking to what the next run could start with (docs/ranking.md). Nothing is written.

What cannot be used of a ranking is passed over and said; what makes its prompts or numbers mean something
else (another backend, workflow or mask) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from iterativectl.config.types import AIGen
from iterativectl.errors import UsageError
from iterativectl.loading import EMBEDDED, RunOptions, load_config, wanted_run
from iterativectl.model import Iteration
from iterativectl.policy import seeding
from iterativectl.policy.seeding import Ranked, Seeded
from iterativectl.project import human, metadata, records, runs, seed
from iterativectl.project.human import Ranking
from iterativectl.project.layout import RUN_ID, ProjectPaths, RunPaths, WorkspacePaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.seed import Seed

LATEST = "latest"
RANK = "Rank its pictures in the viewer, or write human/ranking.json (docs/ranking.md)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A seed that is not written yet, with what it was made from. `instead_of` are the project's settings."""

    seed: Seed
    seeded: Seeded
    instead_of: AIGen
    remarks: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What the next run would start with."""
        chosen, best = self.seeded.settings.parameters, self.seeded.iterations[0]
        numbers = [str(number) for number in self.seeded.iterations]
        many = f"the mean of iterations {', '.join(numbers[:-1])} and {numbers[-1]}"
        whose = many if numbers[1:] else f"those of iteration {best}"
        return (
            f"The next run would start with denoise {chosen.denoise:g}, cfg {chosen.cfg:g}, "
            f"{chosen.steps} steps, {chosen.sampler_name}/{chosen.scheduler} ({whose}) "
            f"and with the prompts of iteration {best} of run {self.seed.run_id}."
        )


def proposed(
    workspace: WorkspacePaths, project: ProjectPaths, asked: str, mode: str, options: RunOptions
) -> Proposal:
    """A seed from the ranking of run `asked`, or of the newest with one. Nothing is written.

    Raises UsageError where that cannot be, ProjectError for a damaged file, ConfigError.
    """
    if mode not in seeding.MODES:
        raise UsageError(f"there is no ranking mode {mode!r}", f"Choose one of {', '.join(seeding.MODES)}.")
    paths, ranking = _ranking(project, asked)
    run = runs.read_run(paths)
    remarks: list[str] = []
    usable = _usable(paths, ranking, remarks)
    first = next(usable, None)
    if first is None:
        why = f": {'; '.join(remarks)}" if remarks else ""
        raise UsageError(f"the ranking of run {paths.run_id} has no picture that can be used{why}", RANK)
    mask = options.mask if options.mask is not None else first.plan.mask
    config = load_config(workspace, project, replace(options, mask=mask))
    wanted = wanted_run(workspace, project, config, options)
    _require_same_way(run, wanted, first)
    counted = _alike(run, [first], usable, seeding.FIRST[mode], remarks)
    ranked = [_ranked(iteration, ranking) for iteration in counted]
    start = config.aigen.settings
    found = seeding.seeded(ranked, mode, start, lock_seed=config.rules.lock_seed)
    remarks += [*found.remarks, *_differences(run, wanted, first)]
    made = seed.made(
        paths.run_id, mode, found.iterations, found.notes, replace(config.aigen, settings=found.settings)
    )
    return Proposal(seed=made, seeded=found, instead_of=config.aigen, remarks=tuple(remarks))


def _ranking(project: ProjectPaths, asked: str) -> tuple[RunPaths, Ranking]:
    """The run that is meant and its ranking. Raises UsageError, ProjectError for a damaged ranking."""
    if not project.root.is_dir():
        raise UsageError(f"there is no project {project.name}", "`iterativectl project list` shows them.")
    ids = runs.run_ids(project)
    if asked == LATEST:
        for run_id in reversed(ids):
            found = human.read_ranking(project.run(run_id).ranking)
            if found is not None and found.ranking:
                return project.run(run_id), found
        raise UsageError(f"no run of {project.name} has a ranking", RANK)
    if not RUN_ID.fullmatch(asked) or asked not in ids:
        there = f"The newest is {ids[-1]}." if ids else "There is none yet."
        raise UsageError(
            f"{project.name} has no run {asked}", f"{there} `{LATEST}` means the newest ranking."
        )
    found = human.read_ranking(project.run(asked).ranking)
    if found is None or not found.ranking:
        notes = ": it has notes, but no picture is ranked" if found is not None and found.notes else ""
        raise UsageError(f"run {asked} has no ranking{notes}", RANK)
    return project.run(asked), found


def _usable(paths: RunPaths, ranking: Ranking, remarks: list[str]) -> Iterator[Iteration]:
    """The ranked iterations that have a picture, best first; the others go into `remarks`."""
    there = set(runs.committed(paths))
    for name in ranking.ranking:
        number = next(iter(human.iterations_in([name])), None)
        if number not in there or number is None:
            remarks.append(f"{name} is no iteration of the run (any more)")
            continue
        iteration = runs.read_iteration(paths, number)
        if iteration.status != "ok":
            remarks.append(f"iteration {number} failed: there is no picture of it")
        elif iteration.plan.take and _made_after(paths.metadata(number), ranking):
            remarks.append(f"iteration {number} was made anew after it was ranked: rank it again")
        else:
            yield iteration


def _made_after(path: Path, ranking: Ranking) -> bool:
    """Whether an iteration is younger than the ranking; a ranking without its time is taken as younger."""
    at = str(records.read(path, metadata.FORMAT).get("at", ""))
    try:
        return datetime.fromisoformat(at) > datetime.fromisoformat(ranking.updated_at)
    except (ValueError, TypeError):  # written by hand: no time, or one without its offset
        return False


def _require_same_way(run: RunRecord, wanted: RunRecord, best: Iteration) -> None:
    """Raises UsageError where the next run would make its pictures in another way than the best was made."""
    if run.aigen.backend != wanted.aigen.backend:
        cure = "Give --embedded" if run.aigen.backend == EMBEDDED else f"Set backend: {run.aigen.backend}"
        raise UsageError(
            f"the pictures of run {run.run_id} were made by {run.aigen.backend}, the next ones are made by "
            f"{wanted.aigen.backend}: their settings do not mean the same",
            f"{cure}, or choose a run of {wanted.aigen.backend}.",
        )
    if _workflow(run, best) != wanted.workflow["sha256"]:
        ours = wanted.aigen.settings.workflow
        changed = f"{ours} has changed since" if best.plan.workflow == ours else f"the next would use {ours}"
        raise UsageError(
            f"iteration {best.number} of run {run.run_id} was made with {best.plan.workflow}; {changed}",
            f"Set workflow_file: {best.plan.workflow} in config/AIGen.yaml, as it was; or rank pictures of "
            f"{ours}.",
        )
    if len(wanted.masks) > 1 or best.plan.mask != next(iter(wanted.masks), None):
        ours = ", ".join(wanted.masks) or "no mask"
        made = f"with the mask {best.plan.mask}" if best.plan.mask else "without a mask"
        cure = f"--mask {best.plan.mask}" if best.plan.mask else "no mask in play"
        raise UsageError(
            f"iteration {best.number} of run {run.run_id} was made {made}; in play is {ours}",
            f"Its prompts are for one place: start with {cure}, or rank pictures of that mask.",
        )


def _workflow(run: RunRecord, iteration: Iteration) -> str:
    """The hash of the workflow that made an iteration: variants have each their own."""
    variants = {number: variant.sha256 for number, variant in enumerate(run.variants, 1)}
    return variants.get(iteration.number, run.workflow["sha256"])


def _alike(
    run: RunRecord, found: list[Iteration], more: Iterator[Iteration], wanted: int, remarks: list[str]
) -> list[Iteration]:
    """The first of the ranked that were made in the same way as the best, at most `wanted`."""
    best = found[0]
    while len(found) < wanted and (other := next(more, None)) is not None:
        if _workflow(run, other) != _workflow(run, best):
            remarks.append(f"iteration {other.number} was made with another workflow, {other.plan.workflow}")
        elif other.plan.mask != best.plan.mask:
            remarks.append(f"iteration {other.number} was made with another mask, {other.plan.mask}")
        else:
            found.append(other)
    return found


def _ranked(iteration: Iteration, ranking: Ranking) -> Ranked:
    plan = iteration.plan
    return Ranked(
        iteration=plan.iteration,
        parameters=plan.parameters,
        prompts=plan.prompts,
        seed=plan.seed,
        note=ranking.notes.get(str(plan.iteration), ""),
    )


def _differences(run: RunRecord, wanted: RunRecord, best: Iteration) -> Iterator[str]:
    """What is not as it was and may be so."""
    if run.input["sha256"] != wanted.input["sha256"]:
        yield "the input picture is another one than that of the ranked run"
    settings = wanted.aigen.settings
    if best.plan.ckpt_name not in (settings.ckpt_name, settings.ckpt_name_inpaint):
        made = f"iteration {best.number} was made with the model {best.plan.ckpt_name}"
        yield f"{made}, the next run uses {settings.ckpt_name}"
