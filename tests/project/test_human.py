"""human/ranking.json and human/labels.json: what people wrote is kept, and what cannot be meant is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iterativectl import files
from iterativectl.errors import LockedError, ProjectError
from iterativectl.project import handwriting, human
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
