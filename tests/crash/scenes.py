"""Small projects to run, with the servers they need, and a judge whose answers follow from what it sees."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests
from tests.crash.harness import KILLED, TickingClock, Watcher, in_child, leave
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.judge_server import Asked, instance
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible

from iterativectl import compose
from iterativectl.errors import IterativeError
from iterativectl.events import Event
from iterativectl.images.normalise import from_pixels
from iterativectl.project.layout import ProjectPaths, WorkspacePaths

PROJECT = "p"
ROOT = Path("projects") / PROJECT  # seen from a workspace
WORKING = ROOT / "working"
RUN_SEED = 7
RULES = """\
project: {name: p, max_iterations: 3}
acceptance_criteria:
  - {field: dark, question: "Is it night?", type: boolean, intent: change, must_include: [night]}
  - {field: same_place, question: "Is it the same place?", type: boolean, intent: preserve, ban_terms: [city]}
  - {field: alike, measure: {metric: similarity, min: 0.01}, intent: preserve}
questions:
  - {field: sky, question: "What does the sky look like?", type: string}
  - {field: lamps, question: "How many lamps are lit?", type: integer, min: 0, max: 9}
"""
AIGEN = """\
backend: BACKEND
workflow_file: workflow/img2img_no_mask_api.json
model: {ckpt_name: tiny_sd15.safetensors}
comfyui: {url: "URL", wait_seconds: 5}
parameters: {denoise: 0.5, cfg: 7.0, steps: 2, seed: null, sampler_name: euler, scheduler: normal}
prompts: {positive: "", negative: ""}
tuning: {suggest: true}
"""
AIVIS = """\
provider: PROVIDER
model: MODEL
fallback_provider: null
base_url: "URL"
prices: {input: 1.0, output: 2.0}
"""
WORDS = ("sunset", "fog", "night in the fog", "winter night", "rain at night")


class Script:
    """Answers as a judge that finds the first picture bad, the second better, the third right.

    Pictures and prompts are known by their content: whoever asks the same again hears the same. `bill` is a
    file with a line for every answer, naming what was asked: none of them may be there twice.
    """

    def __init__(self, bill: Path) -> None:
        self.bill = bill
        bill.touch()
        self._seen: dict[str, int] = {}

    def __call__(self, asked: Asked) -> str:
        pictures = [hashlib.sha256(image).hexdigest() for image in asked.images]
        with self.bill.open("a") as lines:
            lines.write(_digest([asked.prompt, *pictures]) + "\n")
        return self._answer(asked.schema, pictures, asked.prompt)

    def _answer(self, schema: Mapping[str, Any] | None, pictures: list[str], prompt: str) -> str:
        if schema is None:
            return "A small landscape."
        parts = schema["properties"]
        value = instance(schema)
        if "criteria" in parts:
            nth = self._nth(pictures[-1])
            good = {"dark": nth >= 2, "same_place": nth >= 1}
            for name in parts["criteria"]["properties"]:
                word = "yes" if good[name] else "no"
                value["criteria"][name] = {"reason": f"seen in {nth}", "answer": word, "confidence": "high"}
        elif "answers" in parts:
            value["answers"] = {"sky": f"sky {self._nth(pictures[-1])}", "lamps": 2}
        elif "positive" in parts:
            value |= {"positive": WORDS[self._nth(prompt) % len(WORDS)], "negative": "city"}
        elif "denoise" in parts:
            value |= {"denoise": 0.6, "cfg": None, "steps": None, "sampler_name": None, "scheduler": None}
        return json.dumps(value)

    def _nth(self, content: str) -> int:
        """How many others were seen before this one for the first time; pictures and prompts apart."""
        kind = "picture" if len(content) == 64 else "prompt"
        return self._seen.setdefault(f"{kind} {content}", sum(key.startswith(kind) for key in self._seen))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@dataclass(frozen=True)
class Backends:
    """What a project is run with: names and addresses for AIGen.yaml and AIVis.yaml."""

    generator: str
    provider: str
    model: str
    judge_url: str
    comfyui_url: str = "http://127.0.0.1:1"


def make_project(workspace: Path, backends: Backends, size: int = 64) -> Path:
    """A project that takes three iterations; returns its folder."""
    root = workspace / "projects" / PROJECT
    (root / "config").mkdir(parents=True)
    (root / "input").mkdir()
    (root / "config/rules.yaml").write_text(RULES)
    aigen = AIGEN.replace("BACKEND", backends.generator).replace("URL", backends.comfyui_url)
    (root / "config/AIGen.yaml").write_text(aigen)
    aivis = AIVIS.replace("PROVIDER", backends.provider).replace("MODEL", backends.model)
    (root / "config/AIVis.yaml").write_text(aivis.replace("URL", backends.judge_url))
    (root / "input/input.png").write_bytes(from_pixels(landscape(size)))
    return root


def landscape(size: int) -> Any:
    """A sky above a meadow, with some grain."""
    rng = np.random.default_rng(1)
    rows = np.linspace(0, 1, size)[:, None, None]
    sky, meadow = np.array([120, 160, 220]), np.array([70, 120, 50])
    base = np.where(rows < 0.5, sky + 60 * rows, meadow * (0.6 + 0.6 * rows))
    return np.clip(base + rng.normal(0, 12, (size, size, 3)), 0, 255).astype(np.uint8)


class Scene:
    """A workspace, the run that is attacked in it, and how a person takes it up again.

    `code`: the exit code of a run that comes to its end. `price`: USD for an answer. The attack begins with
    the first operation on a file like `first` and ends with the first on one like `last`.
    """

    code = 0
    price = 0.0
    first = ""
    last = "never"

    def __init__(self, base: Path, stack: ExitStack) -> None:
        self.template = base / "template"
        self.script = Script(base / "bill")
        self.set_up(stack)

    def set_up(self, stack: ExitStack) -> None:
        """Start the servers and make the template."""
        raise NotImplementedError

    def enter(self, workspace: Path) -> None:
        """Make a fresh copy of the template the current folder; nothing is paid for so far."""
        os.chdir("/")
        if workspace.exists():
            shutil.rmtree(workspace)
        shutil.copytree(self.template, workspace)
        os.chdir(workspace)
        self.pay([])

    def run(self) -> tuple[int, Any]:
        return run()

    def resume(self) -> tuple[int, Any]:
        """What a person does who finds the project so: nothing, when it says that it is done."""
        return (self.code, "it is finished") if status() == "passed" else run(later=9)

    def bought(self) -> list[str]:
        """What the judge answered, by what it was asked, in order."""
        return self.script.bill.read_text().split()

    def pay(self, answers: Sequence[str]) -> None:
        """Let the bill be these answers and no others."""
        self.script.bill.write_text("".join(f"{line}\n" for line in answers))

    def jobs(self) -> int:
        """How many pictures a server has been asked for."""
        return 0


class Paid(Scene):
    """The embedded painter, and a judge who is paid for every answer."""

    price = 0.00014

    def set_up(self, stack: ExitStack) -> None:
        fake = stack.enter_context(FakeOpenAICompatible(self.script, cost=self.price))
        make_project(self.template, Backends("embedded", "openai_compatible", MODEL["id"], fake.url))

    def before(self, work: Callable[[], Any], watcher: Watcher | None = None) -> None:
        """Let something happen in the template first."""

        def there() -> Any:
            os.chdir(self.template)
            return work()

        in_child(there, seed=0, watcher=watcher)


class Masked(Paid):
    """A mask in play: what is sent, what came, and the picture that is made of it; the first iteration."""

    last = "iteration_1_questions"

    def set_up(self, stack: ExitStack) -> None:
        super().set_up(stack)
        mask = np.zeros((64, 64, 3), np.uint8)
        mask[8:40, 8:40] = 255
        (self.template / ROOT / "input/mask.png").write_bytes(from_pixels(mask))


class Again(Paid):
    """A second run after a finished one: the old checkpoint is put aside."""

    last = "iteration_1_tickets"

    def set_up(self, stack: ExitStack) -> None:
        super().set_up(stack)
        self.before(run)

    def run(self) -> tuple[int, Any]:
        return run(later=1)

    def resume(self) -> tuple[int, Any]:
        return run(later=9)


class Reset(Again):
    """`--reset` while a run is unfinished."""

    def set_up(self, stack: ExitStack) -> None:
        Paid.set_up(self, stack)
        self.before(run, lambda step: leave(KILLED) if "iteration_2_plan" in step.path else None)

    def run(self) -> tuple[int, Any]:
        return run(later=1, reset=True)

    def resume(self) -> tuple[int, Any]:
        """The same command again, until it shows that a new run has begun."""
        return run(later=9, reset=len(list(WORKING.glob("*/run.json"))) == 1)


class Seeded(Reset):
    """`--seed-from-ranking` while a run is unfinished, and its settings were edited by a person."""

    def set_up(self, stack: ExitStack) -> None:
        super().set_up(stack)
        (folder,) = (self.template / WORKING).glob("2*")
        (folder / "human").mkdir()
        said = {"ranking": ["1"], "notes": {"1": "too bright"}, "updated_at": ""}
        (folder / "human/ranking.json").write_text(json.dumps(said))
        with (self.template / WORKING / "AIGen.yaml").open("a") as settings:
            settings.write("# mine\n")

    def run(self) -> tuple[int, Any]:
        return run(later=1, seed_from="latest")

    def resume(self) -> tuple[int, Any]:
        """The same command again, until it shows that the next run is to begin so; then any `run` does it."""
        taken_over = (WORKING / "seed.json").exists() or len(list(WORKING.glob("*/run.json"))) > 1
        return run(later=9, seed_from=None if taken_over else "latest")


class ResumeFrom(Again):
    """`--resume-from 2` after a finished run: iterations 2 and 3 are put aside, and made anew."""

    last = r"\d/plan/iteration_2_plan.json.partial$"

    def run(self) -> tuple[int, Any]:
        return run(later=1, resume_from=2)

    def resume(self) -> tuple[int, Any]:
        """The same command again, until it shows that iterations are being put aside."""
        begun = any(WORKING.glob("*/superseded/*/*.json"))
        return run(later=9, resume_from=None if begun else 2)


class Comfy(Scene):
    """A ComfyUI that makes the pictures; watched while it makes the second."""

    first = "iteration_2_plan.json"
    last = "iteration_2_questions"

    def set_up(self, stack: ExitStack) -> None:
        judge = stack.enter_context(FakeOllama(self.script))
        self.comfyui = stack.enter_context(FakeComfyUI("B"))
        make_project(self.template, Backends("comfyui", "ollama", "qwen3-vl:4b", judge.url, self.comfyui.url))

    def jobs(self) -> int:
        return int(requests.get(f"{self.comfyui.url}/__fake__/counters", timeout=5).json().get("accepted", 0))


SCENES: Mapping[str, Callable[[Path, ExitStack], Scene]] = {
    "paid": Paid,
    "masked": Masked,
    "again": Again,
    "reset": Reset,
    "seeded": Seeded,
    "resume-from": ResumeFrom,
    "comfyui": Comfy,
}


def status() -> str:
    """What the checkpoint in the current folder says; "" without one."""
    path = WORKING / "checkpoint.json"
    return str(json.loads(path.read_text())["status"]) if path.exists() else ""


def run(later: int = 0, **options: Any) -> tuple[int, dict[str, Any]]:
    """`iterativectl run` in the current folder, without its command line: (exit code, what it says)."""
    notes: list[str] = []

    def report(event: Event) -> None:
        notes.extend(event.data["notes"] if event.type == "run_started" else ())

    try:
        ended = compose.run_project(
            WorkspacePaths(Path()),
            ProjectPaths(ROOT),
            compose.RunOptions(seed=RUN_SEED, **options),
            compose.World(environ={}, clock=TickingClock(later)),
            report,
        )
    except IterativeError as error:
        return int(error.exit_code), {"error": error.code, "message": error.message, "notes": notes}
    return 0 if ended.accepted else 3, {"run": ended.run_id, "status": ended.status, "notes": notes}
