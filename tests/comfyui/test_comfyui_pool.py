"""Several servers: which one gets a job, and which one is left alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.comfyui.crowd import Crowd, somebodys_job
from tests.comfyui.rig import PLAN, QUICK, SETTINGS, Rig
from tests.fakes.comfyui import CHECKPOINTS, FakeComfyUI

from iterativectl.clock import SystemClock
from iterativectl.config.types import AIGen, ComfyUI
from iterativectl.errors import GenerationError, ServerUnavailable, WorkflowRejected
from iterativectl.generation.comfyui import build
from iterativectl.generation.comfyui.generator import ComfyUIGenerator
from iterativectl.generation.comfyui.graph import png_texts
from iterativectl.generation.comfyui.hosts import Host, Hosts, Need
from iterativectl.generation.comfyui.order import Sent
from iterativectl.generation.comfyui.pool import Pool
from iterativectl.model import Finding

Crowded = Callable[..., Crowd]


@pytest.fixture
def crowded(tmp_path: Path, picture: Path, servers: Callable[..., FakeComfyUI]) -> Crowded:
    """So many fakes, each with its own faults where a list of them is given, and a pool of them."""

    def make(*faults: dict[str, Any], count: int = 2) -> Crowd:
        fakes = [servers(**one) for one in faults or [{} for _ in range(count)]]
        return Crowd(fakes, Rig(tmp_path, "", options={"hosts": tuple(fake.url for fake in fakes)}))

    return make


class TakesTheFirst(Hosts):
    """Planted: every server is as good as any other."""

    def _rank(self, host: Host, need: Need, **by: float) -> tuple[float, ...]:
        return (0.0,)


class SeesOnlyItsOwn(Hosts):
    """Planted: the jobs of others are not counted."""

    def _rank(self, host: Host, need: Need, **by: float) -> tuple[float, ...]:
        host.others = 0
        return super()._rank(host, need, **by)


class CountsTwice(Hosts):
    """Planted: its own jobs are counted in the queue as well."""

    def _look_at(self, host: Host) -> None:
        super()._look_at(host)
        host.others = host.generator.queue().running.__len__()


class ForgetsCheckpoints(Hosts):
    """Planted: no server is better for having the checkpoint in memory."""

    def _rank(self, host: Host, need: Need, **by: float) -> tuple[float, ...]:
        host.checkpoint = ""
        return super()._rank(host, need, **by)


class NeverRests(Hosts):
    """Planted: a server that failed is asked again at once."""

    def choose(self, need: Need, without: Any, attend: Any) -> Host | None:
        for host in self.all():
            host.rests_until = float("-inf")
        return super().choose(need, without, attend)


# -- what is built


def test_one_address_is_a_server_and_several_are_a_pool() -> None:
    def built(**comfyui: Any) -> object:
        aigen = AIGen(backend="comfyui", settings=SETTINGS, comfyui=ComfyUI(**comfyui))
        return build(aigen, Path, {})

    assert isinstance(built(host="box"), ComfyUIGenerator)
    assert isinstance(built(hosts=("http://a:8188/",)), ComfyUIGenerator)
    pool = built(hosts=("http://a:8188/", "http://me:secret@b:8188"))
    assert isinstance(pool, Pool) and pool.supports == {"img2img", "txt2img", "inpaint", "control"}


# -- the least to do


def _evenly(crowd: Crowd) -> None:
    """Twice as many jobs as servers, all at once."""
    made = crowd.side_by_side(range(1, 9))
    assert crowd.counted("renders") == [2, 2, 2, 2]
    for iteration, one in zip(range(1, 9), made, strict=True):
        content = (crowd.rig.folder / f"images/iteration_{iteration}.png").read_bytes()
        assert one.sha256 == hashlib.sha256(content).hexdigest()
        assert png_texts(content)["fake_prompt_id"] == one.ticket


def test_jobs_are_spread_evenly(crowded: Crowded) -> None:
    _evenly(crowded(*[{"job_seconds": 0.15}] * 4))


def test_one_server_takes_jobs_from_several_threads(crowded: Crowded) -> None:
    """They wait in its queue; each thread gets its own picture."""
    crowd = crowded({"job_seconds": 0.05})
    assert isinstance(crowd.rig.generator, ComfyUIGenerator)
    made = crowd.side_by_side(range(1, 6))
    for iteration, one in zip(range(1, 6), made, strict=True):
        content = (crowd.rig.folder / f"images/iteration_{iteration}.png").read_bytes()
        assert png_texts(content)["fake_prompt_id"] == one.ticket
    assert crowd.counted("renders") == [5] and crowd.counted("POST /upload")[0] <= 5


def test_a_pool_that_takes_the_first_is_caught(crowded: Crowded) -> None:
    """Planted twin."""
    with pytest.raises(AssertionError):
        _evenly(crowded(*[{"job_seconds": 0.05}] * 4).with_hosts(TakesTheFirst))


def _around_others(crowd: Crowd) -> None:
    """Two jobs of others wait at the first server, none at the second."""
    for _ in range(2):
        somebodys_job(crowd.fakes[0], crowd.rig)
    for iteration in (1, 2, 3):
        crowd.rig.generate(iteration=iteration)
    assert crowd.counted("accepted") == [2, 3]


def test_the_jobs_of_others_count(crowded: Crowded) -> None:
    _around_others(crowded({"job_seconds": 30.0}, {}))


def test_a_pool_that_counts_its_own_jobs_only_is_caught(crowded: Crowded) -> None:
    """Planted twin."""
    crowd = crowded({"job_seconds": 30.0}, {})
    crowd.rig.options |= {"queue_timeout_seconds": 0.2}
    with pytest.raises(GenerationError, match="waited longer than"):
        _around_others(crowd.with_hosts(SeesOnlyItsOwn))


def _a_tie(crowd: Crowd) -> None:
    """One of ours is at the first, one of others at the second: the checkpoint decides."""
    with crowd.a_job_at_the_first():
        somebodys_job(crowd.fakes[1], crowd.rig)
        hosts = crowd.pool._hosts
        for host in hosts.all():
            host.seen_at = float("-inf")
        chosen = hosts.choose(Need(PLAN.workflow, PLAN.ckpt_name), (), lambda: None)
        assert chosen and chosen.url == crowd.fakes[0].url


@pytest.fixture
def looking(crowded: Crowded) -> Crowd:
    """Two servers that take their time."""
    return crowded({"job_seconds": 60.0}, {"job_seconds": 60.0})


def test_our_own_jobs_in_a_queue_are_not_counted_twice(looking: Crowd) -> None:
    _a_tie(looking)


def test_a_pool_that_counts_its_own_jobs_twice_is_caught(looking: Crowd) -> None:
    """Planted twin."""
    with pytest.raises(AssertionError):
        _a_tie(looking.with_hosts(CountsTwice))


def test_events_and_tickets_name_the_server(crowded: Crowded) -> None:
    crowd = crowded()
    crowd.rig.generate(ckpt_name=CHECKPOINTS[0])
    crowd.rig.generate(iteration=4, ckpt_name=CHECKPOINTS[1])
    hosts = [data["host"] for data in crowd.rig.told("generation_queued")]
    assert hosts == [fake.url for fake in crowd.fakes]
    assert crowd.rig.tickets().all()[0].host == hosts[0]


# -- the same checkpoint


def _by_checkpoint(crowd: Crowd) -> None:
    one, two = CHECKPOINTS
    for iteration, checkpoint in enumerate((one, two, two, two, one), 1):
        crowd.rig.generate(iteration=iteration, ckpt_name=checkpoint)
    names = [
        [body["prompt"]["1"]["inputs"]["ckpt_name"] for body in fake.sent("POST", "/prompt")]
        for fake in crowd.fakes
    ]
    assert names == [[one, one], [two, two, two]]


def test_a_checkpoint_stays_where_it_is_loaded(crowded: Crowded) -> None:
    _by_checkpoint(crowded())


def test_a_pool_without_a_memory_of_checkpoints_is_caught(crowded: Crowded) -> None:
    """Planted twin."""
    with pytest.raises(AssertionError):
        _by_checkpoint(crowded().with_hosts(ForgetsCheckpoints))


def test_each_server_gets_each_picture_once(crowded: Crowded) -> None:
    crowd = crowded()
    for iteration in range(1, 5):
        crowd.rig.generate(iteration=iteration, ckpt_name=CHECKPOINTS[iteration % 2])
    assert crowd.counted("uploads") == [1, 1]


# -- dead servers rest


def _rested(crowd: Crowd) -> None:
    crowd.pool._hosts._pace = replace(QUICK, rest_first=60.0)
    first, second = crowd.fakes
    first.down()
    crowd.rig.generate(iteration=1)
    assert first.url in crowd.rig.told("warning")[0]["message"]
    first.up()
    crowd.rig.generate(iteration=2)  # it rests: nobody asks it
    assert not first.log and second.counters["accepted"] == 2
    crowd.pool._hosts.all()[0].rests_until = SystemClock().monotonic()  # its time is over
    crowd.rig.generate(iteration=3, ckpt_name=CHECKPOINTS[1])
    assert crowd.counted("accepted") == [1, 2]


def test_a_dead_server_is_left_alone_and_comes_back(crowded: Crowded) -> None:
    _rested(crowded())


def test_a_pool_that_never_lets_a_server_rest_is_caught(crowded: Crowded) -> None:
    """Planted twin."""
    with pytest.raises(AssertionError):
        _rested(crowded().with_hosts(NeverRests))


class _Clock(SystemClock):
    def __init__(self) -> None:
        self.time = 1000.0

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def resting(servers: Callable[..., FakeComfyUI]) -> tuple[Hosts, Host, _Clock]:
    """The hosts of a pool, one of them, and a clock that stands still."""
    pool = build(
        AIGen(backend="comfyui", settings=SETTINGS, comfyui=ComfyUI(hosts=("http://a", "http://b"))), Path, {}
    )
    assert isinstance(pool, Pool)
    clock = _Clock()
    generators = [host.generator for host in pool._hosts.all()]
    hosts = Hosts(generators, Sent(), clock, replace(QUICK, rest_first=5.0, rest_longest=300.0), print)
    return hosts, hosts.all()[0], clock


def test_the_rest_doubles_up_to_a_cap_and_ends_with_a_picture(
    resting: tuple[Hosts, Host, _Clock],
) -> None:
    hosts, host, clock = resting
    rests = []
    for _ in range(9):
        hosts.fell(host, ServerUnavailable("gone"))
        rests.append(host.rests_until - clock.time)
        hosts.fell(host, ServerUnavailable("gone"))  # a second job of ours there: the same failure
        assert host.rests_until - clock.time == rests[-1]
        clock.time = host.rests_until + 1
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    hosts.did_well(host)
    hosts.fell(host, ServerUnavailable("gone"))
    assert host.rests_until - clock.time == 5


def test_all_servers_dead(crowded: Crowded) -> None:
    crowd = crowded()
    assert crowd.pool.reachable()
    crowd.fakes[0].down()
    assert crowd.pool.reachable()
    crowd.fakes[1].down()
    with pytest.raises(ServerUnavailable) as caught:
        crowd.rig.generate()
    assert all(f"ComfyUI at {fake.url} cannot be reached" in caught.value.message for fake in crowd.fakes)
    assert not crowd.pool.reachable() and not crowd.rig.outcomes()
    crowd.fakes[1].up()
    assert crowd.pool.reachable()
    crowd.rig.generate()  # although it rests: there is no other


def test_a_server_that_wants_a_login_is_no_server(crowded: Crowded) -> None:
    crowd = crowded({"auth": "forbidden"}, {})
    crowd.rig.generate()
    assert crowd.counted("accepted") == [0, 1]


# -- what a server lacks


def test_what_one_server_refuses_another_may_make(crowded: Crowded) -> None:
    crowd = crowded({"checkpoints": ()}, {})
    made = crowd.rig.generate()
    assert crowd.counted("renders") == [0, 1] and crowd.rig.outcomes() == ["failed", "collected"]
    assert [ticket.host for ticket in crowd.rig.tickets().all()] == [fake.url for fake in crowd.fakes]
    assert crowd.rig.tickets().all()[1].ticket == made.ticket
    crowd.rig.generate(iteration=4)  # and the first is not asked again so soon
    assert len(crowd.fakes[0].sent("POST", "/prompt")) == 1


def test_what_all_refuse_is_refused_with_the_reason_of_each(crowded: Crowded) -> None:
    crowd = crowded({"checkpoints": ()}, {}, {"checkpoints": ("other.safetensors",)})
    crowd.fakes[1].down()
    with pytest.raises(WorkflowRejected, match="no server of comfyui.hosts takes the workflow") as caught:
        crowd.rig.generate()
    first, second, third = (fake.url for fake in crowd.fakes)
    for words in (f"{first}: ComfyUI refused", f"{third}: ComfyUI refused", f"{second}: ComfyUI at"):
        assert words in caught.value.message
    assert crowd.counted("POST /prompt") == [1, 0, 1]


def test_a_workflow_that_cannot_be_read_asks_nobody(crowded: Crowded) -> None:
    crowd = crowded()
    crowd.rig.workflow = crowd.rig.folder / "ui.json"
    crowd.rig.workflow.write_text('{"nodes": [], "links": []}')
    with pytest.raises(WorkflowRejected, match="editor's own format"):
        crowd.rig.generate()
    assert not any(fake.log for fake in crowd.fakes)


# -- what doctor is told


def _by_status(findings: Sequence[Finding]) -> dict[str, list[str]]:
    return {
        status: [f"{f.what} ({f.why})" for f in findings if f.status == status]
        for status in ("ok", "warning", "error")
    }


def test_check_says_per_server_what_differs(crowded: Crowded) -> None:
    crowd = crowded({"generation": "B"}, {"generation": "B", "checkpoints": ()})
    found = _by_status(crowd.pool.check(SETTINGS))
    first, second = (fake.url for fake in crowd.fakes)
    assert not found["error"]
    assert len(found["warning"]) == 1 and found["warning"][0].startswith(f"{second}: workflow: node 1")
    assert "the other servers will do the work" in found["warning"][0]
    assert sum("0.33.0 answers at" in words for words in found["ok"]) == 2
    assert sum("img2img_no_mask" in words for words in found["ok"]) == 1  # what both say is said once
    assert any(words.startswith(f"{first}: the server has all") for words in found["ok"])


def test_check_with_a_dead_server(crowded: Crowded) -> None:
    crowd = crowded({"generation": "B"}, {"generation": "B"})
    crowd.fakes[0].down()
    found = _by_status(crowd.pool.check(SETTINGS))
    assert not found["error"] and "cannot be reached" in found["warning"][0]


def test_what_every_server_lacks_is_an_error(crowded: Crowded) -> None:
    crowd = crowded({"checkpoints": ()}, {"checkpoints": ()})
    found = _by_status(crowd.pool.check(SETTINGS))
    assert len(found["error"]) == 1 and "ckpt_name" in found["error"][0]
    crowd.fakes[0].down()
    found = _by_status(crowd.pool.check(SETTINGS))
    assert len(found["error"]) == 2  # one is away, the other lacks the file


def test_the_need_tells_workflows_and_checkpoints_apart(resting: tuple[Hosts, Host, _Clock]) -> None:
    hosts, host, clock = resting
    hosts.refuses(host, Need("a.json", "x"))
    ranks = [
        hosts._rank(host, need, heard_since=0.0, now=clock.time)[0]
        for need in (Need("a.json", "x"), Need("a.json", "y"), Need("b.json", "x"))
    ]
    assert ranks == [True, False, False]
    assert not hosts._rank(host, Need("a.json", "x"), heard_since=0.0, now=clock.time + 301)[0]


def test_the_graph_on_disk_is_the_one_that_was_taken(crowded: Crowded) -> None:
    crowd = crowded({"checkpoints": ()}, {})
    crowd.rig.generate()
    (body,) = crowd.fakes[1].sent("POST", "/prompt")
    assert json.loads(crowd.rig.inputs().graph_destination.read_text()) == body["prompt"]
