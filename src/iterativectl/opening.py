"""Which run `run` works on: the unfinished one, the one a person names, or a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from iterativectl import files
from iterativectl.errors import ProjectError, UsageError
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import records, runs, seed
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.seed import Seed, SeededFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run to work on. `notes` are sentences for the person: why this one, what was set aside."""

    run: RunRecord
    paths: RunPaths
    checkpoint: Checkpoint
    resumed: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Latest:
    """The newest run of a project and where it stands."""

    run: RunRecord
    paths: RunPaths
    checkpoint: Checkpoint
    notes: tuple[str, ...]


def open_run(
    project: ProjectPaths,
    wanted: RunRecord,
    now: datetime,
    *,
    reset: bool,
    resume_from: int | None,
    again: RunRecord | None = None,
) -> Opened:
    """Resume or begin. `wanted` is a run as the files are now, its run_id and started_at still to be given.

    `again` is the same with the start settings of the latest run, where those are its own (from a ranking).
    A run that is `wanted` from a ranking is always a new one.

    Raises ProjectError when the latest run is damaged, UsageError when --resume-from names no place in it.
    """
    runs.remove_leftovers(project)
    ids = runs.run_ids(project)
    _use_up_seed(project, ids)
    if ids and (reset or wanted.seeded_from):
        # whatever became of the old run: only its checkpoint is looked at
        return _begin(project, wanted, now, _standing(project, ids[-1]), _instead(wanted))
    latest = _latest(project, ids[-1]) if ids else None
    current = again or wanted
    if resume_from is not None:
        return _resume_from(project, _resumable(latest, current, resume_from), current, resume_from, now)
    if latest is None:
        return _begin(project, wanted, now, None, "")
    changed = runs.changed(latest.run, current)
    if _goes_on(latest, current) and not changed:
        return _resumed(latest, current)
    old = (latest.checkpoint, latest.notes)
    return _begin(project, wanted, now, old, "" if latest.checkpoint.finished else changed)


def preview(
    project: ProjectPaths,
    wanted: RunRecord,
    *,
    reset: bool,
    resume_from: int | None,
    again: RunRecord | None = None,
) -> str:
    """What open_run would do, in one sentence; nothing is touched. Raises what it would raise."""
    ids = runs.run_ids(project)
    if wanted.seeded_from:
        ends = unfinished(project)
        told = f"; run {ends} would end as stopped, all that it made stays" if ends else ""
        return f"a new run would begin, from the ranking of run {wanted.seeded_from.run_id}{told}"
    if reset or (not ids and resume_from is None):
        return "a new run would begin"
    if not ids:
        raise _nothing_to_resume()
    paths = project.run(ids[-1])
    run, checkpoint = runs.read_run(paths), checkpoint_file.read_or_rebuildable(project.checkpoint)[0]
    if checkpoint is None or checkpoint.run_id != run.run_id:
        checkpoint = Checkpoint(run_id=run.run_id, status="running")
    latest = _Latest(run=run, paths=paths, checkpoint=checkpoint, notes=())
    current = again or wanted
    changed = runs.changed(run, current)
    if resume_from is not None:
        _resumable(latest, current, resume_from)
        return f"run {run.run_id} would go on at iteration {resume_from}"
    if _goes_on(latest, current) and not changed:
        done = len(runs.committed(paths))
        return f"run {run.run_id} would go on after {done} iteration{'s' if done != 1 else ''}"
    return "a new run would begin" + (f" ({changed})" if changed else "")


def unfinished(project: ProjectPaths) -> str | None:
    """The newest run, where it has not ended; None where it has, or there is none."""
    newest = next(reversed(runs.run_ids(project)), None)
    checkpoint = checkpoint_file.read_or_rebuildable(project.checkpoint)[0] if newest else None
    over = checkpoint is not None and checkpoint.run_id == newest and checkpoint.finished
    return None if over else newest


def begun_from(paths: RunPaths, there: Seed) -> SeededFrom | None:
    """What a run says of this seed, if it began from it."""
    try:
        said = records.read(paths.run_json, runs.RUN_FORMAT).get("seeded_from")
        by = records.from_json(SeededFrom, said) if said else None
    except (ProjectError, ValueError):  # then the run is damaged, which opening it says
        return None
    return by if by and by.seed_id == there.seed_id else None


def _use_up_seed(project: ProjectPaths, ids: Sequence[str]) -> None:
    """Remove the seed that the newest of these runs began from: after a kill it may still be there."""
    there = seed.read(project) if ids else None
    by = begun_from(project.run(ids[-1]), there) if there else None
    if there and by:
        seed.used(project, there, by)


def _instead(wanted: RunRecord) -> str:
    """Why the old run ends."""
    by = wanted.seeded_from
    return f"a new run starts from the ranking of run {by.run_id}" if by else "put aside by --reset"


def _latest(project: ProjectPaths, run_id: str) -> _Latest:
    """The newest run, with what a kill left half-done completed."""
    paths = project.run(run_id)
    record = runs.read_run(paths)
    runs.remove_partials(paths)
    runs.finish_superseding(paths)
    checkpoint, notes = _standing(project, run_id)
    return _Latest(run=record, paths=paths, checkpoint=checkpoint, notes=notes)


def _standing(project: ProjectPaths, run_id: str) -> tuple[Checkpoint, tuple[str, ...]]:
    """The checkpoint of the newest run, made anew where it is damaged or lost, and what to say about it."""
    checkpoint, damage = checkpoint_file.read_or_rebuildable(project.checkpoint)
    notes: tuple[str, ...] = ()
    if damage:
        kept = project.checkpoint.with_name("checkpoint.damaged.json")
        files.move(project.checkpoint, kept)
        notes = (f"{damage}; it was rebuilt from the run's own files and kept as {kept.name}",)
    if checkpoint is not None and checkpoint.run_id != run_id:
        _put_aside(project)
        checkpoint = None
    return checkpoint or Checkpoint(run_id=run_id, status="running"), notes


def _goes_on(latest: _Latest, wanted: RunRecord) -> bool:
    """Whether the latest run is unfinished, or used up with more iterations allowed now."""
    checkpoint = latest.checkpoint
    if checkpoint.status == "exhausted":
        return wanted.rules.max_iterations > checkpoint.last_iteration
    return not checkpoint.finished


def _resumed(latest: _Latest, wanted: RunRecord) -> Opened:
    """The latest run again: run.json wins, but for what may change in the middle of a run."""
    run, notes = _merged(latest.run, wanted)
    return Opened(
        run=run,
        paths=latest.paths,
        checkpoint=latest.checkpoint,
        resumed=True,
        notes=(*latest.notes, *notes),
    )


def _merged(old: RunRecord, current: RunRecord) -> tuple[RunRecord, tuple[str, ...]]:
    rules = replace(
        old.rules,
        max_iterations=current.rules.max_iterations,
        patience=current.rules.patience,
        max_failures=current.rules.max_failures,
    )
    aigen = replace(old.aigen, comfyui=current.aigen.comfyui)
    merged = replace(old, rules=rules, aigen=aigen, aivis=current.aivis)
    notes = runs.retuned(old, current)
    if replace(aigen, comfyui=old.aigen.comfyui) != replace(current.aigen, comfyui=old.aigen.comfyui):
        notes.append(
            "config/AIGen.yaml changed since this run began: its start settings count from the next run"
        )
    return merged, tuple(notes)


def _drop_derived_settings(project: ProjectPaths, old: Checkpoint) -> None:
    """Remove working/AIGen.yaml where it is ours, so that it is not taken for a person's edit."""
    if project.settings.exists() and runs.sha256_of(project.settings) == old.settings_sha256:
        files.remove(project.settings)


def _nothing_to_resume() -> UsageError:
    return UsageError(
        "there is no run to resume from", "Leave --resume-from out: `run` begins the first run."
    )


def _resumable(latest: _Latest | None, wanted: RunRecord, first: int) -> _Latest:
    """The latest run, if it can go on at iteration `first`. Raises UsageError."""
    if latest is None:
        raise _nothing_to_resume()
    changed = runs.changed(latest.run, wanted)
    if changed:
        raise UsageError(
            f"run {latest.run.run_id} cannot be resumed from iteration {first}: {changed}",
            "Change them back, or leave --resume-from out to begin a new run.",
        )
    done = runs.committed(latest.paths)
    last = done[-1] if done else 0
    if not 1 <= first <= last + 1:
        raise UsageError(
            f"--resume-from {first}: run {latest.run.run_id} has iterations 1 to {last}",
            f"Give a number from 1 to {last + 1}.",
        )
    return latest


def _resume_from(
    project: ProjectPaths, latest: _Latest, wanted: RunRecord, first: int, now: datetime
) -> Opened:
    folder = runs.superseded_folder(latest.paths, now)
    edited = _keep_edited_settings(
        project,
        latest.checkpoint,
        folder / "AIGen.yaml",
        f"iteration {first} starts from the settings as they were then",
    )
    _drop_derived_settings(project, latest.checkpoint)
    # The output is decided anew: the best picture may be among what is put aside. This is written first, so
    # that after a kill in the middle of putting aside a plain `run` goes on here.
    checkpoint = Checkpoint(run_id=latest.run.run_id, status="running")
    checkpoint_file.write(project.checkpoint, checkpoint)
    runs.supersede(latest.paths, first, folder)
    opened = _resumed(latest, wanted)
    kept = f"iterations below {first} kept, the rest moved to superseded/"
    return replace(opened, checkpoint=checkpoint, notes=(*opened.notes, kept, *edited))


def _begin(
    project: ProjectPaths,
    wanted: RunRecord,
    now: datetime,
    old: tuple[Checkpoint, tuple[str, ...]] | None,
    why: str,
) -> Opened:
    """A new run folder. Nothing of the old run is lost: its checkpoint goes into its own folder.

    In this order a kill at any point leaves either the old run, ended, or the new one, begun.
    """
    notes: list[str] = []
    if old:
        notes += [*old[1], *_end(project, old[0], why, seeded=wanted.seeded_from is not None)]
    run_id = runs.new_run_id(project, now)
    run = replace(wanted, run_id=run_id, started_at=now.isoformat())
    paths = project.run(run_id)
    runs.write_run(paths, run)
    if old:
        _put_aside(project)
    _use_up_seed(project, [run_id])
    checkpoint = Checkpoint(run_id=run_id, status="running")
    return Opened(run=run, paths=paths, checkpoint=checkpoint, resumed=False, notes=tuple(notes))


def _end(project: ProjectPaths, old: Checkpoint, why: str, *, seeded: bool) -> list[str]:
    """Write down that a run has ended; its settings make room for those of the next one.

    `seeded`: they have done so already, when the seed was written.
    """
    notes: list[str] = []
    if not seeded:
        kept = project.settings.with_name(f"AIGen.before-{old.run_id}-ended.yaml")
        notes = _keep_edited_settings(project, old, kept, "the new run starts from config/AIGen.yaml")
        _drop_derived_settings(project, old)
    if why and not old.finished:
        old = replace(old, status="stopped", reason=why)
        notes.append(f"run {old.run_id} ended as stopped: {why}")
    checkpoint_file.write(project.checkpoint, old)
    return notes


def _keep_edited_settings(project: ProjectPaths, old: Checkpoint, kept: Path, instead: str) -> list[str]:
    """Move what a person wrote into working/AIGen.yaml to `kept`: `instead` of it something else counts."""
    path = project.settings
    if not path.exists() or runs.sha256_of(path) == old.settings_sha256:
        return []
    files.move(path, kept)
    name = kept.relative_to(project.root).as_posix()
    return [f"the edited working/AIGen.yaml was kept as {name}; {instead}"]


def _put_aside(project: ProjectPaths) -> None:
    """Move the checkpoint of an earlier run into that run's folder."""
    checkpoint = checkpoint_file.read(project.checkpoint)
    if checkpoint is None:
        return
    target = project.run(checkpoint.run_id)
    if not target.root.is_dir():
        raise ProjectError(
            f"{project.checkpoint} names run {checkpoint.run_id}, whose folder is gone",
            "Put the folder back, or delete checkpoint.json: it is derived from the runs' own files.",
        )
    files.move(project.checkpoint, target.checkpoint)
