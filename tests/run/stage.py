"""A project on a stage: real files, a fake ComfyUI, a fake judge, time that passes only when somebody waits.

Runs go through compose.run_project, as those of `iterativectl run` do. Nothing of ours is patched: what a
test wants to happen in the middle of a run it does from the Reporter, where a person would be watching.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.judge_server import Asked, JudgeServer, instance

from iterativectl import compose, runner
from iterativectl.config.yaml_source import parse_yaml
from iterativectl.events import Event
from iterativectl.images.normalise import from_pixels
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths

RUN_SEED = 7
CANARY = "zanzibar"  # a word of the positive prompt that no judge may ever hear

RULES = """\
project: {name: attire, max_iterations: 4}
acceptance_criteria:
  - field: suit
    question: Is it a dark suit?
    intent: change
    must_include: [dark suit]
    ban_terms: [hoodie]
  - {field: face, question: "Is it the same face?", intent: preserve, ban_terms: [other face]}
questions:
  - {field: clothing, question: "What is worn?", type: string}
  - {field: people, question: "How many people?", type: integer, min: 0, max: 9}
"""
AIGEN = """\
backend: embedded
workflow_file: workflow/img2img_no_mask_api.json
model: {ckpt_name: tiny_sd15.safetensors}
comfyui: {url: "http://127.0.0.1:1", wait_seconds: 30}
parameters: {denoise: 0.5, cfg: 7.0, steps: 2, seed: null, sampler_name: euler, scheduler: normal}
prompts: {positive: "zanzibar sunset", negative: "blurry"}
"""
AIVIS = """\
provider: ollama
model: qwen3-vl:4b
base_url: "http://127.0.0.1:1"
retries: 2
"""

Says = Callable[[str, int], Any]


class Clock:
    """Time that moves a little with every look, and by whole waits. `meanwhile` is called in each of them."""

    def __init__(self) -> None:
        self.began = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc)
        self.seconds = 0.0
        self.waits: list[float] = []
        self.meanwhile: Callable[[float], None] = lambda waited: None

    def now(self) -> datetime:
        self.seconds += 0.001
        return self.began + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.waits.append(seconds)
        assert sum(self.waits) < 100_000, "somebody waits for ever"
        self.meanwhile(sum(self.waits))


class Critic:
    """A judge whose verdicts follow from how many other results it has seen: `says(field, nth)`, nth from 1.

    `prefers(first, second)` says which of two results is better, `critique` what is wrong with each.
    A picture is known by its content, so that one that is shown again is judged as before.
    """

    def __init__(self, says: Says) -> None:
        self.says = says
        self.asked: list[Asked] = []
        self.answers: Mapping[str, Any] = {"clothing": "a grey hoodie", "people": 1}
        self.critique: Sequence[Any] = ()
        self.prefers: Callable[[int, int], str] = lambda first, second: "equal"
        self.advice: Mapping[str, Any] = {"positive": f"{CANARY} sunset, fog", "negative": "blurry"}
        self._seen: dict[str, int] = {}

    def __call__(self, asked: Asked) -> str:
        self.asked.append(asked)
        if asked.schema is None:
            return "A person in a hoodie."
        value = instance(asked.schema)
        if "criteria" in value:
            nth = self.nth(asked.images[1])
            for name, record in value["criteria"].items():
                record |= {"answer": self.says(name, nth), "reason": f"{name} in picture {nth}"}
        if "answers" in value:
            value["answers"] = {name: self.answers.get(name) for name in value["answers"]}
        if "better" in value:
            value["better"] = self.prefers(*map(self.nth, asked.images[1:]))
        if "critique" in value:
            value["critique"] = list(self.critique)
        if "positive" in value:
            value |= {**self.advice, "reason": "what failed"}
        return json.dumps(value)

    def nth(self, picture: bytes) -> int:
        """How many results, this one included, were shown when it was shown first."""
        return self._seen.setdefault(hashlib.sha256(picture).hexdigest(), len(self._seen) + 1)

    def of(self, key: str) -> list[Asked]:
        """The requests whose reply has this key: answers, criteria, similarity, better, positive, denoise."""
        return [asked for asked in self.asked if asked.schema and key in asked.schema["properties"]]

    @property
    def described(self) -> list[Asked]:
        """The requests for a description."""
        return [asked for asked in self.asked if asked.schema is None]


def from_picture(nth: int) -> Says:
    """The suit is there from the nth picture on; the face always stays."""
    return lambda field, seen: "yes" if field != "suit" or seen >= nth else "no"


def never(field: str, nth: int) -> str:
    """The suit never comes."""
    return "no" if field == "suit" else "yes"


@dataclass
class Stage:
    """A workspace with one project, and whoever watches its runs."""

    root: Path
    clock: Any = field(default_factory=Clock)
    environ: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    watchers: list[Callable[[Event], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        config = self.project.config
        config.mkdir(parents=True)
        self.project.input.parent.mkdir()
        self.rules(RULES)
        self.aigen(AIGEN)
        self.aivis(AIVIS)
        self.project.input.write_bytes(from_pixels(scenery()))

    @property
    def workspace(self) -> WorkspacePaths:
        return WorkspacePaths(self.root)

    @property
    def project(self) -> ProjectPaths:
        return self.workspace.project("attire")

    # -- the files that people write

    def rules(self, text: str | None = None, *changes: tuple[str, str]) -> None:
        _written(self.project.rules, text, changes)

    def aigen(self, text: str | None = None, *changes: tuple[str, str]) -> None:
        _written(self.project.aigen, text, changes)

    def aivis(self, text: str | None = None, *changes: tuple[str, str]) -> None:
        _written(self.project.aivis, text, changes)

    def edit(self, *changes: tuple[str, str]) -> None:
        """Edit working/AIGen.yaml as a person does."""
        _written(self.project.settings, None, changes)

    def ask_for(self, request: str, run_id: str | None = None) -> None:
        """control.json."""
        body = {"format": "control/1", "run_id": run_id or self.run_ids[-1], "request": request, "at": "now"}
        self.project.control.write_text(json.dumps(body))

    # -- running

    def run(self, **options: Any) -> runner.Ended:
        """`iterativectl run`. The events of this run alone are in `events` afterwards."""
        self.events.clear()
        options = {"seed": RUN_SEED, **options}
        return compose.run_project(
            self.workspace, self.project, compose.RunOptions(**options), self.world, self._report
        )

    def run_until(self, kind: str, iteration: int | None = None, **options: Any) -> None:
        """A run that Ctrl-C ends when this event comes."""
        self.at(kind, iteration, _interrupt)
        try:
            self.run(**options)
        except KeyboardInterrupt:
            return
        finally:
            self.watchers.clear()
        raise AssertionError(f"the run came to its end before {kind} {iteration or ''}")

    def dry_run(self, **options: Any) -> list[str]:
        """The lines of `iterativectl run --dry-run`, without its notes about the files."""
        wanted = compose.RunOptions(**{"seed": RUN_SEED, **options})
        return list(compose.dry_run(self.workspace, self.project, wanted, self.world).lines)

    @property
    def world(self) -> compose.World:
        return compose.World(environ=self.environ, clock=self.clock)

    def at(self, kind: str, iteration: int | None, act: Callable[[], object]) -> None:
        """Do something once, when such an event comes."""
        done: list[Event] = []

        def watch(event: Event) -> None:
            if event.type == kind and iteration in (None, event.iteration) and not done:
                done.append(event)
                act()

        self.watchers.append(watch)

    def _report(self, event: Event) -> None:
        self.events.append(event)
        for watcher in tuple(self.watchers):
            watcher(event)

    # -- what came of it

    def told(self, kind: str) -> list[Event]:
        """The events of one type, of the last run."""
        return [event for event in self.events if event.type == kind]

    @property
    def notes(self) -> str:
        """What the last run said at its beginning, one note a line."""
        return "\n".join(self.told("run_started")[0].data["notes"])

    @property
    def warnings(self) -> str:
        return "\n".join(event.data["message"] for event in self.told("warning"))

    @property
    def run_ids(self) -> list[str]:
        return sorted(path.parent.name for path in self.project.working.glob("*/run.json"))

    @property
    def paths(self) -> RunPaths:
        """The newest run's."""
        return self.project.run(self.run_ids[-1])

    @property
    def checkpoint(self) -> dict[str, Any]:
        return read(self.project.checkpoint)

    @property
    def output(self) -> dict[str, Any]:
        return read(self.project.output_metadata)

    def plan(self, iteration: int) -> dict[str, Any]:
        return read(self.paths.plan(iteration))

    def metadata(self, iteration: int) -> dict[str, Any]:
        return read(self.paths.metadata(iteration))

    @property
    def committed(self) -> list[int]:
        """The numbers of the newest run's finished iterations."""
        folder = self.paths.root / "metadata"
        return sorted(int(path.name.split("_")[1]) for path in folder.glob("*.json"))

    @property
    def settings(self) -> dict[str, Any]:
        """working/AIGen.yaml."""
        data = parse_yaml(self.project.settings.read_text(), "AIGen.yaml").data
        assert isinstance(data, dict)
        return data

    def lines(self, path: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text().splitlines()]


def judged_by(stage: Stage, server: JudgeServer) -> None:
    """Point AIVis.yaml to a fake."""
    stage.aivis(None, ("http://127.0.0.1:1", server.url))


def painted_by(stage: Stage, url: str) -> None:
    """Let a ComfyUI make the pictures."""
    stage.aigen(None, ("backend: embedded", "backend: comfyui"), ("http://127.0.0.1:1", url))


def lose_server(stage: Stage, comfyui: FakeComfyUI, iteration: int) -> None:
    """Let the server be gone in this iteration: a proxy's page first, so that no back-off is waited for."""
    stage.at("iteration_planned", iteration, lambda: comfyui.switches.set("prompt", "htmlx1"))
    stage.at("iteration_failed", iteration, comfyui.down)


def read(path: Path) -> dict[str, Any]:
    data = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def tree(root: Path) -> dict[str, str]:
    """Every file below a folder and its hash."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def scenery(width: int = 64, height: int = 48, seed: int = 1) -> Any:
    """A sky above a meadow with some grain."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(0, 1, height)[:, None, None]
    base = np.where(rows < 0.5, np.array([120, 160, 220.0]), np.array([70, 120, 50.0]))
    grain = cv2.resize(rng.normal(0, 30, (8, 8, 3)), (width, height))
    return np.clip(base + grain, 0, 255).astype(np.uint8)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _written(path: Path, text: str | None, changes: Sequence[tuple[str, str]]) -> None:
    text = path.read_text() if text is None else text
    for old, new in changes:
        assert old in text, f"{old!r} is not in {path.name}"
        text = text.replace(old, new, 1)
    path.write_text(text)
