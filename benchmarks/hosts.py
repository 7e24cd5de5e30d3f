"""Several ComfyUI servers as one: how much faster are they than one, and what does the choosing cost?

    python benchmarks/hosts.py [--jobs-each 6]

The servers are the tests' fake ones, each in a process of its own, with jobs of 2 seconds. Jobs are sent as
variants send them: threads that call `generate`, two for each server, so that the next job waits where the
last one ends. The same jobs' worth of time is measured with one server and with four.

Choosing is measured alone, in CPU time of this process (all its threads, none of the servers'): with every
server asked for its queue, as after a second of rest, and out of what was seen a moment ago. Then a graph
of 60 nodes is patched. Goals: at least 3.8 times the throughput; choosing and patching within 5 ms together.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from servers import fleet

from iterativectl import resources
from iterativectl.config.types import AIGen, ComfyUI
from iterativectl.generation.comfyui import build
from iterativectl.generation.comfyui.graph import Workflow, load
from iterativectl.generation.comfyui.hosts import Need
from iterativectl.generation.comfyui.patch import Names, patch
from iterativectl.generation.comfyui.pool import Pool
from iterativectl.generation.comfyui.trace import trace
from iterativectl.model import Parameters, Plan, Prompts, Settings
from iterativectl.ports import GenerationInputs
from iterativectl.project.tickets import TicketFile

GOAL_TIMES = 3.8
GOAL_CPU_MS = 5.0
HOSTS = 4
JOB_SECONDS = 2.0
THREADS_A_HOST = 2
NODES = 60
ROUNDS = 60
WORKFLOW = "img2img_no_mask_api.json"
PLAN = Plan(
    iteration=1,
    take=0,
    strategy="img2img",
    parent=None,
    source="input",
    workflow=WORKFLOW,
    ckpt_name="tiny_sd15.safetensors",
    parameters=Parameters(denoise=0.5, cfg=7.0, steps=4, sampler_name="euler", scheduler="normal"),
    prompts=Prompts(positive="a red house", negative="blurry"),
    seed=1,
    mask=None,
    reasons=(),
)


class Work:
    """Jobs for a generator over these servers, each with a folder's worth of files as in a run."""

    def __init__(self, folder: Path, urls: list[str]) -> None:
        self.folder = folder
        self.picture = folder / "input.png"
        Image.linear_gradient("L").resize((256, 256)).convert("RGB").save(self.picture)
        settings = Settings(
            workflow=WORKFLOW,
            ckpt_name=PLAN.ckpt_name,
            parameters=PLAN.parameters,
            prompts=PLAN.prompts,
        )
        aigen = AIGen(backend="comfyui", settings=settings, comfyui=ComfyUI(hosts=tuple(urls)))
        self.generator = build(aigen, lambda name: resources.path("workflow", name), {})

    def make(self, number: int) -> None:
        inputs = GenerationInputs(
            source=self.picture,
            mask=None,
            control_image=None,
            destination=self.folder / f"{number}.png",
            graph_destination=self.folder / f"{number}_api.json",
            tickets=TicketFile(self.folder / f"{number}_tickets.json", lambda: "now", lambda _: None),
            attend=lambda: None,
            project="benchmark",
            run_id="hosts",
        )
        self.generator.generate(replace(PLAN, iteration=number, seed=number), inputs, lambda _: None)

    def seconds(self, jobs: int, threads: int) -> float:
        """The time that so many jobs take, sent by so many threads."""
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as at_once:
            for job in [at_once.submit(self.make, number) for number in range(1, jobs + 1)]:
                job.result()
        return time.perf_counter() - began


def throughput(folder: Path, urls: list[str], jobs_each: int) -> float:
    """Jobs a minute of these servers together."""
    folder.mkdir()
    jobs = jobs_each * len(urls)
    seconds = Work(folder, urls).seconds(jobs, THREADS_A_HOST * len(urls))
    made = len(list(folder.glob("*_api.json")))
    assert made == jobs
    print(f"{len(urls)} server(s): {jobs} jobs of {JOB_SECONDS:g} s in {seconds:.2f} s")
    return jobs / seconds * 60


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU time of all threads of this process, in milliseconds."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def choosing(folder: Path, urls: list[str]) -> tuple[list[float], list[float]]:
    """CPU ms of choosing a server: every one asked, and none asked."""
    folder.mkdir()
    pool = Work(folder, urls).generator
    assert isinstance(pool, Pool)
    hosts, need = pool._hosts, Need(WORKFLOW, PLAN.ckpt_name)

    def choose() -> None:
        chosen = hosts.choose(need, (), lambda: None)
        assert chosen is not None
        hosts.leave(chosen)

    asked, remembered = [], []
    choose()
    for _ in range(ROUNDS):
        for host in hosts.all():
            host.seen_at = float("-inf")
        asked.append(cpu_ms(choose))
        remembered.append(cpu_ms(choose))
    return asked, remembered


def patching() -> list[float]:
    """CPU ms of writing a plan into a graph of 60 nodes."""
    workflow = long_chain(NODES)
    roles = trace(workflow, {})
    names = Names(prefix="iterative/benchmark/hosts/iteration_1", image="iterative/picture.png")
    assert len(workflow.graph) == NODES
    return [cpu_ms(lambda: patch(workflow.graph, roles, PLAN, names)) for _ in range(ROUNDS)]


def long_chain(nodes: int) -> Workflow:
    """The shipped workflow with as many LoRAs before its sampler as make so many nodes."""
    shipped = load(resources.path("workflow", WORKFLOW).read_bytes(), WORKFLOW)
    graph = {name: {**node, "inputs": dict(node["inputs"])} for name, node in shipped.graph.items()}
    sampler = next(name for name in graph if graph[name]["class_type"] == "KSampler")
    for number in range(nodes - len(graph)):
        inputs = {
            "model": graph[sampler]["inputs"]["model"],
            "lora_name": f"style_{number}.safetensors",
            "strength_model": 0.5,
        }
        graph[f"lora {number}"] = {"class_type": "LoraLoaderModelOnly", "inputs": inputs}
        graph[sampler]["inputs"]["model"] = [f"lora {number}", 0]
    return Workflow(name="60 nodes", graph=graph)


def told(name: str, values: list[float]) -> float:
    median = statistics.median(values)
    print(f"{name}: median {median:.2f} ms CPU, largest {max(values):.2f} ms")
    return median


@contextlib.contextmanager
def working() -> Iterator[tuple[Path, list[str]]]:
    """A folder, and the servers' addresses."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with fleet(folder, HOSTS, job_seconds=JOB_SECONDS) as ports:
            yield folder, [f"http://127.0.0.1:{port}" for port in ports]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs-each", type=int, default=6)
    options = parser.parse_args()
    with working() as (folder, urls):
        asked, remembered = choosing(folder / "choosing", urls)
        patched = patching()
        one = throughput(folder / "one", urls[:1], options.jobs_each)
        all_ = throughput(folder / "all", urls, options.jobs_each)
    cpu = told(f"choosing 1 of {HOSTS}, all asked", asked) + told(f"patching {NODES} nodes", patched)
    told(f"choosing 1 of {HOSTS}, all seen a moment ago", remembered)
    times = all_ / one
    print(f"choosing and patching: {cpu:.2f} ms CPU (goal: under {GOAL_CPU_MS:g} ms)")
    print(f"{HOSTS} servers: {times:.2f} times the throughput of one (goal: at least {GOAL_TIMES:g})")
    return 0 if cpu < GOAL_CPU_MS and times >= GOAL_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
