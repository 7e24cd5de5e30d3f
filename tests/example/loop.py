"""The example's loop on other photographs: as it is, with advice switched off, with shuffled verdicts."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image
from tests.fakes.judge_server import Asked
from tests.fakes.openai_compatible import FakeOpenAICompatible

from iterativectl import compose
from iterativectl.clock import SystemClock
from iterativectl.config.rules import load_rules
from iterativectl.images.normalise import to_input_png, to_picture
from iterativectl.model import Item
from iterativectl.ports import VisionRequest
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.runner import Ended
from iterativectl.vision.embedded.judge import EmbeddedJudge

ROOT = Path(__file__).parents[2]
PHOTOS = ("pagoda", "great_wall", "aitzgorri")
SIDE = 384  # px; the judge's working size, so that the painter's pictures lose nothing it looks at


@dataclass(frozen=True)
class Told:
    """How one run went."""

    ended: Ended
    denoise: tuple[float, ...]
    failed: tuple[tuple[str, ...], ...]

    @property
    def as_told(self) -> bool:
        """Accepted in 2 to 9 iterations."""
        return self.ended.accepted and 2 <= self.ended.iterations <= 9


def make_project(workspace: Path, name: str, photo: Path) -> ProjectPaths:
    """The example's settings with another photograph."""
    project = WorkspacePaths(workspace).project(name)
    shutil.copytree(ROOT / "projects" / "example" / "config", project.config)
    picture = Image.open(photo)
    picture.thumbnail((SIDE, SIDE))
    small = workspace / f"{name}.png"
    picture.save(small)
    project.input.parent.mkdir()
    project.input.write_bytes(to_input_png(small.read_bytes()))
    return project


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    """Change a settings file of a project."""
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data))


def run(project: ProjectPaths, seed: int) -> Told:
    """One run to its end."""
    denoise: list[float] = []
    failed: list[tuple[str, ...]] = []

    def report(event: Any) -> None:
        if event.type == "iteration_planned":
            denoise.append(event.data["plan"]["parameters"]["denoise"])
        if event.type == "verdicts_done":
            failed.append(tuple(v["field"] for v in event.data["verdicts"] if v["verdict"] != "passed"))

    workspace = WorkspacePaths(project.root.parents[1])
    world = compose.World(environ={}, clock=SystemClock())
    ended = compose.run_project(workspace, project, compose.RunOptions(seed=seed), world, report)
    return Told(ended=ended, denoise=tuple(denoise), failed=tuple(failed))


def without_advice(project: ProjectPaths) -> None:
    """Nothing that a verdict says reaches the next try: no tags to add, no parameters suggested."""

    def untag(rules: Any) -> None:
        for criterion in rules["acceptance_criteria"]:
            for tag in ("must_include", "ban_terms", "avoid_terms"):
                criterion.pop(tag, None)

    rewrite(project.rules, untag)
    rewrite(project.aigen, lambda aigen: aigen.update(tuning={"suggest": False}))


class ShuffledServer:
    """The embedded judge behind HTTP; shuffled, each verdict goes to another criterion than its own."""

    def __init__(self, project: ProjectPaths, seed: int, shuffle: bool) -> None:
        rules, _ = load_rules(project.rules)
        self._items = {c.field: c.item() for c in rules.acceptance_criteria if not c.measure}
        names = list(self._items)
        self._reported_as = dict(zip(names, names, strict=True))
        if shuffle:
            self._reported_as = dict(zip(names, _deranged(names, seed), strict=True))
        self._judge = EmbeddedJudge()

    def answer(self, asked: Asked) -> str:
        """The reply to one request; only the criteria are answered, the rest is unusable."""
        fields = ((asked.schema or {}).get("properties", {}).get("criteria") or {}).get("properties")
        if not fields:
            return "{}"
        items = tuple(self._items[field] for field in fields)
        shown = tuple(
            (label, to_picture(png)) for label, png in zip(("original", "result"), asked.images, strict=True)
        )
        request = VisionRequest(kind="evaluate_criteria", prompt="", items=items, images=shown)
        truth = json.loads(self._judge.ask(request).text)["criteria"]
        passed = {self._reported_as[item.field]: _passes(item, truth[item.field]["answer"]) for item in items}
        return json.dumps({"criteria": {item.field: _answer(item, passed[item.field]) for item in items}})


@contextmanager
def judged_by_server(project: ProjectPaths, seed: int, shuffle: bool) -> Iterator[None]:
    """A server judges this project meanwhile."""
    with FakeOpenAICompatible(answer=ShuffledServer(project, seed, shuffle).answer) as server:
        settings = {"provider": "openai_compatible", "model": "m", "base_url": server.url}
        project.aivis.write_text(yaml.safe_dump(settings))
        yield


def _deranged(names: list[str], seed: int) -> list[str]:
    """The names in an order in which none stands in its own place."""
    rng, shuffled = random.Random(seed), list(names)
    while any(one == other for one, other in zip(names, shuffled, strict=True)):
        rng.shuffle(shuffled)
    return shuffled


def _passes(item: Item, answer: str) -> bool:
    wanted = "no" if item.min == 0 and item.max == 0 else "yes"
    return answer == wanted


def _answer(item: Item, passed: bool) -> dict[str, str]:
    wanted, other = ("no", "yes") if item.min == 0 and item.max == 0 else ("yes", "no")
    return {"reason": "", "answer": wanted if passed else other, "confidence": "high"}
