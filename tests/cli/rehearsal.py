"""A workspace with a project that can really be run: the painter, and an Ollama that says what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from tests.fakes.judge_server import Asked, instance
from tests.fakes.ollama import FakeOllama

RULES = """\
project: {name: barn, max_iterations: 4}
acceptance_criteria:
  - field: golden
    question: Is the barn in golden light?
    intent: change
    must_include: [sunset]
  - field: same_barn
    question: Is it the same barn?
    intent: preserve
questions:
  - {field: light, question: What is the light like on the barn}
"""
AIGEN = """\
backend: embedded
workflow_file: workflow/img2img_no_mask_api.json
model: {ckpt_name: none}
parameters: {denoise: 0.5, cfg: 7.0, steps: 4, seed: null, sampler_name: euler, scheduler: normal}
prompts: {positive: "barn", negative: ""}
"""
AIVIS = """\
provider: ollama
model: qwen3-vl:4b
base_url: URL
retries: 0
"""

Verdict = Callable[[str, int], str]


class Opinion:
    """Answers of a judge: `verdict(field, time)` says yes, no or unclear; `time` counts from 1."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.times = 0

    def __call__(self, asked: Asked) -> str:
        if asked.schema is None:
            return "a barn"
        answer = instance(asked.schema)
        if "criteria" in answer:
            self.times += 1
            for field, record in answer["criteria"].items():
                record["answer"] = self.verdict(field, self.times)
                record["reason"] = f"I see that {field} is [b]{record['answer']}[/b]"
        if "positive" in answer:
            answer.update(positive="barn, sunset", negative="blurry", reason="it was not golden")
        return json.dumps(answer)


def second_time_lucky(field: str, time: int) -> str:
    """Golden from the second picture on."""
    return "no" if field == "golden" and time == 1 else "yes"


def never(field: str, time: int) -> str:
    """Never golden."""
    return "no" if field == "golden" else "yes"


@contextmanager
def judge(verdict: Verdict = second_time_lucky) -> Iterator[FakeOllama]:
    """A judge on a port of its own."""
    with FakeOllama(Opinion(verdict)) as server:
        assert isinstance(server, FakeOllama)
        yield server


def barn(workspace: Path, url: str = "http://127.0.0.1:9") -> Path:
    """projects/barn, whose judge is at `url`."""
    project = workspace / "projects" / "barn"
    (project / "config").mkdir(parents=True)
    (project / "input").mkdir()
    (project / "config" / "rules.yaml").write_text(RULES)
    (project / "config" / "AIGen.yaml").write_text(AIGEN)
    point_to(project, url)
    picture = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    picture.paste((90, 60, 30), (20, 20, 50, 60))
    picture.save(project / "input" / "input.png")
    return project


def point_to(project: Path, url: str) -> None:
    """Write the judge's address into the project."""
    (project / "config" / "AIVis.yaml").write_text(AIVIS.replace("URL", url))
