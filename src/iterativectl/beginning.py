"""How a run begins: from config/AIGen.yaml, from a ranking, or where an earlier one stopped.

`prepared` is all that a run must know before it takes the project's lock, `opened` what it does with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from iterativectl.config.types import AIGen
from iterativectl.errors import LockedError, ProjectError, UsageError
from iterativectl.loading import EMBEDDED, Config, RunOptions, load_config, remembered, wanted_run
from iterativectl.opening import Opened, begun_from, open_run, preview
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import runs, seed
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.seed import Seed, SeededFrom
from iterativectl.seeding import proposed

NOTHING = "none"  # as --seed-from-ranking: what waits is taken back
TAKE_BACK = f"take it back with `iterativectl run --seed-from-ranking {NOTHING}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A new run that starts from a ranking. `fresh`: its seed is still to be written."""

    seed: Seed
    aigen: AIGen
    by: SeededFrom
    fresh: bool
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a run knows before it begins.

    `wanted`: as a new run would be; `again`: as the unfinished one would, where that came from a ranking.
    """

    options: RunOptions
    config: Config
    wanted: RunRecord
    again: RunRecord | None = None
    beginning: Beginning | None = None


def waiting(project: ProjectPaths) -> Seed | None:
    """The seed that the next run starts from; None without, or where a run has begun from it already.

    Raises ProjectError for a damaged file.
    """
    found = seed.read(project)
    if found is None:
        return None
    newest = runs.run_ids(project)[-1:]
    return None if newest and begun_from(project.run(newest[0]), found) else found


def refuse_waiting(project: ProjectPaths) -> None:
    """Raises UsageError where a seed waits: only an ordinary run starts from it."""
    found = waiting(project)
    if found is not None:
        raise UsageError(
            f"the ranking of run {found.run_id} waits to start the next run (working/seed.json)",
            f"`iterativectl run --project {project.name}` starts from it; or {TAKE_BACK}.",
        )


def prepared(workspace: WorkspacePaths, project: ProjectPaths, options: RunOptions) -> Prepared:
    """Everything a run needs to know of the files and the options; nothing is written.

    Raises ConfigError, UsageError, ProjectError.
    """
    beginning = _beginning(workspace, project, options)
    if beginning is not None:
        if options.mask is None:
            options = replace(options, mask=beginning.aigen.settings.mask)
        config = load_config(workspace, project, options, beginning.aigen)
        _refuse_other(beginning, config, options)
        told = _told(beginning, config)
        config = replace(config, notes=(*config.notes, *told))
        wanted = replace(wanted_run(workspace, project, config, options), seeded_from=beginning.by)
        return Prepared(options=options, config=config, wanted=wanted, beginning=beginning)
    options = remembered(project, options)
    config = load_config(workspace, project, options)
    wanted = wanted_run(workspace, project, config, options)
    start = None if options.reset else _own_start(project)
    if start is None:
        return Prepared(options=options, config=config, wanted=wanted)
    same = load_config(workspace, project, options, start)
    again = wanted_run(workspace, project, same, options)
    return Prepared(options=options, config=config, wanted=wanted, again=again)


def opened(project: ProjectPaths, ready: Prepared, now: datetime) -> Opened:
    """Resume or begin; the project's lock is held. A seed that is not on the disk yet comes there first, so
    that after a kill a plain `run` begins what was asked for.

    Raises what open_run raises, and LockedError where somebody wrote or removed the seed meanwhile.
    """
    begins = ready.beginning
    if ready.options.seed_from == NOTHING and (there := waiting(project)):
        seed.remove(project, there)
    if begins is not None and begins.fresh:
        seed.write(project, begins.seed, now.isoformat())
    found = waiting(project)
    if (found and found.seed_id) != (begins and begins.seed.seed_id):
        raise LockedError("working/seed.json was changed at this moment", "Give the same command again.")
    options = ready.options
    return open_run(
        project, ready.wanted, now, reset=options.reset, resume_from=options.resume_from, again=ready.again
    )


def preview_of(project: ProjectPaths, ready: Prepared) -> list[str]:
    """What `opened` would do, in sentences; nothing is touched. Raises what it would raise."""
    options = ready.options
    lines = []
    if options.seed_from == NOTHING and (there := waiting(project)):
        lines.append(f"the ranking of run {there.run_id} would not be used: it would be taken back")
    begin = preview(
        project, ready.wanted, reset=options.reset, resume_from=options.resume_from, again=ready.again
    )
    if ready.beginning is None:
        return [*lines, begin]
    prompts = ready.wanted.aigen.settings.prompts
    return [begin, f"positive prompt: {prompts.positive}", f"negative prompt: {prompts.negative or '-'}"]


def _beginning(workspace: WorkspacePaths, project: ProjectPaths, options: RunOptions) -> Beginning | None:
    """The seed that this run starts from: asked for, or waiting. None without. Raises UsageError."""
    if options.seed_from == NOTHING:
        return None
    if options.seed_from is not None:
        if options.resume_from is not None:
            raise UsageError("--resume-from goes on with a run, --seed-from-ranking begins one", "Give one.")
        found = proposed(workspace, project, options.seed_from, options.seed_mode, options)
        by = _by(found.seed, found.seed.settings_sha256)
        return Beginning(seed=found.seed, aigen=found.seed.aigen, by=by, fresh=True, remarks=found.remarks)
    there = waiting(project) if project.root.is_dir() else None
    if there is None:
        return None
    if options.resume_from is not None:
        raise UsageError(
            f"--resume-from goes on with a run, and the ranking of run {there.run_id} waits to start "
            "a new one (working/seed.json)",
            f"Leave --resume-from out; or {TAKE_BACK}.",
        )
    aigen, digest = seed.settings(project, there)
    return Beginning(seed=there, aigen=aigen, by=_by(there, digest), fresh=False)


def _by(there: Seed, digest: str) -> SeededFrom:
    return SeededFrom(
        run_id=there.run_id,
        mode=there.mode,
        iterations=there.iterations,
        notes=there.notes,
        settings_sha256=digest,
        edited=digest != there.settings_sha256,
        seed_id=there.seed_id,
    )


def _told(begins: Beginning, config: Config) -> Iterator[str]:
    """Sentences on how the run begins."""
    numbers = ", ".join(map(str, begins.by.iterations))
    ranking = f"the ranking of run {begins.by.run_id} ({begins.by.mode}: {numbers})"
    yield f"starts from {ranking}, not from config/AIGen.yaml"
    yield from begins.remarks
    if begins.by.edited:
        yield "working/AIGen.yaml was edited after the ranking was taken over: it counts as it stands"
    if begins.by.notes:
        many = len(begins.by.notes)
        lost = "; the embedded judge cannot read them" if config.aivis.provider == EMBEDDED else ""
        yield f"{many} note{'s' if many > 1 else ''} of the ranking: for the first prompt improvement{lost}"


def _refuse_other(begins: Beginning, config: Config, options: RunOptions) -> None:
    """Options that do not go with what the seed was made for. Raises UsageError."""
    theirs, ours = begins.aigen.backend, config.aigen.backend
    if theirs != ours:
        if options.embedded or theirs != EMBEDDED:
            cure = (
                "Leave --embedded out" if options.embedded else f"Set backend: {theirs} in config/AIGen.yaml"
            )
        else:
            cure = "Give --embedded as well"
        raise UsageError(
            f"the ranking of run {begins.by.run_id} is of pictures made by {theirs}, and this run's are "
            f"made by {ours}: their settings do not mean the same",
            f"{cure}; or {TAKE_BACK}.",
        )
    mask = begins.aigen.settings.mask
    if options.mask != mask:
        said = f"--mask {mask}" if mask else "no mask"
        raise UsageError(
            f"the ranking of run {begins.by.run_id} was taken over for {said}, not for --mask {options.mask}",
            f"Leave --mask out; or {TAKE_BACK}.",
        )


def _own_start(project: ProjectPaths) -> AIGen | None:
    """The start settings of the newest run, where it came from a ranking and may still go on."""
    newest = runs.run_ids(project)[-1:]
    if not newest:
        return None
    try:
        run = runs.read_run(project.run(newest[0]))
    except ProjectError:  # open_run says what is to be said of it
        return None
    checkpoint, _ = checkpoint_file.read_or_rebuildable(project.checkpoint)
    over = checkpoint is not None and checkpoint.run_id == run.run_id and checkpoint.finished
    ended = over and checkpoint is not None and checkpoint.status != "exhausted"
    return run.aigen if run.seeded_from and not ended else None
