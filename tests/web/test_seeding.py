"""The next run from a ranking, through the viewer: looked at, written, used, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.cli.shell import Shell
from tests.web.trees import HEADERS, Looked

from iterativectl import files
from iterativectl.beginning import waiting


@pytest.fixture
def ranked(viewed: Looked) -> Looked:
    """The second picture of the example before the first, each with a note."""
    viewed.run.human.mkdir(exist_ok=True)
    body = {"ranking": ["2", "1"], "notes": {"2": "more <b>red</b>", "1": "dull"}, "updated_at": ""}
    viewed.run.ranking.write_text(json.dumps(body))
    return viewed


def address(looked: Looked) -> str:
    return f"/api/p/example/r/{looked.run.run_id}/seed"


def plan(looked: Looked, number: int) -> dict[str, Any]:
    found = json.loads(looked.run.plan(number).read_text())
    assert isinstance(found, dict)
    return found


def post(looked: Looked, where: str, body: Any) -> Any:
    return looked.client.post(where, json=body, headers=HEADERS)


@contextmanager
def somebody_running(looked: Looked) -> Iterator[None]:
    descriptor = files.lock(looked.project.lock, "{}")
    assert descriptor is not None
    try:
        yield
    finally:
        files.unlock(descriptor)


def test_a_preview_says_in_words_what_the_next_run_would_start_with(ranked: Looked) -> None:
    before = {path: path.read_bytes() for path in ranked.project.working.glob("*.*")}
    said = ranked.client.get(address(ranked), params={"mode": "top3"}).json()
    tried, start = plan(ranked, 2), plan(ranked, 1)
    assert said["settings"]["prompts"] == tried["prompts"]
    mean = (tried["parameters"]["denoise"] + start["parameters"]["denoise"]) / 2
    assert said["settings"]["parameters"]["denoise"] == pytest.approx(mean, abs=1e-4)
    assert said["current"]["prompts"] == start["prompts"], "what config/AIGen.yaml says"
    assert said["iterations"] == [2, 1] and said["mode"] == "top3" and said["run_id"] == ranked.run.run_id
    assert said["sentence"].startswith("The next run would start with denoise ")
    assert said["notes"][0] == "on the picture ranked 1: more <b>red</b>"
    assert any("only 2 can be used" in remark for remark in said["remarks"])
    assert (said["written"], said["ends"], said["locked"]) == (None, None, False)
    assert {path: path.read_bytes() for path in ranked.project.working.glob("*.*")} == before


def test_the_button_writes_and_the_next_run_begins_so(ranked: Looked) -> None:
    old, tried = ranked.run.run_id, plan(ranked, 2)
    said = post(ranked, address(ranked), {"mode": "rank1"})
    assert said.status_code == 200
    written = said.json()["written"]
    assert (written["run_id"], written["mode"], written["edited"]) == (old, "rank1", False)
    assert ranked.client.get(address(ranked)).json()["written"] == written
    assert ranked.client.get("/api/p/example/seed").json() == {"written": written}
    ran = Shell(ranked.workspace.root)("run", "--project", "example", "--max-iterations", "1")
    assert ran.code in (0, 3), ran.err
    assert ranked.run.run_id != old and plan(ranked, 1)["prompts"] == tried["prompts"]
    assert waiting(ranked.project) is None


def test_it_is_taken_back(ranked: Looked) -> None:
    before = ranked.project.settings.read_bytes()
    ranked.project.settings.write_bytes(before + b"# mine\n")
    said = post(ranked, address(ranked), {"mode": "rank1"}).json()
    (kept,) = (remark for remark in said["remarks"] if "is kept as working/" in remark)
    assert (ranked.project.root / kept.split()[-1]).read_bytes() == before + b"# mine\n"
    said = post(ranked, "/api/p/example/seed/remove", {}).json()
    assert said["removed"] is True and waiting(ranked.project) is None
    assert ranked.client.get("/api/p/example/seed").json() == {"written": None}
    assert ranked.project.settings.read_bytes() == before + b"# mine\n"
    assert post(ranked, "/api/p/example/seed/remove", {}).json()["removed"] is False


def test_an_edit_after_it_is_shown(ranked: Looked) -> None:
    post(ranked, address(ranked), {"mode": "rank1"})
    with ranked.project.settings.open("a") as settings:
        settings.write("# changed\n")
    assert ranked.client.get(address(ranked)).json()["written"]["edited"] is True


def test_an_unfinished_run_is_named(ranked: Looked) -> None:
    checkpoint = json.loads(ranked.project.checkpoint.read_text())
    ranked.project.checkpoint.write_text(json.dumps({**checkpoint, "status": "paused"}))
    said = ranked.client.get(address(ranked)).json()
    assert said["ends"] == ranked.run.run_id
    assert any("it would end as stopped" in remark for remark in said["remarks"])


def test_nothing_is_written_while_a_run_is_at_work(ranked: Looked) -> None:
    before = ranked.project.settings.read_bytes()
    with somebody_running(ranked):
        assert ranked.client.get(address(ranked)).json()["locked"] is True
        for where, body in ((address(ranked), {"mode": "rank1"}), ("/api/p/example/seed/remove", {})):
            said = post(ranked, where, body)
            assert said.status_code == 423
            assert "when the run has ended" in said.json()["error"]["hint"]
    assert not ranked.project.seed.exists() and ranked.project.settings.read_bytes() == before


@pytest.mark.parametrize(
    "body", [{}, {"mode": "top4"}, {"mode": 1}, {"mode": "rank1", "x": 1}, {"mode": None}]
)
def test_nonsense_is_refused(ranked: Looked, body: Any) -> None:
    said = post(ranked, address(ranked), body)
    assert said.status_code == 400 and said.json()["error"]["hint"]
    assert not ranked.project.seed.exists()


def test_a_run_without_a_ranking_says_so(viewed: Looked) -> None:
    said = viewed.client.get(address(viewed))
    assert said.status_code == 400 and "has no ranking" in said.json()["error"]["message"]


def test_a_damaged_ranking_and_a_damaged_seed_are_named(ranked: Looked) -> None:
    ranked.project.seed.write_text("{}")
    said = ranked.client.get(address(ranked))
    assert said.status_code == 422 and "seed.json is damaged" in said.json()["error"]["message"]
    ranked.run.ranking.write_text("[")
    assert ranked.client.get(address(ranked)).status_code == 422


def test_a_linked_working_folder_is_not_written_through(ranked: Looked, tmp_path: Any) -> None:
    outside = tmp_path / "elsewhere"
    ranked.project.working.rename(outside)
    ranked.project.working.symlink_to(outside)
    assert post(ranked, "/api/p/example/seed/remove", {}).status_code == 404
