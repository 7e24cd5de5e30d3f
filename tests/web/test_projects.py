"""The lists as the page gets them: out of the index, fresh, and the same whatever lies in the workspace."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shell import files_below
from tests.web.trees import Looked, looked_at

from iterativectl import files
from iterativectl.history.reading import Standing
from iterativectl.overview import overview
from iterativectl.project import lock
from iterativectl.project.layout import WorkspacePaths
from iterativectl.web.freshness import Freshness, Pace, told

PATIENCE = 10.0  # seconds; a refresh comes every second
RUNS = "/api/p/example/runs"


def eventually(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What is answered, as soon as it is what is wanted."""
    end = time.monotonic() + PATIENCE
    while not wanted(found := ask()) and time.monotonic() < end:
        time.sleep(0.05)
    assert wanted(found), found
    return found


def projects(viewed: Looked) -> Any:
    return viewed.client.get("/api/projects").json()["projects"]


def lines(viewed: Looked, **query: Any) -> Any:
    return viewed.client.get(RUNS, params=query).json()["runs"]


def test_the_projects_stand_as_status_says(viewed: Looked) -> None:
    said = viewed.client.get("/api/projects").json()
    view = overview(viewed.project)
    (project,) = said["projects"]
    assert said["workspace"] == str(viewed.workspace.root) and said["reading"] is None
    assert (project["name"], project["state"], project["words"]) == ("example", view.status, view.words)
    assert project["best_score"] == 100 and project["accepted"] and project["runs"] == 1
    assert project["last_run"]["run_id"] == viewed.run.run_id and project["problems"] == []
    assert viewed.client.get(project["thumb"]).headers["content-type"].startswith("image/")


def test_a_run_has_all_that_the_routes_promise(viewed: Looked) -> None:
    (line,) = lines(viewed)
    text = (Path(__file__).parents[2] / "docs" / "viewer-routes.md").read_text("utf-8")
    promised = re.search(r"\*\*RunLine\*\* `\{([^}]*)\}`", text)
    assert promised is not None
    assert set(line) == {name.strip().removesuffix("[]") for name in promised[1].split(",")}
    assert (line["state"], line["verdict"], line["passed"], line["criteria"]) == ("passed", "passed", 8, 8)
    assert "?v=" in line["thumb"]
    assert viewed.client.get(line["thumb"]).headers["content-type"].startswith("image/")


@pytest.mark.parametrize("query", ["sort=secret", "order=up", "verdict=x", "page=x", "page=-1", "page=²"])
def test_what_cannot_be_asked_is_said(viewed: Looked, query: str) -> None:
    reply = viewed.client.get(f"{RUNS}?{query}")
    assert reply.status_code == 400 and reply.json()["error"]["hint"]


def test_a_project_that_is_not_there_has_no_runs(viewed: Looked) -> None:
    (viewed.workspace.projects / "linked").symlink_to("/")
    for name in ("none", "-", "x" * 80):
        assert viewed.client.get(f"/api/p/{name}/runs").status_code == 404
    assert viewed.client.get("/api/p/linked/runs").status_code == 422


def test_a_project_that_is_a_link_is_listed_and_it_is_said_why_it_cannot_be_opened(
    viewed: Looked, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(viewed.project.root, elsewhere)
    (viewed.workspace.projects / "linked").symlink_to(elsewhere)
    names = eventually(lambda: projects(viewed), lambda found: len(found) == 2)
    assert [one["name"] for one in names] == ["example", "linked"]
    (problem,) = names[1]["problems"]
    assert (
        "projects/linked is a link that leads out of the workspace" in problem
        and "Move the folder" in problem
    )
    assert (names[1]["runs"], names[1]["thumb"]) == (0, None), "nothing else is read of it"
    for address in ("/api/p/linked/runs", f"/api/p/linked/r/{viewed.run.run_id}", "/api/p/linked/rules"):
        error = viewed.client.get(address).json()["error"]
        assert "leads out of the workspace" in error["message"] and error["hint"]
    (viewed.workspace.projects / "linked").unlink()
    elsewhere.rename(viewed.workspace.projects / "linked")
    eventually(lambda: projects(viewed)[1:], lambda found: bool(found) and found[0]["runs"] == 1)
    assert projects(viewed)[1]["problems"] == []


def test_what_changes_is_seen_within_seconds(viewed: Looked) -> None:
    body = {"ratings": {"3": 5}, "favourites": ["3", "4"], "rejected": []}
    files.write_json(viewed.run.ratings, body)
    assert eventually(lambda: lines(viewed)[0]["favourites"], lambda found: found == 2)
    with lock.held(viewed.project.lock, started="now"):
        edited = json.loads(viewed.project.checkpoint.read_text("utf-8"))
        files.write_json(viewed.project.checkpoint, {**edited, "status": "running"})
        eventually(lambda: lines(viewed)[0]["state"], lambda found: found == "running")
    eventually(lambda: lines(viewed)[0]["state"], lambda found: found == "interrupted")
    shutil.rmtree(viewed.run.root)
    eventually(lambda: lines(viewed), lambda found: found == [])
    shutil.rmtree(viewed.project.root)
    eventually(lambda: viewed.client.get(RUNS).status_code, lambda status: status == 404)


def test_looking_changes_nothing_but_the_index(viewed: Looked) -> None:
    before = files_below(viewed.workspace.projects)
    for address in ("/api/projects", "/api/projects?q=fog", RUNS, f"{RUNS}?sort=score&q=fog"):
        assert viewed.client.get(address).status_code == 200
    assert files_below(viewed.workspace.projects) == before
    assert {path.name for path in viewed.workspace.derived.iterdir()} >= {"index.sqlite3"}


def test_a_deleted_index_comes_back(viewed: Looked) -> None:
    before = lines(viewed)
    shutil.rmtree(viewed.workspace.derived)
    eventually(lambda: viewed.workspace.index.exists() and lines(viewed), lambda found: found == before)


def test_a_damaged_file_is_named_and_the_rest_is_there(viewed: Looked) -> None:
    files.write_bytes(viewed.run.metadata(2), b"{")
    viewed.client.get("/api/projects")
    found = eventually(lambda: lines(viewed)[0], lambda line: line["problems"] != [])
    assert found["iterations"] == 4 and "iteration_2_metadata.json" in found["problems"][0]
    assert str(viewed.workspace.root) not in json.dumps(found)


HOSTILE = '</script><img src=x onerror=alert(1)> \u2028 \ud800 "quoted" {{x}} \x00 ' * 20


def test_hostile_text_stays_text(viewed: Looked) -> None:
    body = json.loads(viewed.run.metadata(5).read_text("utf-8"))
    body["prompts_used"]["positive"] = HOSTILE
    viewed.run.metadata(5).write_text(json.dumps(body), "utf-8")
    viewed.run.metadata(5).rename(viewed.run.metadata(6))  # the folder shows it
    viewed.run.metadata(6).rename(viewed.run.metadata(5))
    found = eventually(lambda: lines(viewed)[0]["prompt"], lambda prompt: "onerror" in prompt)
    assert found == HOSTILE.replace("\ud800", "?")[: len(found)]
    reply = viewed.client.get(RUNS, params={"q": "<img src=x"})
    assert reply.json()["total"] == 1 and reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("q", ["%", "'", "\x00", "\ud83d", "a" * 5000, "\u202e", "[" * 300])
def test_any_search_is_answered(viewed: Looked, q: str) -> None:
    for address in ("/api/projects", RUNS):
        query = {"q": q.encode("utf-8", "surrogatepass")[:3000]}
        assert viewed.client.get(address, params=query).status_code == 200


def test_an_empty_workspace_has_no_projects(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    with looked_at(tmp_path) as viewed:
        assert viewed.client.get("/api/projects").json()["projects"] == []


def test_a_workspace_that_cannot_be_written_is_listed_all_the_same(viewed: Looked, tmp_path: Path) -> None:
    root = tmp_path / "other"
    shutil.copytree(viewed.workspace.projects, root / "projects")
    (root / ".iterative").write_text("no folder can be made here")
    with looked_at(root) as other:
        assert len(lines(other)) == 1


def test_it_rests_while_nobody_looks_and_is_fresh_when_somebody_does(viewed: Looked, tmp_path: Path) -> None:
    """Asked after a rest, it looks first; while it rests it looks at nothing."""
    looks: list[float] = []

    class Watched(WorkspacePaths):
        @property
        def projects(self) -> Path:
            looks.append(time.monotonic())
            return self.root / "projects"

    pace = Pace(every=0.02, looked_at=0.2, fresh=0.1, patience=5.0)
    fresh = Freshness(Watched(viewed.workspace.root), pace)
    fresh.begin()
    eventually(lambda: list(looks), lambda found: len(found) >= 3)
    eventually(lambda: time.monotonic() - looks[-1], lambda rested: rested > 1.0)
    count = len(looks)
    files.write_json(viewed.run.ratings, {"favourites": ["1"]})
    asked = fresh.answer("?", lambda index: index.read(_favourites))
    assert (asked, len(looks) > count) == (b"1", True)
    fresh.close()
    assert fresh._thread is not None and not fresh._thread.is_alive()


def _favourites(index: Any) -> bytes:
    return str(index.execute("SELECT SUM(favourites) FROM runs").fetchone()[0]).encode()


def test_an_answer_is_made_once_for_each_state_of_the_index(viewed: Looked) -> None:
    fresh = Freshness(viewed.workspace, Pace(every=0.02, fresh=30.0))
    made: list[int] = []

    def make(index: Any) -> bytes:
        made.append(1)
        return index.read(_favourites)  # type: ignore[no-any-return]

    assert fresh.answer("?", make) == b"0"
    assert fresh.known("?") == fresh.answer("?", make) == b"0" and len(made) == 1
    assert fresh.known("!") is None
    files.write_json(viewed.run.ratings, {"favourites": ["1"]})
    assert eventually(lambda: fresh.answer("?", make), lambda found: found == b"1")
    assert len(made) == 2
    fresh.close()


def test_it_is_told_as_the_program_tells_it() -> None:
    assert told("r", None, Standing(latest=True, held=True), 0) == ("running", "running")
    assert told("r", None, Standing(latest=True, held=False), 0)[0] == "interrupted"
    assert told("r", None, Standing(latest=False, held=False), 0)[0] == "stopped"
