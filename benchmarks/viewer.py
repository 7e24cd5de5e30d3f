"""What the viewer costs, with 10,000 iterations in its workspace: is it as quick as with 100?

    python benchmarks/viewer.py [--runs 500] [--iterations 20] [--folder FOLDER]

Three servers, each in a process of its own, on the same uvicorn: the viewer of a workspace with 100
iterations, that of one with many, and a bare Starlette application with one route, which returns as many
bytes as it is asked for. Every address is asked of all three in turn, round by round, over a connection that
stays open, so that a busy moment of the machine touches all alike; shown are medians, and their ratios.

Goals: the projects and the runs within 10 times the bare route; no address slower than 1.5 times with many
iterations; a run's first picture within 500 ms, its thumbnail not yet made; an event on the page's stream
within 300 ms of its line in the file; the process below 250 MB.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from big_workspace import build

from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.web import server

GOAL_BARE = 10.0  # times the bare route
GOAL_GROWTH = 1.5  # times the same with 100 iterations
GOAL_PICTURE_MS = 500.0
GOAL_EVENT_MS = 300.0
GOAL_MB = 250.0
FEW_RUNS = 5
ROUNDS = 60
EVENTS = 20
PATIENCE = 120.0  # seconds
TOKEN = "a-token-for-measuring-0123456789"
MEASURED = ("/api/projects", "/api/p/big/runs")  # what the goal for the bare route is about


@dataclass
class Served:
    """A server: its process, a connection that stays open, and the cookie that lets in."""

    process: subprocess.Popen[str]
    port: int
    connection: http.client.HTTPConnection = field(init=False)
    cookie: str = ""

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, address: str) -> tuple[bytes, float]:
        """(what is answered, milliseconds). Raises RuntimeError for anything but a success."""
        began = time.perf_counter()
        reply = self._reply(address)
        content = reply.read()
        passed = (time.perf_counter() - began) * 1000
        if reply.status == 303:
            self.cookie = reply.headers["Set-Cookie"].split(";")[0]
        elif reply.status != 200:
            raise RuntimeError(f"{address}: {reply.status} {content[:300]!r}")
        return content, passed

    def _reply(self, address: str) -> http.client.HTTPResponse:
        """Over the open connection; over a new one where the server has closed that meanwhile."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        try:
            self.connection.request("GET", address, headers=headers)
            return self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.connection.close()
            self.connection.request("GET", address, headers=headers)
            return self.connection.getresponse()

    def memory(self) -> tuple[float, float]:
        """(MB now, MB at most) of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        kilobytes = dict(line.split(":", 1) for line in status.splitlines())
        now, most = (int(kilobytes[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, most


def serve(root: str) -> None:
    """In a process of its own: the viewer of a workspace; "" for the bare route."""
    listening = server.listening("127.0.0.1", 0)
    port = listening.getsockname()[1]
    print(port, flush=True)
    if root:
        _serve_viewer(Path(root), port, listening)
    else:
        _serve_bare(listening)


def _serve_viewer(root: Path, port: int, listening: socket.socket) -> None:
    from iterativectl.clock import SystemClock
    from iterativectl.loading import World
    from iterativectl.web.site import Site

    world = World(environ=os.environ, clock=SystemClock())
    hosts = frozenset({f"127.0.0.1:{port}"})
    site = Site(workspace=WorkspacePaths(root), world=world, token=TOKEN, hosts=hosts)
    server.serve(site, listening)


def _serve_bare(listening: socket.socket) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def some_bytes(request: Request) -> Response:
        return Response(b"x" * request.path_params["count"], media_type="application/json")

    app = Starlette(routes=[Route("/{count:int}", some_bytes)])
    config = uvicorn.Config(app, loop="asyncio", http="h11", ws="none", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


@contextlib.contextmanager
def served(root: str) -> Iterator[Served]:
    """A server, until the block is left."""
    command = [sys.executable, str(Path(__file__).resolve()), "--serve", root]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = Served(process, int(process.stdout.readline()))
        if root:
            found.get(f"/?token={TOKEN}")
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE)


def until_read(viewer: Served) -> float:
    """Seconds until the viewer has read all runs."""
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE:
        said = json.loads(viewer.get("/api/p/big/runs")[0])
        if said["reading"] is None and said["total"]:
            return time.perf_counter() - began
        time.sleep(0.05)
    raise RuntimeError("the viewer did not read the runs in time")


def addresses(project: ProjectPaths) -> list[str]:
    run = f"/api/p/big/r/{runs.run_ids(project)[-1]}"
    lists = ["/api/projects", "/api/p/big/runs", "/api/p/big/runs?q=fog&sort=score", "/p/big"]
    return [*lists, run, f"{run}/i/3", f"{run}/human"]


@dataclass
class Times:
    """Of one address, in milliseconds."""

    few: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    bare_few: list[float] = field(default_factory=list)
    bare_many: list[float] = field(default_factory=list)


def asked(
    few: tuple[Served, ProjectPaths], many: tuple[Served, ProjectPaths], bare: Served
) -> dict[str, Times]:
    """Every address of both viewers, and as many bytes of the bare route, round by round."""
    pairs = list(zip(addresses(few[1]), addresses(many[1]), strict=True))
    found = {address: Times() for _, address in pairs}
    for number in range(ROUNDS + 1):
        for of_few, of_many in pairs:
            small, in_few = few[0].get(of_few)
            _, in_bare_few = bare.get(f"/{len(small)}")
            large, in_many = many[0].get(of_many)
            _, in_bare_many = bare.get(f"/{len(large)}")
            if number:  # the first of each is not counted
                times = found[of_many]
                times.few.append(in_few)
                times.many.append(in_many)
                times.bare_few.append(in_bare_few)
                times.bare_many.append(in_bare_many)
    return found


def never_asked(viewer: Served) -> float:
    """Milliseconds for a question that was not asked before: the index answers, not a kept page."""
    words = [f"view {number}" for number in range(ROUNDS)]
    return statistics.median(viewer.get(f"/api/p/big/runs?q={word.replace(' ', '+')}")[1] for word in words)


def told(found: dict[str, Times]) -> bool:
    """Print the table; whether the goals are met."""
    good = True
    print(f"{'median ms':40} {'100 it.':>8} {'many':>8} {'growth':>7} {'bare':>7} {'times bare':>11}")
    for address, times in found.items():
        few, many, bare = map(statistics.median, (times.few, times.many, times.bare_many))
        # A page that holds more is larger: what its bytes alone cost is no slowness.
        bytes_alone = bare / statistics.median(times.bare_few)
        growth, ratio = many / few / max(1.0, bytes_alone), many / bare
        good = good and growth <= GOAL_GROWTH and (address not in MEASURED or ratio <= GOAL_BARE)
        print(f"{address[:40]:40} {few:8.2f} {many:8.2f} {growth:7.2f} {bare:7.2f} {ratio:11.1f}")
    return good


def first_picture(viewer: Served, project: ProjectPaths) -> tuple[float, float]:
    """Milliseconds until a run's first picture is there: with a thumbnail not made yet, and with one."""
    measured = []
    for run_id in runs.run_ids(project)[:10]:
        shutil.rmtree(WorkspacePaths(project.root.parents[1]).thumbnails, ignore_errors=True)
        measured.append([_picture(viewer, run_id) for _ in range(2)])
    cold, warm = zip(*measured, strict=True)
    return max(cold), max(warm)


def _picture(viewer: Served, run_id: str) -> float:
    said, passed = viewer.get(f"/api/p/big/r/{run_id}")
    return passed + viewer.get(json.loads(said)["iterations"][0]["thumb"])[1]


def event_latency(viewer: Served, project: ProjectPaths) -> list[float]:
    """Milliseconds from the line in events.jsonl until it was read from the stream."""
    run = project.run(runs.run_ids(project)[-1])
    after = run.events.stat().st_size
    stream = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=PATIENCE)
    stream.request(
        "GET", f"/api/p/big/r/{run.run_id}/stream?after={after}", headers={"Cookie": viewer.cookie}
    )
    reply = stream.getresponse()
    found = []
    for number in range(EVENTS):
        time.sleep(0.05 + 0.037 * (number % 7))
        event: dict[str, Any] = {"format": "event/1", "at": "2026-11-21T12:00:00+00:00", "run_id": run.run_id}
        event |= {"iteration": 1, "type": "warning", "message": f"measuring {number}"}
        with run.events.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
        began = time.perf_counter()
        while f"measuring {number}".encode() not in reply.readline():
            if time.perf_counter() - began > PATIENCE:
                raise RuntimeError("the event did not come")
        found.append((time.perf_counter() - began) * 1000)
    stream.close()
    return found


def measure(few: ProjectPaths, many: ProjectPaths) -> bool:
    roots = [str(project.root.parents[1]) for project in (few, many)]
    with served("") as bare, served(roots[0]) as small, served(roots[1]) as large:
        seconds = until_read(large)
        until_read(small)
        print(f"first reading of {len(runs.run_ids(many))} runs: {seconds:.1f} s, shown as it goes on")
        good = told(asked((small, few), (large, many), bare))
        search, of_few = never_asked(large), never_asked(small)
        print(f"a search that was never asked before: {search:.1f} ms (with 100 iterations {of_few:.1f} ms)")
        cold, warm = first_picture(large, many)
        print(f"first picture of a run: {cold:.0f} ms, thumbnail made before: {warm:.0f} ms (at most, of 10)")
        events = event_latency(large, many)
        print(
            f"an event on the stream: median {statistics.median(events):.0f} ms, at most {max(events):.0f} ms"
        )
        now, most = large.memory()
        print(f"memory: {now:.0f} MB, at most {most:.0f} MB")
    return good and cold <= GOAL_PICTURE_MS and max(events) <= GOAL_EVENT_MS and most <= GOAL_MB


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the workspaces here, and use them again")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve is not None:
        serve(options.serve)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        few = workspace(folder / "few", FEW_RUNS, options.iterations)
        many = workspace(folder / "many", options.runs, options.iterations)
        good = measure(few, many)
    print("all goals met" if good else "a goal was missed")
    return 0 if good else 1


def workspace(root: Path, number: int, iterations: int) -> ProjectPaths:
    project = WorkspacePaths(root).project("big")
    if project.root.is_dir():
        shutil.rmtree(WorkspacePaths(root).derived, ignore_errors=True)
        return project
    return build(root, number, iterations)


if __name__ == "__main__":
    sys.exit(main())
