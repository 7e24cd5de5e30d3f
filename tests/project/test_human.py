"""human/ranking.json and labels.json: what people wrote is kept, and what cannot be meant is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iterativectl import files
from iterativectl.errors import LockedError, ProjectError
from iterativectl.project import handwriting, human
from iterativectl.project.human import Ranking
from iterativectl.project.layout import RunPaths

NOW = "2026-01-09T22:25:59+01:00"


@pytest.fixture
def run(tmp_path: Path) -> RunPaths:
    paths = RunPaths(tmp_path, "2026-01-09_22-25-59")
    paths.human.mkdir(parents=True)
    return paths


def load(path: Path) -> dict[str, Any]:
    data = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def test_what_is_not_there_is_none(run: RunPaths) -> None:
    assert human.read_ranking(run.ranking) is None
    assert human.read_labels(run.labels) is None


def test_a_ranking_to_the_letter(run: RunPaths) -> None:
    human.rank(run, [3, 20, 12], [3, 12, 20], NOW)
    assert run.ranking.read_text() == (
        '{\n  "ranking": [\n    "3",\n    "20",\n    "12"\n  ],\n  "notes": {},\n'
        f'  "updated_at": "{NOW}"\n}}\n'
    )


def test_labels_to_the_letter(run: RunPaths) -> None:
    human.label(run, 3, {"suit": True, "face": False}, NOW)
    assert load(run.labels) == {"labels": {"3": {"suit": True, "face": False}}, "updated_at": NOW}


def test_a_persons_own_way_of_writing_is_read(run: RunPaths) -> None:
    run.ranking.write_text('\ufeff{"ranking": [3, "20"], "notes": null}', encoding="utf-8")
    found = human.read_ranking(run.ranking)
    assert found is not None
    assert (found.ranking, found.notes) == (("3", "20"), {})


def test_only_the_runs_own_iterations_count(run: RunPaths) -> None:
    run.ranking.write_text('{"ranking": ["7", "3", "best", "003", "-1", "99999999999"]}')
    found = human.read_ranking(run.ranking)
    assert found is not None
    assert found.known([1, 3, 7]) == (7, 3)


def test_a_new_ranking_keeps_notes_strangers_and_other_keys(run: RunPaths) -> None:
    old = {"ranking": ["7", "superb", "3", "40"], "notes": {"3": "the light"}, "by": "anna", "updated_at": ""}
    run.ranking.write_text(json.dumps(old))
    human.rank(run, [1, 3], [1, 3, 7], NOW)
    assert load(run.ranking) == {
        "ranking": ["1", "3", "superb", "40"],  # 7 is one of the run: it is not ranked any more
        "notes": {"3": "the light"},
        "updated_at": NOW,
        "by": "anna",
    }


def test_labels_are_added_changed_and_taken_back(run: RunPaths) -> None:
    run.labels.write_text('{"labels": {"3": {"suit": true, "old": true}, "99": {"x": false}}, "by": "anna"}')
    human.label(run, 3, {"suit": False, "face": True}, NOW)
    assert load(run.labels)["labels"] == {
        "3": {"suit": False, "old": True, "face": True},
        "99": {"x": False},
    }
    human.label(run, 3, {"suit": None, "old": None, "face": None, "never": None}, NOW)
    assert load(run.labels) == {"labels": {"99": {"x": False}}, "updated_at": NOW, "by": "anna"}


DAMAGED = {
    "empty": (b"", "not JSON"),
    "torn": (b'{"ranking": ["3", ', "not JSON"),
    "a list": (b"[]", "not a JSON object"),
    "latin": (b'{"ranking": ["\xe4"]}', "not JSON"),
    "half a character": (b'{"ranking": [], "notes": {"3": "\\ud83d"}}', "not JSON"),
    "no number": (b'{"ranking": [], "x": NaN}', "NaN"),
    "deep": (b'{"x": ' + b"[" * 100_000, "not JSON"),
    "twice the key": (b'{"ranking": ["3"], "ranking": ["4"]}', "twice"),
    "no order": (b'{"notes": {}}', "list of iterations"),
    "an order of lists": (b'{"ranking": [["3"]]}', "no iteration"),
    "an order of truths": (b'{"ranking": [true]}', "no iteration"),
    "twice a place": (b'{"ranking": ["3", 3]}', "3 twice"),
    "notes of numbers": (b'{"ranking": [], "notes": {"3": 4}}', "'notes'"),
    "notes in a list": (b'{"ranking": [], "notes": ["x"]}', "'notes'"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_ranking_is_named_and_left(run: RunPaths, name: str) -> None:
    content, why = DAMAGED[name]
    run.ranking.write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        human.read_ranking(run.ranking)
    assert str(run.ranking) in caught.value.message and why in caught.value.message
    with pytest.raises(ProjectError):
        human.rank(run, [1], [1], NOW)
    assert run.ranking.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"labels": []}', "fields for iterations"),
        (b'{"labels": {"3": ["suit"]}}', "true or false"),
        (b'{"labels": {"3": {"suit": "yes"}}}', "not 'yes'"),
        (b'{"labels": {"3": {"suit": 1}}}', "not 1"),
        (b'{"labels": {"3": {"suit": null}}}', "not None"),
        (b"{}", "fields for iterations"),
    ],
)
def test_damaged_labels_are_named_and_left(run: RunPaths, content: bytes, why: str) -> None:
    run.labels.write_bytes(content)
    with pytest.raises(ProjectError, match=why):
        human.read_labels(run.labels)
    with pytest.raises(ProjectError):
        human.label(run, 1, {"suit": True}, NOW)
    assert run.labels.read_bytes() == content


def test_what_is_no_file_is_named(run: RunPaths) -> None:
    run.labels.mkdir()
    with pytest.raises(ProjectError, match="not a file"):
        human.read_labels(run.labels)
    run.ranking.write_bytes(b" " * (handwriting.MAX_BYTES + 1))
    with pytest.raises(ProjectError, match="larger than"):
        human.read_ranking(run.ranking)


def test_two_writers_do_not_meet(run: RunPaths) -> None:
    descriptor = files.lock(run.human / "human.lock", "another process")
    assert descriptor is not None
    try:
        with pytest.raises(LockedError):
            human.label(run, 1, {"suit": True}, NOW)
    finally:
        files.unlock(descriptor)
    human.label(run, 1, {"suit": True}, NOW)
    assert not list(run.human.glob("*.partial"))


OLD = {"ranking": ["3", "superb", "40"], "notes": {"3": "the light", "40": "gone"}, "by": "anna"}
Save = Callable[[RunPaths, Ranking, str | None, Sequence[int], str], Ranking]


def test_a_page_saves_what_it_was_made_from(run: RunPaths) -> None:
    run.ranking.write_text(json.dumps(OLD))
    seen = human.read_ranking(run.ranking)
    assert seen is not None
    wanted = Ranking(ranking=("1", "3"), notes={"1": "the sky", "3": ""})
    written = human.save_ranking(run, wanted, seen.sha256, [1, 3], NOW)
    assert load(run.ranking) == {
        "ranking": ["1", "3", "superb", "40"],
        "notes": {"40": "gone", "1": "the sky"},
        "updated_at": NOW,
        "by": "anna",
    }
    assert written == human.read_ranking(run.ranking)  # its sha256 among the rest


def test_a_page_that_never_heard_the_answer_may_ask_again(run: RunPaths) -> None:
    wanted = Ranking(ranking=("3", "1"))
    first = human.save_ranking(run, wanted, None, [1, 3], NOW)
    assert human.save_ranking(run, wanted, None, [1, 3], "later") == first


def lost_between_two_tabs(run: RunPaths, save: Save) -> bool:
    """Both pages saw the same file. Whether what the first saved is gone without the second being told."""
    seen = save(run, Ranking(ranking=("1", "2", "3")), None, [1, 2, 3], NOW).sha256
    save(run, Ranking(ranking=("3", "2", "1")), seen, [1, 2, 3], NOW)
    try:
        save(run, Ranking(ranking=("2", "1", "3")), seen, [1, 2, 3], NOW)
    except handwriting.Overtaken:
        return bool(load(run.ranking)["ranking"] != ["3", "2", "1"])
    return True


def last_one_wins(
    run: RunPaths, wanted: Ranking, based_on: str | None, known: Sequence[int], now: str
) -> Ranking:
    """The planted bug: nobody looks at what the page was made from."""
    return human.rank(run, human.iterations_in(wanted.ranking), known, now)


def test_two_tabs_do_not_lose_each_others_ranking(run: RunPaths) -> None:
    assert not lost_between_two_tabs(run, human.save_ranking)


def test_a_writer_that_does_not_compare_is_noticed(run: RunPaths) -> None:
    assert lost_between_two_tabs(run, last_one_wins)


def test_a_file_that_came_or_went_is_a_conflict_too(run: RunPaths) -> None:
    written = human.rank(run, [3], [1, 3], NOW)
    with pytest.raises(handwriting.Overtaken):
        human.save_ranking(run, Ranking(ranking=("1",)), None, [1, 3], NOW)
    run.ranking.unlink()
    with pytest.raises(handwriting.Overtaken):
        human.save_ranking(run, Ranking(ranking=("1",)), written.sha256, [1, 3], NOW)
    assert not run.ranking.exists()


def test_one_note_is_written_beside_the_others(run: RunPaths) -> None:
    run.ranking.write_text(json.dumps(OLD))
    human.note(run, 1, "the sky", "", NOW)
    human.note(run, 3, "too dark", "the light", NOW)
    with pytest.raises(handwriting.Overtaken):
        human.note(run, 3, "too bright", "the light", NOW)
    human.note(run, 1, "", "the sky", NOW)
    assert load(run.ranking) == {**OLD, "notes": {"3": "too dark", "40": "gone"}, "updated_at": NOW}


def test_a_note_needs_no_ranking(run: RunPaths) -> None:
    human.note(run, 3, "the light", "", NOW)
    found = human.read_ranking(run.ranking)
    assert found is not None and (found.ranking, found.notes) == ((), {"3": "the light"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["ranking", "labels", "notes", "updated_at", "x"]), JSON)
    | JSON
    | st.fixed_dictionaries({"labels": st.dictionaries(st.text(max_size=3), JSON, max_size=3)})
)
def test_whatever_stands_there_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.json"
    path.write_bytes(json.dumps(value).encode())
    for read in (human.read_ranking, human.read_labels):
        try:
            found = read(path)
        except ProjectError as error:
            assert str(path) in error.message
        else:
            assert found is not None
