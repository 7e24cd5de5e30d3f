"""A run as data: what its files say, also where they are damaged or hostile."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.web.trees import Looked

from iterativectl import files
from iterativectl.project import checkpoint, runs
from iterativectl.showing.run import run_facts
from iterativectl.showing.shelf import Shelf


def asked(viewed: Looked, rest: str = "", **query: Any) -> dict[str, Any]:
    """What a route below the run answers; it must be there."""
    reply = viewed.client.get(f"/api/p/example/r/{viewed.run.run_id}{rest}", params=query)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def change(path: Path, **changes: Any) -> None:
    """Some top-level keys of a JSON file, as a person might have edited them."""
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | changes))


def test_a_run_tells_what_was_asked_and_what_came_of_it(viewed: Looked) -> None:
    run = asked(viewed)
    assert (run["state"], run["words"], run["accepted"]) == ("passed", "accepted", True)
    assert (run["best_iteration"], run["best_score"], run["max_iterations"]) == (5, 100.0, 12)
    assert [line["n"] for line in run["iterations"]] == [1, 2, 3, 4, 5]
    assert run["iterations"][-1]["accepted"] and not run["iterations"][0]["accepted"]
    assert {c["field"]: c["in_words"] for c in run["criteria"]}["still_this_picture"].endswith("at least 0.4")
    assert run["problems"] == [] and run["held"] is False and run["in_flight"] is None
    assert run["last_event"] == viewed.run.events.stat().st_size


def test_addresses_lead_to_pictures(viewed: Looked) -> None:
    run = asked(viewed)
    line = run["iterations"][0]
    for address in (line["full"], line["thumb"], run["input"]["full"], asked(viewed, "/i/1")["raw"]):
        reply = viewed.client.get(address)
        assert reply.status_code == 200 and reply.headers["content-type"].startswith("image/")


def test_an_iteration_in_full(viewed: Looked) -> None:
    files.write_json(viewed.run.labels, {"labels": {"2": {"sharp": True}}})
    files.write_json(viewed.run.ranking, {"ranking": ["2"], "notes": {"2": "soft"}})
    files.write_json(viewed.run.ratings, {"ratings": {"2": 4}, "favourites": [], "rejected": ["2"]})
    found = asked(viewed, "/i/2")
    sharp = found["verdicts"]["sharp"]
    assert (sharp["verdict"], sharp["human"]) == ("failed", True), "a person's word stands beside the model's"
    assert (found["stars"], found["favourite"], found["rejected"], found["note"]) == (4, False, True, "soft")
    assert found["answers"][1]["answer"] is None and found["answers"][1]["unclear"].startswith("the judge")
    assert 0 < found["similarity"]["measured"] < 1 and found["prompts"]["positive"].startswith("the same")
    assert found["reasons"] and found["calls"] and found["advice"]["prompts"]["negative"]
    line = asked(viewed)["iterations"][1]
    assert (line["stars"], line["rejected"], line["note"]) == (4, True, "soft")


def test_votes_are_counted_beside_the_verdict(viewed: Looked) -> None:
    said = json.loads(viewed.run.evaluation(2).read_text())
    vote = said["votes"]["sharp"][0]
    change(viewed.run.evaluation(2), votes={"sharp": [vote, vote, {**vote, "verdict": "passed"}]})
    verdicts = asked(viewed, "/i/2")["verdicts"]
    assert verdicts["sharp"]["votes"] == [2, 3] and verdicts["mist"]["votes"] is None


def test_what_the_judge_said_word_for_word(viewed: Looked) -> None:
    replies = asked(viewed, "/i/2/replies")["replies"]
    assert [reply["step"] for reply in replies] == ["questions", "evaluation", "comparison", "advice"]
    assert json.loads(replies[0]["text"])["answers"]["brightness"] == "brighter"
    assert replies[0]["unclear"] == {"time_of_day": "the judge cannot tell: unclear"}


def test_the_workflow_is_the_very_file(viewed: Looked) -> None:
    address = asked(viewed, "/i/2")["workflow_address"]
    reply = viewed.client.get(address, params={"download": "1"})
    assert reply.content == viewed.run.graph(2).read_bytes()
    assert reply.headers["content-disposition"].endswith('_iteration_2_recipe.json"')
    viewed.run.graph(2).write_text('{"3": {"class_type": "KSampler", "inputs": {}}}')
    reply = viewed.client.get(address, params={"download": "1"})
    assert reply.headers["content-disposition"].endswith('_iteration_2_api.json"')
    viewed.run.graph(2).write_text("{")
    assert viewed.client.get(address).status_code == 422
    viewed.run.graph(2).unlink()
    assert viewed.client.get(address).status_code == 404
    assert asked(viewed, "/i/2")["workflow_address"] is None


def test_what_changed_against_the_parent_another_one_and_the_start(viewed: Looked) -> None:
    found = asked(viewed, "/i/2/diff")
    assert found["to"] == 1
    added = [piece["text"] for piece in found["prompts"]["positive"] if piece["kind"] == "added"]
    assert added == [", golden hour sunset, warm light, light fog"]
    assert {"name": "denoise", "before": 0.4, "after": 0.65} in found["parameters"]
    assert asked(viewed, "/i/4/diff", to=2)["to"] == 2
    first = asked(viewed, "/i/1/diff")
    assert first["to"] is None and [entry["name"] for entry in first["parameters"]] == []
    assert viewed.client.get(f"/api/p/example/r/{viewed.run.run_id}/i/2/diff?to=99").status_code == 400


def test_events_come_in_pages(viewed: Looked) -> None:
    everything = asked(viewed, "/events", limit=1000)
    heard: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = asked(viewed, "/events", after=after, limit=7)
        heard, after, more = heard + page["events"], page["last"], page["more"]
    assert heard == everything["events"] and after == viewed.run.events.stat().st_size
    assert asked(viewed, "/events", after=after) == {"events": [], "last": after, "more": False}
    assert asked(viewed, "/events", after=after + 1, limit=1)["events"] == heard[:1], "the file has shrunk"
    middle = asked(viewed, "/events", after=heard[3]["id"] - 5, limit=1)
    assert middle["events"] == [heard[4]], "the rest of a line is passed over"


def test_the_log_is_shown_from_its_end(viewed: Looked) -> None:
    viewed.project.log.write_text("".join(f"line {n}\n" for n in range(1000)))
    found = viewed.client.get("/api/p/example/log", params={"lines": 3}).json()
    assert found == {"lines": ["line 997", "line 998", "line 999"], "truncated": True}
    viewed.project.log.unlink()
    assert viewed.client.get("/api/p/example/log").json() == {"lines": [], "truncated": False}


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=1e3", "after=" + "9" * 30])
def test_numbers_that_are_none_are_refused(viewed: Looked, query: str) -> None:
    reply = viewed.client.get(f"/api/p/example/r/{viewed.run.run_id}/events?{query}")
    assert reply.status_code == 400 and reply.json()["error"]["code"] == "usage"


# --- runs that are not whole


def test_a_run_that_was_cut_off(viewed: Looked) -> None:
    run = viewed.run
    run.metadata(5).unlink()
    stand = checkpoint.read(viewed.project.checkpoint)
    assert stand is not None
    flight = {"iteration": 5, "step": "judge", "ticket": "a-ticket"}
    cut = replace(stand, status="running", reason="", best_iteration=4, in_flight=(flight,))
    checkpoint.write(viewed.project.checkpoint, cut)
    found = asked(viewed)
    assert (found["state"], found["accepted"]) == ("interrupted", False)
    assert found["words"] == "interrupted: `run` goes on where it stopped"
    flying = found["in_flight"]
    assert (flying["iteration"], flying["step"], flying["ticket"]) == (5, "judge", "a-ticket")
    assert flying["picture"] is True and flying["denoise"] == 0.5 and flying["prompts"]["positive"]
    assert viewed.client.get(f"/api/p/example/r/{run.run_id}/i/5").status_code == 404


def test_an_earlier_run_speaks_for_itself(viewed: Looked) -> None:
    old, run_id = viewed.run, viewed.run.run_id
    later = viewed.project.run("2099-01-01_00-00-00")
    files.copy(old.run_json, later.run_json)
    files.move(viewed.project.checkpoint, old.checkpoint)
    found = viewed.client.get(f"/api/p/example/r/{run_id}").json()
    assert (found["state"], found["latest"], found["best_iteration"]) == ("passed", False, 5)
    stand = checkpoint.read(old.checkpoint)
    assert stand is not None
    checkpoint.write(old.checkpoint, replace(stand, status="paused", reason=""))
    found = viewed.client.get(f"/api/p/example/r/{run_id}").json()
    assert (found["state"], found["words"]) == ("stopped", "stopped: a later run began")


def test_a_failed_iteration_has_a_reason_and_no_picture(viewed: Looked) -> None:
    failure = {"code": "out_of_memory", "message": "too large", "hint": "smaller"}
    change(viewed.run.metadata(3), status="failed", failure=failure, similarity=None, generation=None)
    viewed.run.image(3).unlink()
    line = asked(viewed)["iterations"][2]
    assert (line["status"], line["failure"], line["full"], line["thumb"]) == ("failed", failure, None, None)
    found = asked(viewed, "/i/3")
    assert found["failure"] == failure and found["raw"] is None and found["generation"] is None


def test_damage_is_named_and_the_rest_is_shown(viewed: Looked) -> None:
    viewed.run.metadata(2).write_text("{ torn")
    viewed.run.image(4).unlink()
    viewed.run.ranking.parent.mkdir(exist_ok=True)
    viewed.run.ranking.write_text("[]")
    found = asked(viewed)
    assert [line["status"] for line in found["iterations"]] == ["ok", "damaged", "ok", "ok", "ok"]
    said = " ".join(found["problems"])
    for name in ("iteration_2_metadata.json is damaged", "iteration_4.png is missing", "ranking.json"):
        assert name in said
    assert str(viewed.workspace.root) not in said
    assert asked(viewed, "/i/2")["status"] == "damaged"


def test_what_was_superseded_is_not_shown(viewed: Looked) -> None:
    runs.supersede(viewed.run, 4, viewed.run.superseded / "2026-01-01_00-00-00")
    assert [line["n"] for line in asked(viewed)["iterations"]] == [1, 2, 3]


def test_a_picture_that_was_exchanged_has_another_address(viewed: Looked) -> None:
    before = asked(viewed)["iterations"][0]["full"]
    data = json.loads(viewed.run.metadata(1).read_text())
    name = viewed.run.relative(viewed.run.image(1))
    change(viewed.run.metadata(1), files={**data["files"], name: "0" * 64})
    assert asked(viewed)["iterations"][0]["full"] != before


def test_an_input_picture_that_was_exchanged_is_not_passed_off_as_the_runs_own(viewed: Looked) -> None:
    shutil.copy(viewed.run.image(1), viewed.project.input)
    found = asked(viewed)["input"]
    assert (found["changed"], found["full"], found["thumb"]) == (True, None, None)


def test_masks_that_are_others_now_are_named(viewed: Looked) -> None:
    files_of = {
        name: viewed.project.root / "input" / "masks" / f"{name}.png" for name in ("sky", "door", "gone")
    }
    for name, path in files_of.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    masks = [
        {
            "name": name,
            "path": f"input/masks/{name}.png",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for name, path in files_of.items()
    ]
    change(viewed.run.run_json, masks=masks)
    assert (asked(viewed)["masks"], asked(viewed)["masks_changed"]) == (["sky", "door", "gone"], [])
    files_of["door"].write_bytes(b"another")
    files_of["gone"].unlink()
    assert asked(viewed)["masks_changed"] == ["door", "gone"]


# --- what people and other programs may have written

HOSTILE = {
    "nothing": b"",
    "no JSON": b"\xff\xfe{",
    "a list": b"[1, 2]",
    "deep": b"[" * 5000 + b"]" * 5000,
    "a long number": b'{"format": 1' + b"0" * 5000 + b"}",
    "a newer format": b'{"format": "metadata/9"}',
    "an odd format": '{"format": "metadata/\u00b2"}'.encode(),
}
VALUES = [None, float("nan"), float("-inf"), -1, 2**70, True, "", "\x00\x1b[31m\u2028<script>", "x" * 120_000]
VALUES += [[], {}, [[]], [None, {"a": float("nan")}], {"a": {"b": [1]}}, "\ud800"]


def step_files(viewed: Looked, number: int) -> list[Path]:
    run = viewed.run
    made = [run.metadata, run.questions, run.evaluation, run.comparison, run.advice, run.plan, run.graph]
    shared = [run.run_json, run.events, run.usage, run.ranking, run.labels, run.ratings, run.tickets(number)]
    return [*(path(number) for path in made), *shared, viewed.project.checkpoint, viewed.project.control]


def no_number(text: str) -> None:
    """JavaScript knows no such JSON."""
    raise ValueError(f"{text} is no JSON")


def all_answered(viewed: Looked, number: int) -> list[str]:
    """Which routes broke; every answer must be JSON that a page can read."""
    wrong = []
    here = f"/api/p/example/r/{viewed.run.run_id}"
    below = (f"/i/{number}{rest}" for rest in ("", "/replies", "/diff", "/workflow", f"/diff?to={number}"))
    for rest in ("", "/events", *below):
        reply = viewed.client.get(here + rest)
        try:
            json.loads(reply.content, parse_constant=no_number)
        except ValueError as error:
            wrong.append(f"{rest}: {error}")
        if reply.status_code >= 500:
            wrong.append(f"{rest}: {reply.status_code}")
    return wrong


@pytest.mark.parametrize("what", HOSTILE)
def test_no_file_breaks_a_route(viewed: Looked, what: str) -> None:
    for path in step_files(viewed, 2):
        before = path.read_bytes() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(HOSTILE[what])
        assert all_answered(viewed, 2) == [], path.name
        path.unlink() if before is None else path.write_bytes(before)


@pytest.mark.parametrize("name", ["metadata", "evaluation", "plan", "run.json", "checkpoint"])
def test_no_value_breaks_a_route(viewed: Looked, name: str) -> None:
    run = viewed.run
    paths = {"metadata": run.metadata(2), "evaluation": run.evaluation(2), "plan": run.plan(2)}
    path = {**paths, "run.json": run.run_json, "checkpoint": viewed.project.checkpoint}[name]
    before = json.loads(path.read_text())
    drawn = random.Random(name)
    for key in [key for key in before if key != "format"]:
        for value in drawn.sample(VALUES, 2):
            path.write_text(json.dumps({**before, key: value}))
            assert all_answered(viewed, 2) == [], (key, value)
    for key, inner in [(key, inner) for key, inner in before.items() if isinstance(inner, dict)]:
        for part in inner:
            path.write_text(json.dumps({**before, key: {**inner, part: drawn.choice(VALUES)}}))
            assert all_answered(viewed, 2) == [], (key, part)


def test_a_seed_is_told_exactly(viewed: Looked) -> None:
    data = json.loads(viewed.run.metadata(2).read_text())
    change(viewed.run.metadata(2), parameters_used={**data["parameters_used"], "seed": 2**64 - 1})
    assert asked(viewed)["iterations"][1]["seed"] == "18446744073709551615"


def test_links_out_of_the_project_are_not_followed(viewed: Looked, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "warning", "key": "sk-secret"}\n')
    for path in (viewed.run.events, viewed.run.graph(2), viewed.project.log):
        path.unlink()
        path.symlink_to(secret)
    here = f"/api/p/example/r/{viewed.run.run_id}"
    for address in (f"{here}/events", f"{here}/i/2/workflow", "/api/p/example/log", here):
        assert "sk-secret" not in viewed.client.get(address).text


OF_A_RUN = (
    *("run_json", "events", "usage", "ranking", "labels", "ratings", "checkpoint"),
    *("plan", "graph", "questions", "evaluation", "comparison", "advice", "metadata"),
)
OF_A_PROJECT = ("checkpoint", "control", "settings", "seed")


def linked_out(path: Path, outside: Path) -> None:
    """What is there, or something, lies outside now, and a link leads to it."""
    path.parent.mkdir(exist_ok=True)
    path.rename(outside) if path.exists() else outside.write_text("{}")
    path.symlink_to(outside)


@pytest.mark.parametrize("name", [*OF_A_RUN, *(f"project.{name}" for name in OF_A_PROJECT)])
def test_a_run_with_a_file_elsewhere_is_not_shown_and_it_is_said_which(
    viewed: Looked, tmp_path: Path, name: str
) -> None:
    """Of all that is read of it no file is followed, whatever reads it."""
    run = viewed.run
    place = getattr(viewed.project if "." in name else run, name.removeprefix("project."))
    path = place(2) if callable(place) else place
    here = f"/api/p/example/r/{run.run_id}"
    assert viewed.client.get(here).status_code == 200
    linked_out(path, tmp_path / "outside")
    export = f"/export/p/example/r/{run.run_id}/zip"
    for address in (here, f"{here}/i/2", f"{here}/i/2/replies", f"{here}/human", f"{here}/seed", export):
        reply = viewed.client.get(address)
        assert reply.status_code == 422
        error = reply.json()["error"]
        assert path.relative_to(viewed.project.root).as_posix() in error["message"] and error["hint"]
        assert str(tmp_path) not in reply.text
    path.unlink()
    shutil.copy(tmp_path / "outside", path)
    assert viewed.client.get(here).status_code == 200


def test_a_link_within_the_project_is_followed(viewed: Looked) -> None:
    path = viewed.run.evaluation(2)
    path.rename(viewed.project.root / "evaluation.json")
    path.symlink_to(viewed.project.root / "evaluation.json")
    found = viewed.client.get(f"/api/p/example/r/{viewed.run.run_id}/i/2")
    assert found.status_code == 200 and found.json()["measured"]


def test_what_did_not_change_is_not_read_again(viewed: Looked) -> None:
    shelf = Shelf()
    first = run_facts(viewed.project, viewed.run.run_id, shelf)
    kept = len(shelf)
    assert run_facts(viewed.project, viewed.run.run_id, shelf) == first and len(shelf) == kept
    change(viewed.run.metadata(1), evaluation={"overall_score": 12.5, "criteria_results": {}})
    again = run_facts(viewed.project, viewed.run.run_id, shelf)
    assert again["iterations"][0]["score"] == 12.5 and len(shelf) == kept


def test_a_shelf_is_bounded(tmp_path: Path) -> None:
    shelf = Shelf(3)
    for number in range(10):
        shelf.of(number, [tmp_path], lambda: "made")
    assert len(shelf) == 3
