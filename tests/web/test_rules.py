"""The rules through the viewer: opened, checked, saved, tried on a picture."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.cli.rehearsal import judge
from tests.fakes.ollama import FakeOllama
from tests.web.trees import HEADERS, Looked

from iterativectl import files
from iterativectl.project import checkpoint, runs
from iterativectl.rulebook import KEPT

RULES = "/api/p/example/rules"
PATIENCE = 30.0
CRITERIA = "acceptance_criteria"


def got(viewed: Looked) -> dict[str, Any]:
    reply = viewed.client.get(RULES)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def posted(viewed: Looked, where: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    # JSON as a page sends it: a lone half of a character is an escape
    reply = viewed.client.post(
        f"{RULES}{where}", content=json.dumps(body), headers={**HEADERS, "Content-Type": "application/json"}
    )
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json()
    return found


def tried(viewed: Looked, text: str, iteration: int = 1) -> dict[str, Any]:
    """The job of a try, once it has ended."""
    name = posted(viewed, "/try", {"text": text, "run": viewed.run.run_id, "iteration": iteration})["job"]
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        told: dict[str, Any] = viewed.client.get(f"/api/jobs/{name}").json()
        if told["state"] != "working":
            return told
        time.sleep(0.02)
    raise AssertionError("the job did not end")


# Opening


def test_the_rules_are_text_and_form_with_what_the_form_needs_to_know(viewed: Looked) -> None:
    found = got(viewed)
    content = viewed.project.rules.read_bytes()
    assert found["text"].encode() == content and found["sha256"] == hashlib.sha256(content).hexdigest()
    assert [one["field"] for one in found["form"][CRITERIA]][:2] == ["sunset_sky", "warm_light"]
    assert found["problems"] == [] and found["guidelines"] is None
    assert found["schema"]["$defs"]["measure"]["properties"]["metric"]["enum"] == list(found["metrics"])


def test_a_file_that_is_no_yaml_opens_as_text_with_the_line(viewed: Looked) -> None:
    viewed.project.rules.write_text("project: {name: x}\nacceptance_criteria: [\n")
    found = got(viewed)
    assert found["form"] is None and found["text"].startswith("project:")
    assert [one["where"] for one in found["problems"]] == ["rules.yaml:2"]


def test_a_file_that_is_not_utf8_opens_and_says_so(viewed: Looked) -> None:
    viewed.project.rules.write_bytes(b"project: {name: x}\n# gr\xfcn\n")
    found = got(viewed)
    assert found["problems"][0]["where"] == "rules.yaml:2" and "\ufffd" in found["text"]


def test_a_project_without_rules_opens_empty_and_can_begin_them(viewed: Looked) -> None:
    viewed.project.rules.unlink()
    found = got(viewed)
    assert (found["sha256"], found["form"]) == (None, {}) and "no such file" in found["problems"][0][
        "message"
    ]
    form = {"project": {"name": "a"}, CRITERIA: [{"field": "b", "question": "Is it?"}]}
    text = posted(viewed, "/check", {"form": form})["text"]
    assert posted(viewed, "", {"text": text, "based_on": None})["kept"] is None
    assert got(viewed)["form"] == form


def test_a_link_out_of_the_project_is_not_followed(viewed: Looked, tmp_path: Any) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("project: {name: secret}\n")
    viewed.project.rules.unlink()
    viewed.project.rules.symlink_to(outside)
    assert viewed.client.get(RULES).status_code == 404
    posted(viewed, "", {"text": "project: {name: x}\n", "based_on": None}, 404)
    assert outside.read_text() == "project: {name: secret}\n"


# Checking


def test_a_form_becomes_a_text_that_differs_in_what_was_changed(viewed: Looked) -> None:
    found = got(viewed)
    form = found["form"]
    form[CRITERIA][0]["question"] = "Is the sky red?"
    checked = posted(viewed, "/check", {"form": form, "origins": {CRITERIA: list(range(8))}})
    lines = [one for one in checked["diff"] if one["kind"] in ("added", "removed")]
    assert [line["text"].strip() for line in lines] == [
        "question: Is the sky a sunset sky, with orange and pink in it?",
        "question: Is the sky red?",
    ]
    assert checked["form"] == form and checked["problems"] == []
    assert viewed.project.rules.read_text() == found["text"]


def test_problems_carry_the_path_of_their_field_and_the_line_of_the_new_text(viewed: Looked) -> None:
    form = got(viewed)["form"]
    form[CRITERIA][1] |= {"min": 3, "gate": True, "depends_on": ["sunset_skies"]}
    found = posted(viewed, "/check", {"form": form})
    at = {one["path"]: one for one in found["problems"]}
    assert set(at) == {f"{CRITERIA}[1].{key}" for key in ("min", "gate", "depends_on[0]")}
    message = at[f"{CRITERIA}[1].depends_on[0]"]["message"]
    assert "sunset_sky" in message
    line = int(at[f"{CRITERIA}[1].min"]["where"].split(":")[1])
    assert found["text"].splitlines()[line - 1].strip() == "min: 3"


def test_rules_that_work_against_each_other_are_warned_of_as_rules_check_does(viewed: Looked) -> None:
    form = got(viewed)["form"]
    form[CRITERIA][0]["ban_terms"] = ["golden hour"]
    found = posted(viewed, "/check", {"form": form})["problems"]
    assert [(one["severity"], one["path"]) for one in found] == [("error", f"{CRITERIA}[0].must_include[0]")]


def test_a_form_can_be_put_into_a_text_that_is_not_saved_yet(viewed: Looked) -> None:
    found = got(viewed)
    text = found["text"].replace("project:\n", "project:   # mine\n", 1)
    checked = posted(viewed, "/check", {"text": text})
    form = checked["form"]
    form["project"]["patience"] = 3
    both = posted(viewed, "/check", {"form": form, "text": text})
    assert "project:   # mine\n" in both["text"] and "  patience: 3\n" in both["text"]
    assert [line["text"] for line in both["diff"] if line["kind"] == "added"] == [
        "project:   # mine",
        "  patience: 3",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"form": 3},
        {"form": {}, "origins": {CRITERIA: ["0"]}},
        {"text": 3},
        {"text": "\ud800"},
        {"text": "x" * 300_000},
        {"strange": 1},
    ],
)
def test_what_no_page_sends_is_refused(viewed: Looked, body: dict[str, Any]) -> None:
    assert posted(viewed, "/check", body, 400)["error"]["hint"]


def test_a_form_that_the_file_cannot_hold_is_told_by_field(viewed: Looked) -> None:
    form = got(viewed)["form"]
    form["questions"][0]["question"] = "a\x00b"
    found = posted(viewed, "/check", {"form": form}, 422)["error"]["problems"]
    assert found[0]["path"] == "questions[0].question" and "U+0000" in found[0]["message"]


# Saving


def test_saving_keeps_the_file_before_and_every_remark(viewed: Looked) -> None:
    found = got(viewed)
    form = found["form"]
    form["project"]["max_iterations"] = 7
    text = posted(viewed, "/check", {"form": form})["text"]
    saved = posted(viewed, "", {"text": text, "based_on": found["sha256"]})
    assert viewed.project.rules.read_text() == text == saved["text"]
    assert saved["sha256"] == got(viewed)["sha256"] and "# --- preserve" in text
    assert (viewed.project.root / saved["kept"]).read_text() == found["text"]
    assert saved["kept"].startswith("working/rules/replaced/rules_")


def test_line_ends_and_byte_order_mark_of_the_file_are_kept(viewed: Looked) -> None:
    old = viewed.project.rules.read_text()
    viewed.project.rules.write_bytes(b"\xef\xbb\xbf" + old.replace("\n", "\r\n").encode())
    found = got(viewed)
    assert not found["text"].startswith("\ufeff")
    text = found["text"].replace("\r\n", "\n").replace("max_iterations: 12", "max_iterations: 3")
    posted(viewed, "", {"text": text, "based_on": found["sha256"]})
    content = viewed.project.rules.read_bytes()
    assert content == b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


def test_two_tabs_conflict_and_the_second_sees_what_is_there(viewed: Looked) -> None:
    found = got(viewed)
    first = found["text"].replace("max_iterations: 12", "max_iterations: 3")
    posted(viewed, "", {"text": first, "based_on": found["sha256"]})
    second = found["text"].replace("max_iterations: 12", "max_iterations: 4")
    told = posted(viewed, "", {"text": second, "based_on": found["sha256"]}, 409)
    assert told["current"] == {"text": first, "sha256": got(viewed)["sha256"]}
    assert viewed.project.rules.read_text() == first
    posted(viewed, "", {"text": second, "based_on": told["current"]["sha256"]})


def test_a_text_with_errors_is_not_saved(viewed: Looked) -> None:
    found = got(viewed)
    text = found["text"].replace("max_iterations: 12", "max_iterations: many")
    told = posted(viewed, "", {"text": text, "based_on": found["sha256"]}, 422)["error"]
    assert told["problems"][0]["path"] == "project.max_iterations"
    assert viewed.project.rules.read_text() == found["text"]


def test_saving_the_same_again_keeps_nothing(viewed: Looked) -> None:
    found = got(viewed)
    assert posted(viewed, "", {"text": found["text"], "based_on": found["sha256"]})["kept"] is None


def test_of_replaced_texts_only_the_latest_are_kept(viewed: Looked) -> None:
    for number in range(KEPT):
        path = viewed.project.replaced_rules(
            f"2026-01-01_00-00-00_{number + 1}" if number else "2026-01-01_00-00-00"
        )
        files.write_text(path, str(number))
    folder = viewed.project.rules_work / "replaced"
    (folder / "rules_mine.yaml").write_text("a person's")
    found = got(viewed)
    text = found["text"].replace("max_iterations: 12", "max_iterations: 3")
    posted(viewed, "", {"text": text, "based_on": found["sha256"]})
    kept = {path.name for path in folder.iterdir()} - {"rules_mine.yaml"}
    assert (
        (folder / "rules_mine.yaml").exists()
        and len(kept) == KEPT
        and "rules_2026-01-01_00-00-00.yaml" not in kept
    )
    assert "rules_2026-01-01_00-00-00_2.yaml" in kept and f"rules_2026-01-01_00-00-00_{KEPT}.yaml" in kept


@contextmanager
def going_on(viewed: Looked) -> Iterator[None]:
    """The run has not ended, and somebody holds the project."""
    there = checkpoint.read(viewed.project.checkpoint)
    path = viewed.project.checkpoint
    path.write_text(path.read_text().replace(f'"status": "{there.status}"', '"status": "running"'))
    descriptor = files.lock(viewed.project.lock, "{}")
    assert descriptor is not None
    try:
        yield
    finally:
        files.unlock(descriptor)


def test_whoever_saves_while_a_run_goes_on_is_told_what_becomes_of_it(viewed: Looked) -> None:
    found = got(viewed)
    assert posted(viewed, "", {"text": found["text"] + "\n", "based_on": found["sha256"]})["note"] == ""
    with going_on(viewed):
        body = {"text": found["text"], "based_on": got(viewed)["sha256"]}
        assert posted(viewed, "", body)["note"] == ""  # the same rules
        text = found["text"].replace("with orange and pink in it", "with orange in it")
        note = posted(viewed, "", {"text": text, "based_on": found["sha256"]})["note"]
    assert viewed.run.run_id in note and "going on" in note and "new one" in note


# Trying


def test_a_picture_is_judged_by_a_text_that_is_not_saved(viewed: Looked) -> None:
    found = got(viewed)
    text = found["text"].replace("min: 0.4}", "min: 0.99}")
    last = runs.committed(viewed.run)[-1]
    told = tried(viewed, text, last)
    assert told["state"] == "done", told
    result = told["result"]
    verdicts = result["verdicts"]
    assert verdicts["still_this_picture"]["verdict"] == "failed"
    assert verdicts["sunset_sky"]["verdict"] in ("passed", "failed") and verdicts["sunset_sky"]["reason"]
    assert result["passed"] is False and 0 < result["score"] < 100
    assert (result["run"], result["iteration"]) == (viewed.run.run_id, last)
    assert result["judge"] == "embedded/measurements" and result["usage"]["cost_usd"] == 0
    assert viewed.project.rules.read_text() == found["text"]


@contextmanager
def asked(viewed: Looked, more: str = "") -> Iterator[FakeOllama]:
    """A judge that is asked over HTTP, and finds that everything is as it should be."""
    with judge(lambda field, time: "yes") as server:
        said = f"provider: ollama\nmodel: qwen3-vl:4b\nbase_url: {server.url}\nretries: 0\n{more}"
        viewed.project.aivis.write_text(said)
        yield server


def test_what_was_asked_before_is_not_asked_again(viewed: Looked) -> None:
    text = got(viewed)["text"]
    with asked(viewed) as server:
        first = tried(viewed, text)["result"]
        count = server.asked_count
        second = tried(viewed, text)["result"]
        assert first["verdicts"] == second["verdicts"] and first["judge"] == "ollama/qwen3-vl:4b"
        assert first["usage"]["requests"] == count == server.asked_count > 0
        assert second["usage"]["requests"] == 0
        tried(viewed, text.replace("sunset sky, with", "sky with"))
        assert server.asked_count > count


def test_never_more_is_asked_than_the_limits_allow(viewed: Looked) -> None:
    with asked(viewed, "limits: {max_requests: 1}\n") as server:
        told = tried(viewed, got(viewed)["text"])
    assert told["state"] == "failed" and "limit of 1 requests" in told["error"]["message"]
    assert server.asked_count == 1


def test_a_text_with_errors_is_not_tried(viewed: Looked) -> None:
    body = {"text": "project: {}\n", "run": viewed.run.run_id, "iteration": 1}
    assert posted(viewed, "/try", body, 422)["error"]["problems"]


@pytest.mark.parametrize(
    ("run", "iteration"),
    [("2020-01-01_00-00-00", 1), ("../x", 1), (3, 1), (None, 99), (None, "1"), (None, True)],
)
def test_only_pictures_that_are_there_are_tried(viewed: Looked, run: Any, iteration: Any) -> None:
    body = {"text": got(viewed)["text"], "run": run or viewed.run.run_id, "iteration": iteration}
    assert posted(viewed, "/try", body, 400)["error"]["message"]


def test_a_measure_in_a_mask_needs_one(viewed: Looked) -> None:
    text = got(viewed)["text"].replace("min: 0.4}", "min: 0.4, region: inside_mask}")
    told = tried(viewed, text)
    assert told["state"] == "failed" and told["error"]["problems"][0]["message"] == "no mask is in play"
