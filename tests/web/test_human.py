"""What a page says of pictures: checked, saved before it is called saved, never over what it has not seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.web.trees import HEADERS, TOKEN, Looked

from iterativectl import files
from iterativectl.project import runs
from iterativectl.project.layout import RunPaths

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def api(viewed: Looked, name: str) -> str:
    return f"/api/p/example/r/{viewed.run.run_id}/{name}"


def post(viewed: Looked, name: str, body: Any) -> tuple[int, Any]:
    reply = viewed.client.post(api(viewed, name), json=body, headers=HEADERS)
    return reply.status_code, reply.json()


def said(viewed: Looked) -> Any:
    return viewed.client.get(api(viewed, "human")).json()


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def field(viewed: Looked) -> str:
    return runs.read_run(viewed.run).rules.acceptance_criteria[0].field


def test_nothing_said_yet(viewed: Looked) -> None:
    assert said(viewed) == {
        "ranking": {"ranking": [], "notes": {}, "sha256": None},
        "labels": {"labels": {}, "sha256": None},
        "ratings": {"ratings": {}, "favourites": [], "rejected": [], "sha256": None},
        "problems": [],
    }
    assert not viewed.run.human.exists()  # looking changes nothing


def test_everything_that_can_be_said(viewed: Looked) -> None:
    name = field(viewed)
    body = {"ranking": ["2", "1"], "notes": {"2": "the light \u2764", "1": ""}, "based_on": None}
    status, ranking = post(viewed, "ranking", body)
    assert status == 200 and ranking["notes"] == {"2": "the light \u2764"}
    assert post(viewed, "labels", {"iteration": 1, "labels": {name: False}})[0] == 200
    assert post(viewed, "ratings", {"iteration": 1, "stars": 4, "favourite": True})[0] == 200
    assert post(viewed, "ratings", {"iteration": 2, "rejected": True})[0] == 200
    status, note = post(viewed, "notes", {"iteration": 1, "note": "flat", "based_on_note": None})
    assert status == 200
    assert note == {"iteration": 1, "note": "flat", "sha256": said(viewed)["ranking"]["sha256"]}
    assert load(viewed.run.ranking)["ranking"] == ["2", "1"]
    assert load(viewed.run.ranking)["notes"] == {"2": "the light \u2764", "1": "flat"}
    assert load(viewed.run.labels)["labels"] == {"1": {name: False}}
    assert load(viewed.run.ratings)["ratings"] == {"1": 4}
    assert post(viewed, "labels", {"iteration": 1, "labels": {name: None}})[1]["labels"] == {}


def test_two_tabs_conflict_and_neither_is_lost(viewed: Looked) -> None:
    _, first = post(viewed, "ranking", {"ranking": ["1", "2"], "notes": {}, "based_on": None})
    seen = first["sha256"]
    _, there = post(viewed, "ranking", {"ranking": ["2", "1"], "notes": {"1": "x"}, "based_on": seen})
    mine = {"ranking": ["3", "1"], "notes": {"3": "mine"}, "based_on": seen}
    status, told = post(viewed, "ranking", mine)
    assert status == 409 and told["error"]["code"] == "conflict"
    assert told["current"] == there == said(viewed)["ranking"]
    assert load(viewed.run.ranking)["ranking"] == ["2", "1"]
    status, written = post(viewed, "ranking", {**mine, "based_on": told["current"]["sha256"]})
    assert status == 200 and written["ranking"] == ["3", "1"]


def test_a_note_that_was_changed_elsewhere_is_shown(viewed: Looked) -> None:
    post(viewed, "notes", {"iteration": 1, "note": "theirs", "based_on_note": ""})
    status, told = post(viewed, "notes", {"iteration": 1, "note": "mine", "based_on_note": ""})
    assert status == 409 and told["current"]["note"] == "theirs"
    assert post(viewed, "notes", {"iteration": 2, "note": "other", "based_on_note": ""})[0] == 200
    assert load(viewed.run.ranking)["notes"] == {"1": "theirs", "2": "other"}


WRONG: Mapping[str, list[Any]] = {
    "ranking": [
        {},
        {"ranking": ["1"], "notes": {}, "based_on": "x"},
        {"ranking": ["1"], "notes": {}, "based_on": 1},
        {"ranking": ["1", "1"], "notes": {}, "based_on": None},
        {"ranking": ["99"], "notes": {}, "based_on": None},
        {"ranking": ["01"], "notes": {}, "based_on": None},
        {"ranking": [1], "notes": {}, "based_on": None},
        {"ranking": "1", "notes": {}, "based_on": None},
        {"ranking": ["../1"], "notes": {}, "based_on": None},
        {"ranking": [], "notes": [], "based_on": None},
        {"ranking": [], "notes": {"99": "x"}, "based_on": None},
        {"ranking": [], "notes": {"1": 3}, "based_on": None},
        {"ranking": [], "notes": {"1": "x" * 20_001}, "based_on": None},
        {"ranking": [], "notes": {"1": "\ud83d"}, "based_on": None},
        {"ranking": [], "notes": {}, "based_on": None, "path": "x"},
    ],
    "labels": [
        {"iteration": 1},
        {"iteration": 99, "labels": {}},
        {"iteration": True, "labels": {}},
        {"iteration": "1", "labels": {}},
        {"iteration": 1, "labels": {"never": True}},
        {"iteration": 1, "labels": {"never": "yes"}},
        {"iteration": 1, "labels": ["x"]},
    ],
    "ratings": [
        {"stars": 3},
        {"iteration": 1, "stars": 6},
        {"iteration": 1, "stars": -1},
        {"iteration": 1, "stars": True},
        {"iteration": 1, "stars": 2.5},
        {"iteration": 1, "favourite": 1},
        {"iteration": 1, "rejected": "yes"},
        {"iteration": 1, "more": 1},
    ],
    "notes": [
        {"iteration": 1},
        {"iteration": 1, "note": 3},
        {"iteration": 1, "note": "x", "based_on_note": 3},
        {"iteration": 1.0, "note": "x"},
        {"iteration": 99, "note": "x"},
    ],
}


def test_what_cannot_be_meant_is_refused(viewed: Looked) -> None:
    for name, bodies in WRONG.items():
        for body in bodies:
            content = json.dumps(body)
            headers = {**HEADERS, "Content-Type": "application/json"}
            reply = viewed.client.post(api(viewed, name), content=content, headers=headers)
            assert reply.status_code == 400, (name, body, reply.text)
            assert reply.json()["error"]["message"]
    assert not viewed.run.human.exists()


def test_a_run_that_is_not_there(viewed: Looked) -> None:
    address = "/api/p/example/r/2020-01-01_00-00-00"
    assert viewed.client.get(f"{address}/human").status_code == 404
    body = {"ranking": [], "notes": {}, "based_on": None}
    assert viewed.client.post(f"{address}/ranking", json=body, headers=HEADERS).status_code == 404


def test_damaged_files_are_named_and_left(viewed: Looked) -> None:
    viewed.run.human.mkdir()
    for path in (viewed.run.ranking, viewed.run.labels, viewed.run.ratings):
        path.write_text("{")
    found = said(viewed)
    assert [one["where"] for one in found["problems"]] == [
        "human/ranking.json",
        "human/labels.json",
        "human/ratings.json",
    ]
    bodies = {
        "ranking": {"ranking": ["1"], "notes": {}, "based_on": None},
        "notes": {"iteration": 1, "note": "x"},
        "labels": {"iteration": 1, "labels": {field(viewed): True}},
        "ratings": {"iteration": 1, "stars": 1},
    }
    for name, body in bodies.items():
        status, told = post(viewed, name, body)
        assert status == 422 and "not JSON" in told["error"]["message"]
    assert {path.read_text() for path in viewed.run.human.glob("*.json")} == {"{"}


def test_somebody_who_writes_for_long_is_said(viewed: Looked) -> None:
    descriptor = files.lock(viewed.run.human / "human.lock", "another process")
    assert descriptor is not None
    try:
        status, told = post(viewed, "ratings", {"iteration": 1, "stars": 1})
    finally:
        files.unlock(descriptor)
    assert status == 423 and "writing" in told["error"]["message"]


def test_a_run_that_goes_on_is_not_disturbed_and_does_not_disturb(viewed: Looked) -> None:
    before = runs.run_ids(viewed.project)
    command = [sys.executable, "-m", "iterativectl", "run", "--project", "example", "--seed", "2"]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    going = subprocess.Popen(command, cwd=viewed.workspace.root, env=environ, stdout=subprocess.DEVNULL)
    stars = 0
    while going.poll() is None:
        newest = [run_id for run_id in runs.run_ids(viewed.project) if run_id not in before]
        if newest and runs.committed(viewed.project.run(newest[0])):
            stars = stars % 5 + 1
            assert post(viewed, "ratings", {"iteration": 1, "stars": stars})[0] == 200
    assert going.returncode == 0 and stars
    assert load(viewed.run.ratings)["ratings"] == {"1": stars}
    done = [runs.read_iteration(viewed.run, number) for number in runs.committed(viewed.run)]
    assert done and all(iteration.assessment is not None for iteration in done)


@contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """tests/web/doomed.py in a process of its own, which is killed at the end."""
    paths = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.doomed", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def lost_after_it_was_called_saved(viewed: Looked, *plant: str) -> bool:
    """Save, kill -9 the viewer when its 200 is here, and look at the file."""
    root, run = str(viewed.workspace.root), viewed.run
    with child("serve", root, *plant) as process, requests.Session() as session:
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        session.get(f"{origin}/", params={"token": TOKEN}, timeout=PATIENCE)
        address = f"{origin}/api/p/example/r/{run.run_id}/ranking"
        body = {"ranking": ["3", "1"], "notes": {"3": "the light"}, "based_on": None}
        reply = session.post(address, json=body, headers={**HEADERS, "Origin": origin}, timeout=PATIENCE)
        process.kill()
        assert reply.status_code == 200, reply.text
    return not is_there(run)


def is_there(run: RunPaths) -> bool:
    return run.ranking.exists() and load(run.ranking)["notes"] == {"3": "the light"}


def test_what_was_called_saved_is_there_after_kill_9(viewed: Looked) -> None:
    assert not lost_after_it_was_called_saved(viewed)


def test_an_answer_before_the_writing_is_noticed(viewed: Looked) -> None:
    assert lost_after_it_was_called_saved(viewed, "answered first")


def swept(folder: Path, *plant: str) -> dict[str, list[str]]:
    with child("sweep", str(folder), *plant) as process:
        found, _ = process.communicate(timeout=PATIENCE)
    result = json.loads(found)
    assert isinstance(result, dict)
    return result


def test_a_disk_that_refuses_is_said_with_a_cure_for_the_page(viewed: Looked) -> None:
    """The command line says "run the same command again": nobody at the page ran one."""
    (viewed.run.human / "human.lock").mkdir(parents=True)
    address = f"/api/p/example/r/{viewed.run.run_id}/notes"
    body = {"iteration": 2, "note": "good", "based_on_note": None}
    reply = viewed.client.post(address, json=body, headers=HEADERS)
    assert reply.status_code == 507
    error = reply.json()["error"]
    assert "human.lock" in error["message"]
    assert "do it again" in error["hint"] and "command" not in error["hint"]


def test_a_kill_or_a_full_disk_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    found = swept(tmp_path)
    assert len(found["kill"]) >= 5 and set(found["kill"]) == {"old", "new"}
    assert len(found["full"]) >= 5 and set(found["full"]) == {"old", "new"}


def test_a_file_written_in_place_is_noticed(tmp_path: Path) -> None:
    found = swept(tmp_path, "in place")
    assert "damaged" in found["kill"] and "damaged" in found["full"]


@pytest.mark.parametrize("name", ["ranking", "labels", "ratings", "notes"])
def test_writing_is_only_posted(viewed: Looked, name: str) -> None:
    assert viewed.client.get(api(viewed, name)).status_code in (404, 405)
