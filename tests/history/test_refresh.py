"""After every change of the files, the index says what one says that is made anew."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.history.conftest import ITERATIONS, RUNS
from tests.history.spaces import Space

from iterativectl import files
from iterativectl.history import queries
from iterativectl.history.refresh import Refresher
from iterativectl.project import lock, metadata, records, runs

Change = Callable[[Space], None]


def edited(path: Path, **changes: object) -> None:
    """Write a file of ours again, as the program does: by a rename."""
    files.write_json(path, {**json.loads(path.read_text("utf-8")), **changes}, durable=False)


def commit_one_more(space: Space) -> None:
    run = space.run()
    body = json.loads(run.metadata(ITERATIONS).read_text("utf-8"))
    prompts = {"positive": "a lighthouse", "negative": "people"}
    more = {"iteration": ITERATIONS + 1, "prompts_used": prompts}
    files.write_json(run.metadata(ITERATIONS + 1), {**body, **more}, durable=False)


def begin_a_run(space: Space) -> None:
    later = space.project.run("2027-01-01_00-00-00")
    later.root.mkdir()
    body = json.loads(space.run().run_json.read_text("utf-8"))
    files.write_json(later.run_json, {**body, "run_id": later.run_id}, durable=False)


def rate(space: Space) -> None:
    run = space.run(1)
    files.write_json(run.ratings, {"ratings": {"2": 4}, "favourites": ["2"], "rejected": [3]}, durable=False)


def note(space: Space) -> None:
    body = {"ranking": ["2", 1], "notes": {"2": "Tür und Tor", "x": 1}, "updated_at": ""}
    files.write_json(space.run(2).ranking, body, durable=False)


def spend(space: Space) -> None:
    line = {"id": "a", "event": "reserved", "worst_cost_usd": 0.5}
    files.append_line(space.run(0).usage, json.dumps(line))


def take_away_a_project(space: Space) -> None:
    shutil.rmtree(space.project.root)


def add_a_project(space: Space) -> None:
    shutil.copytree(space.project.root / "config", space.workspace.project("second").root / "config")


def accept(space: Space) -> None:
    files.write_bytes(space.project.output_image, b"x")
    body = {"format": "output/1", "accepted": True, "run_id": space.run().run_id, "iteration": 2}
    files.write_json(space.project.output_metadata, body)


CHANGES: dict[str, Change] = {
    "nothing": lambda space: None,
    "another iteration": commit_one_more,
    "another run": begin_a_run,
    "another project": add_a_project,
    "an iteration put aside": lambda space: space.run().metadata(2).unlink(),
    "an iteration judged anew": lambda space: edited(space.run().metadata(1), verdicts={}),
    "a run deleted": lambda space: shutil.rmtree(space.run(3).root),
    "the last run deleted": lambda space: shutil.rmtree(space.run().root),
    "a project deleted": take_away_a_project,
    "its rules deleted": lambda space: space.project.rules.unlink(),
    "stars": rate,
    "notes": note,
    "a request": spend,
    "a run that ended": lambda space: edited(space.project.checkpoint, status="stopped", reason="enough"),
    "a picture accepted": accept,
    "a damaged iteration": lambda space: files.write_bytes(space.run().metadata(2), b"{"),
    "a damaged run": lambda space: files.write_bytes(space.run(1).run_json, b"{"),
    "a damaged checkpoint": lambda space: files.write_bytes(space.project.checkpoint, b"{"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed_by_a_cheap_look(space: Space, change: Change) -> None:
    before = space.dump()
    change(space)
    space.refresher.refresh()
    assert space.dump() == space.truth()
    assert change is CHANGES["nothing"] or space.dump() != before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_process_that_takes_the_index_up_notices_it_too(stored: Space, change: Change) -> None:
    stored.database.close()
    change(stored)
    later = Space.at(stored.root)
    later.refresher.refresh()
    assert later.dump() == stored.truth()
    later.database.close()


def test_who_looks_at_nothing_is_caught(space: Space) -> None:
    """The planted bug: a refresh that takes every run it knows for unchanged."""

    class Blind(Refresher):
        def _is_changed(self, one: object, deep: bool) -> bool:
            return False

    blind = Blind(space.workspace, space.database, space.refresher._reader._tell)
    commit_one_more(space)
    blind.refresh()
    assert space.dump() != space.truth()


def test_a_change_in_the_same_tick_of_the_clock_is_noticed(space: Space) -> None:
    """Two writes that no time tells apart: the second one comes after the look."""
    path = space.run().ratings
    files.write_json(path, {"favourites": ["1"]}, durable=False)
    there = path.stat()
    space.refresher.refresh()
    content = path.read_text("utf-8").replace('"1"', '"2"')
    path.write_text(content, "utf-8")  # same inode, same size
    os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))
    space.refresher.refresh()
    assert space.dump() == space.truth()


def test_old_files_are_not_read_again(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not change costs a look; the index does not become another one by it."""
    age(space.root)
    space.refresher.refresh(deep=True)
    generation = space.refresher.generation
    asked: list[str] = []
    reader = space.refresher._reader

    class Counting:
        def run(self, project: object, paths: object, *rest: object) -> object:
            asked.append(str(paths))
            return reader.run(project, paths, *rest)  # type: ignore[arg-type]

    space.refresher._reader = Counting()  # type: ignore[assignment]
    for deep in (False, True):
        space.refresher.refresh(deep=deep)
    assert asked == [] and space.refresher.generation == generation
    commit_one_more(space)
    space.refresher.refresh()
    assert len(asked) == 1 and space.refresher.generation != generation


def age(root: Path) -> None:
    """Make everything an hour old."""
    then = time.time() - 3600
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, (then, then))


def test_an_edit_in_place_is_noticed_by_a_deep_look(space: Space) -> None:
    age(space.root)
    space.refresher.refresh(deep=True)
    path = space.run(1).metadata(2)
    body = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**body, "verdicts": {}}), "utf-8")
    space.refresher.refresh()
    assert space.dump() != space.truth()
    space.refresher.refresh(deep=True)
    assert space.dump() == space.truth()


def test_the_index_says_what_the_files_say(space: Space) -> None:
    assert len(space.runs().runs) == RUNS
    for line in space.runs().runs:
        paths = space.project.run(line.run_id)
        record = runs.read_run(paths)
        found = [metadata.read(paths.metadata(n), None) for n in runs.committed(paths)]
        best = max(
            (one for one in found if one.assessment),
            key=lambda one: (one.assessment.score, -one.assessment.unclear, -one.number),  # type: ignore[union-attr]
        )
        assert best.assessment is not None
        assert (line.best_iteration, line.score) == (best.number, best.assessment.score)
        assert line.similarity == best.assessment.comparison.similarity.measured
        assert line.passed == sum(one.verdict == "passed" for one in best.assessment.verdicts)
        assert line.criteria == len(best.assessment.verdicts)
        assert line.prompt == best.plan.prompts.positive
        assert line.iterations == len(found) == ITERATIONS
        assert line.max_iterations == record.rules.max_iterations
        assert (line.engine, line.started_at) == (record.aigen.backend, record.started_at)
        raw = [records.read(paths.metadata(one.number), metadata.FORMAT) for one in found]
        assert line.seconds == pytest.approx(sum(sum(one["seconds"].values()) for one in raw))
        assert line.picture == raw[best.number - 1]["generation"]["sha256"][:12]
        said = space.database.read(lambda index, run=line.run_id: queries.iterations(index, "big", run))  # type: ignore[misc]
        assert [one.n for one in said] == [one.number for one in found]
        assert [one.seed for one in said] == [one.plan.seed for one in found]


def test_a_run_that_a_process_works_on_is_held(space: Space) -> None:
    assert space.line().state.endswith("+latest")
    with lock.held(space.project.lock, started="now"):
        space.refresher.refresh()
        assert space.line().state.endswith("+latest+held")
        assert not any("held" in line.state for line in space.runs().runs[1:])
    space.refresher.refresh()
    assert space.line().state.endswith("+latest")


def test_the_first_of_two_equal_looks_is_enough(space: Space) -> None:
    """Young files are read twice, but what says the same is no news: pages stay as they are."""
    space.refresher.refresh()
    generation = space.refresher.generation
    for _ in range(3):
        space.refresher.refresh()
    assert space.refresher.generation == generation


def test_rebuilding_gives_the_same(space: Space) -> None:
    before = space.dump()
    space.refresher.rebuild()
    assert space.dump() == before != {name: [] for name in before}
