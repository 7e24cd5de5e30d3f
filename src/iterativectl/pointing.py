"""Asking the project's judge where something is: AIVis.yaml in, boxes out, and a record of what was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iterativectl import files
from iterativectl.config.aivis import load_aivis
from iterativectl.config.prompts import load_prompts_beside_runs
from iterativectl.config.types import AIVis
from iterativectl.drawing import Canvas, outlined, settings
from iterativectl.errors import ConfigError, UsageError
from iterativectl.images.regions import Inside
from iterativectl.judging.conventions import BY_NAME, family_of
from iterativectl.judging.locating import Located, Locator, Route
from iterativectl.loading import EMBEDDED, World, prompt_layers
from iterativectl.ports import VisionModel
from iterativectl.project import records
from iterativectl.project.answers import AnswerFiles
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.project.usage import FromNow, UsageFile
from iterativectl.vision.router import Absent, Router
from iterativectl.vision.routes import build_models, build_router

FORMAT = "location/1"
MEASURES = "the embedded judge measures light and colour: it cannot say where a thing is"
CURE = "Draw it (--box, --polygon, --color-range, --at, --file), or name a vision model in AIVis.yaml."


def locate(
    workspace: WorkspacePaths, canvas: Canvas, target: str, family: str | None, world: World
) -> Located:
    """Where `target` is in the project's picture, as its judge says.

    `family` (a name of conventions.BY_NAME) replaces what the model's own name says. Raises UsageError for a
    judge that cannot locate, and what Locator.locate raises.
    """
    aivis = settings(canvas.project.aivis, load_aivis)
    models = _models(aivis, world)
    if not models:
        raise UsageError(MEASURES, CURE)
    build = _routers(canvas.project, aivis, world)
    locator = Locator(
        routes=[_route(model, build(model), family) for model in models],
        templates=load_prompts_beside_runs(prompt_layers(workspace, canvas.project)),
        longest=aivis.max_image_px,
    )
    return locator.locate(canvas.pixels, target)


def cannot(project: ProjectPaths, world: World) -> str:
    """Why no model of the project's AIVis.yaml can be asked for a place, in words; "" where one may be.

    Nobody is asked: that a server does not answer, or its model has no eyes, is found only by asking.
    """
    try:
        models = _models(settings(project.aivis, load_aivis), world)
    except ConfigError as error:
        return error.message
    absent = [model for model in models if isinstance(model, Absent)]
    if len(absent) < len(models):
        return ""
    return "; ".join(finding.why for model in absent for finding in model.check()) or MEASURES


def drawn(canvas: Canvas, located: Located, *, refine: bool = True) -> tuple[Inside, tuple[str, ...]]:
    """The places as a region: their outlines or, without `refine`, their boxes; and sentences for people."""
    names = [spot.label or "a box" for spot in located.spots]
    inside, notes = outlined(canvas, [spot.box for spot in located.spots], names=names, wanted=refine)
    return inside, (*located.notes, *notes)


def write_down(canvas: Canvas, name: str, target: str, located: Located) -> None:
    """Keep what was asked and said: working/masks/NAME_location.json."""
    width, height = canvas.size
    body: dict[str, Any] = {
        "format": FORMAT,
        "mask": name,
        "target": target,
        "by": located.by,
        "family": located.family,
        "picture": {"width": width, "height": height},
        "sent": {"width": located.sent[0], "height": located.sent[1]},
        "seen": located.seen,
        "boxes": [{"label": spot.label, "box": spot.box.as_list()} for spot in located.spots],
        "notes": list(located.notes),
        "reply": located.reply,
        "calls": records.to_json(located.calls),
    }
    files.write_json(canvas.project.mask_location(name), body)


def _models(aivis: AIVis, world: World) -> list[VisionModel]:
    """Who may be asked, in order: all but the embedded judge."""
    return [model for model in build_models(aivis, world.environ) if model and model.name != EMBEDDED]


def _routers(project: ProjectPaths, aivis: AIVis, world: World) -> Callable[[VisionModel], Router]:
    """Routers over one model each, for each has its own convention; answers and costs are written once."""
    cache = AnswerFiles(project.mask_work / "answers")
    ledger = FromNow(UsageFile(project.mask_work / "usage.jsonl", lambda: world.clock.now().isoformat()))

    def build(model: VisionModel) -> Router:
        return build_router(aivis, (model, None), cache=cache, ledger=ledger, clock=world.clock)

    return build


def _route(model: VisionModel, router: Router, family: str | None) -> Route:
    convention = BY_NAME[family] if family else family_of(model.model)
    if convention.pixels:
        router.shrink = None  # pixels of a picture that was made smaller on the way would be other pixels
    return Route(name=f"{model.name}/{model.model}", family=convention, ask=router.ask)
