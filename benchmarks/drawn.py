"""A judging set whose truth is known: pictures that were drawn, and a judge that errs as often as it is told.

A picture holds a red disc for every criterion that it satisfies. The judge looks for the discs and then
answers wrongly with probability `error`; where `sticky`, half of the errors belong to the picture: asked
again, it makes them again. Both ways of running use the program's own code that asks, votes and decides:

`quick`  judging.Judge and policy.Classic, without files: a millisecond an iteration
`whole`  the loop as `iterativectl run` works it: plans, pictures, files, router, ledger, stored answers

The same seed has the same course in both; benchmarks/judging.py looks whether that is so.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from iterativectl import compose, files, runner
from iterativectl.clock import SystemClock
from iterativectl.config.prompts import load_prompts
from iterativectl.config.types import Criterion, PromptTemplates, Rules
from iterativectl.images.normalise import Pixels, from_pixels, to_picture, to_pixels
from iterativectl.judging.judge import Judge, Pictures, Stakes
from iterativectl.judging.score import score
from iterativectl.loading import load_config, wanted_run
from iterativectl.model import (
    Assessment,
    Comparison,
    Finding,
    Generation,
    History,
    Iteration,
    Parameters,
    Picture,
    Plan,
    Prompts,
    Settings,
    Similarity,
    Stop,
)
from iterativectl.opening import open_run
from iterativectl.policy.classic import Classic
from iterativectl.policy.stages import passes, stood
from iterativectl.ports import GenerationInputs, Reply, Reporter, Usage, VisionModel, VisionRequest
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths
from iterativectl.resources import path

CELL = 24  # pixels
OTHER_REQUESTS = 2  # of an iteration, beside those about the criteria: questions and comparison
RED = (200, 30, 30)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Pictures in which each of `criteria` holds with probability `share`; in a run's last with `late`."""

    criteria: int = 4
    share: float = 0.7
    late: float | None = None
    max_iterations: int = 20

    def truth(self, plan: Plan) -> tuple[bool, ...]:
        """Which criteria the picture of a plan satisfies."""
        rng = random.Random(f"truth {plan.seed} {plan.iteration}")
        way = (plan.iteration - 1) / max(1, self.max_iterations - 1)
        share = self.share + way * ((self.late or self.share) - self.share)
        return tuple(rng.random() < share for _ in range(self.criteria))

    @property
    def fields(self) -> tuple[str, ...]:
        """The criteria's names: the first half is to be changed, the other to be kept."""
        return tuple(f"disc_{number}" for number in range(self.criteria))

    @property
    def rules(self) -> Rules:
        """The same as in `rules_yaml`."""
        criteria = tuple(
            Criterion(field=name, question=_question(number), intent=_intent(number, self.criteria))
            for number, name in enumerate(self.fields)
        )
        return Rules(name="drawn", max_iterations=self.max_iterations, acceptance_criteria=criteria)

    @property
    def rules_yaml(self) -> str:
        """As a person would write it, with one question."""
        criteria = [
            {"field": c.field, "question": c.question, "intent": c.intent}
            for c in self.rules.acceptance_criteria
        ]
        questions = [{"field": "discs", "question": "How many red discs are there?", "type": "string"}]
        project = {"name": "drawn", "max_iterations": self.max_iterations}
        return json.dumps({"project": project, "acceptance_criteria": criteria, "questions": questions})


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a run went.

    `verdict_requests`: those about the criteria; `requests`: all but the one for the description; `extra`:
    what the accepted picture took beyond its first request about the criteria.
    """

    accepted: bool
    true: bool
    iterations: int
    verdict_requests: int
    requests: int
    extra: int


@dataclass(kw_only=True)
class Looking:
    """A vision model that sees the discs, and errs. Counted and stored as a model behind a server."""

    scenario: Scenario
    error: float
    sticky: bool = False
    name: str = "drawn"
    model: str = "looking"
    wire_version: str = "drawn/1"
    sees_images: bool = True
    asked: list[str] = field(default_factory=list)

    @property
    def options(self) -> Mapping[str, Any]:
        """What beside the request decides the answer."""
        return {"error": self.error, "sticky": self.sticky}

    def worst_cost_usd(self, request: VisionRequest) -> float | None:
        """Nothing."""
        return 0.0

    def check(self) -> Sequence[Finding]:
        """It is there."""
        return []

    def ask(self, request: VisionRequest) -> Reply:
        """An answer of the shape that was asked for."""
        self.asked.append(request.kind)
        text = json.dumps(self._answer(request)) if request.schema else "discs"
        return Reply(
            text=text,
            usage=Usage(cost_usd=0.0),
            seconds=0.0,
            served_by=self.model,
            provider=self.name,
            model=self.model,
        )

    def _answer(self, request: VisionRequest) -> Any:
        if request.kind != "evaluate_criteria":
            return _harmless(request.schema or {})
        picture = dict(request.images)["result"]
        seen = dict(zip(self.scenario.fields, _discs(picture, self.scenario.criteria), strict=True))
        return {
            "criteria": {
                item.field: {
                    "reason": "That is what the picture shows.",
                    "answer": "yes"
                    if seen[item.field] ^ self._errs(picture, item.field, request.sample)
                    else "no",
                    "confidence": "high",
                }
                for item in request.items
            }
        }

    def _errs(self, picture: Picture, name: str, sample: int) -> bool:
        """Whether this answer is wrong: with probability `error`, and but for the sticky by itself."""
        stuck = self.error / 2 if self.sticky else 0.0
        fresh = (self.error - stuck) / (1 - 2 * stuck)  # so that one of the two, and not both, makes `error`
        always = random.Random(f"{picture.sha256} {name}").random() < stuck
        now = random.Random(f"{picture.sha256} {name} {sample}").random() < fresh
        return always != now


def quick(scenario: Scenario, judge: Looking, votes: int, seed: int) -> Course:
    """A run without files."""
    rules = scenario.rules
    policy = Classic(rules=rules, start=_START, run_seed=seed)
    asking = Judge(ask=judge.ask, templates=_templates(), votes=votes)
    history, original = History(), _original(scenario)
    course = {"verdict_requests": 0, "requests": 0}
    while not isinstance(decision := policy.decide(history), Stop):
        plan = decision[0]
        result = to_picture(draw(scenario, plan), max_px=1024)
        stakes = Stakes(pass_score=rules.pass_score, stood=stood(history.iterations, None))
        judge.asked.clear()
        verdicts, _ = asking.verdicts(
            rules.acceptance_criteria, Pictures(original=original, result=result), {}, stakes
        )
        assessment = Assessment(
            answers={},
            verdicts=verdicts,
            comparison=Comparison(similarity=Similarity(measured=0.6)),
            score=score(verdicts, rules.acceptance_criteria),
        )
        course["verdict_requests"] += len(judge.asked)
        course["requests"] += len(judge.asked) + OTHER_REQUESTS
        iteration = Iteration(plan=plan, status="ok", assessment=assessment)
        history = History(iterations=(*history.iterations, iteration))
        failed = any(verdict.verdict == "failed" for verdict in verdicts)
        course["requests"] += failed and not isinstance(policy.decide(history), Stop)  # better prompts
    accepted = passes(history.iterations[-1].assessment, rules)
    return Course(
        accepted=accepted,
        true=accepted and all(scenario.truth(history.iterations[-1].plan)),
        iterations=len(history.iterations),
        extra=len(judge.asked) - 1 if accepted else 0,
        **course,
    )


def whole(scenario: Scenario, judge: Looking, votes: int, seed: int, folder: Path) -> Course:
    """A run as `iterativectl run` makes it, in a project of its own below `folder`."""
    workspace = WorkspacePaths(folder)
    project = workspace.project("drawn")
    _write_project(scenario, project, votes)
    world = compose.World(environ={}, clock=SystemClock())
    options = compose.RunOptions(seed=seed)
    config = load_config(workspace, project, options)
    wanted = wanted_run(workspace, project, config, options)
    opened = open_run(project, wanted, datetime.now(timezone.utc), reset=False, resume_from=None)
    models: tuple[VisionModel, VisionModel | None] = (judge, None)
    place = compose.Place(project=project, generator=Drawing(scenario), models=models, notes=())
    ended = runner.run(compose.work_on(opened, config, place, world, lambda event: None))
    last = _read(opened.paths.metadata(ended.iterations))
    calls = [_read(opened.paths.metadata(number))["calls"] for number in range(1, ended.iterations + 1)]
    asked = [[call["purpose"] for call in made].count("evaluate_criteria") for made in calls]
    plan = _plan(opened.paths, ended.iterations)
    accepted = ended.accepted and last["evaluation"]["overall_score"] == 100
    return Course(
        accepted=accepted,
        true=accepted and all(scenario.truth(plan)),
        iterations=ended.iterations,
        verdict_requests=sum(asked),
        requests=sum(map(len, calls)),
        extra=asked[-1] - 1 if accepted else 0,
    )


class Drawing:
    """ports.Generator: draws what the scenario says."""

    name = "drawing"
    supports = frozenset({"img2img"})

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def check(self, settings: Settings) -> Sequence[Finding]:
        return []

    def reachable(self) -> bool:
        return True

    def strategy(self, workflow: str, mask: bool) -> str:
        return "img2img"

    def generate(self, plan: Plan, inputs: GenerationInputs, report: Reporter) -> Generation:
        png = draw(self._scenario, plan)
        files.write_bytes(inputs.destination, png)
        picture = to_picture(png, max_px=4096)
        return Generation(
            sha256=picture.sha256, width=picture.width, height=picture.height, ticket="", seconds=0.0
        )


def draw(scenario: Scenario, plan: Plan) -> bytes:
    """The picture of a plan as PNG: grain that is its own, and the discs."""
    canvas = _grain(scenario, plan.seed)
    for number, there in enumerate(scenario.truth(plan)):
        if there:
            centre = (number * CELL + CELL // 2, CELL // 2)
            cv2.circle(canvas, centre, CELL // 3, RED, thickness=-1)
    return from_pixels(canvas)


@lru_cache(maxsize=64)
def _discs(picture: Picture, criteria: int) -> tuple[bool, ...]:
    """Where a picture shows a red disc."""
    pixels = to_pixels(picture.png).astype(int)
    middles = [pixels[CELL // 2, number * CELL + CELL // 2] for number in range(criteria)]
    return tuple(bool(middle[0] - middle[1] > 80) for middle in middles)


def _grain(scenario: Scenario, seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(90, 110, (CELL, scenario.criteria * CELL, 3), dtype=np.uint8)


@lru_cache(maxsize=8)
def _original(scenario: Scenario) -> Picture:
    return to_picture(from_pixels(_grain(scenario, 0)), max_px=1024)


@lru_cache(maxsize=1)
def _templates() -> PromptTemplates:
    return load_prompts([path("defaults", "prompts.yaml")])


_START = Settings(
    workflow="",
    ckpt_name="",
    parameters=Parameters(denoise=0.5, cfg=7.0, steps=2, sampler_name="euler", scheduler="normal"),
    prompts=Prompts(positive="discs", negative=""),
)
_AIGEN = """\
backend: embedded
workflow_file: workflow/img2img_no_mask_api.json
parameters: {denoise: 0.5, cfg: 7.0, steps: 2, seed: null, sampler_name: euler, scheduler: normal}
prompts: {positive: discs, negative: ""}
tuning: {suggest: false}
"""


def _write_project(scenario: Scenario, project: ProjectPaths, votes: int) -> None:
    project.config.mkdir(parents=True)
    project.input.parent.mkdir()
    project.input.write_bytes(_original(scenario).png)
    project.rules.write_text(scenario.rules_yaml)
    project.aigen.write_text(_AIGEN)
    project.aivis.write_text(f"provider: ollama\nmodel: looking\npairwise: false\nvotes: {votes}\n")


def _question(number: int) -> str:
    return f"Is there a red disc in place {number + 1}?"


def _intent(number: int, criteria: int) -> Any:
    return "change" if number < criteria / 2 else "preserve"


def _plan(paths: RunPaths, iteration: int) -> Plan:
    plan = _read(paths.plan(iteration))
    return Plan(
        **{
            **{key: value for key, value in plan.items() if key != "format"},
            "parameters": Parameters(**plan["parameters"]),
            "prompts": Prompts(**plan["prompts"]),
            "reasons": tuple(plan["reasons"]),
        }
    )


def _read(place: Path) -> dict[str, Any]:
    data = json.loads(place.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def _harmless(schema: Mapping[str, Any]) -> Any:
    """A value that fits a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        return {name: _harmless(part) for name, part in schema["properties"].items()}
    return {"array": [], "string": "none", "number": 1, "integer": 1, "boolean": True}[kind]
