"""A project with a ComfyUI and a paid judge, both behind gates, and the real program to be run on it."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash import disk as books
from tests.crash import scenes, trees
from tests.crash.gate import Gate, Passing
from tests.crash.zygote import Run, Zygote
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible

PRICE = 0.00014  # USD an answer
COMMAND = ("run", "--project", scenes.PROJECT, "--seed", "7")
CHAT = "POST /v1/chat/completions"


@dataclass
class Site:
    """A project, its servers behind gates, and what they have counted for the run at hand."""

    workspace: Path
    zygote: Zygote
    comfyui: FakeComfyUI
    script: scenes.Script
    gates: tuple[Gate, Gate]
    before: Counter[str] = field(default_factory=Counter)

    @property
    def project(self) -> Path:
        return self.workspace / scenes.ROOT

    def start(self) -> Run:
        return self.zygote.start(self.workspace, *COMMAND)

    def act(self, act: Callable[[Passing], None]) -> None:
        for gate in self.gates:
            gate.act = act

    @property
    def bought(self) -> Counter[str]:
        return Counter(self.script.bill.read_text().split())

    def counted(self, what: str) -> int:
        return self.comfyui.counters[what] - self.before[what]

    def forget(self) -> None:
        """From here on it is counted anew, in a fresh project."""
        self.act(lambda passing: None)
        shutil.rmtree(self.project / "working", ignore_errors=True)
        shutil.rmtree(self.project / "output", ignore_errors=True)
        self.script.bill.write_text("")
        self.before = self.comfyui.counters
        self.comfyui.engine.cache.clear()

    def iteration(self) -> int:
        return 1 + len(list(self.project.glob("working/*/metadata/*.json")))


@contextmanager
def built(folder: Path, zygote: Zygote) -> Iterator[Site]:
    """A site in a folder, with its servers."""
    script = scenes.Script(folder / "bill")
    with ExitStack() as stack:
        comfyui = stack.enter_context(FakeComfyUI("B"))
        judge = stack.enter_context(FakeOpenAICompatible(script, cost=PRICE))
        gates = (stack.enter_context(Gate(comfyui.url)), stack.enter_context(Gate(judge.url)))
        backends = scenes.Backends("comfyui", "openai_compatible", MODEL["id"], gates[1].url, gates[0].url)
        scenes.make_project(folder / "workspace", backends)
        yield Site(folder / "workspace", zygote, comfyui, script, gates)


@dataclass(frozen=True)
class Expected:
    """What an uninterrupted run leaves and buys."""

    tree: dict[str, Any]
    bought: Counter[str]


def uninterrupted(site: Site) -> Expected:
    run = site.start()
    assert run.wait() == 0, run.said
    expected = Expected(trees.tree(site.project), site.bought)
    assert expected.bought.total() >= 10 and site.counted("accepted") == 3
    site.forget()
    return expected


def check(site: Site, expected: Expected, kills_in_flight: int) -> None:
    """The tree, the pictures, and the money."""
    assert trees.difference(expected.tree, trees.tree(site.project)) == []
    assert (site.counted("accepted"), site.counted("renders")) == (3, 3), "nothing is rendered twice"
    found, twice = books.books(site.project), (site.bought - expected.bought).total()
    assert site.bought.keys() == expected.bought.keys()
    assert twice <= kills_in_flight and twice <= found.unknown <= kills_in_flight
    assert found.reserved <= site.bought.total() + kills_in_flight
    assert found.spent >= site.bought.total() * PRICE - 1e-9


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(0.005)
