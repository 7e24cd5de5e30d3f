"""Every path of a workspace, a project and a run. No I/O here: names only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

RUN_ID = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}")
PROJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
STEP_FILE = re.compile(r"iteration_(\d+)(?:_[a-z]+|\.raw)?\.(?:json|png)|(\d+)_vs_(?:\d+)\.json")


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one run, working/RUN_ID/. `project` is the project's root, for project-relative paths."""

    project: Path
    run_id: str

    @property
    def root(self) -> Path:
        return self.project / "working" / self.run_id

    @property
    def run_json(self) -> Path:
        return self.root / "run.json"

    @property
    def events(self) -> Path:
        return self.root / "events.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Where the run stood when a later one began; the newest run's is the project's own."""
        return self.root / "checkpoint.json"

    @property
    def usage(self) -> Path:
        return self.root / "usage.jsonl"

    @property
    def answers(self) -> Path:
        """Replies already paid for, one file a content key."""
        return self.root / "answers"

    @property
    def superseded(self) -> Path:
        return self.root / "superseded"

    @property
    def variants(self) -> Path:
        """What a run of variants found of each."""
        return self.root / "variants.json"

    @property
    def variants_sheet(self) -> Path:
        """All variants on one picture."""
        return self.root / "variants.png"

    @property
    def human(self) -> Path:
        """What a person says of the run's pictures, and what comes of it."""
        return self.root / "human"

    @property
    def ranking(self) -> Path:
        return self.human / "ranking.json"

    @property
    def labels(self) -> Path:
        return self.human / "labels.json"

    @property
    def ratings(self) -> Path:
        """Stars, favourites and rejects."""
        return self.human / "ratings.json"

    @property
    def repeats(self) -> Path:
        """What the judge said when it was asked again."""
        return self.human / "repeats.json"

    @property
    def calibration(self) -> Path:
        """How far judge and person agree, on one page."""
        return self.human / "calibration.md"

    def plan(self, iteration: int) -> Path:
        return self.root / "plan" / f"iteration_{iteration}_plan.json"

    def tickets(self, iteration: int) -> Path:
        return self.root / "plan" / f"iteration_{iteration}_tickets.json"

    def graph(self, iteration: int) -> Path:
        return self.root / "workflow" / f"iteration_{iteration}_api.json"

    def image(self, iteration: int) -> Path:
        return self.root / "images" / f"iteration_{iteration}.png"

    def raw_image(self, iteration: int) -> Path:
        """The generator's own bytes, where the judged picture was derived from them."""
        return self.root / "images" / f"iteration_{iteration}.raw.png"

    def sent_source(self, source: str | int) -> Path:
        """A picture as it is sent when a mask is in play; `source` is "input" or an iteration."""
        return self.root / "sent" / f"{source if isinstance(source, str) else f'iteration_{source}'}.png"

    def sent_mask(self, name: str) -> Path:
        return self.root / "sent" / f"mask_{name}.png"

    def questions(self, iteration: int) -> Path:
        return self.root / "questions" / f"iteration_{iteration}_questions.json"

    def evaluation(self, iteration: int) -> Path:
        return self.root / "evaluation" / f"iteration_{iteration}_evaluation.json"

    def comparison(self, iteration: int) -> Path:
        return self.root / "comparison" / f"iteration_{iteration}_comparison.json"

    def preference(self, newer: int, older: int) -> Path:
        """Two pictures of equal rank beside each other."""
        return self.root / "comparison" / f"{newer}_vs_{older}.json"

    def advice(self, iteration: int) -> Path:
        return self.root / "advice" / f"iteration_{iteration}_advice.json"

    def metadata(self, iteration: int) -> Path:
        return self.root / "metadata" / f"iteration_{iteration}_metadata.json"

    def relative(self, path: Path) -> str:
        """A path as it stands in files: project-relative, POSIX."""
        return path.relative_to(self.project).as_posix()


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """The files of one project, projects/NAME/."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def rules(self) -> Path:
        return self.config / "rules.yaml"

    @property
    def aigen(self) -> Path:
        return self.config / "AIGen.yaml"

    @property
    def aivis(self) -> Path:
        return self.config / "AIVis.yaml"

    @property
    def prompts(self) -> Path:
        return self.config / "prompts.yaml"

    @property
    def input(self) -> Path:
        return self.root / "input" / "input.png"

    @property
    def lone_mask(self) -> Path:
        """The mask of a project with one; its name is "mask"."""
        return self.root / "input" / "mask.png"

    @property
    def masks(self) -> Path:
        """Named masks, NAME.png."""
        return self.root / "input" / "masks"

    def mask(self, name: str) -> Path:
        return self.masks / f"{name}.png"

    def replaced_mask(self, name: str, stamp: str) -> Path:
        """Where a mask goes that another one was drawn over: a folder of its own, for it is no mask now."""
        return self.masks / "replaced" / f"{name}_{stamp}.png"

    @property
    def mask_work(self) -> Path:
        """What comes of making masks: overlays, what a model said of places, and what it cost."""
        return self.working / "masks"

    def mask_overlay(self, name: str) -> Path:
        return self.mask_work / f"{name}_overlay.png"

    def mask_location(self, name: str) -> Path:
        return self.mask_work / f"{name}_location.json"

    @property
    def judged(self) -> Path:
        """What `judge` and `calibrate` asked: paid answers and what they cost."""
        return self.working / "judged"

    @property
    def rules_guidelines(self) -> Path:
        """What a person wants to be considered where rules are suggested."""
        return self.config / "rules_guidelines.md"

    @property
    def rules_work(self) -> Path:
        """What comes of suggesting rules: what was asked and said, and what it cost."""
        return self.working / "rules"

    def replaced_rules(self, stamp: str) -> Path:
        """Where a rules.yaml goes that another text was saved over."""
        return self.rules_work / "replaced" / f"rules_{stamp}.yaml"

    @property
    def workflows(self) -> Path:
        return self.root / "workflow"

    @property
    def working(self) -> Path:
        return self.root / "working"

    @property
    def settings(self) -> Path:
        """The settings as they stand now."""
        return self.working / "AIGen.yaml"

    @property
    def checkpoint(self) -> Path:
        return self.working / "checkpoint.json"

    @property
    def control(self) -> Path:
        return self.working / "control.json"

    @property
    def seed(self) -> Path:
        """What the next new run starts from, where that is a ranking."""
        return self.working / "seed.json"

    @property
    def lock(self) -> Path:
        return self.working / "run.lock"

    @property
    def log(self) -> Path:
        return self.root / "logs" / "app.log"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def output_image(self) -> Path:
        return self.output / "output.png"

    @property
    def output_metadata(self) -> Path:
        return self.output / "output_metadata.json"

    @property
    def descriptions(self) -> Path:
        """Input pictures in words, kept across runs."""
        return self.working / "descriptions"

    def description(self, input_sha256: str) -> Path:
        return self.descriptions / f"{input_sha256}.json"

    def run(self, run_id: str) -> RunPaths:
        return RunPaths(self.root, run_id)


@dataclass(frozen=True, slots=True)
class WorkspacePaths:
    """The folder that holds projects/."""

    root: Path

    @property
    def projects(self) -> Path:
        return self.root / "projects"

    @property
    def prompts(self) -> Path:
        return self.root / "prompts.yaml"

    @property
    def workflows(self) -> Path:
        return self.root / "workflow"

    @property
    def derived(self) -> Path:
        """What can be made again from the projects at any time, and may be deleted at any time."""
        return self.root / ".iterative"

    @property
    def index(self) -> Path:
        """The index of all projects, runs and iterations."""
        return self.derived / "index.sqlite3"

    @property
    def thumbnails(self) -> Path:
        return self.derived / "thumbnails"

    def project(self, name: str) -> ProjectPaths:
        return ProjectPaths(self.projects / name)


def iteration_of(file_name: str) -> int | None:
    """The iteration a step's file belongs to, None for other files."""
    match = STEP_FILE.fullmatch(file_name)
    return int(match.group(1) or match.group(2)) if match else None
