"""From files to a bench: what `judge` and `calibrate` judge pictures with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from iterativectl import compose, resources
from iterativectl.bench import Bench
from iterativectl.compose_judge import Desk, again, build_judge, second_notes
from iterativectl.config.aigen import load_aigen
from iterativectl.config.aivis import aivis_from_json, aivis_to_json, load_aivis
from iterativectl.config.prompts import load_prompts
from iterativectl.config.rules import load_rules
from iterativectl.config.types import AIGen, AIVis, PromptTemplates, Rules
from iterativectl.errors import ConfigError, ImageError, Problem, ProjectError, UsageError
from iterativectl.images.normalise import to_pixels
from iterativectl.loading import EMBEDDED, RunOptions, World, load_config
from iterativectl.masked import Regions
from iterativectl.ports import Reply, VisionModel
from iterativectl.project.answers import AnswerFiles
from iterativectl.project.layout import ProjectPaths, RunPaths, WorkspacePaths
from iterativectl.project.runs import RunRecord
from iterativectl.project.usage import FromNow, UsageFile
from iterativectl.vision.routes import build_models

KEPT_BESIDE = Path(".iterative") / "judged"  # answers, usage and descriptions, where there is no project


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How pictures are to be judged. `judge`: PROVIDER/MODEL instead of AIVis.yaml's; `fresh`: ask anew."""

    mask: str | None = None
    judge: str | None = None
    original: Path | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """A bench with what people are told of it.

    `name`: the project's, or the rules file's. `judge` is PROVIDER/MODEL, `kept` where answers are kept.
    """

    bench: Bench
    name: str
    judge: str
    kept: Path
    models: tuple[VisionModel, VisionModel | None]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """What a bench is made from. `aigen` and `masks` say which regions there are."""

    name: str
    project: ProjectPaths
    rules: Rules
    prompts: PromptTemplates
    aigen: AIGen
    aivis: AIVis
    original: Path
    kept: Path
    masks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of_project(workspace: WorkspacePaths, project: ProjectPaths, wish: Wish, world: World) -> Set:
    """The bench of a project as its files are now. Raises ConfigError, ImageError, ProjectError."""
    config = load_config(workspace, project, RunOptions(mask=wish.mask))
    laid = _Laid(
        name=project.name,
        project=project,
        rules=config.rules,
        prompts=config.prompts,
        aigen=config.aigen,
        aivis=other_judge(config.aivis, wish.judge),
        masks=config.masks,
        original=wish.original or project.input,
        kept=project.judged,
        notes=config.notes,
    )
    return _set(laid, wish.fresh, world, books(laid.kept, world))


def of_rules(rules: Path, workspace: WorkspacePaths | None, wish: Wish, world: World) -> Set:
    """The bench of a rules file without a project; AIVis.yaml and prompts.yaml beside it count.

    Raises ConfigError, UsageError.
    """
    if wish.original is None:
        raise UsageError(
            "--rules: what are the pictures compared with?", "Give the original with --original FILE."
        )
    if wish.mask is not None:
        raise UsageError("--mask names a mask of a project", "Give --project instead of --rules.")
    found, warnings = load_rules(rules)
    _refuse_regions(found, rules.name)
    beside = rules.with_name("AIVis.yaml")
    aivis, more = load_aivis(
        beside if beside.exists() else resources.path("defaults", "config", "AIVis.yaml")
    )
    aigen, _ = load_aigen(resources.path("defaults", "config", "AIGen.yaml"))
    project = ProjectPaths(rules.resolve().parent)
    laid = _Laid(
        name=rules.name,
        project=project,
        rules=found,
        prompts=load_prompts(_layers(rules, workspace)),
        aigen=aigen,
        aivis=other_judge(aivis, wish.judge),
        original=wish.original,
        kept=project.root / KEPT_BESIDE,
        notes=tuple(str(warning) for warning in (*warnings, *more)),
    )
    return _set(laid, wish.fresh, world, books(laid.kept, world))


def of_run(paths: RunPaths, run: RunRecord, aivis: AIVis, world: World, ledger: FromNow) -> Set:
    """The bench of a run, its rules and prompts as they were. `ledger` is the whole command's.

    Raises ProjectError when the project's input is another picture now.
    """
    project = ProjectPaths(paths.project)
    laid = _Laid(
        name=project.name,
        project=project,
        rules=run.rules,
        prompts=run.prompts,
        aigen=run.aigen,
        aivis=aivis,
        masks=run.masks,
        original=project.input,
        kept=project.judged,
    )
    made = _set(laid, False, world, ledger)
    if hashlib.sha256(made.bench.original[1]).hexdigest() != run.input["sha256"]:
        raise ProjectError(
            f"{project.input} is not the picture that run {paths.run_id} worked on",
            "Put that one back, or calibrate without --repeat: what was recorded then still counts.",
        )
    return made


def other_judge(aivis: AIVis, judge: str | None) -> AIVis:
    """AIVis.yaml with this model alone, PROVIDER/MODEL, instead of its own ones.

    Raises ConfigError, UsageError.
    """
    if judge is None:
        return aivis
    provider, _, model = judge.partition("/")
    if provider == EMBEDDED:
        model = model or "measurements"
    if not (provider and model):
        raise UsageError(
            f"--judge {judge} names no model", "PROVIDER/MODEL, such as ollama/qwen3-vl:4b, or embedded."
        )
    ours = provider == aivis.provider
    data = aivis_to_json(aivis) | {
        "provider": provider,
        "model": model,
        "fallback_provider": None,
        "fallback_model": None,
        "base_url": aivis.base_url if ours else None,
        "prices": {},
    }
    data |= {"ensemble": []} if "ensemble" in data else {}
    data.pop("disagreement", None)
    found = aivis_from_json(data, "--judge")
    prices = aivis.prices if ours and model == aivis.model else found.prices
    return replace(found, api_key=aivis.api_key if ours else "", base_url=data["base_url"], prices=prices)


def books(kept: Path, world: World) -> FromNow:
    """What this command spends: a file of its own, for several may be at work at the same time."""
    name = f"{world.clock.now():%Y-%m-%d_%H-%M-%S}-{uuid4().hex[:8]}.jsonl"
    return FromNow(UsageFile(kept / "usage" / name, lambda: world.clock.now().isoformat()))


def _set(laid: _Laid, fresh: bool, world: World, ledger: FromNow) -> Set:
    data = _original(laid.original)
    height, width = to_pixels(data, name=str(laid.original)).shape[:2]
    cache = _Kept(laid.kept / "answers", fresh)
    desk = Desk(cache=cache, ledger=ledger, clock=world.clock, environ=world.environ)
    models = build_models(laid.aivis, world.environ)
    judge = build_judge(laid.aivis, laid.prompts, models, desk)
    bench = Bench(
        rules=laid.rules,
        masks=tuple(laid.masks),
        regions=Regions(laid.project, laid, (width, height)),
        original=(str(laid.original), data),
        max_image_px=laid.aivis.max_image_px,
        merged=laid.aivis.calls == "merged",
        ready=lambda: (*compose.refuse_absent_judges(models), *second_notes(laid.aivis, world.environ)),
        judge=lambda nth: again(judge, nth),
        description=_description(laid, data),
        ledger=ledger,
        clock=world.clock,
    )
    judges = f"{laid.aivis.provider}/{laid.aivis.model}"
    return Set(bench=bench, name=laid.name, judge=judges, kept=laid.kept, models=models, notes=laid.notes)


def _original(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ProjectError(
            f"the original is missing: there is no {path}", "Put it there, or name one with --original FILE."
        ) from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}", "Give the path of a picture.") from error


def _description(laid: _Laid, data: bytes) -> Path:
    """Where the original in words is kept: with a project where its runs keep it, too."""
    digest = hashlib.sha256(data).hexdigest()
    if laid.kept == laid.project.judged:
        return laid.project.description(digest)
    return laid.kept / "descriptions" / f"{digest}.json"


def _layers(rules: Path, workspace: WorkspacePaths | None) -> list[Path]:
    """The prompt files that are there, weakest first: shipped, the workspace's, the one beside the rules."""
    there = [workspace.prompts] if workspace else []
    own = [path for path in (*there, rules.with_name("prompts.yaml")) if path.exists()]
    return [resources.path("defaults", "prompts.yaml"), *own]


def _refuse_regions(rules: Rules, name: str) -> None:
    """Without a project there is no mask, and nothing to measure inside or outside of it."""
    lost = [c for c in rules.acceptance_criteria if c.measure and c.measure.region != "whole"]
    if lost:
        where = [
            Problem(where=name, path=f"{c.field}.measure.region", message="no mask is in play") for c in lost
        ]
        raise ConfigError(where, "Judge with --project NAME and --mask, or measure the whole.")


class _Kept:
    """Answers that were paid for. `fresh`: those of earlier commands count as never given."""

    def __init__(self, folder: Path, fresh: bool) -> None:
        self._files = AnswerFiles(folder)
        self._folder = folder
        self._fresh = fresh
        self._new: set[str] = set()

    def get(self, key: str) -> Reply | None:
        """The stored reply. Raises ProjectError naming a damaged file."""
        if self._fresh and key not in self._new:
            return None
        try:
            return self._files.get(key)
        except ProjectError as error:
            raise ProjectError(error.message, "Delete that file, and the question is asked anew.") from error

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply."""
        self._files.put(key, reply)
        self._new.add(key)
