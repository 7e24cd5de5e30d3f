"""A workspace with many runs, made quickly: for benchmarks and for looking at the lists.

    python benchmarks/big_workspace.py FOLDER [--runs 500] [--iterations 20] [--project big]

One run of the shipped example is really made, with the program's own command. All others are made of its
files: other numbers, times, seeds, prompts, verdicts and scores, and hashes that fit them. Pictures are a few
of 1024 pixels, hard-linked. So every file has the program's own format, and is what it says it is.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from iterativectl import resources
from iterativectl.cli.env import Env
from iterativectl.cli.main import main as command
from iterativectl.clock import SystemClock
from iterativectl.project import checkpoint as checkpoint_file
from iterativectl.project import records, runs
from iterativectl.project.checkpoint import Checkpoint
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths

SIDE = 1024  # pixels
TINTS = (0.6, 0.9, 1.2, 1.6)  # one picture each
FIRST = datetime(2026, 1, 3, 8, 0, tzinfo=timezone.utc)
STEPS = ("plan", "workflow", "questions", "evaluation", "comparison", "advice")
LIGHTS = ("golden hour sunset", "blue hour", "light fog", "heavy rain", "first snow", "storm clouds", "haze")
STYLES = ("oil painting", "watercolour", "pencil sketch", "film grain", "long exposure", "faded print")
REMARKS = ("the roof is too dark", "sky is right, keep it", "windows lost their frames", "best so far")
EVENTS = 9  # of an iteration, as the program writes about so many

Rank = tuple[float, int, int]  # score, less unclear ones, the earlier: the larger, the better


@dataclass(frozen=True)
class Template:
    """A run that was really made: its run.json, and the files of one iteration by step."""

    run: Mapping[str, Any]
    metadata: Mapping[str, Any]
    steps: Mapping[str, tuple[str, Mapping[str, Any]]]  # relative path in the run -> (folder, content)
    event: Mapping[str, Any]
    config: Path


@dataclass(frozen=True)
class _Picture:
    path: Path
    sha256: str


@dataclass(frozen=True)
class _Tried:
    """An iteration: only the last of a run may pass all criteria, for a run ends with that."""

    n: int
    at: datetime
    prompt: str
    picture: str  # its sha256
    is_last: bool


def build(root: Path, number: int, iterations: int, project: str = "big") -> ProjectPaths:
    """projects/PROJECT below `root` with so many runs of so many iterations each. Returns its paths."""
    paths = WorkspacePaths(root).project(project)
    with tempfile.TemporaryDirectory() as name:
        template = _template(Path(name))
        shutil.copytree(template.config, paths.root / "config")
        (paths.root / "input").mkdir()
        shutil.copy(template.config.parent / "input" / "input.png", paths.input)
        pictures = _pictures(paths)
    rng = random.Random(number * 1000 + iterations)
    for index in range(number):
        _run(paths, template, pictures, rng, (index, index == number - 1, iterations))
    return paths


def _template(folder: Path) -> Template:
    project = folder / "projects" / "example"
    left_out = shutil.ignore_patterns("working", "output", "logs")
    shutil.copytree(resources.path("projects", "example"), project, ignore=left_out)
    env = Env(
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        stdout_is_tty=False,
        stderr_is_tty=False,
        environ={},
        cwd=folder,
        clock=SystemClock(),
    )
    if command(["run", "--project", "example", "--seed", "1"], env) != 0:
        raise RuntimeError(env.stderr.getvalue())
    found = ProjectPaths(project)
    run = found.run(runs.run_ids(found)[-1])
    number = runs.committed(run)[-2]  # the last one has no advice
    steps = {}
    for step in STEPS:
        for path in sorted((run.root / step).glob(f"iteration_{number}_*.json")):
            steps[path.name.replace(f"_{number}_", "_{}_")] = (step, json.loads(path.read_text("utf-8")))
    events = [json.loads(line) for line in run.events.read_text("utf-8").splitlines()]
    return Template(
        run=json.loads(run.run_json.read_text("utf-8")),
        metadata=json.loads(run.metadata(number).read_text("utf-8")),
        steps=steps,
        event=next(event for event in events if event["type"] == "verdicts_done"),
        config=project / "config",
    )


def _pictures(project: ProjectPaths) -> list[_Picture]:
    """A few large pictures, to be linked."""
    folder = project.working / "pictures"
    folder.mkdir(parents=True)
    with Image.open(project.input) as picture:
        large = ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE))
    made = []
    for tint in TINTS:
        path = folder / f"{tint}.png"
        ImageEnhance.Color(large).enhance(tint).save(path)
        made.append(_Picture(path, runs.sha256_of(path)))
    return made


def _run(
    project: ProjectPaths,
    template: Template,
    pictures: Sequence[_Picture],
    rng: random.Random,
    which: tuple[int, bool, int],
) -> None:
    index, is_last, iterations = which
    begun = FIRST + timedelta(minutes=37 * index)
    run = project.run(begun.strftime("%Y-%m-%d_%H-%M-%S"))
    for folder in (*STEPS, "metadata", "images"):
        (run.root / folder).mkdir(parents=True)
    body = {**template.run, "run_id": run.run_id, "started_at": begun.isoformat(), "run_seed": index + 1}
    body["rules"] = {**body["rules"], "project": {**body["rules"]["project"], "max_iterations": iterations}}
    _json(run.run_json, body)
    prompt = f"the same view, {rng.choice(LIGHTS)}, {rng.choice(STYLES)}"
    lines, scores = [], []
    for n in range(1, iterations + 1):
        at = begun + timedelta(seconds=75 * n)
        picture = rng.choice(pictures)
        os.link(picture.path, run.image(n))
        tried = _Tried(n, at, f"{prompt}, {rng.choice(LIGHTS)}", picture.sha256, n == iterations)
        scores.append(_iteration(run, template, tried, rng))
        lines += _events(run, template, n, at)
    run.events.write_text("".join(lines), "utf-8")
    _human(run, rng, iterations)
    best, _, number = max(scores)
    stood = Checkpoint(
        run_id=run.run_id,
        status="passed" if best == 100 else rng.choice(("exhausted", "exhausted", "stopped", "no_progress")),
        reason="every criterion passed" if best == 100 else f"all {iterations} iterations are used up",
        last_iteration=iterations,
        best_iteration=-number,
        best_score=best,
        updated_at=(begun + timedelta(seconds=75 * iterations + 5)).isoformat(),
    )
    target = project.checkpoint if is_last else run.root / project.checkpoint.name
    _json(target, {"format": checkpoint_file.FORMAT, **records.to_json(stood)})


def _iteration(run: RunPaths, template: Template, tried: _Tried, rng: random.Random) -> Rank:
    """Write the files of an iteration; how it ranks."""
    n = tried.n
    verdicts = _verdicts(template.metadata["verdicts"], rng, 0.35 + min(n, 12) / 20)
    if not tried.is_last and all(one["verdict"] == "passed" for one in verdicts.values()):
        verdicts = {**verdicts, min(verdicts): {**verdicts[min(verdicts)], "verdict": "failed"}}
    score = round(100 * sum(one["verdict"] == "passed" for one in verdicts.values()) / len(verdicts), 4)
    plan = {
        **template.metadata["plan"],
        "iteration": n,
        "parent": n - 1 or None,
        "seed": rng.randrange(2**32),
        "prompts": {"positive": tried.prompt, "negative": "distorted, blurry"},
    }
    plan["parameters"] = {**plan["parameters"], "denoise": round(0.3 + 0.02 * (n % 20), 2)}
    hashes = {run.relative(run.image(n)): tried.picture}
    for pattern, (step, content) in template.steps.items():
        path = run.root / step / pattern.format(n)
        hashes[run.relative(path)] = _json(path, _step(pattern, content, n, plan, verdicts))
    measured = round(rng.uniform(0.25, 0.95), 4)
    body = {
        **template.metadata,
        "iteration": n,
        "timestamp": tried.at.timestamp(),
        "image_path": run.relative(run.image(n)),
        "parameters_used": {**plan["parameters"], "seed": plan["seed"]},
        "evaluation": {
            "overall_score": score,
            "criteria_results": {name: one["verdict"] == "passed" for name, one in verdicts.items()},
        },
        "comparison": {**template.metadata["comparison"], "similarity_score": measured},
        "prompts_used": plan["prompts"],
        "at": tried.at.isoformat(),
        "plan": plan,
        "verdicts": verdicts,
        "similarity": {**template.metadata["similarity"], "measured": measured},
        "generation": {
            **template.metadata["generation"],
            "width": SIDE,
            "height": SIDE,
            "sha256": tried.picture,
        },
        "files": hashes,
        "seconds": {
            "generate": round(rng.uniform(4, 30), 3),
            "judge": round(rng.uniform(1, 9), 3),
            "advise": 1.0,
        },
    }
    _json(run.metadata(n), body)
    return score, -sum(one["verdict"] == "unclear" for one in verdicts.values()), -n


def _step(
    pattern: str, content: Mapping[str, Any], n: int, plan: Mapping[str, Any], verdicts: Mapping[str, Any]
) -> dict[str, Any]:
    """A step's file, for another iteration."""
    if pattern.endswith("_plan.json"):
        return {"format": runs.PLAN_FORMAT, **plan}
    changed = {**content, "iteration": n} if "iteration" in content else dict(content)
    if pattern.endswith("_evaluation.json"):
        changed["verdicts"] = [{"field": name, **one} for name, one in verdicts.items()]
    return changed


def _verdicts(old: Mapping[str, Any], rng: random.Random, chance: float) -> dict[str, Any]:
    found = {}
    for name, one in old.items():
        verdict = "passed" if rng.random() < chance else rng.choice(("failed", "failed", "failed", "unclear"))
        value = None if verdict == "unclear" else one["value"]
        found[name] = {**one, "verdict": verdict, "value": value}
    return found


def _events(run: RunPaths, template: Template, n: int, at: datetime) -> list[str]:
    event = {**template.event, "run_id": run.run_id, "iteration": n}
    times = (at + timedelta(seconds=number) for number in range(EVENTS))
    return [json.dumps({**event, "at": each.isoformat()}) + "\n" for each in times]


def _human(run: RunPaths, rng: random.Random, iterations: int) -> None:
    """What a person said of every third run."""
    if rng.random() > 0.33:
        return
    liked = [str(n) for n in rng.sample(range(1, iterations + 1), k=min(3, iterations))]
    run.human.mkdir()
    notes = {liked[0]: rng.choice(REMARKS)}
    _json(run.ranking, {"ranking": liked, "notes": notes, "updated_at": FIRST.isoformat()})
    stars = {name: rng.randint(1, 5) for name in liked}
    favourites = {"ratings": stars, "favourites": liked[:1], "rejected": [], "updated_at": FIRST.isoformat()}
    _json(run.ratings, favourites)


def _json(path: Path, value: Any) -> str:
    """Write it as the program does, but not forced to the disk; its hash."""
    content = (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--project", default="big")
    options = parser.parse_args()
    made = build(options.folder, options.runs, options.iterations, options.project)
    print(made.root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
