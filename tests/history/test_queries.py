"""What can be asked: search, filters, every column, pages."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.history.spaces import Space

from iterativectl import files
from iterativectl.history import queries
from iterativectl.history.facts import RunFacts


def say(space: Space, at: int, **notes: str) -> None:
    body = {"ranking": [], "notes": {name.removeprefix("n"): text for name, text in notes.items()}}
    files.write_json(space.run(at).ranking, body, durable=False)


@pytest.mark.parametrize(
    "words",
    [*("TÜR", "tür", "tür und", "  und   TÜR ", "100 %", "snow_man", "don't", '"quoted"', "türk", "strasse")],
)
def test_words_are_found_anywhere_and_mean_themselves(space: Space, words: str) -> None:
    say(space, 2, n1='Die Türkise TÜR und 100 % "quoted" snow_man, don\'t', n3="STRASSE Straße")
    say(space, 3, n1="100 percent, snowXman")
    space.refresher.refresh()
    assert [run.run_id for run in space.runs(words=words).runs] == [space.run(2).run_id]


@pytest.mark.parametrize("words", ["%", "_", "zzz", "view zzz", "'; DROP TABLE runs; --", "view\x00"])
def test_what_is_not_there_is_not_found(space: Space, words: str) -> None:
    found = space.runs(words=words)
    assert (found.total, found.runs, found.states, found.pages) == (0, (), {}, 1)


def test_prompts_of_every_iteration_are_searched(space: Space) -> None:
    path = space.run(1).metadata(2)
    body = json.loads(path.read_text("utf-8"))
    files.write_json(path, {**body, "prompts_used": {"positive": "a lighthouse", "negative": "seagulls"}})
    space.refresher.refresh()
    for words in ("lighthouse", "SEAGULL", "seagulls lighthouse"):
        assert [run.run_id for run in space.runs(words=words).runs] == [space.run(1).run_id]


def test_projects_are_searched_by_name_and_by_what_their_runs_say(space: Space) -> None:
    say(space, 2, n1="turquoise")
    space.refresher.refresh()
    for words, found in {
        "BI": ["big"],
        "turquoise": ["big"],
        "big turquoise": ["big"],
        "biggest": [],
    }.items():
        assert [one.facts.name for one in space.projects(words)] == found


def test_filters_count_what_they_find(space: Space) -> None:
    everything = space.runs()
    assert sum(everything.states.values()) == sum(everything.verdicts.values()) == everything.total == 6
    for key, counts in (("state", everything.states), ("verdict", everything.verdicts)):
        for value, count in counts.items():
            found = space.runs(**{key: value})
            assert found.total == len(found.runs) == count
            assert {getattr(run, key) for run in found.runs} == {value}
            assert (found.states, found.verdicts) == (everything.states, everything.verdicts)
    assert space.runs(state="none such").total == 0


def rank(run: RunFacts, column: str) -> tuple[bool, object]:
    value = run.run_id if column in ("run_id", "started_at") else getattr(run, column)
    return value is not None, value if value is not None else 0


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("column", queries.SORTS)
def test_every_column_sorts(space: Space, column: str, order: str) -> None:
    """What is not known comes last, whatever the order; of equals, the newest first."""
    space.run(3).run_json.write_text("{", "utf-8")
    space.run(4).usage.write_text("{", "utf-8")
    space.refresher.refresh()
    newest_first = space.runs().runs
    known = [run for run in newest_first if rank(run, column)[0]]
    unknown = [run for run in newest_first if not rank(run, column)[0]]
    expected = sorted(known, key=lambda run: rank(run, column), reverse=order == "desc")  # type: ignore[arg-type,return-value]
    assert [run.run_id for run in space.runs(sort=column, order=order).runs] == [
        run.run_id for run in [*expected, *unknown]
    ]


def test_pages_hold_every_run_once(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 4)
    pages = [space.runs(sort="score", page=page) for page in (1, 2)]
    assert [len(page.runs) for page in pages] == [4, 2]
    assert len({run.run_id for page in pages for run in page.runs}) == pages[0].total == 6
    assert space.runs(sort="score", page=99) == pages[1] and space.runs(sort="score", page=-1) == pages[0]


def test_many_problems_are_counted_not_listed(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_PROBLEMS", 3)
    for at in range(6):
        space.run(at).metadata(2).write_text("{", "utf-8")
    space.refresher.refresh(deep=True)
    (project,) = space.projects()
    assert len(project.problems) == 4 and project.problems[-1] == "and 3 more"


def test_a_page_needs_no_look_at_other_projects(space: Space) -> None:
    shutil.copytree(space.project.root, space.workspace.project("other").root)
    space.refresher.refresh()
    assert {run.project for run in space.runs().runs} == {"big"}
    assert [(one.facts.name, one.runs) for one in space.projects()] == [("big", 6), ("other", 6)]
    plan = space.database.read(
        lambda index: index.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM runs WHERE project = 'big' ORDER BY run_id DESC LIMIT 50"
        ).fetchall()
    )
    assert "USING INDEX" in str(plan) and "TEMP B-TREE" not in str(plan)
