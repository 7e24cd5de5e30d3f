"""`variants`: the same picture made in several ways, each once, for a person to compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from iterativectl import attempt, comparing, runner
from iterativectl.ahead import Ahead, one_at_a_time
from iterativectl.choosing import Choice, Chosen, Find, of_variants, sha256_of, unreachable
from iterativectl.config.check import load_schema
from iterativectl.errors import ConfigError, UsageError
from iterativectl.loading import EMBEDDED, RunOptions
from iterativectl.model import History, Plan, Stop
from iterativectl.policy import grid as grids
from iterativectl.policy.variants import Variants
from iterativectl.ports import GenerationInputs, Generator
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths
from iterativectl.project.runs import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for. Workflows are named as AIGen.yaml would name them.

    `workflows` are to be compared, () for all on the `shelf` that suit; `sets`: the texts of --set.
    """

    options: RunOptions = RunOptions()
    workflows: tuple[str, ...] = ()
    shelf: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


def choose(project: ProjectPaths, now: RunRecord, asked: Asked, generator: Generator, find: Find) -> Chosen:
    """What is to be compared: the list of the run that was interrupted, else what is asked for and can be.

    `now`: a run as the files are. Raises UsageError, ConfigError, and ServerUnavailable when nobody answers.
    """
    if len(now.masks) > 1:
        names = ", ".join(now.masks)
        raise UsageError(
            f"variants compare ways of making one edit, and several masks are in play: {names}",
            "Choose one with --mask NAME.",
        )
    again = None if asked.options.reset else _interrupted(project, now, asked, find)
    if again is not None:
        if not generator.reachable():
            raise unreachable(generator, now.aigen.settings)
        return Chosen(run=again, notes=())
    choice = Choice(now, generator, find)
    grid = grids.parse(asked.sets, load_schema("AIGen")["properties"]["parameters"]["properties"])
    if asked.workflows:
        return choice.of_named(asked.workflows, grid)
    if grid or now.aigen.backend == EMBEDDED:
        return choice.of_own(grid)
    return choice.of_all(asked.shelf)


def _interrupted(project: ProjectPaths, now: RunRecord, asked: Asked, find: Find) -> RunRecord | None:
    """The unfinished run of variants, where nothing else is asked for and nothing has changed."""
    ids = runs.run_ids(project)
    checkpoint, _ = checkpoint_file.read_or_rebuildable(project.checkpoint)
    ended = checkpoint is not None and bool(ids) and checkpoint.run_id == ids[-1] and checkpoint.finished
    if not ids or ended or asked.workflows or asked.sets:
        return None
    old = runs.read_run(project.run(ids[-1]))
    try:
        same = tuple(replace(v, sha256=sha256_of(find, now, v.workflow)) for v in old.variants)
    except ConfigError:  # a workflow of the list is gone
        return None
    again = of_variants(now, same, dict(old.left_out))
    return None if not old.variants or runs.changed(old, again) else again


def run(work: runner.Work, policy: Variants, at_once: int) -> runner.Ended:
    """Make and judge every variant, up to `at_once` pictures at a time. Raises what runner.run raises.

    At the end variants.json and the contact sheet are in the run's folder.
    """
    report = one_at_a_time(work.report)

    def prepare(plan: Plan) -> GenerationInputs:
        return attempt.inputs_ahead(working, plan)

    def wait(why: str) -> None:
        attempt.wait_for_server(working, working.wait_seconds, why)

    def at_end(history: History, decision: Stop) -> None:
        ahead.close()
        comparing.write(working, policy, history, decision)

    with Ahead(work.generator, at_once=at_once, prepare=prepare, wait=wait, report=report) as ahead:
        working = replace(work, generator=ahead, report=report, at_end=at_end)
        ahead.expect(tuple(_frozen(work, policy)))
        return runner.run(working)


def _frozen(work: runner.Work, policy: Variants) -> Iterator[Plan]:
    """The plans that are still to be carried out, on disk before the first of them is."""
    done = set(runs.committed(work.paths))
    for planned in policy.plans:
        if planned.iteration in done:
            continue
        plan = runs.read_plan(work.paths, planned.iteration)
        if plan is None:
            runs.write_plan(work.paths, planned)
        yield plan or planned
