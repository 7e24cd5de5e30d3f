"""Facts as files: what is written is read back equal; damage and files of newer programs are noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iterativectl.errors import ProjectError
from iterativectl.model import (
    Advice,
    Call,
    Failure,
    Generation,
    Parameters,
    Plan,
    Prompts,
    Similarity,
    Ticket,
    Verdict,
)
from iterativectl.ports import Reply, Usage
from iterativectl.project import checkpoint, records, tickets
from iterativectl.project.checkpoint import Checkpoint

PARAMETERS = Parameters(denoise=0.5, cfg=7, steps=20, sampler_name="euler", scheduler="normal")
PROMPTS = Prompts(positive="a man — «né»", negative="")
CALL = Call(
    purpose="evaluate_criteria",
    provider="p",
    model="m",
    attempts=1,
    tokens={"input": 1},
    cost_usd=None,
    seconds=0.5,
    served_by="s",
)
FACTS = [
    Plan(
        iteration=1,
        take=0,
        strategy="img2img",
        parent=None,
        source="input",
        workflow="w.json",
        ckpt_name="c",
        parameters=PARAMETERS,
        prompts=PROMPTS,
        seed=2**32 - 1,
        mask=None,
        reasons=("one", "two"),
    ),
    Ticket(ticket="t", host="h", sent_at="now"),
    Generation(sha256="0", width=1, height=2, ticket="t", seconds=1.5, notes=("n",)),
    Verdict(field="f", verdict="unclear", value=None, confidence=None, reason="", by="p/m"),
    Verdict(field="f", verdict="passed", value=True, confidence=0.9, reason="r", by="p/m"),
    Verdict(field="f", verdict="failed", value=["a", 1], confidence=0.5, reason="r", by="p/m"),
    Similarity(measured=0.5, model="close"),
    Advice(prompts=PROMPTS, parameters={"denoise": 0.6, "steps": None}, reason="r"),
    Failure(code="c", message="m"),
    CALL,
    Reply(text="t", usage=Usage(), seconds=1.0, served_by="s", provider="p", model="m", calls=(CALL,)),
    Checkpoint(run_id="r", status="held", in_flight=({"iteration": 1, "step": "judge", "ticket": None},)),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_comes_back_equal(fact: Any) -> None:
    text = json.dumps(records.to_json(fact), allow_nan=False)
    assert records.from_json(type(fact), json.loads(text)) == fact


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"iteration": "1"}, "Plan.iteration"),
        ({"iteration": True}, "Plan.iteration"),
        ({"parameters": []}, "Plan.parameters"),
        ({"parameters": {"denoise": "0.5"}}, "Plan.parameters.denoise"),
        ({"prompts": {"positive": "x"}}, "Plan.prompts"),
        ({"source": "output"}, "Plan.source"),
        ({"reasons": "one"}, "Plan.reasons"),
        ({"reasons": [1]}, r"Plan.reasons\[0\]"),
        ({"seed": 1.5}, "Plan.seed"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format": "plan/1", **records.to_json(FACTS[0]), **changed}))
    with pytest.raises(ProjectError, match=rf"plan.json is damaged: {named}") as caught:
        records.read_fact(path, "plan/1", Plan)
    assert caught.value.exit_code == 2 and "--resume-from" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not JSON"),
        ('{"format": "plan/1"', "not JSON"),
        ("\0\0\0", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "its format is None"),
        ('{"format": "metadata/1"}', "its format is 'metadata/1' instead of 'plan/1'"),
        ('{"format": "plan/x"}', "its format is 'plan/x'"),
        ('{"format": 1}', "its format is 1"),
    ],
)
def test_damage_is_said_with_the_file(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(ProjectError, match=f"plan.json is damaged: .*{why}"):
        records.read(path, "plan/1")
    assert path.read_text() == content


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"plan.json is damaged: it is missing"):
        records.read(tmp_path / "plan.json", "plan/1")


def test_a_newer_program_is_recognised_and_an_older_one_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"format": "plan/3"}')
    assert records.read(path, "plan/4") == {"format": "plan/3"}
    with pytest.raises(ProjectError, match=r"written by a newer program \(plan/3; this one reads plan/2\)"):
        records.read(path, "plan/2")


def test_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    """A later program of the same format may write more."""
    assert records.from_json(Failure, {"code": "c", "message": "m", "later": 1}) == FACTS[8]


# --- tickets ------------------------------------------------------------------------------------------------


def a_file(tmp_path: Path, opened: list[Ticket]) -> tickets.TicketFile:
    return tickets.TicketFile(tmp_path / "tickets.json", lambda: "now", opened.append)


def test_a_ticket_is_on_disk_before_anybody_hears_of_it(tmp_path: Path) -> None:
    seen: list[tuple[Ticket, ...]] = []
    path = tmp_path / "tickets.json"
    file = tickets.TicketFile(path, lambda: "now", lambda ticket: seen.append(tickets.read(path)))
    ticket = file.open("http://host")
    assert seen == [(ticket,)]
    assert ticket.ticket == ticket.ticket.lower() and len(ticket.ticket) == 36
    assert file.open("http://host").ticket != ticket.ticket


def test_outcomes_and_other_ids_are_written_down(tmp_path: Path) -> None:
    file = a_file(tmp_path, [])
    first, second = file.open("h").ticket, file.open("h").ticket
    file.settle(first, "lost")
    file.adopt(second, "served-as")
    file.settle("served-as", "collected")
    again = a_file(tmp_path, []).all()
    assert [(t.ticket, t.outcome) for t in again] == [(first, "lost"), ("served-as", "collected")]


def test_what_changes_nothing_is_not_written(tmp_path: Path) -> None:
    file = a_file(tmp_path, [])
    ticket = file.open("h").ticket
    (tmp_path / "tickets.json").unlink()
    file.adopt(ticket, ticket)
    file.settle("nobody's", "lost")
    assert not (tmp_path / "tickets.json").exists()


@pytest.mark.parametrize("content", ['{"format": "tickets/1"}', '{"format": "tickets/1", "tickets": [{}]}'])
def test_damaged_tickets_are_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "tickets.json").write_text(content)
    with pytest.raises(ProjectError, match=r"tickets.json is damaged"):
        a_file(tmp_path, [])


# --- checkpoint ---------------------------------------------------------------------------------------------


def test_which_states_are_an_end() -> None:
    ends = {"passed", "exhausted", "stopped", "no_progress", "unjudgeable", "failed"}
    for status in ("running", "held", "paused", *ends):
        assert Checkpoint(run_id="r", status=status).finished is (status in ends)  # type: ignore[arg-type]


def test_a_status_that_does_not_exist_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    checkpoint.write(path, Checkpoint(run_id="r", status="running"))
    assert checkpoint.read(path) == Checkpoint(run_id="r", status="running")
    path.write_text(path.read_text().replace("running", "resting"))
    found, damage = checkpoint.read_or_rebuildable(path)
    assert found is None and "'resting' is not one of running, held" in str(damage)
