"""Every fault of the fake, and what the generator makes of it. Names of promises: docs/promises.md."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from PIL import Image
from tests.comfyui.rig import PLAN, QUICK, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.errors import (
    ExecutionFailed,
    GenerationError,
    JobLost,
    OutOfMemory,
    ServerUnavailable,
    WorkflowRejected,
)
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.graph import png_texts
from iterativectl.generation.comfyui.patch import Names, patch, prefix
from iterativectl.generation.comfyui.trace import trace

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]


def _made_right(fake: FakeComfyUI, rig: Rig, renders: int = 1) -> None:
    """The picture on disk is whole, is this ticket's, and nothing was made twice."""
    made = rig.generate()
    content = rig.destination().read_bytes()
    with Image.open(rig.destination()) as picture:
        picture.load()
    assert png_texts(content)["fake_prompt_id"] == made.ticket
    assert rig.outcomes()[-1] == "collected"
    assert fake.counters["renders"] == renders


# -- the socket costs only the progress bar (promises 4 and 6)


@pytest.mark.row("1.1/1", "1.1/2", "1.1/3", "1.1/4", "1.1/5", "1.1/6", "1.1/8", "1.1/9")
@pytest.mark.parametrize(
    ("generation", "fault"),
    [
        ("A", "refused"),
        ("A", "silent"),
        ("B", "silent"),
        ("A", "half_open"),
        ("A", "close_after(1)"),
        ("B", "close_after(6)"),
        ("A", "steal_client_id"),
        ("B", "foreign_events"),
        ("A", "big_frame"),
    ],
)
def test_a_bad_socket_costs_only_the_progress_bar(rigged: Rigged, generation: str, fault: str) -> None:
    fake, rig = rigged(generation, ws=fault, job_seconds=0.05)
    _made_right(fake, rig)


@pytest.mark.row("1.1/8")
def test_foreign_events_are_not_ours(rigged: Rigged) -> None:
    """Neither their errors, nor their ends, nor their progress."""
    fake, rig = rigged(ws="foreign_events", job_seconds=0.1)
    _made_right(fake, rig)
    assert {data["max"] for data in rig.told("generation_progress")} == {4}


@pytest.mark.row("1.1/1")
def test_without_a_socket_the_end_is_found_soon(rigged: Rigged) -> None:
    _, rig = rigged(ws="refused", job_seconds=0.2)
    assert rig.generate().seconds < 1.0


# -- the record (promise 3)


@pytest.mark.row("1.2/11", "1.2/15")
@pytest.mark.parametrize("fault", ["late(0.2)x1", "null_statusx1", "500x2"])
def test_a_late_or_odd_record(rigged: Rigged, fault: str) -> None:
    fake, rig = rigged(history=fault)
    _made_right(fake, rig)


@pytest.mark.row("1.2/11", "1.2/12")
def test_a_late_record_without_a_socket_is_not_taken_for_lost(rigged: Rigged) -> None:
    fake, rig = rigged(history="late(0.3)x1", ws="refused")
    _made_right(fake, rig)
    assert rig.outcomes() == ["collected"]


@pytest.mark.row("1.2/16")
def test_a_success_without_a_picture_is_made_once_more(rigged: Rigged) -> None:
    fake, rig = rigged(history="empty_outputsx1")
    _made_right(fake, rig, renders=2)
    assert rig.outcomes() == ["failed", "collected"]
    prefixes = [body["prompt"]["8"]["inputs"]["filename_prefix"] for body in fake.sent("POST", "/prompt")]
    assert len(set(prefixes)) == 2  # so that the cache has no answer
    assert fake.counters["sampled"] == 1  # and yet the sampling is taken from it


@pytest.mark.row("1.2/14", "1.2/16")
def test_a_success_without_a_picture_twice_is_no_success(rigged: Rigged) -> None:
    _, rig = rigged(history="empty_outputs")
    with pytest.raises(GenerationError, match="names no picture"):
        rig.generate()
    assert rig.outcomes() == ["failed", "failed"] and not rig.destination().exists()


@pytest.mark.row("1.2/12")
def test_a_wiped_history_is_answered_by_the_file(rigged: Rigged) -> None:
    fake, rig = rigged(history="wipedx1", ws="refused")
    _made_right(fake, rig)


@pytest.mark.row("1.2/12", "1.2/14")
def test_a_file_without_our_ticket_is_not_believed(rigged: Rigged) -> None:
    """Planted twin of the one above: the same file, but it cannot say whose it is."""
    _, rig = rigged(history="wiped", ws="refused", view="no_chunks")
    with pytest.raises(JobLost):
        rig.generate()
    assert rig.outcomes() == ["lost", "lost"] and not rig.destination().exists()


# -- sending (promise 2)


@pytest.mark.row("1.2/21")
@pytest.mark.parametrize(("generation", "seconds"), [("A", 0.0), ("A", 0.2), ("B", 0.0)])
def test_a_lost_answer_renders_once(rigged: Rigged, generation: str, seconds: float) -> None:
    """Whether the job is done or still running when it is looked up."""
    fake, rig = rigged(generation, prompt="reset_after_acceptx1", job_seconds=seconds)
    _made_right(fake, rig)
    assert fake.counters["accepted"] == 1 and rig.outcomes() == ["collected"]


@pytest.mark.row("1.2/21")
def test_a_lost_request_is_sent_again_with_the_same_ticket(rigged: Rigged) -> None:
    fake, rig = rigged(prompt="reset_before_acceptx1")
    _made_right(fake, rig)
    assert len({body["prompt_id"] for body in fake.sent("POST", "/prompt")}) == 1
    assert rig.outcomes() == ["collected"]


@pytest.mark.row("1.2/21")
def test_another_id_is_adopted(rigged: Rigged) -> None:
    fake, rig = rigged(prompt="ignore_prompt_id")
    made = rig.generate()
    (ticket,) = rig.tickets().all()
    assert ticket.ticket == made.ticket != fake.sent("POST", "/prompt")[0]["prompt_id"]
    assert png_texts(rig.destination().read_bytes())["fake_prompt_id"] == made.ticket


@pytest.mark.row("1.2/21")
def test_another_id_is_found_by_our_prefix_when_the_answer_is_lost(
    rigged: Rigged, servers: Callable[..., FakeComfyUI]
) -> None:
    """Two faults at once: the server ignores our id, and its answer is lost."""
    fake, rig = rigged(prompt="ignore_prompt_idx1", job_seconds=0.5)
    put = fake.engine.put

    def then_lose(item: Any) -> None:
        put(item)
        fake.switches.set("prompt", "reset_after_acceptx1")

    fake.engine.put = then_lose  # type: ignore[method-assign]
    rig.generate()
    assert fake.counters["renders"] == 1 and rig.outcomes() == ["collected"]


@pytest.mark.row("1.2/19", "1.2/26", "1.5/38")
@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("400", WorkflowRejected, "No prompt provided"),
        ("500", WorkflowRejected, "HTTP 500"),
        ("413", GenerationError, "413"),
        ("302", ServerUnavailable, "redirects to https://login.example/start$"),
        ("html", ServerUnavailable, "web page"),
    ],
)
def test_refusals_say_what_they_are(rigged: Rigged, fault: str, error: type[Exception], words: str) -> None:
    fake, rig = rigged(prompt=fault)
    with pytest.raises(error, match=words):
        rig.generate()
    assert fake.counters["accepted"] == 0


@pytest.mark.row("1.2/20")
def test_output_left_out_is_a_failure_and_the_rest_is_taken_back(rigged: Rigged) -> None:
    fake, rig = rigged(prompt="200_node_errors", job_seconds=30.0)
    with pytest.raises(WorkflowRejected, match=r"node 1 .*Invalid image file: gone.png"):
        rig.generate()
    assert rig.outcomes() == ["failed"]
    assert fake.counters["interrupted"] + fake.counters["deleted"] >= 1 and fake.engine.remaining() == 0


@pytest.mark.row("1.2/20")
def test_another_output_left_out_is_a_note(rigged: Rigged) -> None:
    _, rig = rigged(prompt="other_node_errors")
    made = rig.generate()
    assert "another output" in made.notes[0] and "gone.png" in made.notes[0]


# -- the server (promises 3, 4, 7)


@pytest.mark.row("1.2/13", "1.3/28")
@pytest.mark.parametrize("generation", ["A", "B"])
def test_a_restart_in_the_middle(rigged: Rigged, generation: str) -> None:
    """Down: told so, the ticket stays open. Back: lost, one new ticket, one picture."""
    fake, rig = rigged(generation, server="restart_at(3,0.25)x1", job_seconds=0.05)
    with pytest.raises(ServerUnavailable, match="cannot be reached"):
        rig.generate()
    assert rig.outcomes() == [None]
    assert rig.generator.wait_until_reachable(5.0, lambda: None)
    _made_right(fake, rig)
    assert rig.outcomes() == ["lost", "collected"]


@pytest.mark.row("1.2/13")
def test_a_restart_after_the_picture_was_saved(rigged: Rigged) -> None:
    """Queue and history are gone, the file is there and says whose it is: nothing is made again."""
    fake, rig = rigged(server="restart_at(end,0.3)x1")
    with pytest.raises(ServerUnavailable):
        rig.generate()
    rig.new_process()
    assert rig.generator.wait_until_reachable(5.0, lambda: None)
    _made_right(fake, rig)
    assert rig.outcomes() == ["collected"] and fake.counters["accepted"] == 1


@pytest.mark.row("1.2/13")
def test_a_quick_restart_is_not_even_noticed(rigged: Rigged) -> None:
    fake, rig = rigged(server="restart_at(2,0.01)x1", job_seconds=0.05)
    rig.pace = replace(QUICK, retries=(0.1, 0.3))
    _made_right(fake, rig)
    assert rig.outcomes() == ["lost", "collected"]


@pytest.mark.row("1.3/28")
def test_a_poison_plan_is_not_sent_a_third_time(rigged: Rigged) -> None:
    fake, rig = rigged(server="restart_at(3,0.01)", job_seconds=0.1)
    rig.pace = replace(QUICK, retries=(0.1, 0.3))
    with pytest.raises(JobLost, match="twice"):
        rig.generate()
    assert rig.outcomes() == ["lost", "lost"] and fake.counters["accepted"] == 2


@pytest.mark.row("1.3/28")
def test_a_poison_plan_is_counted_across_calls(rigged: Rigged) -> None:
    """The runner waits and calls again: that must not begin the count anew."""
    fake, rig = rigged(server="restart_at(3,0.2)", job_seconds=0.1)
    for _ in range(2):
        with pytest.raises(ServerUnavailable):
            rig.generate()
        assert rig.generator.wait_until_reachable(5.0, lambda: None)
    with pytest.raises(JobLost):
        rig.generate()
    assert fake.counters["accepted"] == 2


@pytest.mark.row("1.3/30")
def test_a_frozen_server_is_waited_for(rigged: Rigged) -> None:
    fake, rig = rigged(server="freeze(0.3)x1")
    _made_right(fake, rig)


@pytest.mark.row("1.3/30")
def test_a_person_can_stop_while_a_request_hangs(rigged: Rigged) -> None:
    class Stop(Exception):
        pass

    _, rig = rigged(server="freeze(5)x1")
    rig.pace = replace(QUICK, read=10.0, overall=10.0)
    began = time.monotonic()

    def attend() -> None:
        if time.monotonic() - began > 0.3:
            raise Stop

    rig.attend = attend
    with pytest.raises(Stop):
        rig.generate()
    assert time.monotonic() - began < 4.0


def test_a_dead_server(rigged: Rigged) -> None:
    fake, rig = rigged()
    fake.down()
    with pytest.raises(ServerUnavailable, match="cannot be reached: .*refused"):
        rig.generate()
    assert not rig.generator.reachable() and not rig.generator.wait_until_reachable(0.2, lambda: None)
    fake.up()
    assert rig.generator.reachable()


def test_a_job_that_never_arrived_is_no_loss(rigged: Rigged) -> None:
    """The server dies between upload and POST: the ticket is closed, nothing counts as lost."""
    fake, rig = rigged()
    rig.generate()
    fake.down()
    with pytest.raises(ServerUnavailable):
        rig.generate(iteration=4)
    plan_4 = rig.folder / "plan/iteration_4_tickets.json"
    assert '"cancelled"' in plan_4.read_text()


@pytest.mark.row("1.3/27")
def test_out_of_memory_is_freed_and_tried_once_more(rigged: Rigged) -> None:
    fake, rig = rigged(server="oomx1")
    _made_right(fake, rig)
    assert fake.counters["frees"] == 1 and rig.outcomes() == ["failed", "collected"]
    assert fake.sent("POST", "/free") == [{"unload_models": True, "free_memory": True}]


@pytest.mark.row("1.3/27")
def test_out_of_memory_twice(rigged: Rigged) -> None:
    fake, rig = rigged(server="oom")
    with pytest.raises(OutOfMemory, match="node 6 .*Allocation on device"):
        rig.generate()
    assert fake.counters["frees"] == 1 and fake.counters["accepted"] == 2
    assert rig.outcomes() == ["failed", "failed"]


@pytest.mark.parametrize("socket", ["close_after(99)", "refused"])
def test_an_execution_error_is_read_at_once(rigged: Rigged, socket: str) -> None:
    """From the socket, or from the record; it is not waited out and not tried again."""
    fake, rig = rigged(server="error", ws=socket)
    with pytest.raises(ExecutionFailed, match=r"node 6 \(KSampler\) failed: mat1 and mat2 shapes") as caught:
        rig.generate()
    assert not isinstance(caught.value, OutOfMemory)
    assert fake.counters["accepted"] == 1 and rig.outcomes() == ["failed"]


@pytest.mark.row("1.2/15")
@pytest.mark.parametrize("socket", ["close_after(99)", "silent"])
def test_an_interruption_by_somebody_else(rigged: Rigged, socket: str) -> None:
    _, rig = rigged(server="interrupted", ws=socket)
    with pytest.raises(GenerationError, match="interrupted at .* not by this program"):
        rig.generate()
    assert rig.outcomes() == ["failed"]


@pytest.mark.row("1.3/31")
def test_a_stuck_job_ends_at_its_limit(rigged: Rigged) -> None:
    fake, rig = rigged(server="stuck")
    rig.options = {"timeout_seconds": 0.3}
    with pytest.raises(GenerationError, match=r"did not end within 0\.3 s"):
        rig.generate()
    assert rig.outcomes() == ["failed"] and fake.counters["interrupted"] >= 1


@pytest.mark.row("1.2/22", "1.3/31")
def test_a_queue_that_never_moves(rigged: Rigged) -> None:
    """A job of others blocks the server: waiting is no error, but it ends, and only ours is taken away."""
    fake, rig = rigged(server="stuck")
    other = _foreign_job(fake, rig)
    rig.options = {"queue_timeout_seconds": 0.4, "timeout_seconds": 0.1}
    with pytest.raises(GenerationError, match=r"waited longer than 0\.4 s"):
        rig.generate()
    assert "has been running for more than" in rig.told("warning")[0]["message"]
    assert rig.told("generation_queued")[-1]["position"] == 1
    assert fake.engine.running is not None and fake.engine.running.prompt_id == other
    assert fake.counters["deleted"] == 1 and fake.counters["interrupted"] == 0


def _foreign_job(fake: FakeComfyUI, rig: Rig) -> str:
    """Somebody else's job, running by the time this returns."""
    prompt = json.loads(resources.path("workflow", "img2img_no_mask_api.json").read_text())
    fake.engine.files["input", "", "example.png"] = (rig.folder / "input.png").read_bytes()
    body = {"prompt": prompt, "client_id": "somebody"}
    answer = requests.post(f"{fake.url}/prompt", json=body, timeout=5).json()
    deadline = time.monotonic() + 5
    while fake.engine.running is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return str(answer["prompt_id"])


# -- the picture (promise 3)


@pytest.mark.parametrize("fault", ["cutx1", "wrong_typex1", "slow(0.2)x1"])
def test_a_bad_download_is_tried_again(rigged: Rigged, fault: str) -> None:
    fake, rig = rigged(view=fault)
    _made_right(fake, rig)


@pytest.mark.row("1.2/14", "1.2/17")
@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("404", GenerationError, "does not have the picture it names"),
        ("wrong_type", GenerationError, "does not serve a whole picture"),
        ("cut", ServerUnavailable, "broke off"),
        ("html", ServerUnavailable, "web page"),
    ],
)
def test_a_picture_that_stays_bad_is_never_done(
    rigged: Rigged, fault: str, error: type[Exception], words: str
) -> None:
    _, rig = rigged(view=fault)
    with pytest.raises(error, match=words):
        rig.generate()
    assert not rig.destination().exists() and "collected" not in rig.outcomes()
    assert not list(rig.folder.rglob("*.partial"))


@pytest.mark.row("1.2/17")
def test_a_picture_whose_file_is_gone_is_made_once_more(rigged: Rigged) -> None:
    fake, rig = rigged(view="404x1")
    _made_right(fake, rig, renders=2)


# -- uploads (promise 11)


@pytest.mark.row("1.4/35")
def test_a_renamed_upload_is_used_as_answered(rigged: Rigged) -> None:
    fake, rig = rigged(upload="rename")
    _made_right(fake, rig)
    assert fake.sent("POST", "/prompt")[0]["prompt"]["2"]["inputs"]["image"].endswith(" (1).png")


@pytest.mark.row("1.4/34")
def test_an_upload_that_is_too_large_names_limit_and_flag(rigged: Rigged) -> None:
    _, rig = rigged(upload="413")
    with pytest.raises(GenerationError, match="413.*104857600") as caught:
        rig.generate()
    assert "--max-upload-size" in caught.value.hint and rig.outcomes() == []


def test_a_forgotten_upload_is_made_again(rigged: Rigged) -> None:
    """The server's input folder was emptied: the POST says so, and the same ticket is sent once more."""
    fake, rig = rigged(upload="forgetsx1")
    _made_right(fake, rig)
    assert fake.counters["uploads"] == 2 and rig.outcomes() == ["collected"]


def test_an_upload_that_is_always_forgotten_is_refused(rigged: Rigged) -> None:
    fake, rig = rigged(upload="forgets")
    with pytest.raises(WorkflowRejected, match=r"node 2 \(LoadImage 'Picture to edit'\).*Invalid image file"):
        rig.generate()
    assert fake.counters["uploads"] == 2


# -- collecting a ticket that was sent before (promise 2)


def _left_in_flight(rig: Rig) -> None:
    """What a process that was killed while it waited leaves: a ticket on disk and a job at the server."""
    ticket = rig.tickets().open(rig.url).ticket
    workflow = graphs.load(resources.path(*PLAN.workflow.split("/")).read_bytes(), "workflow")
    requests.post(
        f"{rig.url}/upload/image", files={"image": ("in.png", rig.inputs().source.read_bytes())}, timeout=5
    )
    names = Names(prefix=prefix("example", "2026-01-09_22-25-59", 3, ticket), image="in.png")
    graph = patch(workflow.graph, trace(workflow, {}), PLAN, names)
    body = {"prompt": graph, "prompt_id": ticket, "client_id": ticket}
    requests.post(f"{rig.url}/prompt", json=body, timeout=5).raise_for_status()


@pytest.mark.parametrize("pause", [0.0, 0.4])
def test_a_picture_in_flight_is_collected_not_made_again(rigged: Rigged, pause: float) -> None:
    """Whether it is still running or done when the next process comes."""
    fake, rig = rigged(job_seconds=0.2)
    _left_in_flight(rig)
    time.sleep(pause)
    _made_right(fake, rig)
    assert fake.counters["accepted"] == 1 and rig.outcomes() == ["collected"]


def test_progress_goes_on_after_a_restart_of_ours(rigged: Rigged) -> None:
    fake, rig = rigged(job_seconds=0.4)
    _left_in_flight(rig)
    _made_right(fake, rig)
    assert rig.told("generation_progress")


def test_a_picture_already_here_needs_no_server(rigged: Rigged) -> None:
    """Killed between the renaming of the picture and the settling of its ticket."""
    fake, rig = rigged()
    made = rig.generate()
    path = rig.folder / "plan/iteration_3_tickets.json"
    path.write_text(path.read_text().replace('"collected"', "null"))
    rig.new_process()
    fake.down()
    assert rig.generate().sha256 == made.sha256 and rig.outcomes() == ["collected"]


def test_another_picture_at_the_destination_is_not_taken_for_ours(rigged: Rigged) -> None:
    """Planted twin: the file is there, but it is not this ticket's."""
    fake, rig = rigged()
    rig.generate()
    path = rig.folder / "plan/iteration_3_tickets.json"
    path.write_text(path.read_text().replace('"collected"', "null"))
    with Image.open(rig.folder / "input.png") as other:
        other.save(rig.destination())
    rig.new_process()
    _made_right(fake, rig)


def test_a_ticket_that_was_never_sent_is_replaced(rigged: Rigged) -> None:
    """Killed between writing the ticket and sending it, twice: that is not what makes a plan poisonous."""
    fake, rig = rigged()
    rig.tickets().open(rig.url)
    rig.tickets().open(rig.url)
    _made_right(fake, rig)
    assert rig.outcomes() == ["lost", "lost", "collected"]
