"""human/ratings.json: stars, favourites and rejects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iterativectl.errors import ProjectError
from iterativectl.project import ratings
from iterativectl.project.layout import RunPaths
from iterativectl.project.ratings import Rated

NOW = "2026-01-09T22:25:59+01:00"


@pytest.fixture
def run(tmp_path: Path) -> RunPaths:
    paths = RunPaths(tmp_path, "2026-01-09_22-25-59")
    paths.human.mkdir(parents=True)
    return paths


def test_ratings_to_the_letter(run: RunPaths) -> None:
    assert ratings.read_ratings(run.ratings) is None
    ratings.rate(run, 3, Rated(stars=4, favourite=True), NOW)
    ratings.rate(run, 5, Rated(rejected=True), NOW)
    assert json.loads(run.ratings.read_text()) == {
        "ratings": {"3": 4},
        "favourites": ["3"],
        "rejected": ["5"],
        "updated_at": NOW,
    }


def test_they_are_taken_back_and_the_rest_stays(run: RunPaths) -> None:
    old = {"ratings": {"3": 4, "77": 1}, "favourites": ["3", 9], "rejected": ["3"], "by": "anna"}
    run.ratings.write_text(json.dumps(old))
    ratings.rate(run, 3, Rated(stars=0, favourite=False), NOW)
    assert json.loads(run.ratings.read_text()) == {
        "ratings": {"77": 1},
        "favourites": ["9"],
        "rejected": ["3"],
        "updated_at": NOW,
        "by": "anna",
    }


def test_what_is_there_already_is_not_written_again(run: RunPaths) -> None:
    written = ratings.rate(run, 3, Rated(stars=4), NOW)
    assert ratings.rate(run, 3, Rated(stars=4, rejected=False), "later") == written
    assert ratings.read_ratings(run.ratings) == written


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"ratings": [3]}', "1 to 5"),
        ('{"ratings": {"3": 6}}', "not 6"),
        ('{"ratings": {"3": 0}}', "not 0"),
        ('{"ratings": {"3": true}}', "not True"),
        ('{"ratings": {"3": 4.5}}', "not 4.5"),
        ('{"favourites": "3"}', "'favourites'"),
        ('{"rejected": [["3"]]}', "'rejected'"),
        ("[]", "JSON object"),
        ('{"ratings": ', "not JSON"),
    ],
)
def test_damage_is_named_and_left(run: RunPaths, content: str, why: str) -> None:
    run.ratings.write_text(content)
    with pytest.raises(ProjectError, match=why):
        ratings.read_ratings(run.ratings)
    with pytest.raises(ProjectError):
        ratings.rate(run, 1, Rated(stars=1), NOW)
    assert run.ratings.read_text() == content
